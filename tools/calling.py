"""One call of a chat model: within the room that is left, in its provider's turn, counted whatever comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable

from overpaint.tools.budget import NoRoom, Room, Worst, worst_case
from overpaint.tools.chat_clients import longest_answer
from overpaint.tools.faults import ProviderFault
from overpaint.tools.metering import Meter
from overpaint.tools.pacing import hold, turn
from overpaint.tools.references import source_of


async def call(
    way: Runnable[Any, Any],
    messages: Sequence[BaseMessage],
    meter: Meter,
    *,
    name: str,
    worst: Worst,
    room: Room | None = None,
    one_token: bool = False,
) -> Any:
    """Make a call, unless it might go past a cap.

    Args:
        way: the model, bound to whatever it is; `meter` is one of its callbacks.
        messages: what is sent.
        meter: hears the call.
        name: what the traced run and the note in the log are called.
        worst: what the call may cost at most.
        room: what may be spent on the whole task; what it has spent so far is taken off.
        one_token: the answer is wanted to end after a token.

    Returns:
        What `way` makes of the answer.

    Raises:
        NoRoom: the call was not made, or took longer than the seconds that were left; the latter is counted.
        ProviderFault: no answer came. Other errors are those of `way`.
    """
    left = None if room is None else await _seconds_left(room, meter, worst)
    provider = meter.source.provider if meter.source else None
    async with turn(provider):
        meter.begin(name, worst, one_token=one_token)
        try:
            async with asyncio.timeout(left) as clock:
                return await way.ainvoke(list(messages), {"run_name": name})
        except TimeoutError:
            if not clock.expired():
                raise
            await meter.give_up(f"no answer came within the {left:.1f} seconds that were left")
            raise NoRoom("max_seconds") from None
        except ProviderFault as fault:
            if fault.retry_after:
                hold(provider, fault.retry_after)
            raise


def worst_call(
    model: BaseChatModel, messages: Sequence[BaseMessage], schema: str = "", *, answer: int | None = None
) -> Worst:
    """What a call of a model may cost at most.

    Args:
        model: the model.
        messages: what is sent, pictures by reference.
        schema: the JSON schema of the answer, sent along.
        answer: tokens of the answer at most, where that is not the model's own limit.
    """
    source = source_of(model)
    price, free = (source.price, source.free) if source else (None, False)
    return worst_case(messages, schema, answer or longest_answer(model), price, free=free)


async def _seconds_left(room: Room, meter: Meter, worst: Worst) -> float | None:
    """How long the next call may take; None for as long as it likes.

    Raises:
        NoRoom: it might go past a cap.
    """
    spent = await meter.spent()
    cap = room.refused(
        calls=spent.calls + 1,
        tokens=spent.tokens + worst.tokens,
        seconds=spent.seconds,
        usd=None if spent.usd is None or worst.usd is None else spent.usd + worst.usd,
    )
    if cap is not None:
        raise NoRoom(cap)
    return None if room.seconds is None else room.seconds - spent.seconds
