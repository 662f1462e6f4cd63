"""What the painter and the judge of a run may cost at worst, settled before anything is spent."""

from __future__ import annotations

import json
import math

from langchain_core.messages import HumanMessage, SystemMessage

from overpaint.graph.allowance import Need, need_of_first
from overpaint.graph.chat_settings import Role
from overpaint.graph.settings import Settings
from overpaint.graph.state import LookCost, PainterFacts
from overpaint.graph.templates import text_of
from overpaint.graph.toolbox import CAPPED_ANSWER
from overpaint.tools.backends.remote import SECONDS
from overpaint.tools.budget import EXACT, Worst, worst_case
from overpaint.tools.faults import BadInput
from overpaint.tools.inspect_image import MOST_DETAILS, Inspection
from overpaint.tools.painters import Painter
from overpaint.tools.prices import LOCAL, ChatPrice, chat_price
from overpaint.tools.references import picture

QUESTION = "?" * 120
QUESTIONS = 40
"""The longest checklist that a writer may give, with long questions; a longer one may leave pictures unjudged."""

LOOK_SECONDS = 30.0
"""Held back for a look of a judge behind HTTP; one that runs here can be stopped without loss."""


def facts_of(painter: Painter, settings: Settings) -> PainterFacts:
    """What the controller must know of a painter and of judging its pictures; reads the price files.

    Raises:
        BadInput: a cap on money where a price is not known, or a price file that cannot be used.
    """
    able = painter.abilities
    if settings.max_usd is not None and (unknown := unpriced(painter, settings)):
        raise BadInput(
            f"max_usd cannot be kept: the price of {', '.join(unknown)} is not known; "
            "put it into a price file (OVERPAINT_PRICES), or cap max_images and max_calls instead"
        )
    return PainterFacts(
        edit=able.edit,
        token_limit=able.token_limit,
        price_usd=able.price(settings.pixels),
        seconds=0.0 if able.free else settings.timeout or SECONDS,
        look=look_cost(settings),
        again=look_cost(settings, details=MOST_DETAILS),
    )


def unpriced(painter: Painter, settings: Settings) -> list[str]:
    """The painter and the roles, with their models, whose price is not known."""
    names = [f"the painter {settings.painter}"] if painter.abilities.price_usd is None else []
    roles: tuple[Role, ...] = ("writer", "critic", "judge", *(("captioner",) if settings.captioner else ()))
    return names + [f"the {role} {settings.model_of(role)}" for role in roles if price_of(settings, role) is None]


def price_of(settings: Settings, role: Role) -> ChatPrice | None:
    """The price of a role's model on its server; None where it is not known."""
    return chat_price(settings.model_of(role), settings.chat_options(role).get("base_url"))


def look_cost(settings: Settings, *, details: int = 0) -> LookCost:
    """What one look of the judge may cost at worst; `details` as in `call_cost`."""
    if settings.judge_method == "none":
        return LookCost(tokens=0, seconds=0.0, usd=0.0)
    roles: tuple[Role, ...] = ("captioner", "judge") if settings.judge_method == "caption" else ("judge",)
    calls = [call_cost(settings, role, details=details) for role in roles]
    seconds = sum(0.0 if runs_here(settings, role) else LOOK_SECONDS for role in roles)
    usd = None if any(call.usd is None for call in calls) else sum(call.usd or 0.0 for call in calls)
    return LookCost(tokens=sum(call.tokens for call in calls), seconds=seconds, usd=usd)


def call_cost(settings: Settings, role: Role, *, details: int = 0) -> Worst:
    """What one model call of a role may cost at worst: that of the longest question there is, a long checklist's.

    Args:
        settings: the effective settings.
        role: who is asked.
        details: places of the picture that are shown beside it; a judge that runs here is shown none.
    """
    answer = settings.chat_options(role).get("max_tokens", CAPPED_ANSWER)
    details = 0 if runs_here(settings, role) else details
    asked = text_of("judge.checklist", settings.templates).render(questions=[QUESTION] * QUESTIONS)
    told = text_of("judge.details", settings.templates).render(places=[[0.25] * 4] * details)[1] if details else ""
    shown = [picture("0" * 64)] * (1 + details)
    messages = [SystemMessage(asked[0]), HumanMessage([{"type": "text", "text": asked[1] + told}, *shown])]
    return worst_case(messages, json.dumps(Inspection.model_json_schema()), answer, price_of(settings, role))


def odds_cost(settings: Settings) -> Worst:
    """What asking for the odds of one yes may cost at worst."""
    system, question = text_of("judge.yes", settings.templates).render(question=QUESTION)
    messages = [SystemMessage(system), HumanMessage([{"type": "text", "text": question}, picture("0" * 64)])]
    return worst_case(messages, "", 1, price_of(settings, "judge"))


def runs_here(settings: Settings, role: Role) -> bool:
    """Whether a role's model runs on this machine."""
    return settings.model_of(role).partition(":")[0] in LOCAL


def refuse_small_caps(facts: PainterFacts, settings: Settings, *, described: bool = False) -> None:
    """Refuse caps under which not even one picture could be painted and looked at.

    Args:
        facts: of the painter and the judge.
        settings: the effective settings.
        described: whether a picture has to be described first.

    Raises:
        BadInput: naming the first such cap, and the smallest that would do.
    """
    need = need_of_first(facts, settings)
    if described:
        look = facts.get("look") or look_cost(settings)
        usd = None if need.usd is None or look["usd"] is None else need.usd + look["usd"]
        need = Need(need.images, need.calls + 1, need.tokens + look["tokens"], need.seconds + look["seconds"], usd)
    for name, wanted in vars(need).items():
        cap = getattr(settings, f"max_{name}")
        if cap is not None and wanted is not None and wanted > cap + EXACT:
            least = math.ceil(round(wanted * 100, 6)) / 100
            each = "" if need.images == 1 else f", {need.images} times"
            raise BadInput(
                f"max_{name}={cap:g} cannot pay for one picture and its first look{each}: give at least {least:g}"
            )
