"""The folder of a batch: pictures and grids by the names of their inputs, all_metadata.json, and which run made what.

runs.json names the run of each input as soon as it has one. So a batch that is asked for again goes on where it was.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overpaint.report import as_png, write_file
from overpaint.tools.faults import BadInput

METADATA, RUNS = "all_metadata.json", "runs.json"
LONGEST_NAME = 50
"""Characters of a name; of four bytes each at most, which leaves room for what comes after it."""

_FILE = re.compile(r".+_\d+\.png", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """What was made of one input: prompts and the pictures painted from them, in the same order."""

    original_description: str
    prompts: list[str]
    image_paths: list[str]


@dataclass(frozen=True)
class BatchFolder:
    """Opening it touches nothing; the folder is made when something is written. All of it blocks."""

    path: Path

    @property
    def metadata(self) -> Path:
        """Where all_metadata.json is, or will be."""
        return self.path / METADATA

    def entries(self) -> list[dict[str, Any]]:
        """What all_metadata.json holds; nothing where there is none.

        Raises:
            BadInput: it cannot be read, or is something else.
        """
        listed = _read(self.metadata, [])
        if isinstance(listed, list) and all(_is_entry(entry) for entry in listed):
            return listed
        raise _other(self.metadata)

    def add(self, entry: Entry) -> None:
        """Put an entry into all_metadata.json, in the place of one that names the same files.

        Raises:
            BadInput: the disk refused, or another file of that name is there.
        """
        entries, own = self.entries(), _name(entry.image_paths)
        place = next((i for i, old in enumerate(entries) if _name(old["image_paths"]) == own), len(entries))
        entries[place : place + 1] = [vars(entry)]
        write_file(self.metadata, _json(entries))

    def run_of(self, name: str, asked: str) -> str | None:
        """The run that was begun here for an input of that name; None where another thing was asked of it."""
        noted = self._runs().get(name)
        return noted["run"] if noted and noted["asked"] == asked else None

    def note_run(self, name: str, asked: str, run: str) -> None:
        """Remember the run of an input.

        Args:
            name: of the input.
            asked: what was asked of it, as a hash.
            run: its run.
        """
        write_file(self.path / RUNS, _json({**self._runs(), name: {"asked": asked, "run": run}}))

    def put_picture(self, name: str, number: int, source: Path) -> str:
        """Copy a picture into the folder, or convert it to PNG; returns the name of the file."""
        file = f"{name}_{number}.png"
        write_file(self.path / file, as_png(source))
        return file

    def put_grid(self, name: str, data: bytes) -> Path:
        """Write the grid of an input."""
        return write_file(self.path / f"{name}_grid.png", data)

    def _runs(self) -> dict[str, dict[str, str]]:
        noted = _read(self.path / RUNS, {})
        if isinstance(noted, dict) and all(
            isinstance(n, dict) and {"asked", "run"} <= n.keys() for n in noted.values()
        ):
            return noted
        raise _other(self.path / RUNS)


def safe_names(stems: Sequence[str]) -> list[str]:
    """A name for the files of each input: letters, digits, `.`, `-` and `_` alone, and no two the same.

    File systems that know no case are thought of: `Cat` and `cat` count as the same.
    """
    names: list[str] = []
    for stem in stems:
        plain = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", stem)).lstrip("._-")
        base = plain[:LONGEST_NAME].rstrip("._-") or "picture"
        taken, name, number = {n.casefold() for n in names}, base, 2
        while name.casefold() in taken:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _is_entry(entry: object) -> bool:
    keys = {"original_description", "prompts", "image_paths"}
    return isinstance(entry, dict) and entry.keys() == keys and isinstance(entry["image_paths"], list)


def _name(paths: Sequence[str]) -> str | None:
    """The input's name in the names of its files."""
    return paths[0].rpartition("_")[0] if paths and _FILE.fullmatch(str(paths[0])) else None


def _read(path: Path, missing: Any) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return missing
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"cannot read {path}: {str(error)[:120]}; move it away, or name another folder") from None


def _other(path: Path) -> BadInput:
    return BadInput(f"{path} holds something else: move it away, or name another folder")


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
