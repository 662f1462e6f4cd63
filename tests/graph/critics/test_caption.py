"""critique_method=caption: the next prompt, from all prompts and captions so far."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from overpaint.graph.critics.caption import by_caption, captioned
from overpaint.graph.critics.critiqued import Critiqued
from overpaint.graph.settings import Settings
from overpaint.graph.state import Proposal
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.budget import Room
from overpaint.tools.home import open_home
from tests.graph.test_controller import candidate, state
from tests.servers import ChatServer, Say, chat_server


def record(id_: str, caption: str | None, **more: Any) -> Any:
    verdict = None if caption is None else {"caption": caption, "passed": False}
    round_ = int(id_.split(".")[0])
    image = {"sha256": more.pop("sha256", id_)}
    told = {"id": id_, "round": round_, "previous": [], "prompt": f"prompt {id_}"}
    return {**told, "image": image, "verdict": verdict, **more}


def test_what_has_no_caption_is_left_out_of_the_history() -> None:
    records = [record("0.0", "a fox"), record("1.0", None), record("2.0", "a newspaper")]
    records.append(record("3.0", None, verdict={"passed": None, "fault": "no caption"}))
    assert captioned(records) == [
        {"id": "0.0", "prompt": "prompt 0.0", "caption": "a fox"},
        {"id": "2.0", "prompt": "prompt 2.0", "caption": "a newspaper"},
    ]


def test_a_picture_that_was_judged_again_stands_once_in_the_history_with_its_newest_caption() -> None:
    records = [record("0.0", "a dog"), record("1.0", "a newspaper"), record("2.0", "a fox", sha256="0.0")]
    assert captioned(records) == [
        {"id": "2.0", "prompt": "prompt 2.0", "caption": "a fox"},
        {"id": "1.0", "prompt": "prompt 1.0", "caption": "a newspaper"},
    ]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


async def critiqued(rounds: int = 2, room: Room | None = None) -> Critiqued:
    """After so many rounds, each with a picture and a caption; state knows the last alone."""
    open_home()
    settings = Settings(judge_method="caption", critique_method="caption", critic="openai:c", chain="last")
    toolbox = await open_toolbox(settings.kept, room=room)
    before: list[str] = []
    for number in range(rounds):
        before = [await toolbox.records.write(record(f"{number}.0", f"caption {number}", previous=before))]
    subject = candidate(f"{rounds - 1}.0", "n", record=before[0])
    return await by_caption(state(subject, prompt="the brief"), subject, toolbox)


@pytest.mark.slow
async def test_it_is_told_all_rounds_also_those_that_state_has_forgotten(server: ChatServer) -> None:
    server.script = [Say(json.dumps({"reasoning": "foxes first", "revision": " a fox, reading "}))]
    found = await critiqued(rounds=12)
    assert (found.action, found.feedback, found.fault) == ("revise", "foxes first", None)
    assert found.proposals == [Proposal(prompt="a fox, reading", boxes=[])]
    assert list(found.prompts) == ["caption.rewrite"]
    (asked,) = [request.json for request in server.asked]
    told = json.dumps(asked["messages"])
    places = [told.index(f"{what} {n + 1}: {what} {n}") for n in range(12) for what in ("prompt", "caption")]
    assert places == sorted(places)
    assert "image_url" not in told


@pytest.mark.slow
@pytest.mark.parametrize("room", [None, Room(calls=0)])
async def test_without_an_answer_the_last_prompt_gets_another_seed(server: ChatServer, room: Room | None) -> None:
    server.script = [Say("no JSON")]
    found = await critiqued(room=room)
    assert (found.action, bool(found.fault)) == ("reseed", True)
    assert found.proposals == [Proposal(prompt="prompt 1.0", boxes=[])]
    assert len(server.asked) == (2 if room is None else 0)
