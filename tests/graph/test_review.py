"""A person steers a run of the real models: what is asked, what each answer does, and what a wrong one must not do."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from langchain.agents.middleware.human_in_the_loop import HITLRequest
from pydantic import TypeAdapter

from overpaint.continuing import aresume
from overpaint.result import Run
from overpaint.run import arefine
from overpaint.tools.call_log import Call, read_calls
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.ledger import Ledger
from tests.image_servers import openai_images

BRIEF = (
    "a red circle in the top left, a blue star at the top, a green square in the top right, a small red square on the"
    " left, a small black star in the center, a yellow diamond in the bottom left, a purple triangle at the bottom and"
    " an orange cross in the bottom right"
)
EASY = "a red circle"
HALF = [0.0, 0.0, 0.5, 1.0]

pytestmark = pytest.mark.slow


async def calls(run: Run) -> list[Call]:
    return await read_calls(open_database(), run.run, 10_000)


async def books(run: Run) -> tuple[int, int]:
    """Model calls made and pictures asked for."""
    return len(await calls(run)), (await Ledger(open_database()).totals(run.run)).asked


def request(run: Run) -> dict[str, Any]:
    (only,) = run.requests
    TypeAdapter(HITLRequest).validate_python(only)
    return only


async def waiting(brief: str = BRIEF, **settings: Any) -> Run:
    run = await arefine(brief, settings={"seed": 1, "max_images": 3, **settings})
    assert run.status == "waiting"
    return run


def edited(prompt: object, **more: Any) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": "paint", "args": {"prompt": prompt, **more}}}


async def test_an_approved_prompt_is_painted_and_changes_nothing() -> None:
    asked = await waiting(review="prompt")
    (action,) = request(asked)["action_requests"]
    assert action["name"] == "paint"
    assert "Champion 0.0, picture " in action["description"]
    assert "lacks: a small red square on the left" in action["description"]
    assert asked.receipt["images"] == 1
    run = await aresume(answer="approve")
    assert run.candidates[1]["prompt"] == action["args"]["prompt"]
    assert run.candidates[1]["boxes"] == action["args"]["boxes"]
    alone = await arefine(BRIEF, settings={"seed": 1, "max_images": 3})
    assert [c["image"] for c in run.candidates] == [c["image"] for c in alone.candidates]
    assert (run.receipt["images"], run.receipt["calls"]) == (alone.receipt["images"], alone.receipt["calls"])
    assert await books(run) == (run.receipt["calls"], run.receipt["images"])


async def test_an_edited_prompt_and_boxes_are_what_is_painted() -> None:
    await waiting(review="prompt")
    run = await aresume(answer={"decisions": [edited(" a large blue star ", boxes=[HALF, [2, 2, 3, 3]])]})
    assert (run.candidates[1]["prompt"], run.candidates[1]["boxes"]) == ("a large blue star", [HALF])
    assert run.candidates[1]["action"] == "edit"


WRONG: list[tuple[Any, str]] = [
    ({"decisions": ["approve", "approve"]}, "2 decisions"),
    ({"type": "accept"}, "type"),
    ("", "empty"),
    (edited(" "), "20,000 characters"),
    (edited(5), "20,000 characters"),
    (edited("a star", boxes=7), "edited boxes"),
    (edited("a star", boxes=[["a", 0, 1, 1]]), "edited boxes"),
    (edited("a star", boxes=[[0.5, 0.5, 0.5, 0.5]]), "edited boxes"),
]


async def test_a_wrong_answer_costs_nothing_and_is_explained() -> None:
    run = await waiting(review="prompt")
    before = await books(run)
    for answer, reason in WRONG:
        run = await aresume(answer=answer)
        assert run.status == "waiting"
        assert reason in request(run)["fault"]
        assert reason in request(run)["action_requests"][0]["description"]
        assert await books(run) == before
    assert (await aresume()).requests == run.requests
    ended = await aresume(answer="stop")
    assert (ended.status, ended.stop_reason) == ("stopped", "person")
    assert await books(ended) == before


async def test_an_answer_that_cannot_be_kept_is_refused() -> None:
    await waiting(review="prompt")
    with pytest.raises(BadInput):
        await aresume(answer=2**70)


async def test_rejected_prompts_end_the_run_with_its_champion() -> None:
    await waiting(review="prompt")
    run = await aresume(answer="reject")
    assert (run.stop_reason, run.champion and run.champion["id"], run.receipt["images"]) == ("person", "0.0", 1)


async def test_one_of_two_prompts_can_be_left_out() -> None:
    asked = await waiting(review="prompt", per_round=2, max_images=4, actions="revise")
    actions = request(asked)["action_requests"]
    assert len(actions) == 2
    run = await aresume(answer={"decisions": [{"type": "reject", "message": "not this"}, {"type": "approve"}]})
    second = [c for c in run.candidates if c["round"] == 1]
    assert [c["prompt"] for c in second] == [actions[1]["args"]["prompt"]]
    assert [c["id"] for c in second] == ["1.0"]


async def test_a_remark_reaches_the_critic_once() -> None:
    asked = await waiting(review="prompt")
    again = await aresume(answer="make the star larger")
    assert again.status == "waiting"
    assert again.receipt["images"] == asked.receipt["images"]
    told = [str(call.messages) for call in await calls(again) if call.node == "critique"]
    assert ["make the star larger" in messages for messages in told] == [False, True]
    await aresume(answer="a")
    told = [str(call.messages) for call in await calls(again) if call.node == "critique"]
    assert sum("make the star larger" in messages for messages in told) == 1


async def test_a_champion_that_passed_can_be_taken() -> None:
    asked = await waiting(EASY, review="champion")
    (action,) = request(asked)["action_requests"]
    assert action["name"] == "deliver"
    assert action["args"]["candidate"] == "0.0"
    assert len(action["args"]["image"]) == 64
    run = await aresume(answer="approve")
    assert (run.status, run.stop_reason, run.receipt["images"]) == ("passed", "person", 1)


async def test_a_declined_champion_falls_to_one_that_loses_nothing() -> None:
    await waiting(EASY, review="champion")
    second = await aresume(answer="reject")
    assert request(second)["action_requests"][0]["args"]["candidate"] == "1.0"
    run = await aresume(answer={"decisions": [{"type": "approve"}]})
    assert run.champion is not None
    assert (run.champion["id"], run.receipt["images"]) == ("1.0", 2)


async def test_a_remark_about_a_champion_that_passed_has_it_revised() -> None:
    await waiting(EASY, review="champion")
    run = await aresume(answer="further to the left")
    assert run.candidates[1]["action"] == "revise"
    assert "further to the left" in str([c.messages for c in await calls(run) if c.node == "critique"])
    assert run.status == "waiting"


@pytest.mark.parametrize("answer", ["further to the left", "reject"])
async def test_no_remark_goes_past_a_cap(answer: str) -> None:
    asked = await waiting(EASY, review="champion", max_images=1)
    run = await aresume(answer=answer)
    assert (run.stop_reason, run.receipt["images"]) == ("max_images", 1)
    assert run.receipt["calls"] == asked.receipt["calls"]


async def test_both_kinds_of_review_take_turns() -> None:
    run, names = await waiting(review="both"), []
    for _ in range(10):
        if run.status != "waiting":
            break
        names.append(request(run)["action_requests"][0]["name"])
        run = await aresume(answer="reject" if names[-1] == "deliver" else "approve")
    assert names[:3] == ["deliver", "paint", "deliver"]
    assert run.stop_reason == "max_images"
    assert await books(run) == (run.receipt["calls"], run.receipt["images"]) == (run.receipt["calls"], 3)


ANSWER = "import overpaint, sys; run = overpaint.resume(sys.argv[1], answer='approve'); print(run.status, run.receipt['images'])"


async def test_another_process_answers(database_url_of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with openai_images() as server:
        monkeypatch.setenv("OVERPAINT_DATABASE", database_url_of)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-this-test")
        settings = {"painter": "openai:gpt-image-1", "actions": "revise", "review": "prompt", "max_images": 2}
        run = await arefine(EASY, settings=settings)
        assert (run.status, len(server.paid)) == ("waiting", 1)
        (action,) = request(run)["action_requests"]
        command = [sys.executable, "-W", "error", "-c", ANSWER, run.run]
        ran = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60)
        assert (ran.stdout, ran.stderr) == ("stopped 2\n", "")
        assert [paid.prompt for paid in server.paid][1:] == [action["args"]["prompt"]]
