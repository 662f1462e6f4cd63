"""The views of runs, as the page reads them: runs written step by step, at every point at which a run can stand."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, cast

import pytest

from overpaint.driving import at_the_wheel
from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.server.owners import Owners
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from tests.face.homes import BRIEF, Written, asking, written
from tests.server.app_client import get, seen

RUNS = "/overpaint/threads"
pytestmark = pytest.mark.slow


async def some_runs(home: Path, count: int) -> list[Written]:
    """Runs that ended, the one that took a step last at the end."""
    async with open_checkpointer() as saver:
        made = [await written(saver, home, f"run {number}", [number, number + 10]) for number in range(count)]
        for one in made:
            await one.end()
    return made


async def listed(key: str = "", **query: Any) -> dict[str, Any]:
    answer = await get(RUNS, key, **query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_home_without_runs_has_an_empty_list() -> None:
    assert await listed() == {"threads": [], "more": False}


async def test_runs_are_listed_latest_first_and_a_page_at_a_time(home: Path) -> None:
    made = await some_runs(home, 3)
    first, rest = await listed(limit=2), await listed(limit=2, offset=2)
    assert [one["run"] for one in first["threads"] + rest["threads"]] == ["run 2", "run 1", "run 0"]
    assert (first["more"], rest["more"]) == (True, False)
    line = first["threads"][0]
    assert (line["status"], line["brief"], line["pictures"], line["score"]) == ("stopped", BRIEF, 2, 0.5)
    assert line["champion"]["url"] == f"/images/{made[2].images['1.0']['sha256']}"


async def test_a_view_tells_each_candidate_as_the_contact_sheet_does(home: Path) -> None:
    made = (await some_runs(home, 1))[0]
    view = await seen(made.thread)
    assert (view["run"], view["status"], view["runs"], view["why"]) == ("run 0", "stopped", ["run 0"], "enough")
    first, second = view["candidates"]
    assert (first["id"], first["parent"], first["champion"]) == ("0.0", None, False)
    assert (second["parent"], second["action_text"], second["champion"]) == ("0.0", "reseed", True)
    assert second["image"] == {
        **made.images["1.0"],
        "url": f"/images/{made.images['1.0']['sha256']}",
        "thumb": f"/images/{made.images['1.0']['sha256']}/thumb?w=320",
    }
    assert {"text": "1.0", "change": "new"} in second["words"]
    assert {"text": "0.0", "change": "gone"} in second["words"]


async def test_a_run_that_waits_tells_what_it_asks_and_by_which_id(home: Path) -> None:
    await asking(home)
    line = (await listed())["threads"][0]
    view = await seen(line["thread"])
    assert line["status"] == view["status"] == "waiting"
    assert view["requests"] == [one["value"] for one in view["interrupts"]]
    assert view["requests"][0]["action_requests"]
    async with open_checkpointer() as saver:
        snapshot = await build_graph(saver).aget_state(on_thread(line["thread"]))
    assert [one["id"] for one in view["interrupts"]] == [one.id for one in snapshot.interrupts]


async def test_a_run_at_which_a_process_works_is_running_and_else_interrupted(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "run", [1])
    assert (await seen(made.thread))["status"] == "interrupted"
    async with at_the_wheel(made.thread):
        assert (await seen(made.thread))["status"] == "running"
        assert (await listed())["threads"][0]["status"] == "running"


async def test_a_run_without_candidates_yet_is_shown_as_far_as_it_came(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = Written(saver, home, "run")
        await made.start()
    view = await seen(made.thread)
    assert (view["status"], view["candidates"], len(view["checklist"])) == ("interrupted", [], 1)


async def test_a_lost_record_is_told_and_the_rest_is_shown(home: Path) -> None:
    made = (await some_runs(home, 1))[0]
    lost = made.records["0.0"]
    (home / "records" / lost[:2] / f"{lost}.json").unlink()
    view = await seen(made.thread)
    assert [one["id"] for one in view["candidates"]] == ["1.0"]
    assert "lost record" in view["error"]


async def test_forks_know_their_parent_and_parents_their_forks(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "parent", [1, 2])
        child = await made.fork("0.0", "checkpoint", "child")
        await (await written(saver, home, "another", [3])).end()
    assert (await seen(child.thread))["forked_from"]["run"] == "parent"
    expected = {"thread": child.thread, "run": "child", "candidate": "0.0", "brief": BRIEF}
    assert (await seen(made.thread))["children"] == [expected]
    assert (await seen(child.thread))["children"] == []


async def test_a_thread_of_two_runs_shows_each_on_either_database(
    home: Path, database_url_of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_DATABASE", database_url_of)
    given = cast(Any, {"brief": "  "})
    async with open_checkpointer() as saver:
        made = await written(saver, home, "first", [1])
        await made.end()
        with pytest.raises(BadInput):  # the message that the second run begins with, as far as it matters here
            await build_graph(saver).ainvoke(given, on_thread(made.thread))
        made.run = "second"
        await made.start()
    latest, earlier = await seen(made.thread), await seen(made.thread, run="first")
    assert (latest["run"], latest["status"]) == ("second", "interrupted")
    assert (earlier["run"], earlier["status"], earlier["error"]) == ("first", "stopped", None)
    assert latest["runs"] == earlier["runs"] == ["first", "second"]
    assert (await get(f"{RUNS}/{made.thread}", run="third")).status_code == 404
    assert [one["run"] for one in (await listed())["threads"]] == ["second"]


async def test_a_run_whose_input_was_refused_tells_why(home: Path) -> None:
    thread, given = str(uuid.uuid4()), cast(Any, {"brief": "  "})
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        with pytest.raises(BadInput):
            await graph.ainvoke(given, on_thread(thread))
    view = await seen(thread)
    assert (view["run"], view["status"], view["refused"], view["candidates"]) == (None, "failed", True, [])
    assert view["error"] == "the brief is empty: say what to paint, or give a picture to describe"
    async with at_the_wheel(thread):
        assert (await seen(thread))["status"] == "starting"


async def test_keys_see_their_own_runs_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder,bob:builder")
    async with open_checkpointer() as saver:
        first, second = (Written(saver, home, f"run {number}") for number in range(2))
        await Owners(open_database()).claim(second.thread, "bob")
        for one in (first, second):
            await one.start()
    assert [one["run"] for one in (await listed("wonder"))["threads"]] == ["run 0"]
    assert [one["run"] for one in (await listed("builder"))["threads"]] == ["run 1"]
    assert (await seen(second.thread, "builder"))["run"] == "run 1"
    hidden, unknown = await get(f"{RUNS}/{second.thread}", "wonder"), await get(f"{RUNS}/{uuid.uuid4()}", "wonder")
    assert (hidden.status_code, hidden.content) == (unknown.status_code, unknown.content)
    assert hidden.status_code == 404
    assert (await get(RUNS)).status_code == (await get(f"{RUNS}/{first.thread}", "wrong")).status_code == 401


async def test_pictures_of_a_view_are_signed_under_keys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = (await some_runs(home, 1))[0]
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder")
    image = (await seen(made.thread, "wonder"))["candidates"][0]["image"]
    assert "signature=" in image["url"]
    assert "signature=" in image["thumb"]


@pytest.mark.parametrize(
    "thread",
    ["nobody", "a" * 201, "..", "%2e%2e", "%00", "%0a", "%ff", "%ed%a0%80", "\u202e", "1'; DROP TABLE checkpoints; --"],
)
async def test_threads_that_are_none_are_not_there(thread: str) -> None:
    answer = await get(f"{RUNS}/{thread}")
    assert answer.status_code in (404, 307)


@pytest.mark.parametrize(
    "query", [{"limit": "many"}, {"limit": 0}, {"limit": 10**30}, {"offset": -1}, {"offset": "1e3"}, {"limit": "\0"}]
)
async def test_pages_that_are_none_are_refused_in_one_line(query: dict[str, Any]) -> None:
    answer = await get(RUNS, **query)
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert next(iter(query)) in message
    assert "\n" not in message
    assert "pydantic" not in message
