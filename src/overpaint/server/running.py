"""Runs that the server makes itself, for the images API and MCP: owned by who asked, and known to LangGraph."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from langgraph.runtime import RunControl

from overpaint.events import Event
from overpaint.run import stream
from overpaint.server.allowed import with_caps
from overpaint.server.keys import Caller
from overpaint.server.owners import Owners
from overpaint.server.rates import room_for_run
from overpaint.server.registering import register
from overpaint.tools.database import open_database
from overpaint.tools.home import open_home


async def refine_for(
    caller: Caller,
    brief: str | None,
    *,
    image: bytes | None = None,
    checklist: Sequence[Any] | None = None,
    preset: str | None = None,
    settings: Mapping[str, object] | None = None,
    control: RunControl | None = None,
) -> AsyncGenerator[Event, None]:
    """Refine a picture for a caller: `overpaint.stream`, which explains the other arguments and the events.

    The run belongs to the caller before anything of it is written, and can be seen in Studio and on the page.

    Raises:
        BadInput: something given cannot be used, or is not the caller's to set.
        TooMany: the caller has as many runs at work as it may.
    """
    allowed = await asyncio.to_thread(with_caps, caller, settings or {}, preset)
    thread = str(uuid.uuid4())
    async with room_for_run(caller, thread):
        await asyncio.to_thread(open_home)
        await Owners(open_database()).claim(thread, caller.owner)
        told = stream(
            brief, image=image, checklist=checklist, preset=preset, settings=allowed, control=control, thread=thread
        )
        async with aclosing(told) as events:
            async for event in events:
                if event["kind"] == "started":
                    await register(thread, caller.owner)
                yield event
