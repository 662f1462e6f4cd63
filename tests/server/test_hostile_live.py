"""Hostile requests over the wire to `overpaint serve` with two keys, to LangGraph's routes as to ours."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.server.hostile import ALICE, BOB, BRIEF, KEYS, Asked, Prey, over_the_wire, prey, problems
from tests.server.hostile_requests import requests
from tests.server.live import live_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

FEW, MANY = 150, 5000
"""Requests, in the suite and in the long form."""

ENV = {"OVERPAINT_API_KEYS": KEYS, "OVERPAINT_RATE": "off"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Prey]]:
    """The address of a server whose home has a run of Alice's."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**ENV, "OVERPAINT_HOME": str(home)}.items():
            patched.setenv(name, value)
        hunted = asyncio.run(prey(home))
    with live_server(home, ENV) as url:
        yield url, hunted


def _throw(server: tuple[str, Prey], number: int) -> tuple[list[str], Counter[int]]:
    url, hunted = server
    found: list[str] = []
    statuses: Counter[int] = Counter()
    before = hunted.kept()

    @settings(max_examples=number, phases=(Phase.generate,), suppress_health_check=list(HealthCheck), database=None)
    @given(requests(hunted, langgraph=True))
    def throw(asked: Asked) -> None:
        status, answer = asyncio.run(over_the_wire(int(url.rpartition(":")[2]), asked))
        statuses[status] += 1
        found.extend(f"{problem}: {asked} {asked.body[:300]!r}" for problem in problems(asked, status, answer, hunted))

    throw()
    assert hunted.kept() == before
    return found, statuses


def test_hostile_requests(server: tuple[str, Prey]) -> None:
    assert _throw(server, FEW)[0] == []


@pytest.mark.long
def test_many_hostile_requests(server: tuple[str, Prey]) -> None:
    found, statuses = _throw(server, MANY)
    assert found == [], statuses


def test_the_owner_sees_her_run_and_the_other_key_does_not(server: tuple[str, Prey]) -> None:
    url, hunted = server
    with httpx.Client(base_url=url, timeout=60) as client:
        for path in (f"/overpaint/threads/{hunted.thread}", f"/threads/{hunted.thread}/state"):
            assert BRIEF in client.get(path, headers={"x-api-key": ALICE}).text
            for headers, status in (({"x-api-key": BOB}, 404), ({}, 401), ({"x-auth-scheme": "langsmith"}, 401)):
                answer = client.get(path, headers=headers)
                assert (answer.status_code, BRIEF in answer.text) == (status, False)
        assert hunted.thread in client.post("/threads/search", json={}, headers={"x-api-key": ALICE}).text
        assert hunted.thread not in client.post("/threads/search", json={}, headers={"x-api-key": BOB}).text
        assert client.get(f"/images/{hunted.sha256}", headers={"x-api-key": BOB}).status_code == 404
        for path in (f"/threads/{hunted.thread}/stream", f"/threads/{hunted.thread}/runs"):
            assert client.get(path, headers={"x-api-key": BOB}).status_code == 404


def test_a_run_of_the_other_key_cannot_reach_into_hers(server: tuple[str, Prey]) -> None:
    url, hunted = server
    with httpx.Client(base_url=url, timeout=60, headers={"x-api-key": BOB}) as client:
        mine = client.post("/threads", json={"metadata": {"owner": "alice"}}).json()
        assert mine["metadata"] == {"owner": "bob"}
        there = {"thread_id": hunted.thread, "checkpoint_ns": ""}
        for asked in ({"checkpoint": there}, {"config": {"configurable": there}}):
            run = {"assistant_id": "agent", "input": None, **asked}
            answer = client.post(f"/threads/{mine['thread_id']}/runs/wait", json=run)
            assert BRIEF not in answer.text
            assert "__error__" in answer.text
        for path in ("history", "state/checkpoint"):
            answer = client.post(f"/threads/{mine['thread_id']}/{path}", json={"checkpoint": there})
            assert (answer.status_code, BRIEF in answer.text) == (200, False)
        assert client.post(f"/threads/{hunted.thread}/runs", json={"assistant_id": "agent"}).status_code == 404


def test_no_cap_is_lifted_by_null(server: tuple[str, Prey]) -> None:
    url, hunted = server
    lifted = {"max_images": None}
    on = {"assistant_id": "agent", "input": None, "context": lifted}
    with httpx.Client(base_url=url, timeout=60, headers={"x-api-key": BOB}) as client:
        for path, asked in (
            (f"/overpaint/threads/{hunted.own}/fork", {"settings": lifted}),
            (f"/overpaint/threads/{hunted.own}/reopen", {"settings": lifted}),
            (f"/threads/{hunted.own}/runs", on),
            (f"/threads/{hunted.own}/runs", on | {"command": {"resume": "approve"}}),
        ):
            answer = client.post(path, json=asked)
            assert (answer.status_code, "'max_images' may be 64 at most" in answer.text) == (400, True)


def test_more_runs_than_a_key_may_have_are_refused(server: tuple[str, Prey]) -> None:
    url, _ = server
    with httpx.Client(base_url=url, timeout=60, headers={"x-api-key": BOB}) as client:
        statuses = []
        for _ in range(5):
            thread = client.post("/threads", json={}).json()["thread_id"]
            later = {"assistant_id": "agent", "input": {"brief": "a red circle"}, "after_seconds": 3000}
            statuses.append(client.post(f"/threads/{thread}/runs", json=later).status_code)
        assert statuses == [200, 200, 200, 200, 429]


def test_runs_that_are_asked_for_at_once_are_counted(server: tuple[str, Prey]) -> None:
    url, _ = server
    later = {"assistant_id": "agent", "input": {"brief": "a red circle"}, "after_seconds": 3000}
    with httpx.Client(base_url=url, timeout=60, headers={"x-api-key": ALICE}) as client:
        threads = [client.post("/threads", json={}).json()["thread_id"] for _ in range(12)]
        with ThreadPoolExecutor(12) as pool:
            told = pool.map(lambda thread: client.post(f"/threads/{thread}/runs", json=later).status_code, threads)
            assert sorted(told) == [200] * 4 + [429] * 8
