"""Forks and reopened runs over HTTP: what is written, for whom, and what is refused before anything is."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from overpaint.driving import at_the_wheel
from overpaint.graph.kept import find_run
from overpaint.graph.persistence import open_checkpointer, threads_of
from overpaint.server import forking_routes
from overpaint.server.keys import LOCAL, Caller
from overpaint.server.owners import Owners
from overpaint.tools.database import open_database
from overpaint.tools.home import use_home
from tests.face.homes import BRIEF, Written, written
from tests.server.app_client import app_client, post, seen

RUNS = "/overpaint/threads"
pytestmark = pytest.mark.slow
JSON = {"content-type": "application/json"}


async def ended(home: Path) -> Written:
    """A run of two rounds that ended."""
    with use_home(home):
        async with open_checkpointer() as saver:
            made = await written(saver, home, "parent", [1, 2])
            await made.end()
    return made


@pytest.fixture
async def parent(home: Path) -> Written:
    return await ended(home)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """One for all tests in which nothing may be written."""
    return asyncio.run(ended(tmp_path_factory.mktemp("shared") / "home"))


@pytest.fixture
def untouched(shared: Written, home: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.setenv("OVERPAINT_HOME", str(shared.home))
    return shared


async def forked(thread: str, key: str = "", **wanted: Any) -> str:
    answer = await post(f"{RUNS}/{thread}/fork", wanted, key)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["thread"])


async def threads() -> list[str]:
    async with open_checkpointer() as saver:
        return await threads_of(saver)


async def test_a_fork_from_a_picture_stands_before_its_decision_with_what_was_changed(parent: Written) -> None:
    thread = await forked(parent.thread, start="0.0", prompt="two red circles", settings={"max_images": 3})
    view = await seen(thread)
    assert (view["status"], view["brief"], view["settings"]["max_images"]) == ("interrupted", BRIEF, 3)
    assert [one["id"] for one in view["candidates"]] == ["0.0"]
    assert view["forked_from"] == {"run": "parent", "thread": parent.thread} | {
        "candidate": "0.0",
        "checkpoint": view["forked_from"]["checkpoint"],
    }
    kept = await find_run(view["run"])
    assert (kept.next, kept.values["wish"]) == (("decide",), "two red circles")
    assert [one["thread"] for one in (await seen(parent.thread))["children"]] == [thread]


async def test_a_fork_with_another_checklist_or_brief_is_judged_or_written_anew(parent: Written) -> None:
    listed = await seen(await forked(parent.thread, checklist=["a blue square", {"text": "a red circle"}]))
    assert [one["text"] for one in listed["checklist"]] == ["a blue square", "a red circle"]
    asked = await seen(await forked(parent.thread, brief="a green star"))
    assert (asked["brief"], (await find_run(asked["run"])).next) == ("a green star", ("upsample", "specify"))


async def test_a_fork_belongs_to_who_made_it(parent: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder,bob:builder")
    thread = await forked(parent.thread, "wonder")
    owners = Owners(open_database())
    assert await owners.may(Caller("alice", "alice"), thread)
    for path in (thread, parent.thread):
        for step in ("fork", "reopen"):
            assert (await post(f"{RUNS}/{path}/{step}", {}, "builder")).status_code == 404
            assert (await post(f"{RUNS}/{path}/{step}", {}, "wrong")).status_code == 401


async def test_keys_cannot_set_what_is_the_operators(parent: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder")
    before = await threads()
    for step in ("fork", "reopen"):
        answer = await post(
            f"{RUNS}/{parent.thread}/{step}", {"settings": {"judge_base_url": "http://10.0.0.1"}}, "wonder"
        )
        assert answer.status_code == 400
        assert "judge_base_url" in answer.json()["error"]["message"]
    assert await threads() == before


@pytest.mark.parametrize("step", ["fork", "reopen"])
async def test_what_a_key_may_set_is_looked_up_beside_the_event_loop(
    step: str, parent: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder")
    by = []
    monkeypatch.setattr(forking_routes, "check_settings", lambda *_: by.append(threading.current_thread()))
    await post(f"{RUNS}/{parent.thread}/{step}", {}, "wonder")
    assert by != [threading.current_thread()]


async def test_a_run_that_ended_is_led_back_to_its_decision_where_a_setting_changes(parent: Written) -> None:
    refused = await post(f"{RUNS}/{parent.thread}/reopen", {})
    assert refused.status_code == 400
    assert "max_images" in refused.json()["error"]["message"]
    assert (await seen(parent.thread))["status"] == "stopped"
    answer = await post(f"{RUNS}/{parent.thread}/reopen", {"settings": {"max_images": 9}})
    assert answer.json() == {"thread": parent.thread}
    assert (await find_run("parent")).next == ("decide",)
    assert (await post(f"{RUNS}/{parent.thread}/reopen", {})).status_code == 200  # it has more to do: left as it is


async def test_a_run_that_somebody_drives_is_not_reopened_and_can_be_forked(parent: Written) -> None:
    async with at_the_wheel(parent.thread):
        assert (await post(f"{RUNS}/{parent.thread}/reopen", {"settings": {"max_images": 9}})).status_code == 409
        await forked(parent.thread)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"start": "7.7"}, "7.7"),
        ({"start": 7}, "start"),
        ({"start": "a" * 65}, "start"),
        ({"run": "another"}, "latest run"),
        ({"prompt": " "}, "prompt"),
        ({"prompt": "p" * 50_000}, "prompt"),
        ({"prompt": "\ud800"}, "half a character"),
        ({"brief": ""}, "brief"),
        ({"brief": "malé červené kolo ve tvaru písmene"}, "brief"),
        ({"checklist": []}, "checklist"),
        ({"checklist": [{"text": 3}]}, "requirement 1"),
        ({"checklist": "a red circle"}, "checklist"),
        ({"settings": {"max_images": 0}}, "max_images"),
        ({"settings": {"max_imags": 1}}, "max_images"),
        ({"settings": {"painter": "nobody:x"}}, "nobody"),
        ({"settings": []}, "settings"),
        ({"settings": None}, "settings"),
        ({"strat": "0.0"}, "strat"),
        ([], "body"),
        ("fork", "body"),
    ],
)
async def test_forks_that_cannot_be_are_refused_in_one_line_and_write_nothing(
    untouched: Written, wanted: Any, said: str
) -> None:
    before = await threads()
    async with app_client() as client:
        answer = await client.post(f"{RUNS}/{untouched.thread}/fork", content=json.dumps(wanted), headers=JSON)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert said in message
    assert "\n" not in message
    assert "pydantic" not in message
    assert await threads() == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"settings": {"max_seconds": NaN}}', b'{"start": 1' + b"0" * 5000]
)
@pytest.mark.parametrize("step", ["fork", "reopen"])
async def test_bodies_that_are_no_json_are_refused(untouched: Written, step: str, body: bytes) -> None:
    async with app_client() as client:
        answer = await client.post(f"{RUNS}/{untouched.thread}/{step}", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


async def test_what_matters_before_the_first_picture_alone_is_not_changed_later(parent: Written) -> None:
    answer = await post(f"{RUNS}/{parent.thread}/reopen", {"settings": {"seed": 3}})
    assert "fixed when a run starts" in answer.json()["error"]["message"]


async def test_a_fork_whose_picture_is_lost_is_refused(parent: Written, home: Path) -> None:
    sha256 = parent.images["1.0"]["sha256"]
    (home / "images" / sha256[:2] / f"{sha256}.png").unlink()
    before = await threads()
    assert (await post(f"{RUNS}/{parent.thread}/fork", {})).status_code == 400
    assert await threads() == before
    assert await Owners(open_database()).may(LOCAL, parent.thread)
