"""What may be asked of a run on LangGraph's own routes; the run is changed in place where a part of it is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overpaint.graph.conversation import follows
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import read_thread
from overpaint.graph.persistence import open_checkpointer
from overpaint.server.allowed import CAPS, check_settings, checked_image, lowered, with_caps
from overpaint.server.keys import LOCAL, Caller
from overpaint.tools.faults import BadInput

_INPUTS = {"brief", "image", "requirements", "messages"}
_LATEST = 3600
"""Seconds from now at which a run may begin."""

_INNER = ("__pregel", "__langsmith", "langsmith")
"""How LangGraph calls its own parts in a run's config, and what would send traces to another project."""


async def kept_caps(thread: str, given: object) -> dict[str, Any]:
    """The caps that a run keeps from the turn before it in a chat: `intake._settings` says when it does.

    Args:
        thread: its thread.
        given: its input.

    Raises:
        BadInput: the database cannot be used.
    """
    if not isinstance(given, dict) or given.get("brief") is not None or given.get("image") is not None:
        return {}
    async with open_checkpointer() as saver:
        state = (await read_thread(build_graph(saver), thread)).values
    settings = state["settings"] if follows(state) else {}
    return {name: settings[name] for name in CAPS if settings.get(name) is not None}


def checked_run(caller: Caller, value: dict[str, Any], kept: Mapping[str, Any]) -> None:
    """Check a run that is about to be made. Blocks as `links.secret` does.

    Args:
        caller: who asks; without keys only the grant of a picture is taken out, which is not for state.
        value: what LangGraph's handlers get for `threads.create_run`, with the run's parts in `kwargs`.
        kept: see `kept_caps`.

    Raises:
        BadInput: what may not be asked for, and what to use instead.
    """
    asked = value["kwargs"]
    given = asked.get("input")
    if caller == LOCAL:
        if isinstance(given, dict) and isinstance(given.get("image"), dict):
            given["image"].pop("grant", None)
        return
    _refuse_commands(asked)
    _check_time(value.get("after_seconds"))
    asked["input"] = given if given is None else _checked_input(caller, given)
    config = asked.get("config") or {}
    for place in (config.get("configurable"), config.get("metadata")):
        _leave_out_inner(place)
    asked["feedback_keys"] = None
    context = asked.get("context") or {}
    check_settings(caller, config.get("configurable") or {})
    if given is None:
        check_settings(caller, context)
        asked["context"] = context
    else:
        asked["context"] = with_caps(caller, {**kept, **lowered(caller, kept), **context})


def _refuse_commands(asked: dict[str, Any]) -> None:
    command = asked.get("command")
    if any(value is not None for name, value in (command or {}).items() if name != "resume"):
        raise BadInput(
            "`command` may only `resume`: to go on from another picture, prompt, brief or checklist use"
            " POST /overpaint/threads/{thread}/fork"
        )
    if asked.get("webhook"):
        raise BadInput("there are no webhooks here: follow the run with GET /threads/{thread}/runs/{run}/stream")


def _check_time(after: object) -> None:
    if after is not None and not (isinstance(after, (int, float)) and 0 <= after <= _LATEST):
        raise BadInput(f"`after_seconds` may be 0 to {_LATEST}")


def _checked_input(caller: Caller, given: object) -> dict[str, Any]:
    if not isinstance(given, dict) or not given.keys() <= _INPUTS:
        raise BadInput(f"`input` must be an object with some of: {', '.join(sorted(_INPUTS))}")
    _check_pictures(caller, given.get("messages"))
    if given.get("image") is None:
        return given
    return {**given, "image": checked_image(caller, given["image"])}


def _check_pictures(caller: Caller, messages: object) -> None:
    """Check every stored picture that messages name, wherever in them; `graph/messages.py` says how they do."""
    waiting = [messages]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "picture" in value:
                value["picture"] = checked_image(caller, value["picture"])
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _leave_out_inner(config: Any) -> None:
    for name in [name for name in config or {} if name.startswith(_INNER)]:
        del config[name]
