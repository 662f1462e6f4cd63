"""What a run takes at most: pictures, model calls, tokens and money, from its settings alone."""

from __future__ import annotations

from dataclasses import dataclass

from overpaint.batch_inputs import varies
from overpaint.graph.chat_settings import Role
from overpaint.graph.costs import QUESTIONS, call_cost, odds_cost, runs_here
from overpaint.graph.settings import Settings
from overpaint.graph.writers.variations import ROUNDS
from overpaint.tools.inspect_image import MOST_DETAILS
from overpaint.tools.painters import Counting, Painter

CALLS_PER_QUESTION = 2
"""An answer that cannot be read is asked for once more."""

RUNGS = 3
"""Further calls that it may take to find out how a model can be asked for an answer of a form, once for each."""


@dataclass(frozen=True)
class Amounts:
    """What something takes at most; None in money where a price is not known."""

    pictures: int
    calls: int
    tokens: int
    usd: float | None

    def plus(self, other: Amounts) -> Amounts:
        """The sum."""
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return Amounts(self.pictures + other.pictures, self.calls + other.calls, self.tokens + other.tokens, usd)

    def times(self, count: int) -> Amounts:
        """So many of it."""
        usd = None if self.usd is None else self.usd * count
        return Amounts(self.pictures * count, self.calls * count, self.tokens * count, usd)


def roles_of(settings: Settings, described: bool) -> list[Role]:
    """The chat roles that a run may ask; `described`: it begins with a picture to be put into words."""
    judged, captioned = settings.judge_method != "none", settings.judge_method == "caption"
    rewrites = judged and settings.critique_method != "fused" and set(settings.actions) != {"reseed"}
    asked: dict[Role, bool] = {
        "writer": settings.upsample or settings.judge_method == "checklist",
        "critic": settings.critique_method == "human" or rewrites,
        "judge": judged,
        "captioner": described or captioned,
    }
    return [role for role, wanted in asked.items() if wanted]


def round_of(settings: Settings, painter: Painter, count: int) -> Amounts:
    """One round: so many pictures, all their looks, and the critic."""
    picture = Amounts(1, 0, 0, painter.abilities.price(settings.pixels))
    judged = picture if settings.judge_method == "none" else picture.plus(_looks(settings))
    if "critic" not in roles_of(settings, described=False):
        return judged.times(count)
    # The critic is asked once, and again for each prompt that the painter would not read to its end.
    asked = 1 + count * isinstance(painter, Counting)
    return judged.times(count).plus(_questions(settings, "critic", asked))


def run_of(settings: Settings, painter: Painter, round_: Amounts, described: bool) -> Amounts:
    """All rounds that the cap on pictures allows, and what comes before the first."""
    most = -(-settings.max_images // settings.per_round)
    rounds = most if settings.rounds is None else min(most, settings.rounds)
    once = varies(settings) and settings.judge_method == "none" and settings.on_unknown != "retry"
    asked = _written(settings, painter) + (settings.judge_method == "checklist")
    total = round_.times(1 if once else rounds).plus(_questions(settings, "writer", asked))
    if described:
        total = total.plus(_questions(settings, "captioner", 1))
    for role in roles_of(settings, described):
        if not runs_here(settings, role):
            total = total.plus(_calls(settings, role, RUNGS))
    return total


def _written(settings: Settings, painter: Painter) -> int:
    """Questions to the writer for the first prompts, and for each of them that the painter would not read whole."""
    if not settings.upsample:
        return 0
    if settings.upsample_method == "variations":
        return ROUNDS + ROUNDS * settings.variations * isinstance(painter, Counting)
    compared = settings.attempts + (settings.word_range is not None) if settings.upsample_method == "compare" else 0
    return compared + 1 + isinstance(painter, Counting)


def _looks(settings: Settings) -> Amounts:
    """All looks at one picture, those after the first with places of it enlarged, and the odds of each yes."""
    if settings.judge_method != "checklist":
        judged = _questions(settings, "judge", 1)
        captioned = settings.judge_method == "caption"
        return judged.plus(_questions(settings, "captioner", 1)) if captioned else judged
    again = _calls(settings, "judge", (settings.looks - 1) * CALLS_PER_QUESTION, details=MOST_DETAILS)
    looks = _questions(settings, "judge", 1).plus(again)
    if not settings.probabilities or runs_here(settings, "judge"):
        return looks
    odds = odds_cost(settings)
    return looks.plus(Amounts(0, 1, odds.tokens, odds.usd).times(QUESTIONS))


def _questions(settings: Settings, role: Role, count: int) -> Amounts:
    return _calls(settings, role, count * CALLS_PER_QUESTION)


def _calls(settings: Settings, role: Role, count: int, *, details: int = 0) -> Amounts:
    worst = call_cost(settings, role, details=details)
    return Amounts(0, 1, worst.tokens, worst.usd).times(count)
