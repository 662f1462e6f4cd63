"""intake: take what is asked, and fix all that the run will need to be the same after a crash."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.messages import AnyMessage, HumanMessage
from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from overpaint.graph.allowance import describer_room, lacking, need_to_go_on
from overpaint.graph.checklists import read_checklist
from overpaint.graph.conversation import Meant, follows, too_dear, understood
from overpaint.graph.costs import refuse_small_caps
from overpaint.graph.effective import effective, painter_facts, refuse_unread
from overpaint.graph.interface import Intake
from overpaint.graph.messages import last_human, picture_of, text_of
from overpaint.graph.schemas import Description
from overpaint.graph.settings import Settings, merge
from overpaint.graph.state import Brief, Candidate, Plan, Receipt, State
from overpaint.graph.talk import CARRIED
from overpaint.graph.telling import answer
from overpaint.graph.templates import check_templates
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.graph.turns import remembered
from overpaint.prompts import Prompt
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import open_home
from overpaint.tools.images import ImageRef

_RUNS = uuid.UUID("5d0b3a52-6f5a-4a0e-9f6e-6a3c7c1f9b10")
"""The name space of run ids (UUID version 5). Any other would do as well."""

_SAID: tuple[str, ...] = (
    "wish", "remark", "declined", "forked_from", "variants", "stopped_at", "unrendered", "began", "reviewing",
)  # fmt: skip
"""What an earlier run of the thread may have left, and this one begins without."""

LONGEST_BRIEF = 10_000
"""Characters. Beyond it no image model reads on, and every model call of the run would pay for it."""


@dataclass(frozen=True)
class Asked:
    """What came in: a text, a picture to start from, and whether a person said it in a conversation."""

    text: str
    image: ImageRef | None
    said: bool


async def intake(state: Intake, runtime: Runtime[Settings]) -> dict[str, Any]:
    """Start a run, or pass on what is only to be told; forget what an earlier run of the thread left in state.

    Raises:
        BadInput: the brief, a picture or a setting cannot be used.
    """
    settings = _settings(state, runtime.context)
    await asyncio.to_thread(check_templates, settings.templates)
    listed = read_checklist(given) if (given := state.get("requirements")) else None
    refuse_unread(listed, settings)
    run = _run_id(runtime)
    toolbox = await open_toolbox(settings.model_dump(), run, "intake", runtime)
    await asyncio.to_thread(open_home)
    facts = await painter_facts(toolbox)
    toolbox = replace(toolbox, room=describer_room(facts, settings))
    asked = await _asked(state, toolbox)
    refuse_small_caps(facts, settings, described=not asked.text)
    meant = await _meant(asked, state, toolbox)
    goes_on = _goes_on(meant, asked, state, settings)
    spent = State(receipt=await toolbox.spent())
    if goes_on and (cap := lacking(spent, settings, need_to_go_on(facts, settings))):
        meant = too_dear(cap, getattr(settings, cap))
    if meant.question is not None:
        return {"question": meant.question, **spent}
    _warn(settings, meant.note, runtime)
    brief, labels = await _brief(meant, asked.image, toolbox)
    turns = await remembered(state, toolbox.records)
    return {
        **_forgotten(state, await toolbox.spent(), labels),
        **(_carried(state, settings) if goes_on else {}),
        "messages": [*_broken_off(state), *([] if asked.said else [HumanMessage(asked.text or "[picture]")])],
        "run": run,
        "asked": brief,
        "seed": secrets.randbelow(2**32) if settings.seed is None else settings.seed,
        "settings": settings.kept,
        "painter": facts,
        "listed": listed,
        **({"turns": turns} if turns else {}),
    }


def _settings(state: Intake, context: Settings | Mapping[str, Any] | None) -> Settings:
    """Those that come with the input; in a conversation laid over those of the turn before.

    Raises:
        BadInput: an unknown setting or a wrong value.
    """
    if not follows(state) or state.get("brief") is not None or state.get("image") is not None:
        return effective(context)
    if isinstance(context, Settings):
        context = context.model_dump(mode="json", include=context.model_fields_set)
    return merge(state["settings"], context or {})


def _warn(settings: Settings, note: str, runtime: Runtime[Settings]) -> None:
    if note:
        runtime.stream_writer({"kind": "warning", "text": note})
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


async def _asked(state: Intake, toolbox: Toolbox) -> Asked:
    brief, image = state.get("brief"), state.get("image")
    if brief is not None or image is not None:
        return Asked(brief or "", await _stored(image, toolbox), said=False)
    message = last_human(state.get("messages", []))
    return Asked(text_of(message), await _stored(picture_of(message), toolbox), said=True)


async def _stored(ref: Any, toolbox: Toolbox) -> ImageRef | None:
    """A picture that is named, as the image store has it.

    Raises:
        BadInput: it is none, or is not there.
    """
    if ref is None:
        return None
    if not isinstance(ref, dict) or not isinstance(ref.get("sha256"), str):
        raise BadInput("`image` names a picture that is stored, as a dict with its `sha256`: upload it first")
    return await toolbox.images.name(await toolbox.images.load(ref["sha256"]))


async def _meant(asked: Asked, state: Intake, toolbox: Toolbox) -> Meant:
    if not asked.said or not follows(state):
        return Meant("new", asked.text)
    if asked.text:
        check_brief(asked.text)
    return await understood(asked.text, state, toolbox, pictured=asked.image is not None)


def _goes_on(meant: Meant, asked: Asked, state: Intake, settings: Settings) -> bool:
    """Whether the picture of the run before is where this one starts; without a judge nothing says how it does."""
    there = asked.image is None and state.get("champion") is not None
    return there and meant.kind == "change" and settings.judge_method != "none"


async def _brief(meant: Meant, image: ImageRef | None, toolbox: Toolbox) -> tuple[Brief, dict[str, str]]:
    """What is asked for, and the labels of the prompt files that were used to find out."""
    labels = {"follow_up": meant.label} if meant.label else {}
    if image is None or meant.brief:
        return Brief(text=check_brief(meant.brief), image=image), labels
    prompt, values = _describing(toolbox)
    reply = await toolbox.consult("captioner", prompt, Description, shown=image["sha256"], values=values)
    if reply.value is None:
        raise ProviderFault(f"the picture could not be described: {reply.fault}; give a brief as well")
    return Brief(text=check_brief(reply.value.description), image=None), {prompt.name: prompt.label}


def _describing(toolbox: Toolbox) -> tuple[Prompt, dict[str, str]]:
    """How the captioner is asked: in our words, or with the question of the settings."""
    question = toolbox.settings.question
    if question is None:
        return toolbox.text("describe"), {}
    return toolbox.text("describe.question"), {"question": question}


def _forgotten(state: Intake, spent: Receipt, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "candidates": Overwrite({}),
        "champion": None,
        "round": -1,
        "tried": [],
        "prompt": "",
        "prompts": Overwrite(labels),
        "receipt": Overwrite(spent),
        "fatal": Overwrite(""),
        **{name: None for name in _SAID if state.get(name)},
        "ended": None,
    }


def _carried(state: Intake, settings: Settings) -> dict[str, Any]:
    """The champion of the run before, from which a change of its brief goes on once it is judged by the new checklist.

    Rounds are counted on, as in a fork, so that no two candidates of one line have the same id.
    """
    champion = cast(Candidate, state["champion"])
    carried = {
        "candidates": Overwrite({champion["id"]: champion}),
        "champion": champion,
        "round": state["round"],
        "began": state["round"] + 1,
        "plan": Plan(action="stop", why=CARRIED, parent=None, count=0, targets=[], stop="person"),
    }
    judged_alike = settings.judge_method == state["settings"]["judge_method"]
    return carried if judged_alike else {**carried, "judged_by": ""}  # by no checklist that there is


def _broken_off(state: Intake) -> list[AnyMessage]:
    """A last word to a run that never ended, whose message still says what it is doing."""
    if "run" not in state or state.get("ended"):
        return []
    last = answer(state["run"], "This was broken off before it was done.")
    return [last] if any(message.id == last.id for message in state.get("messages", [])) else []
