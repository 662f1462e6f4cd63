"""critique_method=fused: the revision that came with the verdict, and nobody is asked."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.graph.critics.critiqued import Critiqued
from overpaint.graph.critics.fused import by_judge
from overpaint.graph.settings import Settings
from overpaint.graph.state import Proposal
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.home import open_home
from tests.graph.test_controller import candidate, state

SETTINGS = Settings(judge_method="strict", critique_method="fused", chain="last")
UNREAD: dict[str, Any] = {"passed": None, "score": None, "beliefs": [], "fault": "it was empty"}


async def critiqued(verdict: dict[str, Any] | None, prompt: str = "a lake", action: str = "revise") -> Critiqued:
    open_home()
    toolbox = await open_toolbox(SETTINGS.kept)
    record = {"id": "0.0", "round": 0, "previous": [], "prompt": prompt, "verdict": verdict}
    subject = candidate("0.0", record=await toolbox.records.write(record))
    plan = {"action": action, "why": "", "parent": "0.0", "count": 1, "targets": [], "stop": None}
    return await by_judge(state(subject, plan=plan, prompt="the brief"), subject, toolbox)


async def test_the_next_prompt_is_the_one_the_judge_wrote() -> None:
    found = await critiqued({"passed": False, "fault": None, "feedback": "too calm", "suggested": "a lake at dusk"})
    assert (found.action, found.feedback, found.fault, found.prompts) == ("revise", "too calm", None, {})
    assert found.proposals == [Proposal(prompt="a lake at dusk", boxes=[])]


async def test_what_the_judge_wrote_is_a_whole_picture_also_where_an_edit_was_planned() -> None:
    verdict = {"passed": False, "fault": None, "feedback": "", "suggested": "a lake at dusk"}
    assert (await critiqued(verdict, action="edit")).action == "revise"


@pytest.mark.parametrize(
    ("verdict", "fault"),
    [
        (None, "the picture was not judged"),
        (UNREAD, "it was empty"),
        ({"passed": False, "fault": None, "feedback": "too calm", "suggested": ""}, "the judge wrote no prompt"),
        (
            {"passed": False, "fault": None, "suggested": "a" * 20_001},
            "the judge wrote a prompt of 20,001 characters, and the painter takes 20,000",
        ),
    ],
)
async def test_without_one_the_same_prompt_is_painted_with_another_seed(verdict: Any, fault: str) -> None:
    found = await critiqued(verdict)
    assert (found.action, found.fault) == ("reseed", fault)
    assert found.proposals == [Proposal(prompt="a lake", boxes=[])]


async def test_a_given_picture_has_no_prompt_so_the_brief_is_painted() -> None:
    assert (await critiqued(UNREAD, prompt="")).proposals == [Proposal(prompt="the brief", boxes=[])]
