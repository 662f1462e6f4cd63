"""Posting a batch to a checker on loopback: what is sent, what is shown, and what goes wrong."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overpaint.batch_folder import BatchFolder, Entry
from overpaint.posting import MOST_BYTES, answer_lines, post, post_folder
from overpaint.tools.faults import BadInput, ProviderFault
from tests.servers import ChatServer, Say, chat_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    BatchFolder(tmp_path / "done").add(Entry("a fox", ["a fox in snow"], ["fox_1.png"]))
    return tmp_path / "done"


@pytest.fixture
def checker() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


def test_the_submission_is_sent_and_the_answer_told(
    folder: Path, checker: ChatServer, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"result": "You passed!\x1b[31m", "messages": ["well done", "twice"], "exceptions": []}
    checker.script = [Say(body=json.dumps(answer))]
    assert post(Namespace(folder=folder, url=checker.url, json=False)) == 0
    assert checker.requests[0].json == {
        "submission": [{"original_description": "a fox", "prompts": ["a fox in snow"], "image_paths": ["fox_1.png"]}]
    }
    assert checker.requests[0].headers["content-type"] == "application/json"
    assert capsys.readouterr().out.splitlines() == ["result: You passed! [31m", "messages: well done", "twice"]
    assert post(Namespace(folder=folder, url=checker.url, json=True)) == 0
    assert json.loads(capsys.readouterr().out) == {"posted": answer}


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ("<b>ok</b>\n\x07done", ["<b>ok</b>", "done"]),
        ({"score": 1}, ['{"score": 1}']),
        ({"result": None, "messages": {"a": 1}}, ['messages: {"a": 1}']),
        ([], ["(an empty answer)"]),
        (None, ["null"]),
        ("", ["(an empty answer)"]),
    ],
)
def test_any_answer_is_shown_in_lines(answer: Any, lines: list[str]) -> None:
    assert answer_lines(answer) == lines


def test_a_flood_is_cut(folder: Path, checker: ChatServer) -> None:
    checker.script = [Say(body="x" * (2 * MOST_BYTES))]
    answer = post_folder(folder, checker.url)
    assert len(answer) == MOST_BYTES
    assert len("".join(answer_lines(answer))) < 3000
    assert len(answer_lines("\n" * 5000)) == 201


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Say(status=302, body="", headers={"Location": "http://127.0.0.1:9/"}), "answered 302, which leads elsewhere"),
        (Say(status=500, body="no \x1b[2J luck"), r"refused with 500: no \[2J luck"),
    ],
)
def test_a_refusal_says_how_to_post_again(folder: Path, checker: ChatServer, said: Say, told: str) -> None:
    checker.script = [said]
    with pytest.raises(ProviderFault, match=f"{told}.*the files are kept, post them with: overpaint post"):
        post_folder(folder, checker.url)
    assert len(checker.requests) == 1


def test_the_command_to_post_again_can_be_pasted(folder: Path) -> None:
    there = folder.rename(folder.with_name("it's done"))
    with pytest.raises(ProviderFault) as caught:
        post_folder(there, "http://127.0.0.1:9/run;a=b")
    assert shlex.split(str(caught.value).partition("with: ")[2]) == [
        "overpaint", "post", str(there), "http://127.0.0.1:9/run;a=b",
    ]  # fmt: skip


def test_a_dead_checker_is_a_provider_fault(folder: Path) -> None:
    with pytest.raises(ProviderFault, match="could not be reached"):
        post_folder(folder, "http://127.0.0.1:9/run")


@pytest.mark.parametrize(
    "url", ["ftp://h/x", "file:///etc/passwd", "h:80/x", "http://me:secret-0815@h/x", "http://h/?k=secret-0815"]
)
def test_an_address_with_a_secret_or_of_another_kind_is_refused_and_not_repeated(folder: Path, url: str) -> None:
    with pytest.raises(BadInput, match="the address to post to must") as caught:
        post_folder(folder, url)
    assert "secret" not in str(caught.value)


def test_an_empty_folder_has_nothing_to_post(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="paint first"):
        post_folder(tmp_path, "http://127.0.0.1:9/")
