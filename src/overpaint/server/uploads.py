"""Pictures to start from: sent once, then named by their hash."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse

from overpaint.server.allowed import grant_for
from overpaint.server.keys import Caller, current_caller
from overpaint.server.picture_json import picture_json
from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home
from overpaint.tools.images import ImageStore

router = APIRouter(prefix="/overpaint", tags=["pictures"])


BODY = {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
"""What OpenAPI says of the request."""


@router.post("/pictures", status_code=201, openapi_extra={"requestBody": BODY})
async def upload(request: Request, caller: Annotated[Caller, Depends(current_caller)]) -> JSONResponse:
    """Keep a picture (the body, PNG, JPEG, WebP or GIF) and say how a run may start from it."""
    # A form of another site cannot send this type without asking first.
    if not request.headers.get("content-type", "").casefold().startswith("image/"):
        raise BadInput("send the bytes of a picture as the body, with its type, such as Content-Type: image/png")
    store = ImageStore(await asyncio.to_thread(current_home) / "images")
    await store.need_room()
    ref = await store.save(await request.body())
    told = await asyncio.to_thread(picture_json, ref)
    grant = await asyncio.to_thread(grant_for, caller, ref["sha256"])
    return JSONResponse({**told, "grant": grant}, status_code=201)
