"""A candidate's record says with which settings and by which programs it was made; the brief is kept with the run."""

from __future__ import annotations

import platform
from typing import Any

from langgraph.runtime import Runtime

from overpaint.graph.attempt import Draft
from overpaint.graph.minting import WHOLE, attempt
from overpaint.graph.nodes.judge import judge
from overpaint.graph.settings import Settings
from overpaint.graph.state import State, empty_receipt
from overpaint.tools.home import open_home
from overpaint.tools.records import RecordStore
from tests.graph.test_controller import state

FAILED = Draft(
    prompt="a red circle", seed=1, outcome="error", reason="no answer", image=None, params={}, notes=[],
    spent=empty_receipt(),
)  # fmt: skip


async def recorded(made: Any) -> dict[str, Any]:
    """The record of a candidate whose painter failed, so that no model is asked."""
    judged = await judge({"attempt": made, "draft": FAILED}, Runtime())
    return await RecordStore(open_home() / "records").read(judged["candidates"]["0.0"]["record"])


def minted() -> Any:
    seen: State = {
        **state(plan={"action": "start", "parent": None, "count": 1}, round=0),
        "run": "r",
        "seed": 1,
        "asked": {"text": "a red circle, please", "image": None},
        "settings": Settings(painter="fal:some/app", guidance=2.5).kept,
    }
    return attempt(seen, "start", 0, {**WHOLE, "prompt": "a red circle"}, "")


async def test_a_record_says_by_what_it_was_made() -> None:
    record = await recorded(minted())
    assert (record["settings"]["painter"], record["settings"]["guidance"]) == ("fal:some/app", 2.5)
    assert record["models"]["painter"] == "fal:some/app"
    assert record["versions"]["python"] == platform.python_version()
    assert "torch" not in record["versions"]


async def test_no_candidate_carries_the_brief_which_every_checkpoint_would_hold() -> None:
    made = minted()
    assert "a red circle, please" not in str(made)
    assert "brief" not in await recorded(made)
    assert "brief" not in await recorded({**made, "brief": "of an attempt of before"})
