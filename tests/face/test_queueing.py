"""Work of one name is done in the order it came in, across event loops; other names do not wait."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from overpaint.queueing import in_turn


async def test_one_after_the_other_in_the_order_they_came_in() -> None:
    seen: list[str] = []

    async def work(name: str) -> None:
        async with in_turn("task"):
            seen.append(f"{name} in")
            await asyncio.sleep(0)
            seen.append(f"{name} out")

    await asyncio.gather(*(work(name) for name in "abc"))
    assert seen == ["a in", "a out", "b in", "b out", "c in", "c out"]


async def test_another_name_does_not_wait_and_who_gives_up_leaves_the_queue() -> None:
    async def wait() -> None:
        async with in_turn("task"):
            pass

    async with in_turn("task"), in_turn("other"):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    await asyncio.wait_for(wait(), 1)


async def test_a_loop_in_another_thread_waits_too() -> None:
    entered = threading.Event()

    async def work() -> None:
        async with in_turn("task"):
            entered.set()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    async with in_turn("task"):
        thread.start()
        assert not await asyncio.to_thread(entered.wait, 0.15)
    await asyncio.to_thread(thread.join, 5)
    assert entered.is_set()
