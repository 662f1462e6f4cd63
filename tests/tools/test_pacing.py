"""Turns at a provider: how many at once, how many in a time, across tasks, threads and event loops."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import count

import pytest

from overpaint.tools.faults import BadInput
from overpaint.tools.pacing import Limit, hold, limit_of, read_limits, turn

_numbers = count()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> str:
    """A provider that no other test has turns at."""
    return f"p{next(_numbers)}"


class Crowd:
    """How many are at work, and when each began."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.began: list[float] = []
        self._lock = threading.Lock()

    async def work(self, provider: str | None, seconds: float) -> None:
        async with turn(provider):
            with self._lock:
                self.now += 1
                self.most = max(self.most, self.now)
                self.began.append(time.monotonic())
            await asyncio.sleep(seconds)
            with self._lock:
                self.now -= 1


async def test_no_more_at_once_than_the_limit(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"{provider}=3")
    crowd = Crowd()
    await asyncio.gather(*(crowd.work(provider, 0.03) for _ in range(9)))
    assert (crowd.most, crowd.now, len(crowd.began)) == (3, 0, 9)


def test_threads_with_loops_of_their_own_share_the_turns(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"{provider}=2")
    crowd = Crowd()

    async def several() -> None:
        await asyncio.gather(*(crowd.work(provider, 0.02) for _ in range(3)))

    threads = [threading.Thread(target=lambda: asyncio.run(several())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (crowd.most, len(crowd.began)) == (2, 9)


@pytest.mark.slow
async def test_no_more_starts_in_a_time_than_the_limit(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"{provider}=8@3/1s")
    crowd = Crowd()
    await asyncio.gather(*(crowd.work(provider, 0.0) for _ in range(4)))
    assert crowd.began[2] - crowd.began[0] < 0.9
    assert crowd.began[3] - crowd.began[0] >= 1.0


async def test_first_come_first_served(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"{provider}=1")
    order: list[int] = []

    async def one(number: int) -> None:
        async with turn(provider):
            order.append(number)
            await asyncio.sleep(0.005)

    await asyncio.gather(*(one(n) for n in range(6)))
    assert order == list(range(6))


async def test_one_who_gives_up_holds_up_nobody(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"{provider}=1")
    crowd = Crowd()
    async with turn(provider):
        waiting = asyncio.create_task(crowd.work(provider, 0.0))
        behind = asyncio.create_task(crowd.work(provider, 0.0))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(behind, 1.0)
    assert len(crowd.began) == 1


async def test_a_turn_ends_with_a_fault_too(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"{provider}=1")
    with pytest.raises(RuntimeError):
        async with turn(provider):
            raise RuntimeError
    async with asyncio.timeout(1.0), turn(provider):
        pass


async def test_a_provider_that_asked_for_time_is_left_alone(provider: str) -> None:
    hold(provider, 0.2)
    hold(provider, 0.0)
    started = time.monotonic()
    async with turn(provider):
        assert time.monotonic() - started >= 0.2


async def test_what_runs_here_waits_for_nobody() -> None:
    crowd = Crowd()
    hold(None, 60.0)
    await asyncio.wait_for(asyncio.gather(*(crowd.work(None, 0.01) for _ in range(40))), 1.0)
    assert crowd.most == 40


@pytest.mark.parametrize(
    ("provider", "given", "limit"),
    [
        ("openai", "", Limit(8, None)),
        ("nvidia", "", Limit(8, 40, 60.0)),
        ("stability", "", Limit(8, 150, 10.0)),
        ("nvidia@127.0.0.1:8000", "", Limit(8, None)),
        ("openai", "openai=2", Limit(2, None)),
        ("nvidia", "openai=8, nvidia=4@40/min", Limit(4, 40, 60.0)),
        ("stability", "stability=@100/10s", Limit(8, 100, 10.0)),
        ("openai@localhost:1", "openai@localhost:1=1@2/5min", Limit(1, 2, 300.0)),
        ("fal", "openai=2,", Limit(8, None)),
    ],
)
def test_limits_are_published_or_given(provider: str, given: str, limit: Limit) -> None:
    assert limit_of(provider, given) == limit


@pytest.mark.parametrize("given", ["openai", "openai=", "openai=0", "openai=x", "openai=4@40", "=4", "openai=4@40/h"])
def test_a_limit_that_cannot_be_read_is_told(given: str) -> None:
    with pytest.raises(BadInput, match="OVERPAINT_LIMITS"):
        read_limits(given)
