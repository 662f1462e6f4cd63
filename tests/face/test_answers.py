"""Answers to several questions that are asked side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langgraph.runtime import RunControl
from langgraph.types import Interrupt

from overpaint.continuing import _answers
from overpaint.driving import Wheel
from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Kept
from overpaint.graph.persistence import open_checkpointer
from overpaint.run_commands import answer_from


@pytest.mark.parametrize(
    ("said", "first", "second"),
    [
        ("approve", "approve", "approve"),
        ('["approve", "reject"]', "approve", "reject"),
        ('{"decisions": ["approve", "larger"]}', "approve", "larger"),
        ('[{"type": "approve"}, {"type": "stop"}]', {"type": "approve"}, {"type": "stop"}),
        ('["approve"]', ["approve"], ["approve"]),
    ],
)
async def test_a_list_as_long_as_the_questions_goes_one_to_each(said: str, first: Any, second: Any, home: Path) -> None:
    asked = tuple(Interrupt(value={}, id=id_) for id_ in ("a", "b"))
    kept = Kept("t", "c", None, {}, ("review",), asked, "")
    async with open_checkpointer() as saver:
        wheel = Wheel("t", saver, build_graph(saver), RunControl())
        assert _answers(wheel, kept, answer_from(said)) == {"a": first, "b": second}
