"""Forks, and runs that ended led back to their decision: written here, driven by whoever then runs the thread."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import JSONResponse

from overpaint.branching import prepared, written
from overpaint.continuing import is_open, reopened
from overpaint.driving import at_the_wheel
from overpaint.graph.checklists import read_checklist
from overpaint.graph.effective import refuse_fixed
from overpaint.graph.forking import Change
from overpaint.graph.kept import read_thread
from overpaint.graph.settings import merge
from overpaint.run import preflight
from overpaint.runs import restore
from overpaint.server.allowed import check_settings
from overpaint.server.keys import Caller, current_caller
from overpaint.server.own_threads import own_run
from overpaint.server.owners import Owners
from overpaint.server.registering import register
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.records import canonical

router = APIRouter(prefix="/overpaint/threads", tags=["runs"])

Who = Annotated[Caller, Depends(current_caller)]


class Reopen(BaseModel):
    """What a run is to go on with."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    settings: dict[str, JsonValue] = {}


class Fork(Reopen):
    """What a fork does differently; what is left out stays."""

    start: str | None = Field(None, max_length=64, description="A candidate's id, or a checkpoint's or its beginning.")
    run: str | None = Field(None, description="The run that `start` is of, to be sure; only the latest of a thread.")
    prompt: str | None = Field(None, description="The prompt to paint next.")
    brief: str | None = Field(None, description="Another brief.")
    checklist: list[JsonValue] | None = Field(None, description="Another checklist: texts, or objects with a text.")


@router.post("/{thread}/fork", status_code=201)
async def fork(thread: str, wanted: Fork, caller: Who) -> JSONResponse:
    """Write the beginning of a fork into a thread of its own; a LangGraph run with input null drives it."""
    parent = await own_run(caller, thread)
    await asyncio.to_thread(_check, caller, wanted)
    if wanted.run not in (None, parent.values["run"]):
        raise BadInput("this thread has gone on since: a fork begins from its latest run; ask for it without ?run=")
    listed = None if wanted.checklist is None else read_checklist(wanted.checklist)
    begun = await prepared(parent, wanted.start, Change(wanted.prompt, wanted.brief, listed, wanted.settings))
    await Owners(open_database()).claim(begun.thread, caller.owner)
    async with at_the_wheel(begun.thread) as wheel:
        await written(wheel, begun)
    await register(begun.thread, caller.owner)
    return JSONResponse({"thread": begun.thread}, status_code=201)


@router.post("/{thread}/reopen")
async def reopen(thread: str, wanted: Reopen, caller: Who) -> JSONResponse:
    """Lead a run that ended back to where it decides; a LangGraph run with input null and the settings goes on.

    Nothing is done to a run that has more to do anyway.
    """
    found = await own_run(caller, thread)
    await asyncio.to_thread(_check, caller, wanted)
    refuse_fixed(wanted.settings)
    await preflight(found.values["asked"]["text"], None, merge(found.values["settings"], wanted.settings))
    async with at_the_wheel(thread) as wheel:
        kept = await read_thread(wheel.graph, thread)
        await restore(kept)
        if not is_open(await reopened(wheel, kept, wanted.settings)):
            raise BadInput("this run ended: change a setting, such as max_images, to let it go on")
    return JSONResponse({"thread": thread})


def _check(caller: Caller, wanted: Reopen) -> None:
    """Refuse texts that cannot be kept, and settings that are not the caller's to give."""
    canonical(wanted.model_dump())
    check_settings(caller, wanted.settings)
