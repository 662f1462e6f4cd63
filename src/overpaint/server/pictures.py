"""Pictures over HTTP: /images/{sha256} and its small copies. Nothing but whole pictures of the store can be had."""

from __future__ import annotations

import asyncio
import time
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from overpaint.server.keys import NotThere
from overpaint.server.thumbs import MIME, snapped, thumb
from overpaint.tools.faults import BadInput
from overpaint.tools.files import checked_sha256, read_checked
from overpaint.tools.home import current_home
from overpaint.tools.images import SUFFIXES, ImageRef, ImageStore
from overpaint.tools.links import check_signature, needs_signature

YEAR = 365 * 24 * 3600
SHIELDS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""No picture can act as a page; chat apps of other origins may show one."""

router = APIRouter(tags=["pictures"])


@router.get("/images/{sha256}", response_class=FileResponse)
@router.head("/images/{sha256}", include_in_schema=False)
async def picture(request: Request, sha256: str, expires: str | None = None, signature: str | None = None) -> Response:
    """A picture as it is stored, whole or in ranges. Where keys are set, only by a signed link.

    Raises:
        NotThere: there is no such picture, it is damaged, or the link is none or has ended.
    """
    file, mime = await _found(sha256, expires, signature)
    headers = _headers(sha256, expires)
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(file, headers=headers, media_type=mime, filename=file.name, content_disposition_type="inline")


@router.get("/images/{sha256}/thumb", response_class=Response)
@router.head("/images/{sha256}/thumb", include_in_schema=False)
async def small_picture(
    request: Request,
    sha256: str,
    w: Annotated[int, Query(ge=16, le=1024)] = 320,
    expires: str | None = None,
    signature: str | None = None,
) -> Response:
    """A small still copy as WebP; `w` is its width in pixels, of which there are 64, 160, 320, 640 and 1024.

    Raises:
        NotThere: as `picture`.
    """
    file, _ = await _found(sha256, expires, signature)
    width = snapped(w)
    headers = _headers(f"{sha256}-{width}", expires)
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(await thumb(file, width), headers=headers, media_type=MIME)


async def _found(sha256: str, expires: str | None, signature: str | None) -> tuple[Path, str]:
    found = await asyncio.to_thread(_look, sha256, expires, signature)
    if found is None:
        raise NotThere
    return found


def _look(sha256: str, expires: str | None, signature: str | None) -> tuple[Path, str] | None:
    """File and type of a picture that may be shown."""
    try:
        checked_sha256(sha256)
    except BadInput:
        return None
    if needs_signature() and not check_signature(sha256, expires, signature):
        return None
    store = ImageStore(current_home() / "images")
    for mime in SUFFIXES:
        file = store.path(ImageRef(sha256=sha256, mime=mime, width=0, height=0))
        if file.is_file():
            found = file.stat()
            return (file, mime) if _is_whole(file, found.st_mtime_ns, found.st_size) else None
    return None


@lru_cache(4096)
def _is_whole(file: Path, modified: int, size: int) -> bool:
    """Whether a file is what its name says. What browsers keep for a year is looked at once for each of its states."""
    try:
        read_checked(file)
    except BadInput:
        return False
    return True


def _headers(tag: str, expires: str | None) -> dict[str, str]:
    """A signed picture is kept by its reader alone, and not beyond the end of the link."""
    if needs_signature():
        left = min(YEAR, int(expires or 0) - int(time.time()))
        kept = f"private, max-age={max(0, left)}, immutable"
    else:
        kept = f"public, max-age={YEAR}, immutable"
    return {**SHIELDS, "ETag": f'"{tag}"', "Cache-Control": kept}


def _is_known(request: Request, etag: str) -> bool:
    """Whether the reader has it already (RFC 9110, 13.1.2)."""
    asked = ",".join(request.headers.getlist("if-none-match"))
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in asked.split(","))
