"""Pictures of two presets side by side: a chat model says which shows the brief better, in both orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from overpaint.evaluation.nouns import Score
from overpaint.evaluation.scorers.consulting import Consultant, cost, each, summed
from overpaint.evaluation.scorers.scorer import Need, Scope, Scored, Value
from overpaint.prompts import load
from overpaint.tools.call_log import CallLog
from overpaint.tools.faults import BadInput


class Comparison(BaseModel):
    """Which of two pictures shows the brief better."""

    reasoning: str = Field(description="What of the brief each picture shows, and what it lacks.")
    better: Literal["first", "second", "neither"] = Field(
        description="The better picture; neither where they are equal."
    )


class WinRate(NamedTuple):
    """How the pictures of one preset did beside those of another. `rate` counts a tie as half a win."""

    preset: str
    against: str
    wins: int
    ties: int
    losses: int

    @property
    def rate(self) -> float:
        """0 to 1; of no comparison at all, a half."""
        compared = self.wins + self.ties + self.losses
        return (self.wins + self.ties / 2) / compared if compared else 0.5


_ENDS = {1.0: "won", 0.5: "tied", 0.0: "lost"}


class Pairwise:
    """The share of the other presets' pictures of the row that a picture beats; a tie is half.

    Every pair is shown in both orders, and where the answers disagree it is a tie: chat models favour a place
    (MMRB2, arXiv 2512.16899). A preset that delivered no picture of the row loses to those that did.

    Args:
        auditor: "provider:model".
        auditor_base_url: its server, where it is not the provider's own.
        auditor_api_key_env: the environment variable that holds its key.
        log: where its calls are noted.

    Raises:
        BadInput: no model is named, it cannot be opened, or it cannot compare.
    """

    name, unit = "pairwise", "win rate"
    span: tuple[float, float] | None = (0.0, 1.0)
    higher_is_better: bool | None = True
    scope: Scope = "rows"
    references, batch = False, 1
    needs: frozenset[Need] = frozenset({"picture"})

    def __init__(
        self,
        auditor: str | None = None,
        auditor_base_url: str | None = None,
        auditor_api_key_env: str | None = None,
        log: CallLog | None = None,
    ) -> None:
        if auditor == "shapes":
            raise BadInput("the built-in model compares no pictures: name another, --set auditor=provider:model")
        self._model = Consultant("auditor", auditor, auditor_base_url, auditor_api_key_env, log)
        self._prompt = load("compare")
        self.options: dict[str, Any] = {**self._model.options, "prompt": self._prompt.label}
        self._without: dict[str, list[str]] = {}
        self.title = f"win rate against the other presets, both orders ({self._model.name})"

    async def check(self, pictures: Sequence[Scored]) -> None:
        """Note who delivered no picture. Raise BadInput where one preset is all, or the model is a run's own judge."""
        self._model.refuse_party(pictures)
        if len({scored.preset for scored in pictures}) < 2:
            raise BadInput("pairwise compares presets, and here is one: evaluate two or more")
        self._without = {}
        for scored in pictures:
            if not scored.name:
                self._without.setdefault(scored.row["id"], []).append(scored.preset)

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        """Compare the pictures of some rows, each with every other of its row."""
        pairs = [(a, b) for a, b in combinations(pictures, 2) if a.row["id"] == b.row["id"]]
        compared = await each(self._compare, pairs)
        found: dict[int, list[tuple[str, Value]]] = {
            id(scored): [(other, Value(1.0)) for other in self._without.get(scored.row["id"], ())]
            for scored in pictures
        }
        for (a, b), value in zip(pairs, compared, strict=True):
            found[id(a)].append((b.preset, value))
            found[id(b)].append((a.preset, _seen_by_other(value)))
        return [_summed(found[id(scored)]) for scored in pictures]

    async def _compare(self, pair: tuple[Scored, Scored]) -> Value:
        """What became of the first of a pair: 1 won, 0.5 tied, 0 lost."""
        files = [scored.picture for scored in pair if scored.picture]
        if len(files) < 2:
            return Value(None, "there is no picture to compare")
        if await self._model.files.name(files[0]) == await self._model.files.name(files[1]):
            return Value(0.5)
        brief = {"brief": pair[0].row["brief"]}
        forth = await self._model.consult(self._prompt, Comparison, files, brief)
        back = await self._model.consult(self._prompt, Comparison, files[::-1], brief)
        if forth.value is None or back.value is None:
            return Value(None, forth.fault or back.fault, cost(forth, back))
        said = forth.value.better, back.value.better
        points = 1.0 if said == ("first", "second") else 0.0 if said == ("second", "first") else 0.5
        return Value(points, detail=cost(forth, back))


def win_rates(scores: Iterable[Score]) -> list[WinRate]:
    """How each preset did against each other one, from the scores that `Pairwise` gave."""
    ends: Counter[tuple[str, str, str]] = Counter()
    for score in scores:
        for other, end in score["detail"].get("against", {}).items():
            ends[score["preset"], other, end] += 1
    pairs = dict.fromkeys((preset, other) for preset, other, _ in ends)
    return [WinRate(*pair, ends[*pair, "won"], ends[*pair, "tied"], ends[*pair, "lost"]) for pair in pairs]


def _seen_by_other(value: Value) -> Value:
    """The same comparison from the other side; its cost is told once."""
    return Value(None if value.value is None else 1.0 - value.value, value.fault)


def _summed(compared: Sequence[tuple[str, Value]]) -> Value:
    points = {other: value.value for other, value in compared if value.value is not None}
    faults = [value.fault for _, value in compared if value.fault]
    detail = {
        "against": {other: _ENDS[point] for other, point in points.items()},
        "faults": faults,
        **summed(value.detail for _, value in compared),
    }
    if not points:
        return Value(None, faults[0] if faults else "no other preset has a picture of this row", detail)
    return Value(round(sum(points.values()) / len(points), 6), detail=detail)
