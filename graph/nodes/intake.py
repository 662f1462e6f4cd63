"""intake: take the brief, store its pictures, and fix all that the run will need to be the same after a crash."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from dataclasses import replace
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from overpaint.graph.allowance import describer_room
from overpaint.graph.checklists import read_checklist
from overpaint.graph.costs import refuse_small_caps
from overpaint.graph.effective import effective, painter_facts, refuse_unread
from overpaint.graph.interface import Intake
from overpaint.graph.messages import last_human, pictures_of, text_of, with_references
from overpaint.graph.schemas import Description
from overpaint.graph.settings import Settings
from overpaint.graph.state import Brief, Receipt, empty_receipt
from overpaint.graph.templates import check_templates
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.prompts import Prompt, load
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import open_home
from overpaint.tools.images import ImageRef

_RUNS = uuid.UUID("5d0b3a52-6f5a-4a0e-9f6e-6a3c7c1f9b10")
"""The name space of run ids (UUID version 5). Any other would do as well."""

_SAID: tuple[str, ...] = (
    "wish", "remark", "declined", "forked_from", "variants", "stopped_at", "unrendered",
)  # fmt: skip
"""What an earlier run of the thread may have left, and this one begins without."""

LONGEST_BRIEF = 10_000
"""Characters. Beyond it no image model reads on, and every model call of the run would pay for it."""


async def intake(state: Intake, runtime: Runtime[Settings]) -> dict[str, Any]:
    """Start a run: settle settings, brief, seed and id, and forget what an earlier run of the thread left in state.

    Raises:
        BadInput: the brief, a picture or a setting cannot be used.
    """
    settings = effective(runtime.context)
    await asyncio.to_thread(check_templates, settings.templates)
    listed = read_checklist(given) if (given := state.get("requirements")) else None
    refuse_unread(listed, settings)
    run = _run_id(runtime)
    toolbox = await open_toolbox(settings.model_dump(), run, "intake", runtime)
    await asyncio.to_thread(open_home)
    facts = await painter_facts(toolbox)
    _warn(settings, runtime)
    messages, text, image = await _asked(state, toolbox)
    refuse_small_caps(facts, settings, described=not text)
    spent, labels = empty_receipt(), {}
    if image is not None and not text:
        text, spent = await _described(image, replace(toolbox, room=describer_room(facts, settings)))
        asked = _describing(settings)[0]
        image, labels = None, {asked.name: asked.label}
    return {
        "messages": messages,
        "run": run,
        "asked": Brief(text=check_brief(text), image=image),
        "seed": secrets.randbelow(2**32) if settings.seed is None else settings.seed,
        "settings": settings.kept,
        "painter": facts,
        **_forgotten(state, spent, labels),
        "listed": listed,
    }


def _warn(settings: Settings, runtime: Runtime[Settings]) -> None:
    if roles := settings.judges_itself():
        text = (
            f"{settings.judge} is judge and {' and '.join(roles)}, and models favour their own work: name another judge"
        )
        runtime.stream_writer({"kind": "warning", "text": text})


def _run_id(runtime: Runtime[Settings]) -> str:
    """The run's id: the same when intake is tried again after a crash, so that no model call of it is lost count of."""
    info = runtime.execution_info
    return str(uuid.uuid5(_RUNS, info.task_id) if info else uuid.uuid4())


def check_brief(text: object) -> str:
    """The brief without surrounding space.

    Raises:
        BadInput: it is no text, empty or too long.
    """
    if not isinstance(text, str):
        raise BadInput(f"the brief is a {type(text).__name__} and must be text: say what to paint")
    text = text.strip()
    if not text:
        raise BadInput("the brief is empty: say what to paint, or give a picture to describe")
    if len(text) > LONGEST_BRIEF:
        raise BadInput(f"the brief has {len(text):,} characters and may have {LONGEST_BRIEF:,}: say it shorter")
    return text


async def _asked(state: Intake, toolbox: Toolbox) -> tuple[list[AnyMessage], str, ImageRef | None]:
    brief, image = state.get("brief"), state.get("image")
    if image is not None:
        await toolbox.images.load(image["sha256"])
    if brief is not None or image is not None:
        return [HumanMessage(brief or "[picture]")], brief or "", image
    messages = state.get("messages", [])
    message = last_human(messages)
    stored = {i: await toolbox.images.save(data) for i, data in pictures_of(message)}
    humans = [m for m in messages if isinstance(m, HumanMessage)]
    cleaned = [with_references(m, stored if m is message else {}) for m in humans]
    return [m for m in cleaned if m is not None], text_of(message), next(iter(stored.values()), None)


async def _described(image: ImageRef, toolbox: Toolbox) -> tuple[str, Receipt]:
    asked, values = _describing(toolbox.settings)
    reply = await toolbox.consult("captioner", asked, Description, shown=image["sha256"], values=values)
    if reply.value is None:
        raise ProviderFault(f"the picture could not be described: {reply.fault}; give a brief as well")
    return reply.value.description, await toolbox.spent()


def _describing(settings: Settings) -> tuple[Prompt, dict[str, str]]:
    """How the captioner is asked: in our words, or with the question of the settings."""
    if settings.question is None:
        return load("describe"), {}
    return load("describe.question"), {"question": settings.question}


def _forgotten(state: Intake, spent: Receipt, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "brief": None,
        "image": None,
        "requirements": None,
        "candidates": Overwrite({}),
        "champion": None,
        "round": -1,
        "tried": [],
        "prompts": Overwrite(labels),
        "receipt": Overwrite(spent),
        "fatal": Overwrite(""),
        **{name: None for name in _SAID if state.get(name)},
        "ended": None,
    }
