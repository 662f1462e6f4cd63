"""An experiment: the folder of one evaluation, and the only file that knows what lies where in it."""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from overpaint.evaluation.json_lines import append_lines, damaged, read_lines
from overpaint.evaluation.nouns import Outcome, Row, Score
from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home, disk_faults
from overpaint.tools.images import SUFFIXES

_ABOUT, _ROWS, _OUTCOMES = "experiment.json", "rows.jsonl", "outcomes.jsonl"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Experiment:
    """One evaluation on disk.

    Args:
        folder: absolute.
        about: what was asked. `id` is its own alone; `dataset` holds name, source, digest, total, facts, the ids of its
            `rows` and the `bad` ones; `presets` the effective settings by name; `prompts` the start of each one's
            sha256.
    """

    folder: Path
    about: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.about["name"])

    @property
    def home(self) -> Path:
        """The home folder of its runs."""
        return self.folder / "home"

    @property
    def report(self) -> Path:
        """The folder of its report."""
        return self.folder / "report"

    @property
    def resume_command(self) -> str:
        """What is typed to go on with it."""
        return f"overpaint eval --resume --name {self.folder.name} --out {shlex.quote(str(self.folder.parent))}"

    def rows(self) -> list[Row]:
        """Its briefs, in the order of the dataset."""
        return cast("list[Row]", read_lines(self.folder / _ROWS))

    def outcomes(self) -> list[Outcome]:
        """What is known by now, by row and preset in the order they were asked for; of two of one run, the later.

        Raises:
            BadInput: the file cannot be read, or has what is no outcome of this experiment.
        """
        ids = {row: place for place, row in enumerate(self.about["dataset"]["rows"])}
        presets = {preset: place for place, preset in enumerate(self.about["presets"])}
        path, found = self.folder / _OUTCOMES, dict[tuple[int, int], Outcome]()
        for number, line in enumerate(read_lines(path), 1):
            try:
                found[ids[line["row"]], presets[line["preset"]]] = line
            except (TypeError, KeyError):
                raise damaged(path, number) from None
        return [outcome for _, outcome in sorted(found.items(), key=lambda item: item[0])]

    def add_outcome(self, outcome: Outcome) -> None:
        """Keep an outcome; when this returns, it is on disk.

        Raises:
            BadInput: the disk refused.
        """
        append_lines(self.folder / _OUTCOMES, [outcome])

    def scores(self, scorer: str) -> list[Score]:
        """What a scorer gave; nothing where it was never asked."""
        return cast("list[Score]", read_lines(self._scores(scorer)))

    def add_scores(self, scorer: str, rows: Iterable[Score]) -> None:
        """Keep scores; when this returns, they are on disk.

        Raises:
            BadInput: the disk refused, or the scorer's name cannot be that of a file.
        """
        append_lines(self._scores(scorer), rows)

    def image(self, sha256: str) -> Path | None:
        """The file of a picture, None when it is not there."""
        files = (self.home / "images" / sha256[:2] / f"{sha256}{suffix}" for suffix in SUFFIXES.values())
        return next((file for file in files if file.exists()), None)

    def _scores(self, scorer: str) -> Path:
        return self.folder / "scores" / f"{checked_name(scorer, 'a scorer')}.jsonl"


def checked_name(name: str, what: str = "an experiment") -> str:
    """The name, when it can be that of a file and leads nowhere else.

    Raises:
        BadInput: it cannot.
    """
    if _NAME.fullmatch(name):
        return name
    raise BadInput(
        f"{name[:60]!r} cannot be the name of {what}: use up to 100 letters, digits, '.', '_' and '-', and begin with a"
        " letter or digit"
    )


def experiments_folder(out: Path | None = None) -> Path:
    """Where experiments are kept: `out`, or `experiments` in the home folder; absolute."""
    return current_home() / "experiments" if out is None else out.absolute()


def create_experiment(name: str, about: Mapping[str, Any], rows: Iterable[Row], out: Path | None = None) -> Experiment:
    """Make the folder of a new experiment, whole or not at all.

    Args:
        name: of the folder.
        about: what is asked, JSON only.
        rows: its briefs.
        out: the folder it lies in; that of `experiments_folder` when None.

    Raises:
        BadInput: the name cannot be used or is taken, or the disk refused.
    """
    folder = experiments_folder(out) / checked_name(name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot keep experiments in {folder.parent} ({error.strerror}): give another --out") from error
    with disk_faults(folder.parent):
        refuse_taken(folder)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as made:
            whole = Path(made, name)
            whole.mkdir()
            append_lines(whole / _ROWS, rows)
            (whole / _ABOUT).write_text(json.dumps({"name": name, **about}, indent=2) + "\n", "utf-8")
            whole.rename(folder)
    return open_experiment(folder)


def refuse_taken(folder: Path) -> None:
    """Refuse a folder that is there already.

    Raises:
        BadInput: it is.
    """
    if (folder / _ABOUT).exists():
        raise BadInput(
            f"there is an experiment {folder.name!r} in {folder.parent}: go on with it by --resume, or give another"
            " --name"
        )
    if folder.exists():
        raise BadInput(f"{folder} is there already, and is no experiment: give another --name, or move it away")


def open_experiment(name: str | Path, out: Path | None = None) -> Experiment:
    """An experiment by its folder, or by its name in `out`.

    Args:
        name: of the experiment, or its folder.
        out: the folder it lies in; that of `experiments_folder` when None.

    Raises:
        BadInput: there is none, or what is kept of it cannot be read.
    """
    place = experiments_folder(out)
    folder = next((f for f in (place / name, Path(name).absolute()) if _is_there(f / _ABOUT)), None)
    if folder is None:
        there = sorted(f.parent.name for f in place.glob(f"*/{_ABOUT}"))
        known = f"there are: {', '.join(there)}" if there else "there is none yet; make one with overpaint eval"
        raise BadInput(f"there is no experiment {str(name)[:200]!r} in {place}; {known}")
    try:
        about = json.loads((folder / _ABOUT).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder / _ABOUT} cannot be read ({error}): restore it from a backup") from None
    if not _describes(about):
        raise BadInput(f"{folder / _ABOUT} describes no experiment: restore it from a backup")
    return Experiment(folder, about)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a NUL in it
        return False


def _describes(about: Any) -> bool:
    return (
        isinstance(about, dict)
        and isinstance(about.get("presets"), dict)
        and isinstance(about.get("dataset"), dict)
        and isinstance(about["dataset"].get("rows"), list)
    )
