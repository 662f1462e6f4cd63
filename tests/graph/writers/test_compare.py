"""Several attempts at a prompt and one comparison, against a chat server: which calls are made, and what comes of them."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.state import State
from overpaint.graph.toolbox import open_toolbox
from overpaint.graph.writers.compare import by_comparing, keeps
from overpaint.prompts import load
from overpaint.tools.budget import Room
from overpaint.tools.faults import ProviderFault
from overpaint.tools.home import open_home
from tests.servers import ChatServer, Request, Say, chat_server

BRIEF = "a frog dressed as a knight"
PROSE = Say("Sure! Here you go.")


def words(count: int, name: str = "word") -> str:
    return " ".join([name] * count)


DESCRIBED, MENDED = words(30, "described"), words(25, "mended")
LONG, TWO = words(81, "long"), f"{words(10)}\n\n{words(10)}"


@dataclass
class Writer:
    """A writer on a server: what it says, by what it is asked, and how many requests it has at work.

    Args:
        server: where it answers.
        home: where its calls are logged.
        attempts: what it says to an attempt, by its number; else 20 words.
        description: what it makes of all attempts. mended: how it mends that.
        slow: the number of an attempt that takes 0.4 s.
        together: attempts are held until so many of them are there.
    """

    server: ChatServer
    home: Path
    attempts: dict[int, str | Say] = field(default_factory=dict)
    description: str | Say = DESCRIBED
    mended: str | Say = MENDED
    slow: int = 0
    together: threading.Barrier | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    at_work: int = 0
    most: int = 0
    ended: int = 0

    def think(self, request: Request) -> Say:
        with self.lock:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        try:
            return self._said(request)
        finally:
            with self.lock:
                self.at_work -= 1
                self.ended += 1

    def _said(self, request: Request) -> Say:
        asked = human(request)
        if (number := re.search(r"<number>(\d+)</number>", asked)) is None:
            kind = "description" if "<attempts>" in asked else "prompt"
            return answer(kind, self.description if kind == "description" else self.mended)
        if self.together is not None:
            self.together.wait(timeout=10)
        time.sleep(0.4 if int(number[1]) == self.slow else 0.02)
        return answer("prompt", self.attempts.get(int(number[1]), words(20, f"attempt{number[1]}")))

    @property
    def asked(self) -> list[str]:
        """What it was asked for, in order; a repair is marked."""
        return [kind(request) for request in self.server.asked]

    async def writes(self, room: Room | None = None, **settings: Any) -> tuple[str, set[str]]:
        """The prompt that comes of it, and the names of the prompt files it took."""
        self.server.think = self.think
        given = {"painter": "fal:", "writer": "openai:w", "upsample_words": "15-80", **settings}
        toolbox = await open_toolbox(given, "run", "upsample", None, room)
        state = {"asked": {"text": BRIEF, "image": None}, "painter": {"token_limit": 77}}
        written = await by_comparing(cast(State, state), toolbox)
        spent = await toolbox.spent()
        assert spent["calls"] == len(self.server.asked)
        assert room is None or room.calls is None or spent["calls"] <= room.calls
        assert room is None or room.tokens is None or spent["tokens"] <= room.tokens
        return written["prompt"], set(written["prompts"])


def answer(field_: str, said: str | Say) -> Say:
    if isinstance(said, Say):
        return said
    return Say(json.dumps({"rationale" if field_ == "description" else "reasoning": "r", field_: said}))


def human(request: Request) -> str:
    """The question of a call, also where its answer is to be repaired."""
    content = next(message["content"] for message in request.json["messages"] if message["role"] == "user")
    return str(content[0]["text"])


def kind(request: Request) -> str:
    tags = {"<number>": "attempt", "<attempts>": "compare", "<words_now>": "mend"}
    again = " again" if any(message["role"] == "assistant" for message in request.json["messages"]) else ""
    return next(name for tag, name in tags.items() if tag in human(request)) + again


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Writer]:
    open_home()
    monkeypatch.setenv("FAL_KEY", "fal-of-this-test")
    with chat_server() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield Writer(server, home)


@pytest.mark.slow
@pytest.mark.parametrize("total", [1, 3, 8])
async def test_each_attempt_is_one_call_and_one_more_sees_them_all(writer: Writer, total: int) -> None:
    prompt, files = await writer.writes(attempts=total)
    assert prompt == writer.description
    assert writer.asked == ["attempt"] * total + ["compare"]
    assert files == {"upsample.attempt", "upsample.compare"}
    *attempts, comparison = writer.server.asked
    assert sorted(re.findall(r"<number>(\d+)</number>", "".join(map(human, attempts)))) == [
        str(number) for number in range(1, total + 1)
    ]
    for request in attempts:
        told = human(request)
        assert f"<brief>\n{BRIEF}\n</brief>" in told
        assert (
            f"<attempts_in_all>{total}</attempts_in_all>\n<words>15-80</words>\n<token_limit>77</token_limit>" in told
        )
        assert request.json["messages"][0]["content"] == load("upsample.attempt").system
    listed = re.findall(r"^(\d+)\. (.*)$", human(comparison), re.MULTILINE)
    assert listed == [(str(number), words(20, f"attempt{number}")) for number in range(1, total + 1)]
    schema = comparison.json["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["rationale", "description"]


@pytest.mark.slow
@pytest.mark.parametrize("total", [3, 8])
async def test_attempts_are_made_side_by_side(writer: Writer, total: int) -> None:
    writer.together = threading.Barrier(total)
    await writer.writes(attempts=total)
    assert writer.most == total


@pytest.mark.slow
@pytest.mark.parametrize(
    ("room", "asked", "painted"),
    [
        (Room(calls=9), ["attempt"] * 3 + ["compare"], DESCRIBED),
        (Room(calls=3), ["attempt"] * 3, words(20, "attempt1")),
        (Room(calls=1), ["attempt"], words(20, "attempt1")),
        (Room(calls=0), [], BRIEF),
        (Room(tokens=9000), ["attempt"] * 3 + ["compare"], DESCRIBED),
        (Room(tokens=500), [], BRIEF),
        (Room(usd=1.0), [], BRIEF),
        (Room(seconds=60.0), ["attempt"] * 3 + ["compare"], DESCRIBED),
    ],
    ids=["plenty", "no comparison", "one", "none", "tokens", "few tokens", "no price", "seconds"],
)
async def test_under_caps_attempts_wait_for_each_other_and_go_past_none(
    writer: Writer, room: Room, asked: list[str], painted: str
) -> None:
    prompt, _ = await writer.writes(room, writer_max_tokens=1000)
    assert (writer.asked, prompt) == (asked, painted)
    assert writer.most == min(1, len(asked))
    numbers = re.findall(r"<number>(\d+)</number>", "".join(map(human, writer.server.asked)))
    assert numbers == sorted(numbers)


@pytest.mark.slow
async def test_an_attempt_that_cannot_be_read_leaves_the_rest(writer: Writer) -> None:
    writer.attempts = {2: PROSE}
    prompt, _ = await writer.writes()
    assert prompt == writer.description
    assert sorted(writer.asked) == ["attempt"] * 3 + ["attempt again", "compare"]
    listed = re.findall(r"^\d+\. (\w+)", human(writer.server.asked[-1]), re.MULTILINE)
    assert listed == ["attempt1", "attempt3"]


@pytest.mark.slow
async def test_without_any_attempt_the_brief_is_painted_and_nothing_is_compared_or_mended(writer: Writer) -> None:
    writer.attempts = dict.fromkeys((1, 2, 3), PROSE)
    assert await writer.writes() == (BRIEF, {"upsample.attempt"})
    assert sorted(writer.asked) == ["attempt"] * 3 + ["attempt again"] * 3


@pytest.mark.slow
async def test_a_server_that_fails_is_asked_no_more_once_the_fault_goes_on(writer: Writer) -> None:
    writer.attempts, writer.slow = {1: Say("bad key", status=401)}, 3
    with pytest.raises(ProviderFault, match="401"):
        await writer.writes()
    assert (writer.ended, writer.at_work) == (3, 0)
    assert writer.asked == ["attempt"] * 3


@pytest.mark.slow
@pytest.mark.parametrize("broken", [words(14), LONG, TWO], ids=["short", "long", "two paragraphs"])
@pytest.mark.parametrize(
    ("mended", "attempts", "painted"),
    [
        (words(15, "mended"), {}, words(15, "mended")),
        (words(80, "mended"), {}, words(80, "mended")),
        (words(14, "mended"), {1: "too short"}, words(20, "attempt2")),
        (PROSE, {1: LONG, 2: TWO}, words(20, "attempt3")),
        (words(14, "mended"), {1: LONG, 2: TWO, 3: "too short"}, None),
    ],
    ids=["mended", "mended to the most", "second attempt", "third attempt", "nothing keeps it"],
)
async def test_a_description_that_breaks_the_rule_is_mended_once(
    writer: Writer, broken: str, mended: str | Say, attempts: dict[int, str | Say], painted: str | None
) -> None:
    writer.description, writer.mended, writer.attempts = broken, mended, attempts
    prompt, files = await writer.writes()
    assert prompt == (painted or broken)
    assert writer.asked[:5] == ["attempt"] * 3 + ["compare", "mend"]
    assert writer.asked[5:] == (["mend again"] if mended is PROSE else [])
    assert "upsample.mend" in files
    told = human(writer.server.asked[4])
    assert f"<words_now>{len(broken.split())}</words_now>\n<words>15-80</words>" in told
    assert broken in told


@pytest.mark.slow
async def test_without_a_comparison_the_first_attempt_that_keeps_the_rule_is_painted(writer: Writer) -> None:
    writer.description, writer.attempts = PROSE, {1: "too short"}
    prompt, _ = await writer.writes()
    assert prompt == words(20, "attempt2")
    assert writer.asked == ["attempt"] * 3 + ["compare", "compare again"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a frog", words(200)])
async def test_without_a_rule_any_length_will_do(writer: Writer, text: str) -> None:
    writer.description = text
    prompt, _ = await writer.writes(upsample_words=None)
    assert prompt == text
    assert writer.asked == ["attempt"] * 3 + ["compare"]


@given(st.lists(st.text("abc", min_size=1, max_size=3), max_size=20), st.integers(1, 10), st.integers(0, 10))
def test_a_text_keeps_the_rule_by_its_words_alone(said: list[str], fewest: int, more: int) -> None:
    rule = (fewest, fewest + more)
    assert keeps("  " + "  ".join(said) + "\n", rule) == (fewest <= len(said) <= fewest + more)
    assert not keeps("a\nb" + " c" * fewest, rule)
    assert keeps("\n".join(said), None)


def test_the_examples_keep_the_rule_and_show_hard_briefs() -> None:
    examples = re.findall(
        r"^Brief: (.+?)\nDescription: (.+?)\n\n", load("upsample.attempt").system + "\n\n", re.M | re.S
    )
    briefs = [brief for brief, _ in examples]
    assert len(briefs) >= 4
    assert any(" " not in brief for brief in briefs)
    assert {"homesickness", "a bagder readng a newpaper in teh metro"} <= set(briefs)
    for brief, description in examples:
        assert keeps(" ".join(description.split()), (15, 80)), brief
    assert "badger" in dict(examples)["a bagder readng a newpaper in teh metro"]
