"""A batch of inputs under upsample_method=variations: a run for each, and its pictures put into one folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from langgraph.runtime import RunControl

from overpaint.batch_folder import BatchFolder, Entry
from overpaint.batch_inputs import Source, asked_of, sources_of, varies
from overpaint.continuing import stream_resumed
from overpaint.events import Event
from overpaint.given import settings_of
from overpaint.graph.costs import refuse_small_caps
from overpaint.graph.effective import painter_facts
from overpaint.graph.kept import find_run
from overpaint.graph.record import Record
from overpaint.graph.settings import Settings
from overpaint.graph.toolbox import open_toolbox
from overpaint.grid import Shape, draw_grid, grid_shape
from overpaint.phrases import OUTCOMES, counted
from overpaint.report import check_folder
from overpaint.result import Run
from overpaint.run import stream
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.files import read_checked
from overpaint.tools.home import current_home

PRESET = "synthetic-prompts"


@dataclass(frozen=True)
class Made:
    """What was made of one input: the files of the pictures that there are, and the prompt of each, in one order."""

    source: Source
    run: Run
    prompts: list[str]
    image_paths: list[Path]
    grid: Path


@dataclass(frozen=True)
class Missing:
    """An input of which not all was made, and why; `status` is failed, waiting or bad input."""

    source: Source
    why: str
    status: str
    run: str | None = None


@dataclass(frozen=True)
class Synthesis:
    """What a batch came to. `metadata` is all_metadata.json, there once something was made."""

    folder: Path
    made: list[Made] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    @property
    def metadata(self) -> Path:
        """The file that lists what was made: descriptions, prompts and paths that are relative to the folder."""
        return BatchFolder(self.folder).metadata


@dataclass(frozen=True)
class Batch:
    """Inputs on their way: `events` runs one, `conclude` writes its files or `refuse` notes why there are none."""

    sources: list[Source]
    preset: str
    given: Mapping[str, object]
    settings: Settings
    shape: Shape
    result: Synthesis

    @property
    def left(self) -> list[Source]:
        """The inputs that nothing has come of yet."""
        over = [made.source for made in self.result.made] + [missing.source for missing in self.result.missing]
        return [source for source in self.sources if source not in over]

    async def events(self, source: Source, control: RunControl | None = None) -> AsyncGenerator[Event, None]:
        """Tell the run of one input, which is gone on with if it was begun in this folder before.

        Raises:
            BadInput: the input or a setting cannot be used.
            ProviderFault: a provider failed before the run had an id.
        """
        data = await asyncio.to_thread(source.read)
        asked, folder = asked_of(source.brief, data, self.settings), BatchFolder(self.result.folder)
        known = await _still_there(await asyncio.to_thread(folder.run_of, source.name, asked))
        if known is not None:
            run = stream_resumed(known, control=control)
        else:
            run = stream(source.brief, image=data, preset=self.preset, settings=self.given, control=control)
        async with aclosing(run) as events:
            async for event in events:
                if event["kind"] == "started" and known is None:
                    await asyncio.to_thread(folder.note_run, source.name, asked, event["run"])
                yield event

    def conclude(self, source: Source, run: Run) -> None:
        """Write the files of one input as far as its run has made them, and note what is missing. Blocks.

        Raises:
            BadInput: the folder cannot be written, or a picture of the run is gone.
        """
        painted = {_number(r): r for r in run.candidates if r["action"] == "start" and r["outcome"] == "ok"}
        if painted:
            self.result.made.append(self._deliver(source, run, dict(sorted(painted.items()))))
        if len(painted) < self.settings.variations or run.status in ("failed", "waiting"):
            status = "waiting" if run.status == "waiting" else "failed"
            self.result.missing.append(Missing(source, _why(run, len(painted), self.settings), status, run.run))

    def refuse(self, source: Source, fault: BadInput | ProviderFault) -> None:
        """Note an input that no run came of, or whose files could not be written."""
        status = "bad input" if isinstance(fault, BadInput) else "failed"
        self.result.missing.append(Missing(source, str(fault), status))

    def _deliver(self, source: Source, run: Run, painted: dict[int, Record]) -> Made:
        folder = BatchFolder(self.result.folder)
        stored = {number: path for number, record in painted.items() if (path := run.image_path(record))}
        data = {number: read_checked(path) for number, path in stored.items()}
        files = [folder.put_picture(source.name, number, path) for number, path in stored.items()]
        drawn = draw_grid([data.get(number) for number in range(1, self.settings.variations + 1)], self.shape)
        prompts = [record["prompt"] for record in painted.values()]
        grid = folder.put_grid(source.name, drawn)
        folder.add(Entry(run.brief, prompts, files))
        return Made(source, run, prompts, [folder.path / file for file in files], grid)


async def open_batch(
    images: Sequence[Path | str],
    brief: str | None = None,
    *,
    preset: str | None = PRESET,
    settings: Mapping[str, object] | None = None,
    out: Path | None = None,
    grid: object = None,
) -> Batch:
    """Settle all that must be right before anything is asked or painted.

    Args:
        images: files of pictures to describe.
        brief: a description, in the place of pictures.
        preset: a named set of settings, with upsample_method=variations there or in `settings`.
        settings: settings that override the preset's, by name; `grid` is taken out of them.
        out: the folder for the files; a new one in the home folder when None.
        grid: ROWSxCOLUMNS; the smallest that is about square when None.

    Raises:
        BadInput: something given cannot be used.
    """
    given = dict(settings or {})
    grid = given.pop("grid", None) if grid is None else grid
    effective = settings_of(preset, given)
    sources = sources_of(images, brief)
    if not varies(effective):
        raise BadInput("these settings write one prompt: set upsample_method=variations, as preset synthetic-prompts")
    shape = grid_shape(grid, effective.variations)
    await _check(effective, described=brief is None)
    folder = await asyncio.to_thread(_folder, out)
    return Batch(sources, preset or "default", given, effective, shape, Synthesis(folder))


async def _check(settings: Settings, *, described: bool) -> None:
    """What would fail for every input is found once."""
    toolbox = await open_toolbox(settings.model_dump())
    refuse_small_caps(await painter_facts(toolbox), settings, described=described)
    await toolbox.chat("writer")
    if described:
        await toolbox.chat("captioner")


def _folder(out: Path | None) -> Path:
    if out is None:
        return current_home() / "synthetic" / f"{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S-%f}"
    folder = Path(out).absolute()
    check_folder(folder)
    BatchFolder(folder).entries()
    return folder


async def _still_there(run: str | None) -> str | None:
    if run is not None:
        try:
            await find_run(run)
        except BadInput:  # pruned, or made in another home
            return None
    return run


def _number(record: Record) -> int:
    """Which of the prompts a candidate of the first round has, counted from 1."""
    return int(record["id"].partition(".")[2]) + 1


def _why(run: Run, painted: int, settings: Settings) -> str:
    """Why an input is not whole."""
    lost = [
        f"{r['id']} {OUTCOMES[r['outcome']]}{': ' + r['reason'] if r['reason'] else ''}"
        for r in run.candidates
        if r["outcome"] != "ok"
    ]
    said = run.error or (run.status == "waiting" and "it waits for a person") or "; ".join(lost) or run.why
    return f"{painted} of {counted(settings.variations, 'picture')}: {said}"
