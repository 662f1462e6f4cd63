"""Earlier runs of a thread are kept as they ended, in records, with a few bytes in state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from langgraph.types import Overwrite

from overpaint.graph.state import State, empty_receipt
from overpaint.graph.turns import MOST, recalled, remembered
from overpaint.tools.records import RecordStore
from tests.graph.test_controller import candidate, state


def ended(number: int, **changes: Any) -> State:
    run: Any = {"run": f"run-{number}", "receipt": empty_receipt(), "ended": "passed", "messages": ["m"], "wish": "w"}
    return state(**{"champion": candidate(), **run, **changes})


async def test_a_run_comes_back_as_it_ended(tmp_path: Path) -> None:
    records, before = RecordStore(tmp_path), ended(1, unrendered="a prompt")
    turns = await remembered(before, records)
    back = await recalled(turns, records)
    assert {name: back[name] for name in ("run", "asked", "champion", "ended", "unrendered")} == {
        name: before[name] for name in ("run", "asked", "champion", "ended", "unrendered")
    }
    assert isinstance(back["candidates"], Overwrite)
    assert back["candidates"].value == before["candidates"]
    assert back["turns"] == []
    assert back["stopped_at"] is None
    assert "messages" not in back


async def test_nothing_of_the_run_that_is_undone_stays_behind(tmp_path: Path) -> None:
    """A first run has no `began`, and nobody declined its champion, though both may bear the numbers of the next's."""
    records, later = RecordStore(tmp_path), {"began": 2, "wish": "w", "remark": "m", "declined": "0.0", "listed": []}
    turns = await remembered(ended(1), records)
    after = {**ended(2, **later, reviewing="champion"), **await recalled(turns, records)}
    assert [after[name] for name in (*later, "reviewing")] == [None] * 6


async def test_as_many_turns_as_can_be_undone_and_no_more(tmp_path: Path) -> None:
    records, turns = RecordStore(tmp_path), list[Any]()
    for number in range(MOST + 5):
        turns = await remembered(ended(number, turns=turns), records)
    assert [turn["run"] for turn in turns] == [f"run-{number}" for number in range(5, MOST + 5)]
    assert len(json.dumps(turns)) < MOST * 200


async def test_a_run_without_a_picture_is_no_turn(tmp_path: Path) -> None:
    assert await remembered(ended(1, champion=None), RecordStore(tmp_path)) == []
    assert await remembered({}, RecordStore(tmp_path)) == []
    assert not list(tmp_path.iterdir())
