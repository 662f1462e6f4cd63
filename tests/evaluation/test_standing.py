from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from overpaint.evaluation.nouns import Score
from overpaint.evaluation.standing import (
    REFERENCE,
    Duel,
    Values,
    beats,
    best_indices,
    mean_by_round,
    pictures,
    stop_rounds,
)
from tests.evaluation.outcomes import outcome, score, shot

RUN = outcome("socratic", "a", [False] * 4, chosen="2.0", stopped="1.0", stop_round=1)
SCORES = [score("socratic", "a", f"{k}.0", value) for k, value in enumerate((0.5, 0.4, 0.9, 0.5))]


def test_the_places_of_a_run() -> None:
    reference = [score("", "a", "reference", 0.7), score("", "a", "reference.2", 0.1)]
    found = Values([*SCORES, *reference]).places(RUN)
    assert found == {"first": 0.5, "stopped": 0.4, "chosen": 0.9, "best": 0.9, "last": 0.5, "reference": 0.7}


def test_ties_are_counted_apart() -> None:
    found = beats([RUN], SCORES)["socratic"]
    assert found == {
        "stopped": Duel(0, 0, 1, 0), "chosen": Duel(1, 0, 0, 0), "best": Duel(1, 0, 0, 0), "last": Duel(0, 1, 0, 0)
    }  # fmt: skip
    assert (found["last"].share, found["best"].share) == (0.0, 1.0)


def test_a_tie_with_the_best_says_that_it_is_the_best() -> None:
    found = beats([RUN], SCORES, against="best")["socratic"]
    assert (found["chosen"].ties, found["stopped"].losses) == (1, 1)
    assert "best" not in found


def test_what_has_no_value_is_counted_apart_and_in_no_share() -> None:
    other = outcome("socratic", "b", [False, False])
    found = beats([RUN, other], [*SCORES, score("socratic", "b", "1.0", None)])["socratic"]
    assert found["last"] == Duel(0, 1, 0, 1)
    assert beats([RUN], SCORES, against=REFERENCE)["socratic"]["best"].share is None


def test_pictures_that_failed_the_gate_are_left_out_and_the_rest_is_in_order() -> None:
    run = outcome("default", "a", [False] * 12)
    run["shots"] = [shot(10), shot(2), shot(1, outcome="blank"), shot(0, picture=None, outcome="error")]
    assert [one["id"] for one in pictures(run)] == ["2.0", "10.0"]


def test_a_round_of_several_pictures_counts_once_for_its_brief() -> None:
    wide = outcome("socratic", "b", [False, False])
    wide["shots"][1] |= {"id": "0.1", "round": 0}
    scores = [*SCORES, score("socratic", "b", "0.0", 0.1), score("socratic", "b", "0.1", 0.2)]
    found = mean_by_round([RUN, wide], scores)["socratic"]
    assert {k: (round(r.mean, 6), r.briefs) for k, r in found.items()} == {
        0: (0.325, 2), 1: (0.4, 1), 2: (0.9, 1), 3: (0.5, 1)
    }  # fmt: skip


def test_histograms() -> None:
    other = outcome("socratic", "b", [False, False])
    assert stop_rounds([RUN, other]) == {"socratic": Counter({1: 1, None: 1})}
    scores = [*SCORES, score("socratic", "b", "0.0", 0.3), score("socratic", "b", "1.0", 0.3)]
    assert best_indices([RUN, other], scores) == {"socratic": Counter({2: 1, 0: 1})}
    assert best_indices([RUN], []) == {"socratic": Counter()}


def test_the_best_picture_is_told_by_its_place_also_where_others_have_no_value() -> None:
    assert best_indices([RUN], SCORES[2:3]) == {"socratic": Counter({2: 1})}


@given(st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=6))
def test_the_best_loses_to_no_picture_of_its_run(values: list[float | None]) -> None:
    run = outcome("default", "a", [False] * len(values))
    scores: list[Score] = [score("default", "a", f"{k}.0", value) for k, value in enumerate(values)]
    for against in ("first", "last", "chosen"):
        best = beats([run], scores, against)["default"]["best"]
        assert best.losses == 0
        assert best.wins + best.ties + best.unscored == 1
