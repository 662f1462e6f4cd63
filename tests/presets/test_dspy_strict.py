"""dspy-strict: whole runs against a chat server and fal's queue, each call held against what the method describes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage

from overpaint.cli import main
from overpaint.continuing import aresume
from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.result import Run, to_json
from overpaint.run import arefine
from overpaint.runs import load_run
from overpaint.tools.backends import fal
from tests.image_servers import FalQueue, Trouble, fal_queue
from tests.servers import ChatServer, Request, Say, chat_server

BRIEF = "A scene that's both peaceful and tense"
APP = "/fal-ai/flux-pro/v1.1-ultra"

pytestmark = pytest.mark.slow


@dataclass
class Servers:
    """The two servers of a run."""

    chat: ChatServer
    fal: FalQueue

    @property
    def asked(self) -> list[Any]:
        """The chat calls, as JSON."""
        return [request.json for request in self.chat.asked]

    @property
    def painted(self) -> list[str]:
        """The prompts that were paid for, in order."""
        return [paid.prompt for paid in self.fal.paid]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    monkeypatch.setattr(fal, "POLL_SECONDS", (0.02, 0.05))
    with chat_server() as chat, fal_queue() as queue:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", chat.url)
        monkeypatch.setenv("FAL_KEY", "fal-of-this-test")
        monkeypatch.setenv("FAL_BASE_URL", queue.url)
        yield Servers(chat, queue)


def judged(match_at: int | None = None, broken_at: tuple[int, ...] = ()) -> Callable[[Request], str]:
    """Answers numbered from 1: a match at one of them, no JSON at others, a revision with its number at the rest."""
    said = 0

    def think(request: Request) -> str:
        nonlocal said
        said += 1
        if said in broken_at:
            return "It looks lovely, 10/10!"
        matches = said == match_at
        return json.dumps({"feedback": f"feedback {said}", "matches": matches, "revised_prompt": f"revision {said}"})

    return think


async def painted(servers: Servers, think: Callable[[Request], str], **more: Any) -> Run:
    servers.chat.think = think
    return await arefine(BRIEF, preset="dspy-strict", settings={"seed": 1, **more})


def told(asked: Any) -> tuple[str, bytes]:
    """The text and the picture of the last message of a call."""
    text, picture = asked["messages"][-1]["content"]
    return text["text"], base64.b64decode(picture["image_url"]["url"].partition("base64,")[2])


async def test_each_picture_takes_exactly_one_call_and_stops_at_the_first_match(servers: Servers) -> None:
    run = await painted(servers, judged(match_at=3))
    assert (run.status, run.stop_reason) == ("passed", "passed")
    assert len(servers.asked) == len(servers.painted) == run.receipt["calls"] == run.receipt["images"] == 3
    assert run.champion is not None
    assert (run.champion["id"], run.champion["prompt"]) == ("2.0", "revision 2")
    assert run.unrendered is None
    for asked in servers.asked:
        assert set(asked["response_format"]["json_schema"]["schema"]["properties"]) == {
            "feedback", "matches", "revised_prompt"
        }  # fmt: skip


async def test_the_call_shows_the_brief_the_prompt_of_the_picture_and_the_picture(servers: Servers) -> None:
    run = await painted(servers, judged(match_at=3))
    for asked, record, current in zip(servers.asked, run.candidates, [BRIEF, "revision 1", "revision 2"], strict=True):
        text, picture = told(asked)
        assert text == f"<brief>\n{BRIEF}\n</brief>\n<prompt>\n{current}\n</prompt>"
        path = run.image_path(record)
        assert path is not None
        assert picture == path.read_bytes()
        assert (asked["model"], asked["temperature"]) == ("gpt-4.1-mini", 0.5)


async def test_each_revision_is_the_next_prompt_word_for_word_at_flux_pro_ultra(servers: Servers) -> None:
    run = await painted(servers, judged(match_at=3))
    orders = [request for request in servers.fal.requests if request.method == "POST"]
    assert [order.json["prompt"] for order in orders] == [BRIEF, "revision 1", "revision 2"]
    assert {order.path for order in orders} == {APP}
    assert [order.json["seed"] for order in orders] == [record["seed"] for record in run.candidates]
    assert len({record["seed"] for record in run.candidates}) == 3
    assert [record["feedback"] for record in run.candidates] == ["", "feedback 1", "feedback 2"]
    assert [record["action"] for record in run.candidates] == ["start", "revise", "revise"]


async def test_after_five_rounds_the_last_revision_is_told_apart_from_the_champion(servers: Servers) -> None:
    run = await painted(servers, judged())
    assert (run.status, run.stop_reason) == ("stopped", "rounds")
    assert servers.painted == [BRIEF, *(f"revision {number}" for number in range(1, 5))]
    assert len(servers.asked) == 5
    assert run.champion is not None
    assert (run.champion["id"], run.champion["prompt"], run.unrendered) == ("4.0", "revision 4", "revision 5")
    assert await load_run(run.run) == run
    async with open_checkpointer() as saver:
        state = (await build_graph(saver).aget_state(on_thread(run.thread))).values
    last = state["messages"][-1]
    assert isinstance(last, AIMessage)
    assert "A revised prompt was never painted: revision 5" in last.text
    assert run.report is not None
    assert "A revised prompt was never painted: revision 5" in run.report.read_text("utf-8")


async def test_what_was_never_painted_is_in_json_only_where_there_is_one(servers: Servers) -> None:
    without = to_json(await painted(servers, judged(match_at=1)))
    assert "unrendered" not in without
    said = to_json(await painted(servers, judged(), rounds=2))
    assert said["unrendered"] == "revision 2"
    assert said["champion"]["prompt"] == "revision 1"


def test_refine_and_show_name_it_and_the_raw_calls_are_shown(
    servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    servers.chat.think = judged()
    assert main(["refine", BRIEF, "--preset", "dspy-strict", "--set", "seed=1"]) == 1
    assert "revision: never painted: revision 5" in capsys.readouterr().out
    assert main(["show"]) == 0
    shown = capsys.readouterr().out
    assert "revision: never painted: revision 5" in shown
    assert next(line for line in shown.splitlines() if line.startswith("* 4.0")).endswith("revision 4")
    assert main(["show", "--calls", "5"]) == 0
    calls = capsys.readouterr().out
    for number in range(1, 6):
        assert f'"revised_prompt": "revision {number}"' in calls
    assert calls.index("revision 1") < calls.index('"feedback 5"')
    for line in ("system:", "human:", "reply:", BRIEF, "<prompt>", "judge.strict", "gpt-4.1-mini", "[picture "):
        assert line in calls
    assert "base64" not in calls
    assert main(["show", "--calls", "1", "--json"]) == 0
    (call,) = json.loads(capsys.readouterr().out)["calls"]
    assert json.loads(call["reply"])["revised_prompt"] == "revision 5"


async def test_a_broken_answer_is_repaired_once_in_words(servers: Servers) -> None:
    run = await painted(servers, judged(match_at=2, broken_at=(1,)))
    assert (run.status, run.receipt["images"], run.receipt["calls"]) == ("passed", 1, 2)
    again = json.dumps(servers.asked[1]["messages"])
    assert "It looks lovely, 10/10!" in again


async def test_an_answer_that_stays_broken_judges_nothing_and_the_same_prompt_gets_another_seed(
    servers: Servers,
) -> None:
    run = await painted(servers, judged(match_at=4, broken_at=(2, 3)))
    assert servers.painted == [BRIEF, "revision 1", "revision 1"]
    first, lost, again = run.candidates
    assert first["verdict"] is not None
    assert lost["verdict"] is not None
    assert (lost["verdict"]["passed"], lost["verdict"]["score"], lost["verdict"]["beliefs"]) == (None, None, [])
    assert lost["verdict"]["fault"]
    assert (again["action"], again["prompt"]) == ("reseed", "revision 1")
    assert again["seed"] != lost["seed"]
    assert run.status == "passed"


async def test_a_last_picture_that_was_not_judged_leaves_no_revision_behind(servers: Servers) -> None:
    run = await painted(servers, judged(broken_at=(2, 3)), rounds=2)
    assert run.unrendered is None
    assert run.champion is not None
    assert (run.champion["id"], run.champion["prompt"]) == ("1.0", "revision 1")


async def test_a_prompt_that_the_judge_repeats_was_painted(servers: Servers) -> None:
    same = json.dumps({"feedback": "again", "matches": False, "revised_prompt": BRIEF})
    run = await painted(servers, lambda request: same, rounds=2)
    assert servers.painted == [BRIEF, BRIEF]
    assert run.unrendered is None


async def test_a_revision_whose_picture_failed_is_never_painted(servers: Servers) -> None:
    def think(request: Request) -> str:
        servers.fal.troubles.append(Trouble("paint", 422, body={"detail": "no"}))
        return judged()(request)

    run = await painted(servers, think)
    assert (run.status, run.stop_reason) == ("failed", "provider")
    assert [record["outcome"] for record in run.candidates] == ["ok", "error"]
    assert run.champion is not None
    assert (run.champion["id"], run.unrendered) == ("0.0", "revision 1")


async def test_with_more_rounds_the_revision_is_painted_and_no_longer_left(servers: Servers) -> None:
    run = await painted(servers, judged(), rounds=2)
    assert run.unrendered == "revision 2"
    more = await aresume(run.run, settings={"rounds": 3})
    assert servers.painted == [BRIEF, "revision 1", "revision 2"]
    assert more.unrendered == "revision 3"
    assert more.champion is not None
    assert more.champion["prompt"] == "revision 2"


async def test_a_cap_on_calls_is_kept_when_answers_are_broken(servers: Servers) -> None:
    run = await painted(servers, judged(broken_at=tuple(range(1, 20))), max_calls=5)
    assert run.stop_reason == "max_calls"
    assert len(servers.asked) == run.receipt["calls"] <= 5


async def test_a_chat_server_that_is_busy_is_asked_again_and_nothing_is_painted_twice(servers: Servers) -> None:
    busy = Say("slow down", status=429, headers={"retry-after": "0"})
    servers.chat.script = [busy]
    run = await painted(servers, judged(match_at=1))
    assert (run.status, servers.painted) == ("passed", [BRIEF])


async def test_the_same_seed_paints_the_same_run_and_pictures_are_kept(servers: Servers, tmp_path: Path) -> None:
    one = await painted(servers, judged(), rounds=2)
    other = await arefine_again(servers, tmp_path)
    assert [record["seed"] for record in one.candidates] == [record["seed"] for record in other.candidates]
    assert [record["image"] for record in one.candidates] == [record["image"] for record in other.candidates]


async def arefine_again(servers: Servers, home: Path) -> Run:
    servers.chat.think = judged()
    return await arefine(BRIEF, preset="dspy-strict", settings={"seed": 1, "rounds": 2}, home=home)
