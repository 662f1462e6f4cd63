"""The checklist is shown before any picture is judged by it, and what a person makes of it is what counts."""

from __future__ import annotations

from typing import Any

import pytest

from overpaint.continuing import aresume
from overpaint.result import Run
from overpaint.run import arefine
from tests.graph.test_review import books, request

BRIEF = "a red circle"

pytestmark = pytest.mark.slow


def edited(checklist: object) -> dict[str, Any]:
    action = {"name": "use_checklist", "args": {"checklist": checklist}}
    return {"decisions": [{"type": "edit", "edited_action": action}]}


async def waiting(**settings: Any) -> Run:
    run = await arefine(BRIEF, settings={"seed": 1, "max_images": 2, "review_checklist": True, **settings})
    assert run.status == "waiting"
    return run


async def test_an_approved_checklist_is_the_writers() -> None:
    asked = await waiting()
    (action,) = request(asked)["action_requests"]
    assert [item["text"] for item in action["args"]["checklist"]] == [r["text"] for r in asked.checklist]
    assert "1. a red circle" in action["description"]
    assert asked.receipt["images"] == 0
    run = await aresume(answer="approve")
    assert run.checklist == asked.checklist
    assert run.status == "passed"


async def test_an_edited_checklist_is_what_pictures_are_judged_by() -> None:
    asked = await waiting()
    items = request(asked)["action_requests"][0]["args"]["checklist"]
    extra = {"text": "two blue squares", "question": "How many blue squares are there?", "kind": "count", "expected": 2}
    run = await aresume(answer=edited([*items, extra]))
    assert [r["text"] for r in run.checklist] == [*[i["text"] for i in items], "two blue squares"]
    assert [r["id"] for r in run.checklist] == [f"r{i}" for i in range(1, len(run.checklist) + 1)]
    assert run.candidates[0]["verdict"] is not None
    assert [b["answer"] for b in run.candidates[0]["verdict"]["beliefs"]][-1] == "no"
    assert run.status == "stopped"


async def test_a_checklist_that_cannot_be_used_is_asked_for_again_and_nothing_is_paid() -> None:
    run = await waiting()
    before = await books(run)
    for wrong in ([], "all is well", [{"question": "?"}], [{"text": ""}], [{"text": "x", "weight": -1}], ["x"] * 61):
        run = await aresume(answer=edited(wrong))
        assert run.status == "waiting"
        assert "checklist" in request(run)["fault"]
    run = await aresume(answer="make it stricter")
    assert "use approve, edit, reject" in request(run)["fault"]
    assert await books(run) == before
    assert (await aresume(answer="a")).status == "passed"


@pytest.mark.parametrize("answer", ["stop", "reject"])
async def test_a_person_can_end_it_before_anything_is_painted(answer: str) -> None:
    asked = await waiting()
    run = await aresume(answer=answer)
    assert (run.status, run.stop_reason, run.champion, run.candidates) == ("stopped", "person", None, [])
    assert await books(run) == await books(asked)


async def test_without_a_judge_there_is_no_checklist_to_show() -> None:
    run = await arefine(BRIEF, settings={"seed": 1, "judge_method": "none", "review_checklist": True})
    assert run.stop_reason == "no_judge"


async def test_a_stopped_run_can_be_taken_up_again_and_then_paints() -> None:
    await waiting()
    await aresume(answer="stop")
    run = await aresume(settings={"max_images": 1})
    assert (run.status, run.receipt["images"]) == ("passed", 1)
