"""A run to take away: the contact sheet as a page, or all that it came to as a zip."""

from __future__ import annotations

import asyncio
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, StreamingResponse

from overpaint.exporting import exported
from overpaint.provenance import provenance
from overpaint.report import render_page
from overpaint.result import Run, to_json
from overpaint.runs import restore
from overpaint.server.keys import Caller, current_caller
from overpaint.server.own_threads import own_run
from overpaint.sheet import draw_sheet
from overpaint.tools.files import read_checked
from overpaint.tools.images import SUFFIXES

router = APIRouter(prefix="/overpaint/threads", tags=["runs"])

Who = Annotated[Caller, Depends(current_caller)]
CHUNK = 1 << 16
"""Bytes sent at a time."""


@router.get("/{thread}/sheet", response_class=HTMLResponse)
async def sheet(thread: str, caller: Who, run: str | None = None) -> HTMLResponse:
    """The contact sheet: one page with everything in it, made anew."""
    restored = await restore(await own_run(caller, thread, run), strict=False)
    return HTMLResponse((await asyncio.to_thread(render_page, restored)).encode("utf-8", "replace"))


@router.get("/{thread}/export", response_class=StreamingResponse)
async def export(thread: str, caller: Who, run: str | None = None) -> StreamingResponse:
    """A zip with the champion's picture, the contact sheet (HTML and PNG) and `run.json`."""
    restored = await restore(await own_run(caller, thread, run), strict=False)
    file = await asyncio.to_thread(_zipped, restored)
    # Ids come from a database that others may write; whatever they hold, a name is one name.
    name = re.sub(r"[^0-9A-Za-z-]", "_", restored.run[:8])
    headers = {"Content-Disposition": f'attachment; filename="overpaint-{name}.zip"'}
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


def _zipped(run: Run) -> IO[bytes]:
    """A temporary file with the zip, at its beginning; it is gone when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in _files(run):
            archive.writestr(name, data)
    file.seek(0)
    return file


def _files(run: Run) -> Iterator[tuple[str, bytes]]:
    champion = run.champion
    path = run.image_path(champion) if champion else None
    if champion is not None and path is not None and path.is_file():
        told = exported(read_checked(path), None, provenance(run, champion))
        yield f"champion{SUFFIXES[told.mime]}", told.data
    drawn = io.BytesIO()
    draw_sheet(run).save(drawn, "PNG", optimize=True)
    yield "sheet.png", drawn.getvalue()
    yield "sheet.html", render_page(run).encode("utf-8", "replace")
    # Paths of this machine are nobody's business elsewhere.
    shown = to_json(replace(run, images=Path("images"), report=Path("sheet.html")))
    yield "run.json", f"{json.dumps(shown, indent=2)}\n".encode()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(CHUNK), b"")
