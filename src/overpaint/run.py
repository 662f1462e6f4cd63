"""Run the graph for one brief: the one way in for the command line, for Python, for all that embeds us."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from overpaint.events import Event, Narrator, relayed
from overpaint.graph.flow import build_graph
from overpaint.graph.nodes.intake import check_brief, painter_facts
from overpaint.graph.persistence import on_thread, open_checkpointer, read_thread
from overpaint.graph.settings import Settings, load_preset, merge
from overpaint.graph.toolbox import open_toolbox
from overpaint.report import check_folder, deliver_files, write_report
from overpaint.result import Run
from overpaint.runs import restore
from overpaint.shapes.parser import parse
from overpaint.tools.decoding import examine
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import current_home, use_home
from overpaint.tools.images import ImageStore

T = TypeVar("T")


async def stream(
    brief: str | None = None,
    *,
    image: Path | bytes | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
) -> AsyncGenerator[Event, None]:
    """Refine a picture and tell what happens as it happens.

    Args:
        brief: what to paint. None with an image: the image is described, and the description is the brief.
        image: a picture (file or bytes). With a brief it is the first candidate.
        preset: a named set of settings, the default one when None.
        settings: settings that override the preset's, by name.
        home: folder for pictures and checkpoints; OVERPAINT_HOME, or .overpaint in the current folder, when None.
        out: folder that also receives the champion, the contact sheet and run.json.

    Yields:
        Events, dicts with a `kind`; the last is {"kind": "done", "run": Run}.

    Raises:
        BadInput: something given cannot be used; nothing has been painted, and nothing is left behind.
    """
    effective = merge(load_preset(preset or "default"), settings or {})
    data = await asyncio.to_thread(_read, image)
    async with aclosing(relayed(_told(brief, data, effective, home, out))) as events:
        async for event in events:
            yield event


async def arefine(
    brief: str | None = None,
    *,
    image: Path | bytes | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """Refine a picture and return the run; see `stream` for the arguments."""
    events = stream(brief, image=image, preset=preset, settings=settings, home=home, out=out)
    told = [event async for event in events if event["kind"] == "done"]
    run: Run = told[-1]["run"]
    return run


def refine(
    brief: str | None = None,
    *,
    image: Path | bytes | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """The same without async; works inside a running event loop too (notebooks)."""
    return _wait_for(arefine(brief, image=image, preset=preset, settings=settings, home=home, out=out))


async def _told(
    brief: str | None, data: bytes | None, settings: Settings, home: Path | None, out: Path | None
) -> AsyncGenerator[Event, None]:
    with use_home(home):
        await _preflight(brief, data, settings)
        if out is not None:
            await asyncio.to_thread(check_folder, out)
        async for event in _stream(brief, data, settings, out):
            yield event


async def _stream(brief: str | None, data: bytes | None, settings: Settings, out: Path | None) -> AsyncIterator[Event]:
    started, thread, error = time.monotonic(), str(uuid.uuid4()), ""
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        try:
            async for event in _events(graph, await _input(brief, data), settings, thread):
                yield event
        except BadInput:
            await saver.adelete_thread(thread)
            raise
        except ProviderFault as fault:
            error = str(fault)
            if "run" not in (await read_thread(graph, thread)).values:
                await saver.adelete_thread(thread)  # it failed in intake, so there is no run to tell of
                raise
        except sqlite3.OperationalError as fault:
            raise BadInput(
                f"{current_home()} cannot be written: {fault}; free some space there or set OVERPAINT_HOME"
            ) from None
        kept = await read_thread(graph, thread)
    run = replace(await restore(kept, error), wall_seconds=time.monotonic() - started)
    yield {"kind": "done", "run": await asyncio.to_thread(_written, run, out)}


async def _events(graph: Any, asked: dict[str, Any], settings: Settings, thread: str) -> AsyncIterator[Event]:
    narrator = Narrator()
    parts = graph.astream(
        asked,
        on_thread(thread),
        context=settings,
        stream_mode=["updates", "custom"],
        subgraphs=True,
        durability="sync",
        version="v2",
    )
    async for part in parts:
        for event in narrator.tell(part):
            yield event


async def _input(brief: str | None, data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"brief": brief}
    return {"brief": brief, "image": await ImageStore(current_home() / "images").save(data)}


def _read(image: Path | bytes | None) -> bytes | None:
    if image is None or isinstance(image, bytes):
        return image
    try:
        return Path(image).read_bytes()
    except OSError as fault:
        raise BadInput(f"the image {str(image)[:200]!r} cannot be read: {fault.strerror or fault}") from None


async def _preflight(brief: str | None, data: bytes | None, settings: Settings) -> None:
    """Find whatever would stop the run before a home folder is made or a model is called."""
    if data is not None:
        await asyncio.to_thread(examine, data)
    if data is None or brief:
        text = check_brief(brief or "")
        if settings.writer == "shapes":
            await asyncio.to_thread(parse, text)
    toolbox = await open_toolbox(settings.model_dump())
    await painter_facts(toolbox)
    if {"device", "dtype", "offload"} & settings.picture.keys():
        await (await toolbox.painter()).check()
    for role in ("writer", "critic", "judge", "captioner"):
        await toolbox.chat(role)


def _written(run: Run, out: Path | None) -> Run:
    folder = run.images.parent / "reports" / run.run
    run = replace(run, report=write_report(run, folder))
    if out is not None:
        run = replace(run, report=deliver_files(run, out))
    return run


def _wait_for(work: Coroutine[Any, Any, T]) -> T:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
