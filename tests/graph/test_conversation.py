"""What a message means after a picture: plain commands without a model, everything else by one question to the writer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from overpaint.graph.conversation import LONGEST_ANSWER, Meant, command, follows, understood
from overpaint.graph.settings import Settings
from overpaint.graph.state import Brief, Receipt, State
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.budget import Room
from tests.graph.test_controller import candidate
from tests.servers import ChatServer, Say, chat_server

STATE: State = {"asked": Brief(text="a red circle", image=None), "ended": "passed"}

COMMANDS: list[tuple[str, str, int | None]] = [
    ("undo", "undo", None),
    ("Undo that, please!", "undo", None),
    ("go back", "undo", None),
    ("why?", "why", None),
    ("Why not?", "why", None),
    ("what did it cost?", "why", None),
    ("show", "show", None),
    ("show me the best", "show", None),
    ("show 2", "show", 2),
    ("show me picture 12", "show", 12),
    ("Show me the second one.", "show", 2),
    ("show the third picture again", "show", 3),
]


@pytest.mark.parametrize(("said", "kind", "which"), COMMANDS)
def test_plain_commands_need_no_model(said: str, kind: str, which: int | None) -> None:
    meant = command(said)
    assert meant is not None
    assert (meant.kind, meant.question) == (kind, {"kind": kind, "which": which, "text": ""})


@pytest.mark.parametrize(
    "said", ["make it blue", "undo the damage in the sky", "show a circle", "a star", "why is it red"]
)
def test_everything_else_is_for_the_writer(said: str) -> None:
    assert command(said) is None


def test_a_new_brief_can_be_said_to_be_one() -> None:
    assert command("New: a cat\non a mat") == Meant("new", "a cat\non a mat")


def test_a_message_follows_up_only_where_there_is_something_to_follow_up_on() -> None:
    assert follows(STATE)
    assert follows({**STATE, "ended": None, "champion": candidate()})
    assert not follows({})
    assert not follows({**STATE, "ended": None})  # a first brief that was refused


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


async def asked(server: ChatServer, said: str, *answers: Any, pictured: bool = False) -> Meant:
    server.script = [Say(answer if isinstance(answer, str) else json.dumps(answer)) for answer in answers]
    toolbox = await open_toolbox(Settings(writer="openai:w", critic="openai:w", judge="openai:w").model_dump())
    return await understood(said, STATE, toolbox, pictured=pictured)


def reply(kind: str, **changes: Any) -> dict[str, Any]:
    return {"reasoning": "r", "kind": kind, "brief": "", "which": None, "answer": "", **changes}


@pytest.mark.slow
async def test_the_writer_says_what_is_meant(server: ChatServer) -> None:
    meant = await asked(server, "bigger!", reply("change", brief=" a large red circle "))
    assert (meant.kind, meant.brief, meant.question) == ("change", "a large red circle", None)
    assert "bigger!" in str(server.asked[-1].json)
    assert "a red circle" in str(server.asked[-1].json)
    assert (await asked(server, "a cat", reply("new", brief="a cat"))).kind == "new"
    assert (await asked(server, "the other one", reply("show", which=2))).question == {
        "kind": "show",
        "which": 2,
        "text": "",
    }
    told = (await asked(server, "thanks", reply("other", answer="x" * 9000))).question
    assert told is not None
    assert told["text"] == "x" * LONGEST_ANSWER


@pytest.mark.slow
async def test_a_writer_that_leaves_the_brief_out_has_still_told_the_kind(server: ChatServer) -> None:
    assert (await asked(server, "a cat", reply("new"))).brief == "a cat"
    assert (await asked(server, "bigger", reply("change"))).brief == "a red circle\nbigger"


@pytest.mark.slow
async def test_an_answer_that_cannot_be_read_is_data_and_is_told(server: ChatServer) -> None:
    meant = await asked(server, "bigger", "no idea", "still none")
    assert (meant.kind, meant.brief) == ("change", "a red circle\nbigger")
    assert "could not be told" in meant.note


async def test_a_picture_alone_is_another_start_for_the_same_brief(server: ChatServer) -> None:
    assert (await asked(server, "", pictured=True)).brief == "a red circle"
    assert (await asked(server, "")).kind == "other"
    assert await asked(server, "new: a star", pictured=True) == Meant("new", "a star")
    assert server.asked == []


async def test_a_writer_that_there_is_no_room_to_ask_leaves_the_brief_alone(server: ChatServer) -> None:
    settings = Settings(writer="openai:w", critic="openai:w", judge="openai:w").model_dump()
    toolbox = await open_toolbox(settings, room=Room(calls=0))
    meant = await understood("bigger", STATE, toolbox, pictured=False)
    assert (meant.kind, meant.brief) == ("other", "")
    assert meant.question is not None
    assert "max_calls" in meant.question["text"]
    assert server.asked == []


@pytest.mark.slow
async def test_the_writer_is_told_of_the_pictures_that_can_be_shown(server: ChatServer) -> None:
    server.script = [Say(json.dumps(reply("why")))]
    toolbox = await open_toolbox(Settings(writer="openai:w", critic="openai:w", judge="openai:w").model_dump())
    spent = Receipt(images=3, unknown=1, calls=0, tokens=0, seconds=0.0, usd=0.0)
    await understood("the other one", {**STATE, "receipt": spent}, toolbox, pictured=False)
    assert "<pictures>2</pictures>" in str(server.asked[-1].json)
