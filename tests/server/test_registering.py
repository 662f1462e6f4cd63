"""Runs of the command line are threads of the server, as they stand, and the first key's."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_client

from overpaint.continuing import aresume
from overpaint.graph.persistence import open_checkpointer
from overpaint.run import arefine
from overpaint.server import registering
from overpaint.server.registering import Registering, register, register_all
from tests.face.homes import written
from tests.image_servers import openai_images
from tests.server.live import live_server

KEYS = {"alice": "alice-of-this-test-0123456789abcdef", "bob": "bob-of-this-test-0123456789abcdef"}


async def test_without_a_server_nothing_is_done(home: Path) -> None:
    await register(str(uuid.uuid4()), "local")
    await register_all()
    assert not home.exists()


@pytest.mark.slow
async def test_one_thread_that_fails_hides_no_other_and_is_tried_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_checkpointer() as saver:
        threads = [(await written(saver, home, name, [1])).thread for name in ("first", "second", "third")]
    known: list[str] = []
    failing = {threads[1]}

    async def registered(client: object, thread: str, owner: str) -> dict[str, Any]:
        if thread in failing:
            raise RuntimeError("the server did not take it")
        known.append(thread)
        return {"values": {}, "state_updated_at": "9999-01-01T00:00:00+00:00"}

    monkeypatch.setattr(registering, "_in_server", lambda: True)
    monkeypatch.setattr(registering, "get_client", contextlib.nullcontext)
    monkeypatch.setattr(registering, "_registered", registered)
    await register_all()
    await register_all()
    assert known == [threads[0], threads[2]]
    assert caplog.text.count(f"thread {threads[1]} cannot be made known") == 1
    failing.clear()
    await register_all()
    await register_all()
    assert known == [threads[0], threads[2], threads[1]]


@pytest.mark.slow
async def test_where_it_is_cut_short_the_older_threads_are_made_known_the_next_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_checkpointer() as saver:
        threads = [(await written(saver, home, name, [1])).thread for name in ("first", "second", "third")]
    known: list[str] = []

    async def registered(client: object, thread: str, owner: str) -> dict[str, Any]:
        if len(known) == 1 and cut:
            raise asyncio.CancelledError(cut.pop())
        known.append(thread)
        return {"values": {}, "state_updated_at": "9999-01-01T00:00:00+00:00"}

    cut = ["the server stops"]
    monkeypatch.setattr(registering, "_in_server", lambda: True)
    monkeypatch.setattr(registering, "get_client", contextlib.nullcontext)
    monkeypatch.setattr(registering, "_registered", registered)
    with pytest.raises(asyncio.CancelledError):
        await register_all()
    await register_all()
    assert sorted(known) == sorted(threads)


async def test_a_request_is_passed_on() -> None:
    passed: list[Any] = []

    async def app(*request: Any) -> None:
        passed.append(request)

    request: Any = ({"type": "http", "path": "/threads/search"}, None, None)
    await Registering(app)(*request)
    assert passed == [request]


@pytest.mark.slow
async def test_runs_are_listed_as_they_stand_and_belong_to_the_first_key(home: Path) -> None:
    with openai_images() as images:
        settings: Any = {"painter": "openai:m", "painter_base_url": images.url, "max_images": 1}
        early = await arefine("a red circle", settings=settings)
        keys = ",".join(f"{name}:{secret}" for name, secret in KEYS.items())
        with live_server(home, {"OVERPAINT_API_KEYS": keys}) as url:
            alice, bob = (
                get_client(url=url, api_key=None, headers={"Authorization": f"Bearer {secret}"})
                for secret in KEYS.values()
            )
            async with alice, bob:
                assert [each["thread_id"] for each in await alice.threads.search()] == [early.thread]
                late = await arefine("a blue star", settings={**settings, "review_checklist": True})
                listed = {each["thread_id"]: each for each in await alice.threads.search()}
                assert {thread: each["status"] for thread, each in listed.items()} == {
                    early.thread: "idle",
                    late.thread: "interrupted",
                }
                (asked,) = listed[late.thread]["interrupts"].values()
                assert asked[0]["value"]["action_requests"][0]["name"] == "use_checklist"
                await aresume(late.run, answer="approve")
                assert {each["status"] for each in await alice.threads.search()} == {"idle"}
                assert await bob.threads.search() == []
                with pytest.raises(Exception, match="no such thread"):
                    await bob.threads.get_state(late.thread)
