from __future__ import annotations

from typing import Any

from overpaint.evaluation.agreement import Confusion, Noise, confusion, judge_noise
from overpaint.graph.record import Record
from tests.evaluation.outcomes import outcome, shot


def test_confusion_counts_each_picture_by_truth_and_judge() -> None:
    run = outcome("default", "a", [True, True, False, False, True])
    run["shots"] = [shot(0, True), shot(1, False), shot(2, True), shot(3, False), shot(4, None), shot(9, True)]
    other = outcome("one-shot", "a", [True], truth=False)
    found = confusion([run, other])
    assert found == Confusion(right_passed=1, right_failed=1, wrong_passed=1, wrong_failed=1, unjudged=1)
    assert (found.agreed, found.false_passes, found.false_fails) == (0.5, 0.5, 0.5)


def test_nothing_known_has_no_shares() -> None:
    found = confusion([])
    assert (found.agreed, found.false_passes, found.false_fails) == (None, None, None)


def record(*looks: list[str]) -> Record:
    verdict: Any = {"beliefs": [{"requirement": f"r{at}", "looks": some} for at, some in enumerate(looks)]}
    return {"verdict": verdict}  # type: ignore[typeddict-item]


def test_noise_is_the_first_two_looks_alone() -> None:
    records = [record(["yes"], ["yes", "yes"], ["yes", "no", "no"]), record(["no", "unsure"], ["no", "no", "yes"])]
    unjudged: Record = {"verdict": None}  # type: ignore[typeddict-item]
    found = judge_noise([*records, unjudged])
    assert found == Noise(asked_again=4, changed=2)
    assert found.share == 0.5


def test_a_judge_that_was_never_asked_again_has_no_noise() -> None:
    assert judge_noise([record(["yes"])]) == Noise(0, 0)
    assert judge_noise([]).share is None
