"""Runs that the server makes itself: no more of a key's at once than it may have."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from overpaint.server.keys import Caller, TooMany
from overpaint.server.running import refine_for

pytestmark = pytest.mark.slow

BOB = Caller("bob", "bob")


async def _run(caller: Caller) -> str:
    settings = {"max_images": 1, "seed": 1, "upsample": False}
    async with aclosing(refine_for(caller, "a red circle", settings=settings)) as events:
        kinds: list[str] = [event["kind"] async for event in events]
    return kinds[-1]


async def test_runs_asked_for_at_once_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:one,bob:two")
    monkeypatch.setenv("OVERPAINT_RUNS_PER_KEY", "2")
    told = await asyncio.gather(*(_run(BOB) for _ in range(5)), return_exceptions=True)
    assert sorted(one for one in told if isinstance(one, str)) == ["done", "done"]
    assert sum(isinstance(one, TooMany) for one in told) == 3
    assert await _run(BOB) == "done"
