"""A picture that may have been paid for and was never seen: left, painted again, or asked about, and always on the bill."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.branching import afork
from overpaint.continuing import aresume
from overpaint.result import Run
from overpaint.run import arefine
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.ledger import Ledger
from tests.graph.test_faults import Moody, moody

__all__ = ["moody"]

BRIEF = "a red circle above a blue square"
LOST = ProviderFault("the line was cut", unsure=True)

pytestmark = pytest.mark.slow


async def painted(**settings: Any) -> Run:
    return await arefine(BRIEF, settings={"painter": "moody", "seed": 1, "rounds": 1, "max_images": 8, **settings})


def bill(run: Run) -> tuple[int, int, float | None]:
    return run.receipt["images"], run.receipt["unknown"], run.receipt["usd"]


async def asked(run: Run) -> int:
    return (await Ledger(open_database()).totals(run.run)).asked


async def test_by_default_it_is_left_and_billed(moody: Moody) -> None:
    moody.moods = {0: LOST}
    run = await painted()
    assert [c["outcome"] for c in run.candidates] == ["unknown"]
    assert "the line was cut" in run.candidates[0]["reason"]
    assert bill(run) == (1, 1, 0.04)
    assert len(moody.asked) == await asked(run) == 1


async def test_it_can_be_painted_again_and_both_are_billed(moody: Moody) -> None:
    moody.moods = {0: LOST, 1: LOST}
    run = await painted(on_unknown="retry")
    assert [c["outcome"] for c in run.candidates] == ["ok"]
    assert bill(run) == (3, 2, 0.12)
    assert run.candidates[0]["spent"]["images"] == 3
    assert len(moody.asked) == await asked(run) == 3


@pytest.mark.parametrize(("per_round", "most"), [(1, 1), (1, 3), (2, 2), (2, 5), (3, 4), (4, 16)])
async def test_painting_again_never_goes_past_the_cap(moody: Moody, per_round: int, most: int) -> None:
    moody.always = LOST
    run = await painted(on_unknown="retry", per_round=per_round, max_images=most, rounds=None, patience=None)
    assert len(moody.asked) <= most
    assert run.receipt["images"] == run.receipt["unknown"] == len(moody.asked) == await asked(run)


async def test_with_a_cap_on_money_nothing_is_painted_twice(moody: Moody) -> None:
    moody.moods = {0: LOST}
    run = await painted(on_unknown="retry", max_usd=1.0)
    assert bill(run) == (1, 1, 0.04)


async def test_a_person_decides_once_about_each(moody: Moody) -> None:
    moody.moods = {0: LOST, 1: LOST}
    run = await painted(on_unknown="ask", per_round=2)
    assert run.status == "waiting"
    assert sorted(r["action_requests"][0]["args"]["candidate"] for r in run.requests) == ["0.0", "0.1"]
    assert {r["action_requests"][0]["name"] for r in run.requests} == {"paint_again"}
    assert len(moody.asked) == 2
    wrong = await aresume(answer="redder")
    assert wrong.status == "waiting"
    assert all("could not be used" in r["action_requests"][0]["description"] for r in wrong.requests)
    assert len(moody.asked) == 2
    run = await aresume(answer="approve")
    assert [c["outcome"] for c in run.candidates] == ["ok", "ok"]
    assert bill(run) == (4, 2, 0.16)
    assert len(moody.asked) == await asked(run) == 4


async def test_each_can_be_answered_apart(moody: Moody) -> None:
    moody.moods = {0: LOST, 1: LOST}
    await painted(on_unknown="ask", per_round=2)
    run = await aresume(answer={"decisions": [{"type": "approve"}, {"type": "reject"}]})
    assert sorted(c["outcome"] for c in run.candidates) == ["ok", "unknown"]
    assert bill(run) == (3, 2, 0.12)


async def test_a_person_can_leave_it(moody: Moody) -> None:
    moody.moods = {0: LOST}
    await painted(on_unknown="ask", per_round=2)
    run = await aresume(answer="no")
    assert sorted(c["outcome"] for c in run.candidates) == ["ok", "unknown"]
    assert bill(run) == (2, 1, 0.08)
    assert len(moody.asked) == await asked(run) == 2


async def test_a_failure_of_the_second_try_does_not_hide_the_first(moody: Moody) -> None:
    moody.moods = {0: LOST, 1: ProviderFault("refused")}
    run = await painted(on_unknown="retry")
    assert [c["outcome"] for c in run.candidates] == ["error"]
    assert bill(run) == (1, 1, 0.04)
    assert len(moody.asked) == 2


async def test_silence_on_the_second_try_is_unknown_as_well(moody: Moody) -> None:
    moody.moods = {0: LOST, 1: TimeoutError()}
    run = await painted(on_unknown="retry")
    assert [c["outcome"] for c in run.candidates] == ["ok"]
    assert bill(run) == (3, 2, 0.12)
    assert len(moody.asked) == await asked(run) == 3


async def test_a_passing_weakness_of_the_second_try_is_retried(moody: Moody) -> None:
    moody.moods = {0: LOST, 1: ProviderFault("busy", retryable=True)}
    run = await painted(on_unknown="retry")
    assert [c["outcome"] for c in run.candidates] == ["ok"]
    assert bill(run) == (2, 1, 0.08)
    assert len(moody.asked) == 3


async def test_a_fork_starts_from_a_picture_and_not_from_a_failed_sibling(moody: Moody) -> None:
    moody.moods = {0: LOST}
    run = await painted(per_round=2, max_images=2)
    lost, seen = sorted(run.candidates, key=lambda c: c["outcome"] == "ok")
    with pytest.raises(BadInput, match=f"candidate {lost['id']} has no picture"):
        await afork(run.run, start=lost["id"])
    branch = await afork(run.run, start=seen["id"], settings={"rounds": None, "max_images": 1, "per_round": 1})
    assert [c["id"] for c in branch.candidates] == [seen["id"], "1.0"]
    assert bill(branch) == (1, 0, 0.04)
    assert await asked(run) == 2
