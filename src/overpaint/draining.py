"""Ending a run by a signal: the first lets the step at work be finished, the next one stops it at once."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph.runtime import RunControl

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
HANGUP = getattr(signal, "SIGHUP", None)
FIRST = "overpaint: finishing the step at work; once more to stop now"
SAME_SECONDS = 0.3
"""A signal this soon after the first is the same wish: `timeout` sends its own to the process and to its group."""


@contextmanager
def draining(control: RunControl, tell: Callable[[str], None]) -> Iterator[None]:
    """For the length of a block in a task, let Ctrl-C, SIGTERM and SIGHUP drain the run, and twice cancel the task.

    A hangup never cancels: kernel and shell both send one when a terminal closes, and nobody is left to mean more by
    it. A signal that was ignored (`nohup`) stays ignored. The handlers from before are back afterwards; in a thread
    other than the main one, where Python lets nobody handle signals, nothing is changed.

    Args:
        control: the run's.
        tell: says one line to the person.
    """
    task, asked = asyncio.current_task(), 0.0

    def on_signal(number: int) -> None:
        nonlocal asked
        if not control.drain_requested:
            asked = time.monotonic()
            control.request_drain(signal.Signals(number).name)
            tell(FIRST)
        elif number != HANGUP and time.monotonic() - asked > SAME_SECONDS and task is not None:
            _give_back(before)  # should the task not end either, the next signal has the effect it always had
            task.cancel()

    before = _take(on_signal)
    try:
        yield
    finally:
        _give_back(before)


def _take(handle: Callable[[int], None]) -> dict[int, Any]:
    """Have the signals handled by the running loop; the handlers from before."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in found.items() if handler not in (signal.SIG_IGN, None)}
    loop = asyncio.get_running_loop()
    for number in before:
        try:
            loop.add_signal_handler(number, handle, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(handle, number))
    return before


def _give_back(before: dict[int, Any]) -> None:
    loop = asyncio.get_running_loop()
    while before:
        number, handler = before.popitem()
        with suppress(NotImplementedError):
            loop.remove_signal_handler(number)
        signal.signal(number, handler)
