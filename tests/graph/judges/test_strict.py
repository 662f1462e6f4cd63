"""judge_method=strict: one call, whose revision is kept with the verdict; nothing is made of an answer that is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from overpaint.graph.checklists import numbered, whole
from overpaint.graph.judges.strict import by_match
from overpaint.graph.judges.subject import Subject
from overpaint.graph.settings import Settings
from overpaint.graph.toolbox import Toolbox, open_toolbox
from overpaint.tools.budget import Room
from overpaint.tools.home import open_home
from tests.image_servers import blocks
from tests.servers import ChatServer, Say, chat_server

BRIEF = "peaceful and tense"

pytestmark = pytest.mark.slow


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


async def subject_and_toolbox(room: Room | None = None) -> tuple[Subject, Toolbox]:
    open_home()
    settings = Settings(judge="openai:j", judge_method="strict", critique_method="fused")
    toolbox = await open_toolbox(settings.kept, room=room)
    image = await toolbox.images.save(blocks("a picture"))
    return Subject(image, numbered(whole(BRIEF).requirements), BRIEF, "a calm lake"), toolbox


def said(**answer: Any) -> Say:
    return Say(
        json.dumps({"feedback": "too calm", "matches": False, "revised_prompt": "  a lake at dusk \n", **answer})
    )


async def test_a_verdict_has_the_feedback_and_the_revision(server: ChatServer) -> None:
    server.script = [said()]
    verdict = await by_match(*await subject_and_toolbox())
    assert (verdict["passed"], verdict["score"], verdict["fault"]) == (False, 0.0, None)
    assert (verdict["feedback"], verdict["suggested"]) == ("too calm", "a lake at dusk")
    assert [(belief["answer"], belief["evidence"]) for belief in verdict["beliefs"]] == [("no", "too calm")]
    assert len(server.asked) == 1


async def test_a_match_passes(server: ChatServer) -> None:
    server.script = [said(matches=True)]
    verdict = await by_match(*await subject_and_toolbox())
    assert (verdict["passed"], verdict["score"]) == (True, 1.0)
    assert {belief["answer"] for belief in verdict["beliefs"]} == {"yes"}


@pytest.mark.parametrize(
    "broken", [Say("no idea"), Say('{"feedback": "f", "revised_prompt": "p"}'), said(revised_prompt=""), Say("")]
)
async def test_an_answer_that_lacks_something_is_no_verdict(server: ChatServer, broken: Say) -> None:
    server.script = [broken]
    verdict = await by_match(*await subject_and_toolbox())
    assert (verdict["passed"], verdict["score"], verdict["beliefs"]) == (None, None, [])
    assert verdict["fault"]
    assert "suggested" not in verdict
    assert len(server.asked) == 2


async def test_a_refusal_is_no_verdict_and_is_not_asked_again(server: ChatServer) -> None:
    server.script = [Say(None, refusal="I cannot help with that")]
    verdict = await by_match(*await subject_and_toolbox())
    assert verdict["passed"] is None
    assert len(server.asked) == 1


async def test_without_room_nobody_is_asked(server: ChatServer) -> None:
    server.script = [said()]
    verdict = await by_match(*await subject_and_toolbox(Room(calls=0)))
    assert (verdict["passed"], bool(verdict["fault"])) == (None, True)
    assert not server.asked
