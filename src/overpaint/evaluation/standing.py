"""Which picture of a run a scorer likes: first, last, best, the one that stopped it, the one delivered. Pure.

Every function takes the outcomes and one scorer's scores, whose higher values are the better ones. Pictures that did
not pass the gate are left out, and so is whatever the scorer gave no value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from overpaint.evaluation.nouns import Outcome, Score, Shot
from overpaint.evaluation.statistics import Rate, by_preset, rate

PLACES = ("first", "stopped", "chosen", "best", "last")
REFERENCE = "reference"
"""What the first reference picture of a row is called among the scores."""


@dataclass(frozen=True)
class Duel:
    """Briefs where one picture has the higher value, the same, or the lower; `unscored`: one of the two has none."""

    wins: int
    ties: int
    losses: int
    unscored: int

    @property
    def share(self) -> float | None:
        """Wins over all briefs where both have a value; None without any."""
        scored = self.wins + self.ties + self.losses
        return self.wins / scored if scored else None


class Values:
    """One scorer's values, to be asked by picture."""

    def __init__(self, scores: Iterable[Score]) -> None:
        valued = [(s, s["value"]) for s in scores if s["value"] is not None]
        self._shots = {(s["preset"], s["row"], s["shot"]): value for s, value in valued}
        self._references = {s["row"]: value for s, value in valued if s["shot"] == REFERENCE}

    def of(self, outcome: Outcome, shot: str | None) -> float | None:
        """The value of a run's candidate, by its id."""
        return None if shot is None else self._shots.get((outcome["preset"], outcome["row"], shot))

    def painted(self, outcome: Outcome) -> list[tuple[Shot, float]]:
        """The pictures of a run that have a value, in the order painted."""
        found = ((shot, self.of(outcome, shot["id"])) for shot in pictures(outcome))
        return [(shot, value) for shot, value in found if value is not None]

    def places(self, outcome: Outcome) -> dict[str, float | None]:
        """The value at each of PLACES and of the row's reference; None where there is no picture or no value."""
        ids = [shot["id"] for shot in pictures(outcome)]
        return {
            "first": self.of(outcome, ids[0] if ids else None),
            "stopped": self.of(outcome, outcome["stopped"]),
            "chosen": self.of(outcome, outcome["chosen"]),
            "best": max((value for _, value in self.painted(outcome)), default=None),
            "last": self.of(outcome, ids[-1] if ids else None),
            REFERENCE: self._references.get(outcome["row"]),
        }


def pictures(outcome: Outcome) -> list[Shot]:
    """The candidates of a run that passed the gate, in the order their ids were minted."""
    painted = [shot for shot in outcome["shots"] if shot["outcome"] == "ok" and shot["picture"]]
    return sorted(painted, key=lambda shot: tuple(map(int, shot["id"].split("."))))


def beats(outcomes: Sequence[Outcome], scores: Iterable[Score], against: str = "first") -> dict[str, dict[str, Duel]]:
    """How often each place of a run beats another picture, over briefs, by preset and place.

    Args:
        outcomes: of any presets.
        scores: of one scorer.
        against: one of PLACES, or REFERENCE. Against "best", a tie says that the place holds the best picture.
    """
    values = Values(scores)
    return {
        preset: {place: _duel([values.places(o) for o in some], place, against) for place in PLACES if place != against}
        for preset, some in by_preset(outcomes).items()
    }


def mean_by_round(outcomes: Sequence[Outcome], scores: Iterable[Score]) -> dict[str, dict[int, Rate]]:
    """The mean value in each round, by preset. Later rounds have only the briefs that were not done before.

    A round of several pictures counts once for its brief, with their mean.
    """
    values = Values(scores)
    return {preset: _rounds(some, values) for preset, some in by_preset(outcomes).items()}


def stop_rounds(outcomes: Sequence[Outcome]) -> dict[str, Counter[int | None]]:
    """How many runs ended in each round, whatever ended them, by preset; None: without such a round."""
    return {preset: Counter(o["stop_round"] for o in some) for preset, some in by_preset(outcomes).items()}


def best_indices(outcomes: Sequence[Outcome], scores: Iterable[Score]) -> dict[str, Counter[int]]:
    """Which picture of each run is its best, counted from 0, by preset; of equals, the first; of scored runs."""
    values = Values(scores)
    found: dict[str, Counter[int]] = {}
    for preset, some in by_preset(outcomes).items():
        found[preset] = Counter(index for o in some if (index := _best(o, values)) is not None)
    return found


def _best(outcome: Outcome, values: Values) -> int | None:
    ids = [shot["id"] for shot in pictures(outcome)]
    best = max(values.painted(outcome), key=lambda pair: pair[1], default=None)
    return ids.index(best[0]["id"]) if best else None


def _duel(places: Sequence[dict[str, float | None]], place: str, against: str) -> Duel:
    pairs = [(one[place], one[against]) for one in places]
    scored = [(a, b) for a, b in pairs if a is not None and b is not None]
    wins, ties = sum(a > b for a, b in scored), sum(a == b for a, b in scored)
    return Duel(wins, ties, len(scored) - wins - ties, len(pairs) - len(scored))


def _rounds(outcomes: Iterable[Outcome], values: Values) -> dict[int, Rate]:
    means: dict[int, list[float]] = {}
    for outcome in outcomes:
        by_round: dict[int, list[float]] = {}
        for shot, value in values.painted(outcome):
            by_round.setdefault(shot["round"], []).append(value)
        for number, some in by_round.items():
            means.setdefault(number, []).append(fmean(some))
    return {number: rate(means[number]) for number in sorted(means)}
