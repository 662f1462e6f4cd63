"""upsample_method=compare: several attempts side by side, then one call that sees them all and writes the best.

Multi-chain comparison (DSPy, arXiv 2310.03714) over few-shot attempts. The rule of 15 to 80 words is that of the
upsampler in DALL-E 3's report (Betker et al. 2023, appendix C).
"""

from __future__ import annotations

import asyncio

from overpaint.graph.fitting import fitted
from overpaint.graph.method_schemas import Compared
from overpaint.graph.method_settings import WordRange
from overpaint.graph.schemas import Upsampled
from overpaint.graph.state import State
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load
from overpaint.tools.budget import Room


async def by_comparing(state: State, toolbox: Toolbox) -> State:
    """One call for each attempt and one that compares them; a description that breaks the rule is mended once.

    Where nothing that keeps the rule could be had, the best that was written is painted; where nothing was written, the
    brief.

    Raises:
        ProviderFault: the writer could not be reached.
    """
    brief, limit = state["asked"]["text"], state["painter"]["token_limit"]
    attempts, first = await _attempts(brief, limit, toolbox), load("upsample.attempt")
    labels = {first.name: first.label}
    if not attempts:
        _warn(toolbox, "no attempt at a prompt could be had, so the brief is painted as it is")
        return {"prompt": brief, "prompts": labels}
    text, compared = await _compared(attempts, brief, limit, toolbox)
    text, shortened = await fitted(text, brief, "writer", limit, toolbox)
    return {"prompt": text, "prompts": {**labels, **compared, **shortened}}


async def _attempts(brief: str, limit: int | None, toolbox: Toolbox) -> list[str]:
    """What was written, by attempts side by side; one after the other where caps are counted down."""
    total, prompt = toolbox.settings.attempts, load("upsample.attempt")
    turns = asyncio.Semaphore(total if toolbox.room in (None, Room()) else 1)

    async def attempt(number: int) -> str:
        values = {"brief": brief, "number": number, "count": total, "token_limit": limit, "words": _words(toolbox)}
        async with turns:
            reply = await toolbox.consult("writer", prompt, Upsampled, values=values)
        return reply.value.prompt.strip() if reply.value else ""

    # All have ended before a fault goes on: the node is tried again then, and none may still be asking.
    ended = await asyncio.gather(*(attempt(number) for number in range(1, total + 1)), return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome
    return [text for text in ended if isinstance(text, str) and text]


async def _compared(attempts: list[str], brief: str, limit: int | None, toolbox: Toolbox) -> tuple[str, dict[str, str]]:
    """The description made of all attempts; without one, an attempt. With the labels of the prompt files it took."""
    asked, rule = load("upsample.compare"), toolbox.settings.word_range
    values = {"brief": brief, "attempts": attempts, "token_limit": limit, "words": _words(toolbox)}
    reply = await toolbox.consult("writer", asked, Compared, values=values)
    described = reply.value.description.strip() if reply.value else ""
    ranked = [described] if described else []
    ranked += sorted(attempts, key=lambda text: not keeps(text, rule))
    text, mended = await _ruled(ranked, brief, toolbox)
    return text, {asked.name: asked.label, **mended}


async def _ruled(ranked: list[str], brief: str, toolbox: Toolbox) -> tuple[str, dict[str, str]]:
    """The first text, mended if it breaks the rule; else the first that keeps it; else the first as it is."""
    rule, first = toolbox.settings.word_range, ranked[0]
    if keeps(first, rule):
        return first, {}
    asked = load("upsample.mend")
    values = {"brief": brief, "prompt": first, "words": _words(toolbox), "count": len(first.split())}
    reply = await toolbox.consult("writer", asked, Upsampled, values=values)
    mended = [reply.value.prompt.strip()] if reply.value else []
    return next((text for text in [*mended, *ranked] if keeps(text, rule)), first), {asked.name: asked.label}


def keeps(text: str, rule: WordRange | None) -> bool:
    """Whether a text has as many words as the rule allows and is one paragraph, so one description."""
    return rule is None or (rule[0] <= len(text.split()) <= rule[1] and "\n" not in text.strip())


def _words(toolbox: Toolbox) -> str:
    return toolbox.settings.upsample_words or ""


def _warn(toolbox: Toolbox, text: str) -> None:
    if toolbox.runtime is not None:
        toolbox.runtime.stream_writer({"kind": "warning", "text": text})
