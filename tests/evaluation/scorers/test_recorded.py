"""Ground truth and the judge's own score, as the runs recorded them."""

from __future__ import annotations

import dataclasses

import pytest

from overpaint.evaluation.scorers.recorded import Checklist, Truth
from overpaint.evaluation.scorers.scorer import Scored
from overpaint.tools.faults import BadInput
from tests.evaluation.scorers.scored import a_row, a_shot, an_outcome

RIGHT, WRONG, UNKNOWN = "a" * 64, "b" * 64, "c" * 64


def scored(picture: str, **rest: object) -> Scored:
    shot = a_shot(0, picture, **rest)
    return Scored(a_row(), shot["id"], None, an_outcome(shots=[shot], truth={RIGHT: True, WRONG: False}), shot)


async def test_truth() -> None:
    values = await Truth().score([scored(RIGHT), scored(WRONG), scored(UNKNOWN)])
    assert [value.value for value in values] == [1.0, 0.0, None]
    assert values[2].fault == "nobody knows whether it is right"


async def test_checklist_tells_the_judges_score_and_never_a_number_for_none() -> None:
    values = await Checklist().score([scored(RIGHT, score=0.75, passed=False), scored(WRONG)])
    assert [value.value for value in values] == [0.75, None]
    assert values[0].detail == {"passed": False}


async def test_what_another_way_of_judging_gave_is_no_checklist() -> None:
    other = dataclasses.replace(scored(RIGHT, score=0.75), settings={"judge_method": "caption"})
    [value] = await Checklist().score([other])
    assert (value.value, value.fault) == (None, "this preset's judge answers no checklist")
    with pytest.raises(BadInput, match="judged by a checklist"):
        await Checklist().check([other])


async def test_where_nothing_is_known_they_are_refused() -> None:
    shot = a_shot()
    nothing = [Scored(a_row(), shot["id"], None, an_outcome(shots=[shot]), shot)]
    with pytest.raises(BadInput, match="built-in scenes only"):
        await Truth().check(nothing)
    with pytest.raises(BadInput, match="no picture of these runs was judged"):
        await Checklist().check(nothing)
