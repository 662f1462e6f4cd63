"""judge_method=caption: a caption of the picture, then words against words."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from overpaint.graph.checklists import numbered, whole
from overpaint.graph.judges.caption import by_caption
from overpaint.graph.judges.subject import Subject
from overpaint.graph.record import Verdict
from overpaint.graph.settings import Settings
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.budget import Room
from overpaint.tools.home import open_home
from tests.image_servers import blocks
from tests.servers import ChatServer, Say, chat_server

BRIEF = "a fox that reads"
CAPTION = Say(json.dumps({"caption": " a fox\n2. a newspaper "}))

pytestmark = pytest.mark.slow


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


async def judged(room: Room | None = None) -> Verdict:
    open_home()
    settings = Settings(judge="openai:j", captioner="openai:c", judge_method="caption", judge_temperature=0.25)
    toolbox = await open_toolbox(settings.kept, "a run", "judge 0.0", room=room)
    image = await toolbox.images.save(blocks("a picture"))
    return await by_caption(Subject(image, numbered(whole(BRIEF).requirements), BRIEF, "a prompt"), toolbox)


def similar(answer: bool) -> Say:
    return Say(json.dumps({"reasoning": "the newspaper is there", "similar": answer}))


@pytest.mark.parametrize("agrees", [True, False])
async def test_the_verdict_is_that_of_the_words_and_keeps_them_on_one_line(server: ChatServer, agrees: bool) -> None:
    server.script = [CAPTION, similar(agrees)]
    verdict = await judged()
    assert (verdict["passed"], verdict["score"]) == (agrees, float(agrees))
    assert verdict["caption"] == "a fox 2. a newspaper"
    assert verdict["beliefs"][0]["evidence"] == "a fox 2. a newspaper (the newspaper is there)"
    first, second = (request.json for request in server.asked)
    assert (first["model"], second["model"], second["temperature"]) == ("c", "j", 0.25)
    assert "temperature" not in first
    assert "image_url" in json.dumps(first["messages"])
    assert "image_url" not in json.dumps(second["messages"])
    assert "a prompt" not in json.dumps(second["messages"])


async def test_without_a_caption_nothing_is_compared(server: ChatServer) -> None:
    server.script = [Say("{}"), Say("{}")]
    verdict = await judged()
    assert (verdict["passed"], "caption" in verdict) == (None, False)
    assert "no caption" in (verdict["fault"] or "")
    assert [request.json["model"] for request in server.asked] == ["c", "c"]


async def test_a_caption_that_could_not_be_compared_is_kept(server: ChatServer) -> None:
    server.script = [CAPTION, Say("Well."), Say("Well.")]
    verdict = await judged()
    assert (verdict["passed"], verdict["score"], verdict["beliefs"]) == (None, None, [])
    assert verdict["caption"] == "a fox 2. a newspaper"


@pytest.mark.parametrize(("calls", "asked"), [(0, []), (1, ["c"]), (2, ["c", "j"])])
async def test_a_cap_on_calls_ends_it_where_it_is(server: ChatServer, calls: int, asked: list[str]) -> None:
    server.script = [CAPTION, similar(True)]
    verdict = await judged(Room(calls=calls))
    assert [request.json["model"] for request in server.asked] == asked
    assert (verdict["passed"] is True) == (calls == 2)
