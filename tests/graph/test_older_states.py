"""Runs that an earlier version began can be resumed: what their states lack has a meaning."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.runtime import Runtime

from overpaint.graph.flow import _once_written
from overpaint.graph.minting import WHOLE, attempt
from overpaint.graph.nodes.generate import generate
from overpaint.graph.settings import Settings
from overpaint.graph.state import Receipt, State, add_receipts, empty_receipt
from overpaint.tools.home import open_home
from tests.graph.test_controller import state

LACKING = ("review", "review_checklist", "on_unknown")


def settings() -> dict[str, Any]:
    return {name: value for name, value in Settings().kept.items() if name not in LACKING}


def test_settings_of_before_know_no_review() -> None:
    assert _once_written({"settings": settings()}) == "decide"


def test_receipts_of_before_lost_nothing() -> None:
    old: Any = {"images": 2, "calls": 1, "tokens": 5, "seconds": 1.0, "usd": 0.0}
    total = add_receipts(old, Receipt(**{**empty_receipt(), "images": 1, "unknown": 1}))
    assert (total["images"], total["unknown"]) == (3, 1)


@pytest.mark.slow
async def test_a_candidate_on_its_way_is_painted() -> None:
    seen: State = {
        **state(plan={"action": "start", "parent": None, "count": 1}, round=0),
        "run": "r",
        "seed": 1,
        "prompt": "a red circle",
        "settings": settings(),
    }
    made: Any = attempt(seen, "start", 0, {**WHOLE, "prompt": "a red circle"}, "")
    del made["spare"], made["room"]
    open_home()
    done = await generate({"attempt": made}, Runtime())
    assert done["draft"]["outcome"] == "ok"
