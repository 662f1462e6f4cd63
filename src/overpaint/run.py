"""Run the graph for one brief: the one way in for the command line, for Python, for all that embeds us."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

from langgraph.runtime import RunControl

from overpaint.driving import at_the_wheel, drive
from overpaint.events import Event, relayed, run_at_end
from overpaint.given import settings_of
from overpaint.graph.chat_settings import ROLES
from overpaint.graph.checklists import read_checklist
from overpaint.graph.costs import refuse_small_caps
from overpaint.graph.effective import painter_facts, refuse_unread
from overpaint.graph.nodes.intake import check_brief
from overpaint.graph.settings import Settings
from overpaint.graph.state import Requirement
from overpaint.graph.toolbox import open_toolbox
from overpaint.report import check_folder
from overpaint.result import Run
from overpaint.shapes.parser import parse
from overpaint.tools.backends.vision_loading import refuse_blind
from overpaint.tools.decoding import examine
from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home, use_home
from overpaint.tools.images import ImageStore
from overpaint.tools.pacing import read_limits

T = TypeVar("T")


async def stream(
    brief: str | None = None,
    *,
    image: Path | bytes | None = None,
    checklist: Sequence[Any] | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
    control: RunControl | None = None,
    thread: str | None = None,
) -> AsyncGenerator[Event, None]:
    """Refine a picture and tell what happens as it happens.

    Args:
        brief: what to paint. None with an image: the image is described, and the description is the brief.
        image: a picture (file or bytes). With a brief it is the first candidate.
        checklist: what pictures are judged by, as a list of texts or dicts (see `graph.checklists`); written from the
            brief when None.
        preset: a named set of settings, the default one when None.
        settings: settings that override the preset's, by name.
        home: folder for pictures and checkpoints; OVERPAINT_HOME, or .overpaint in the current folder, when None.
        out: folder that also receives the champion, the contact sheet and run.json.
        control: LangGraph's, to end the run after the step at work; it can then be resumed.
        thread: the LangGraph thread to make, a UUID that nothing has yet; a new one when None.

    Yields:
        Events, dicts with a `kind`; the last is {"kind": "done", "run": Run}.

    Raises:
        BadInput: something given cannot be used; nothing has been painted, and nothing is left behind.
    """
    effective = settings_of(preset, settings or {})
    written = None if checklist is None else read_checklist(checklist)
    refuse_unread(written, effective)
    data = await asyncio.to_thread(_read, image)
    thread = thread or str(uuid.uuid4())
    async with aclosing(
        relayed(_told(brief, data, written, effective, home, out, control, thread, preset or "default"))
    ) as events:
        async for event in events:
            yield event


async def arefine(
    brief: str | None = None,
    *,
    image: Path | bytes | None = None,
    checklist: Sequence[Any] | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """Refine a picture and return the run; see `stream` for the arguments."""
    return await run_at_end(
        stream(brief, image=image, checklist=checklist, preset=preset, settings=settings, home=home, out=out)
    )


def refine(
    brief: str | None = None,
    *,
    image: Path | bytes | None = None,
    checklist: Sequence[Any] | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    home: Path | None = None,
    out: Path | None = None,
) -> Run:
    """The same without async; works inside a running event loop too (notebooks)."""
    return wait_for(
        arefine(brief, image=image, checklist=checklist, preset=preset, settings=settings, home=home, out=out)
    )


async def _told(
    brief: str | None,
    data: bytes | None,
    checklist: list[Requirement] | None,
    settings: Settings,
    home: Path | None,
    out: Path | None,
    control: RunControl | None,
    thread: str,
    preset: str,
) -> AsyncGenerator[Event, None]:
    with use_home(home):
        await preflight(brief, data, settings)
        if out is not None:
            await asyncio.to_thread(check_folder, out)
        async with at_the_wheel(thread, control) as wheel:
            async for event in drive(wheel, await _input(brief, data, checklist), settings, out, preset=preset):
                yield event


async def _input(brief: str | None, data: bytes | None, checklist: list[Requirement] | None) -> dict[str, Any]:
    given: dict[str, Any] = {"brief": brief} | ({"requirements": checklist} if checklist else {})
    if data is None:
        return given
    return {**given, "image": await ImageStore(current_home() / "images").save(data)}


def _read(image: Path | bytes | None) -> bytes | None:
    if image is None or isinstance(image, bytes):
        return image
    try:
        return Path(image).read_bytes()
    except OSError as fault:
        raise BadInput(f"the image {str(image)[:200]!r} cannot be read: {fault.strerror or fault}") from None


async def preflight(brief: str | None, data: bytes | None, settings: Settings) -> None:
    """Find whatever would stop a run before a home folder is made or a model is called.

    Raises:
        BadInput: the brief, the picture or a setting cannot be used, or a model cannot be opened.
    """
    if data is not None:
        await asyncio.to_thread(examine, data)
    if data is None or brief:
        text = check_brief(brief or "")
        if settings.writer == "shapes":
            await asyncio.to_thread(parse, text)
    read_limits(os.environ.get("OVERPAINT_LIMITS", ""))
    toolbox = await open_toolbox(settings.model_dump())
    refuse_small_caps(await painter_facts(toolbox), settings, described=data is not None and not brief)
    painter = await toolbox.painter()
    if settings.painter_options or not painter.abilities.free:
        await painter.check()
    for role in ROLES:
        await toolbox.chat(role)
        if role != "writer" and settings.model_of(role).startswith("transformers:"):
            await asyncio.to_thread(refuse_blind, settings.model_of(role), role)


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, inside a running event loop too (notebooks)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
