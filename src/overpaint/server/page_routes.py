"""The page at `/`: packaged files, each named here by what it is, and nothing else on disk."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from overpaint.server.keys import NotThere

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""The files of the page by the end of their names."""

router = APIRouter(include_in_schema=False)


@router.get("/")
def first(request: Request) -> Response:
    """The page. What it shows is named after the `#`, which no server sees."""
    return _answer(request, "index.html")


@router.get("/page/{name}")
def part(request: Request, name: str) -> Response:
    """A style sheet, a script or the icon of the page.

    Raises:
        NotThere: the page has no such file.
    """
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    """A file, or word that the copy is still right: browsers ask each time, so that an update shows at once."""
    if name not in _page():
        raise NotThere(f"the page has no file {name[:60]!r}")
    data, kind, tag = _page()[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)


@cache
def _page() -> dict[str, tuple[bytes, str, str]]:
    """Bytes, type and entity tag of each file, read once."""
    found = {}
    for file in files("overpaint.server").joinpath("page").iterdir():
        kind = TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            data = file.read_bytes()
            found[file.name] = (data, kind, f'"{hashlib.sha256(data).hexdigest()[:32]}"')
    return found
