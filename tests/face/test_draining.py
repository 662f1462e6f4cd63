"""Signals while a run is driven: drained, then cancelled, then as before; on real signals sent to this process."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest
from langgraph.runtime import RunControl

from overpaint import draining as module
from overpaint.draining import FIRST, SIGNALS, draining

Told = list[str]


async def hit(number: int) -> None:
    """Send a signal to this process and let the loop see it."""
    os.kill(os.getpid(), number)
    await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAME_SECONDS", 0.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_drains_and_says_how_to_stop_at_once(number: int) -> None:
    control, told = RunControl(), Told()

    async def run() -> None:
        with draining(control, told.append):
            await hit(number)

    asyncio.run(run())
    assert control.drain_reason == signal.Signals(number).name
    assert told == [FIRST]


@pytest.mark.parametrize("pair", [(signal.SIGINT, signal.SIGINT), (signal.SIGHUP, signal.SIGTERM)])
def test_the_second_one_cancels_the_task_at_once(pair: tuple[int, int]) -> None:
    told = Told()

    async def run() -> None:
        with draining(RunControl(), told.append):
            await hit(pair[0])
            await hit(pair[1])
            await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert told == [FIRST]


def test_a_signal_sent_twice_at_once_is_one_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAME_SECONDS", 30.0)

    async def run() -> None:
        with draining(RunControl(), Told().append):
            await hit(signal.SIGTERM)
            await hit(signal.SIGTERM)

    asyncio.run(run())


def test_a_terminal_that_closes_drains_however_often_it_says_so() -> None:
    async def run() -> None:
        with draining(RunControl(), Told().append):
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGHUP):
                await hit(number)

    asyncio.run(run())


def test_the_handlers_from_before_are_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    heard: list[int] = []

    async def run() -> None:
        with draining(RunControl(), Told().append):
            await hit(signal.SIGTERM)
        await hit(signal.SIGTERM)

    old = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        asyncio.run(run())
    finally:
        signal.signal(signal.SIGTERM, old)
    assert heard == [signal.SIGTERM]
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_what_was_ignored_stays_ignored() -> None:
    control = RunControl()

    async def run() -> None:
        with draining(control, Told().append):
            await hit(signal.SIGHUP)

    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        asyncio.run(run())
    finally:
        signal.signal(signal.SIGHUP, old)
    assert not control.drain_requested


def test_a_loop_that_handles_no_signals_is_reached_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    control = RunControl()

    def cannot(*_: object) -> None:
        raise NotImplementedError

    async def run() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "add_signal_handler", cannot)  # as on Windows
        monkeypatch.setattr(loop, "remove_signal_handler", cannot)
        with draining(control, Told().append):
            await hit(signal.SIGTERM)

    asyncio.run(run())
    assert control.drain_reason == "SIGTERM"


def test_another_thread_is_left_alone() -> None:
    done: list[bool] = []
    before = signal.getsignal(signal.SIGTERM)

    async def run() -> None:
        with draining(RunControl(), Told().append):
            done.append(signal.getsignal(signal.SIGTERM) == before)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()
    assert done == [True]
