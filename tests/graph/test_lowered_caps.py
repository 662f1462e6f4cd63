"""Caps lowered while candidates are on their way: what was not asked for yet stays under them, what was begun is had."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.continuing import aresume
from overpaint.graph import waiting
from overpaint.run import arefine
from overpaint.tools.faults import BadInput
from tests.graph.test_faults import Moody, moody
from tests.graph.test_postponed import Till, till

__all__ = ["moody", "till"]

BRIEF = "a red circle above a blue square"
SIX = {"seed": 1, "per_round": 6, "max_images": 6, "upsample": False, "patience": None}

pytestmark = pytest.mark.slow


async def broken_off(moody: Moody, painted: int, **settings: Any) -> None:
    """A run of six candidates side by side, of which only so many were painted: the others are still to be asked for."""
    moody.moods = {n: BadInput("the disk is full") for n in range(painted, 6)}
    with pytest.raises(BadInput, match="the disk is full"):
        await arefine(BRIEF, settings={"painter": "moody", **SIX, **settings})
    moody.moods = {}
    moody.asked.clear()


@pytest.mark.parametrize(
    ("before", "lowered", "more"),
    [
        ({}, {"max_usd": 0.08}, 0),
        ({}, {"max_usd": 0.12}, 1),
        ({"max_usd": 1.0}, {"max_usd": 0.08}, 0),
        ({}, {"max_images": 3}, 1),
        ({"max_images": 60}, {"max_images": 58, "rounds": 1}, 4),
    ],
    ids=str,
)
async def test_what_was_not_asked_for_yet_stays_under_a_lowered_cap(
    moody: Moody, before: dict[str, Any], lowered: dict[str, Any], more: int
) -> None:
    await broken_off(moody, 2, **before)
    run = await aresume(settings=lowered)
    assert len(moody.asked) == more
    assert run.receipt["images"] == 2 + more
    assert run.receipt["usd"] == pytest.approx(0.04 * (2 + more))
    assert run.champion is not None
    left_out = [r["reason"] for r in run.candidates if r["outcome"] == "error"]
    assert len(left_out) == (0 if "rounds" in lowered else 4)
    cap = next(iter(lowered))
    assert all(f"{cap} was lowered to" in reason for reason in left_out)
    assert run.stop_reason == ("rounds" if "rounds" in lowered else cap)


async def test_a_raised_cap_changes_nothing_for_those_on_their_way(moody: Moody) -> None:
    await broken_off(moody, 2, max_usd=1.0)
    run = await aresume(settings={"max_usd": 2.0})
    assert len(moody.asked) == 4
    assert {r["outcome"] for r in run.candidates} == {"ok"}


async def test_a_job_that_is_paid_for_is_collected_under_whatever_cap(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "TRIES", 1)
    till.queue, till.ready = True, False
    assert (await arefine(BRIEF, settings={"painter": "till", **SIX, "per_round": 2})).status == "failed"
    assert len(till.paid) == 2
    till.ready = True
    run = await aresume(settings={"max_images": 1, "max_usd": 0.04})
    assert len(till.paid) == 2
    assert [r["outcome"] for r in run.candidates] == ["ok", "ok"]
    assert run.receipt["images"] == 2
