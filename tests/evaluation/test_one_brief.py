"""What a run of an evaluation is told of a row."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.evaluation.jobs import Job
from overpaint.evaluation.nouns import Row
from overpaint.evaluation.one_brief import _input
from overpaint.graph.settings import Settings
from tests.evaluation.outcomes import row

LISTED: list[dict[str, Any]] = [{"text": "a red circle", "question": "Is there one?", "kind": "object"}]


@pytest.mark.parametrize(
    ("method", "told"), [("checklist", True), ("score", False), ("strict", False), ("caption", False), ("none", False)]
)
def test_a_checklist_of_the_dataset_is_told_where_the_judge_reads_one(method: Any, told: bool) -> None:
    brought = Row(**{**row("r"), "requirements": LISTED})
    job = Job("a preset", brought, Settings(judge_method=method).kept, "a thread")
    assert _input(job) == {"brief": "a red circle"} | ({"requirements": LISTED} if told else {})
