"""What a run would do and cost at most, without doing any of it: `overpaint refine … --dry-run`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from overpaint.batch_inputs import varies
from overpaint.commands import given_settings, say_json
from overpaint.estimating import Amounts, roles_of, round_of, run_of
from overpaint.given import settings_of
from overpaint.graph.chat_settings import ROLES
from overpaint.graph.costs import facts_of, refuse_small_caps, unpriced
from overpaint.graph.effective import refuse_ignored
from overpaint.graph.nodes.intake import check_brief
from overpaint.graph.settings import Settings
from overpaint.graph.toolbox import CAPPED_ANSWER, open_toolbox
from overpaint.phrases import clean, counted, money
from overpaint.plain import say
from overpaint.tools.painters import Painter
from overpaint.tools.prices import LOCAL, price_date

CAPS = ("max_images", "max_calls", "max_tokens", "max_seconds", "max_usd")


def dry_run(args: Namespace) -> int:
    """Print the plan of `refine` for the same arguments; asks nobody, paints nothing, writes nothing.

    Raises:
        BadInput: something given cannot be used, as in `refine`.
    """
    settings = settings_of(args.preset, given_settings(args))
    brief = check_brief(args.brief or "") if args.brief is not None or not args.image else None
    return say_plan(args, asyncio.run(planned(brief, args.preset or "default", settings, described=brief is None)))


def say_plan(args: Namespace, told: dict[str, Any]) -> int:
    """Print a plan, as lines or as JSON."""
    if args.json:
        say_json(told)
        return 0
    for line in plan_lines(told):
        say(line)
    return 0


async def planned(brief: str | None, preset: str, settings: Settings, *, described: bool = False) -> dict[str, Any]:
    """The plan of a run, JSON only.

    Args:
        brief: what to paint; None where a picture is described first.
        preset: the name of the preset that the settings come from.
        settings: the effective settings.
        described: whether a picture is described first.

    Raises:
        BadInput: the painter cannot be used with these settings, or the caps are too small for one picture.
    """
    painter = await (await open_toolbox(settings.model_dump())).painter()
    return await asyncio.to_thread(_planned, brief, preset, settings, painter, described)


def plan_lines(told: dict[str, Any]) -> Iterator[str]:
    """A plan as lines."""
    yield f"brief: {clean(told['brief'] or '(the description of the picture)')}"
    yield f"preset: {told['preset']}"
    painter = told["painter"]
    able = ", ".join(painter["abilities"])
    yield f"painter: {painter['model']} at {painter['server']}, size {painter['size']}; {able}"
    for role, chat in told["roles"].items():
        yield f"{role}: {chat['model']} at {chat['server']}"
    yield f"caps: {', '.join(f'{name}={cap:g}' for name, cap in told['caps'].items())}"
    yield f"one round, at most: {_amounts(told['round'])}"
    yield f"the run, at most: {_amounts(told['at_most'])}"
    if "inputs" in told:
        yield f"{counted(told['inputs'], 'input')}, a run each, at most: {_amounts(told['all'])}"
    if told["assumed"]:
        yield f"answers are taken to have at most {CAPPED_ANSWER:,} tokens; <role>_max_tokens holds a model to a number"
    if told["unknown"]:
        yield f"not known: the price of {', '.join(told['unknown'])}"
    yield f"prices of {told['prices']}, and of your price file if there is one; nothing was asked, painted or paid"


def of_all(told: dict[str, Any], inputs: int) -> dict[str, Any]:
    """The plan of one run of a batch, with the number of inputs and what all take at most."""
    return {**told, "inputs": inputs, "all": vars(Amounts(**told["at_most"]).times(inputs))}


def _planned(brief: str | None, preset: str, settings: Settings, painter: Painter, described: bool) -> dict[str, Any]:
    refuse_ignored(painter, settings)
    refuse_small_caps(facts_of(painter, settings), settings, described=described)
    round_ = round_of(settings, painter, settings.variations if varies(settings) else settings.per_round)
    return {
        "brief": brief,
        "preset": preset,
        "painter": {
            "model": settings.painter,
            "server": _server(settings.painter, settings.painter_base_url),
            "size": settings.size or "the painter's own",
            "abilities": _abilities(painter, settings),
        },
        "roles": {
            role: {
                "model": settings.model_of(role),
                "server": _server(settings.model_of(role), settings.chat_options(role).get("base_url")),
            }
            for role in roles_of(settings, described)
        },
        "caps": {name: cap for name in CAPS if (cap := getattr(settings, name)) is not None},
        "round": vars(_capped(round_, settings)),
        "at_most": vars(_capped(run_of(settings, painter, round_, described), settings)),
        "assumed": _assumed(settings),
        "unknown": unpriced(painter, settings),
        "prices": price_date(),
    }


def _assumed(settings: Settings) -> bool:
    """Whether some role's answers may be as long as its model likes: only a cap on tokens or money limits them all."""
    if settings.max_tokens is not None or settings.max_usd is not None:
        return False
    hosted = [role for role in ROLES if settings.model_of(role).partition(":")[0] not in LOCAL]
    return any("max_tokens" not in settings.chat_options(role) for role in hosted)


def _capped(amounts: Amounts, settings: Settings) -> Amounts:
    """No more than the caps allow. A cap on money is refused where a price is not known."""
    return replace(
        amounts,
        pictures=min(amounts.pictures, settings.max_images),
        calls=min(amounts.calls, settings.max_calls or amounts.calls),
        tokens=min(amounts.tokens, settings.max_tokens or amounts.tokens),
        usd=None if amounts.usd is None else round(min(amounts.usd, settings.max_usd or amounts.usd), 4),
    )


def _server(model: str, base_url: str | None) -> str:
    if model.partition(":")[0] in LOCAL:
        return "this machine"
    return base_url or "its provider's own server"


def _abilities(painter: Painter, settings: Settings) -> list[str]:
    able = painter.abilities
    edits = {"mask": "repaints places", "instruct": "edits by instruction", None: "cannot edit"}[able.edit]
    reads = f"reads {able.token_limit} tokens" if able.token_limit else "reads prompts of any length"
    usd = able.price(settings.pixels)
    price = "price not known" if usd is None else f"at most {money(usd)} a picture"
    return [edits, "repeats a seed" if able.seeds else "has no seeds", reads, "free" if able.free else price]


def _amounts(amounts: dict[str, Any]) -> str:
    usd = "unknown" if amounts["usd"] is None else money(amounts["usd"])
    pictures, calls = counted(amounts["pictures"], "picture"), counted(amounts["calls"], "model call")
    return f"{pictures}, {calls}, {amounts['tokens']:,} tokens, cost {usd}"
