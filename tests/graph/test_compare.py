"""compare: one call over all captions, and a strict index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from overpaint.graph.nodes.compare import compare
from overpaint.graph.settings import Settings
from overpaint.graph.state import Plan, State, empty_receipt
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.home import open_home
from tests.graph.test_controller import IMAGE, candidate, state
from tests.servers import ChatServer, Say, chat_server

pytestmark = pytest.mark.slow


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


async def ended(captions: list[str | None], **more: Any) -> State:
    """A run that ended after as many rounds; state knows the candidate of the last one alone."""
    open_home()
    settings = Settings(judge_method="caption", select_best_image=True, judge="openai:j", chain="last", **more)
    toolbox = await open_toolbox(settings.kept)
    before: list[str] = []
    for number, caption in enumerate(captions):
        verdict = None if caption is None else {"caption": caption, "beliefs": [{"answer": "no"}], "score": 0.0}
        record = {"id": f"{number}.0", "round": number, "previous": before, "prompt": "p", "verdict": verdict}
        made = {
            "parent": None,
            "action": "revise",
            "seed": number,
            "outcome": "ok",
            "image": {**IMAGE, "sha256": f"{number:064d}"},
        }
        before = [await toolbox.records.write({**record, **made})]
    last = candidate(f"{len(captions) - 1}.0", "n", record=before[0])
    why = Plan(action="stop", why="rounds=5 is reached", parent=None, count=0, targets=[], stop="rounds")
    return state(last, settings=settings.kept, run="a run", plan=why, receipt=empty_receipt())


async def chosen(seen: State) -> State:
    return await compare(seen, cast(Any, Runtime()))


def says(index: Any) -> list[Say]:
    return [Say(json.dumps({"reasoning": "r", "index": index}))]


async def test_a_picture_that_state_has_forgotten_is_delivered_whole(server: ChatServer) -> None:
    server.script = says(1)
    seen = await ended([f"caption {n}" for n in range(10)])
    update = await chosen(seen)
    champion = update["champion"]
    assert champion is not None
    assert (champion["id"], champion["beliefs"], champion["image"], champion["seed"]) == ("0.0", "n", IMAGE, 0)
    toolbox = await open_toolbox(seen["settings"])
    assert (await toolbox.record(champion))["id"] == "0.0"
    assert update["plan"]["why"] == "rounds=5 is reached; picture 1 of 10 was chosen by its caption"
    assert update["plan"]["stop"] == "rounds"
    assert update["receipt"]["calls"] == len(server.asked) == 1


@pytest.mark.parametrize(
    ("index", "id_", "said"),
    [
        (10, "9.0", "picture 10 of 10 was chosen"),
        (2, "1.0", "picture 2 of 10 was chosen"),
        (0, "0.0", "which there is not, so the first is taken"),
        (-1, "0.0", "which there is not, so the first is taken"),
        (11, "0.0", "which there is not, so the first is taken"),
        (1.5, "0.0", "so the first picture is taken"),
        ("1 or 10", "0.0", "so the first picture is taken"),
        (None, "0.0", "so the first picture is taken"),
    ],
)
async def test_ten_is_not_one_and_what_there_is_not_is_the_first(
    server: ChatServer, index: Any, id_: str, said: str
) -> None:
    server.script = says(index)
    update = await chosen(await ended([f"caption {n}" for n in range(10)]))
    assert update["champion"] is not None
    assert update["champion"]["id"] == id_
    assert said in update["plan"]["why"]


@pytest.mark.parametrize(("index", "why"), [(1, "another picture agreed"), (2, "every requirement holds")])
async def test_a_stop_because_another_picture_passed_is_not_told_of_the_one_that_was_chosen(
    server: ChatServer, index: int, why: str
) -> None:
    server.script = says(index)
    seen = await ended(["first", "second"])
    passed = candidate("1.0", "y", record=next(iter(seen["candidates"].values()))["record"])
    plan = Plan(**{**seen["plan"], "why": "every requirement holds", "stop": "passed"})
    update = await chosen({**seen, "champion": passed, "candidates": {"1.0": passed}, "plan": plan})
    assert update["plan"]["why"] == f"{why}; picture {index} of 2 was chosen by its caption"


async def test_pictures_without_a_caption_are_not_counted(server: ChatServer) -> None:
    server.script = says(2)
    update = await chosen(await ended(["first", None, "third"]))
    assert update["champion"] is not None
    assert update["champion"]["id"] == "2.0"
    assert "1. first\\n2. third" in json.dumps(server.asked[0].json["messages"])


async def test_of_one_caption_nothing_is_chosen(server: ChatServer) -> None:
    assert await chosen(await ended(["only", None])) == {}
    assert not server.asked


async def test_without_room_to_ask_the_champion_stays_and_it_is_said(server: ChatServer) -> None:
    server.script = says(1)
    seen = await ended(["first", "second"], max_calls=4)
    update = await chosen({**seen, "receipt": {**empty_receipt(), "calls": 4}})
    assert update["champion"] == seen["champion"]
    assert "the champion stays" in update["plan"]["why"]
    assert not server.asked
