"""Who may do what on LangGraph's own routes: langgraph.json names `auth`, and the server asks it.

Handlers that let a request through return what a thread's metadata must hold. That is checked by the server; who owns a
thread is decided by our own table, which outlives the server's memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from langgraph_sdk import Auth

from overpaint.server.asked_runs import checked_run, kept_caps
from overpaint.server.keys import LOCAL, Caller, Unauthorised, caller_of, configured, first_owner
from overpaint.server.owners import Owners
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput

auth = Auth()

Value = dict[str, Any]
Filter = dict[str, Any]
_GRAPH = "agent"
_REFUSED = {
    "assistants": "the graph's settings are given with each run, as `context`: assistants cannot be changed here",
    "crons": "runs are started by their callers: there are no crons here",
    "store": "the graph keeps what it needs in its threads: the store is closed",
    "threads": "state is changed by the graph alone: to go on from another picture, prompt, brief or checklist use"
    " POST /overpaint/threads/{thread}/fork",
}


@auth.authenticate
async def authenticate(headers: dict[bytes, bytes]) -> Auth.types.MinimalUserDict:
    """The caller of a request to LangGraph's routes, see `keys.caller_of`."""
    named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers.items()}
    try:
        caller = caller_of(named)
    except Unauthorised as error:
        raise Auth.exceptions.HTTPException(status_code=401, detail=str(error)) from None
    return {"identity": caller.owner, "display_name": caller.name, "is_authenticated": True}


@auth.on
async def refuse_others(ctx: Auth.types.AuthContext, value: Value) -> bool:
    """What no handler below knows: free without keys, refused under keys."""
    if _caller(ctx) != LOCAL:
        raise _error(403, _REFUSED.get(ctx.resource, "this is closed"))
    return True


@auth.on(resources="assistants", actions=["read", "search"])
async def read_graph(ctx: Auth.types.AuthContext, value: Value) -> None:
    """The graph, its schemas and drawing: for every key."""
    _caller(ctx)


@auth.on(resources="threads", actions="create")
async def create_thread(ctx: Auth.types.AuthContext, value: Value) -> Filter | None:
    """A new thread is the caller's, and stays it."""
    caller = _caller(ctx)
    _stamp(caller, value)
    await _claim(caller, value["thread_id"])
    return _own(caller)


@auth.on(resources="threads", actions="create_run")
async def create_run(ctx: Auth.types.AuthContext, value: Value) -> Filter | None:
    """A run on a thread of the caller's, or on a new one; what it asks for is checked."""
    caller = _caller(ctx)
    _stamp(caller, value)
    if caller != LOCAL and value.get("thread_id") is None:
        raise _error(403, "a run needs a thread: POST /threads, then POST /threads/{thread}/runs")
    kept = {} if caller == LOCAL else await kept_caps(str(value["thread_id"]), value["kwargs"].get("input"))
    try:
        await asyncio.to_thread(checked_run, caller, value, kept)
    except BadInput as error:
        raise _error(400, str(error)) from None
    await (_claim if value.get("if_not_exists") == "create" else _must_own)(caller, value.get("thread_id"))
    return _own(caller)


@auth.on(resources="threads", actions=["read", "delete", "search"])
async def use_thread(ctx: Auth.types.AuthContext, value: Value) -> Filter | None:
    """A thread, its state, history and runs: for its owner; and the list of an owner's threads."""
    return await _owned(_caller(ctx), value)


@auth.on(resources="threads", actions="update")
async def update_thread(ctx: Auth.types.AuthContext, value: Value) -> Filter | None:
    """Metadata may change and runs may be cancelled; state may not be written."""
    caller = _caller(ctx)
    if caller != LOCAL and "metadata" not in value and not value.get("action"):
        raise _error(403, _REFUSED["threads"])
    if value.get("metadata"):
        _stamp(caller, value)
    return await _owned(caller, value)


async def _owned(caller: Caller, value: Value) -> Filter | None:
    if thread := value.get("thread_id"):
        await _must_own(caller, thread)
    return _own(caller)


async def _claim(caller: Caller, thread: object) -> None:
    if caller != LOCAL and await Owners(open_database()).claim(str(thread), caller.owner) != caller.owner:
        raise _error(404, f"Thread {thread} not found.")


async def _must_own(caller: Caller, thread: object) -> None:
    if not await Owners(open_database()).may(caller, str(thread)):
        raise _error(404, f"Thread {thread} not found.")


def _own(caller: Caller) -> Filter | None:
    """What the metadata of the caller's threads holds: the first key's are also those made without keys."""
    if caller == LOCAL:
        return None
    if caller.owner == first_owner():
        return {"$or": [{"owner": caller.owner}, {"owner": LOCAL.owner}]}
    return {"owner": caller.owner}


def _stamp(caller: Caller, value: Value) -> None:
    """Name the owner, and no other graph, in the metadata that the server is about to keep."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        metadata = value["metadata"] = {}
    metadata["owner"] = caller.owner
    if caller != LOCAL and metadata.get("graph_id", _GRAPH) != _GRAPH:
        raise _error(400, f"there is one graph here: {_GRAPH}")


def _caller(ctx: Auth.types.AuthContext) -> Caller:
    """Who calls. Somebody let in by another way than `authenticate` is refused where keys are set."""
    callers = configured()
    found = [caller for caller in callers.values() if caller.owner == ctx.user.identity]
    if callers and not found:
        raise _error(401, "this server needs a key: send it as `Authorization: Bearer KEY` or `x-api-key: KEY`")
    return found[0] if found else LOCAL


def _error(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Exception:
    return Auth.exceptions.HTTPException(status_code=status, detail=detail, headers=headers)
