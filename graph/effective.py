"""The settings in force: those a run was started with, and those given anew when it is taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from overpaint.graph.costs import facts_of
from overpaint.graph.settings import Settings, merge
from overpaint.graph.state import PainterFacts, Requirement, State
from overpaint.graph.templates import check_templates
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Painter
from overpaint.tools.refusals import refuse_settings

FIXED = frozenset(
    {"seed", "question", "upsample", "upsample_method", "upsample_words", "attempts", "variations", "raw_brief"}
    | {"judge_method", "review_checklist"}
)
"""Settings that only matter before the first picture: a run keeps them, a fork may have others."""


def effective(context: Settings | Mapping[str, Any] | None) -> Settings:
    """The settings of a run; a bare invoke hands a node no context, or a plain dict.

    Raises:
        BadInput: an unknown setting or a wrong value.
    """
    if isinstance(context, Settings):
        return context
    return merge(context or {})


async def in_force(state: State, context: Settings | Mapping[str, Any] | None) -> State:
    """What to change in state for settings that were given anew; nothing for a run that goes on as it began.

    LangGraph hands a node the context of the present invocation: all settings when the run starts, none or class
    defaults when it is resumed, and on a resume with a context those that somebody chose. Only settings that were
    named count.

    Raises:
        BadInput: an unknown setting, a wrong value, or one that the painter cannot take.
    """
    anew = overlaid(state["settings"], context)
    if anew == state["settings"]:
        return {}
    return {"settings": anew, "painter": await painter_facts(await open_toolbox(anew))}


def overlaid(settings: Mapping[str, Any], context: Settings | Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings that state or a candidate carries, with those that the present invocation names laid over them.

    Raises:
        BadInput: an unknown setting or a wrong value, or a prompt text that cannot be filled in.
    """
    named = context.model_dump(mode="json", include=context.model_fields_set) if isinstance(context, Settings) else {}
    named = named or dict(context if isinstance(context, Mapping) else {})
    changed = {k: v for k, v in named.items() if k not in FIXED and settings.get(k) != v}
    if not changed:
        return dict(settings)
    anew = merge(settings, changed)
    if anew.templates != settings.get("templates"):
        check_templates(anew.templates)
    return anew.kept


def refuse_fixed(settings: Mapping[str, Any]) -> None:
    """Refuse settings that a run which has begun cannot change.

    Raises:
        BadInput: naming the first of them.
    """
    for name in sorted(FIXED & settings.keys()):
        raise BadInput(f"{name} is fixed when a run starts: leave it out, or start a new run with it")


def refuse_unread(checklist: Sequence[Requirement] | None, settings: Settings) -> None:
    """Refuse a checklist that somebody gave where the judge does not read one.

    Raises:
        BadInput: naming the judge's method.
    """
    if checklist is not None and settings.judge_method != "checklist":
        raise BadInput(
            f"judge_method={settings.judge_method} reads no checklist: leave it out, or set judge_method=checklist"
        )


async def painter_facts(toolbox: Toolbox) -> PainterFacts:
    """What the controller must know of the painter.

    Raises:
        BadInput: no such painter, a setting it does not take, or a money cap where prices are not known.
    """
    painter, settings = await toolbox.painter(), toolbox.settings
    refuse_ignored(painter, settings)
    return await asyncio.to_thread(facts_of, painter, settings)


def refuse_ignored(painter: Painter, settings: Settings) -> None:
    """Refuse settings of the picture that a run with this painter would have to ignore.

    Raises:
        BadInput: naming the first of them.
    """
    refuse_settings(painter, settings.picture, settings.pixels)
    if settings.strength is not None and painter.abilities.edit is None:
        raise BadInput(f"{painter.name} cannot edit, so strength={settings.strength:g} would do nothing: leave it out")
