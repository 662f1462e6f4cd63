"""How sure a vision model is that a question about a picture is answered with yes, from the odds of its first token."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from overpaint.tools.budget import Room
from overpaint.tools.call_log import CallLog
from overpaint.tools.calling import call, worst_call
from overpaint.tools.faults import ProviderFault
from overpaint.tools.metering import Meter, hearing
from overpaint.tools.references import picture

CHOICES = 5
"""How many of the likeliest tokens are asked for; OpenAI gives up to 20, vLLM up to 20 unless told otherwise."""


async def yes_probability(
    chat: BaseChatModel,
    question: str,
    image: str,
    *,
    instructions: str,
    log: CallLog | None = None,
    room: Room | None = None,
) -> float | None:
    """The probability of yes against no as the first token of an answer (VQAScore, arXiv:2404.01291).

    Args:
        chat: a vision model from `get_chat`.
        question: asks for yes or no, in the words of a prompt file.
        image: the picture, by its sha256.
        instructions: its system message, which wants the one word.
        log: where the call is noted.
        room: what the task that is logged may spend.

    Returns:
        0 to 1; None where the model's client or server gives no odds, or thinks neither word likely.

    Raises:
        NoRoom: the call might have gone past a cap, so it was not made.
        ProviderFault: no answer came.
        BadInput: the picture is not stored, or the call cannot be noted.
    """
    if "top_logprobs" not in type(chat).model_fields:
        return None
    meter = Meter(chat, log)
    way = hearing(chat, meter).bind(logprobs=True, top_logprobs=CHOICES, max_tokens=1)
    asked = [SystemMessage(instructions), HumanMessage([{"type": "text", "text": question}, picture(image)])]
    worst = worst_call(chat, asked, answer=1)
    try:
        answer = await call(way, asked, meter, name="yes_probability", worst=worst, room=room, one_token=True)
    except ProviderFault as fault:
        if meter.status is None or fault.retryable or fault.fatal:
            raise
        return None  # many models that think first take no such request
    return of_yes(_odds(answer))


def of_yes(odds: Iterable[Mapping[str, Any]]) -> float | None:
    """Weigh yes against no in whatever case and spacing; None where neither is there.

    Args:
        odds: of each likely token `token`, its text, and `logprob`, the logarithm of its probability.
    """
    weights = {"yes": 0.0, "no": 0.0}
    for choice in odds:
        word = str(choice["token"]).strip(" \n\t\"'*.,").casefold()
        if word in weights:
            weights[word] += math.exp(choice["logprob"])
    both = sum(weights.values())
    return weights["yes"] / both if both else None


def _odds(answer: AIMessage) -> list[dict[str, Any]]:
    content = (answer.response_metadata.get("logprobs") or {}).get("content") or [{}]
    return content[0].get("top_logprobs") or []
