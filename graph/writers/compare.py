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
    """
    brief, limit = state["asked"]["text"], state["painter"]["token_limit"]
    attempts = await _attempts(brief, limit, toolbox)
    asked = load("upsample.compare")
    values = {"brief": brief, "attempts": attempts, "token_limit": limit, "words": _words(toolbox)}
    reply = await toolbox.consult("writer", asked, Compared, values=values) if attempts else None
    written = [reply.value.description.strip()] if reply and reply.value else []
    text, mended = await _ruled([*written, *attempts] or [brief], brief, toolbox)
    text, shortened = await fitted(text, brief, "writer", limit, toolbox)
    first = load("upsample.attempt")
    return {
        "prompt": text,
        "prompts": {first.name: first.label, asked.name: asked.label, **mended, **shortened},
    }


async def _attempts(brief: str, limit: int | None, toolbox: Toolbox) -> list[str]:
    """What was written, by attempts side by side; one after the other where caps are counted down."""
    total, prompt = toolbox.settings.attempts, load("upsample.attempt")
    turns = asyncio.Semaphore(total if toolbox.room in (None, Room()) else 1)

    async def attempt(number: int) -> str:
        values = {"brief": brief, "number": number, "count": total, "token_limit": limit, "words": _words(toolbox)}
        async with turns:
            reply = await toolbox.consult("writer", prompt, Upsampled, values=values)
        return reply.value.prompt.strip() if reply.value else ""

    written = await asyncio.gather(*(attempt(number) for number in range(1, total + 1)))
    return [text for text in written if text]


async def _ruled(written: list[str], brief: str, toolbox: Toolbox) -> tuple[str, dict[str, str]]:
    """The first text, mended if it breaks the rule; else the first that keeps it; else the first as it is."""
    rule, first = toolbox.settings.word_range, written[0]
    if rule is None or keeps(first, rule):
        return first, {}
    asked = load("upsample.mend")
    values = {"brief": brief, "prompt": first, "words": _words(toolbox), "count": len(first.split())}
    reply = await toolbox.consult("writer", asked, Upsampled, values=values)
    mended = [reply.value.prompt.strip()] if reply.value else []
    return next((text for text in [*mended, *written] if keeps(text, rule)), first), {asked.name: asked.label}


def keeps(text: str, rule: WordRange) -> bool:
    """Whether a text has as many words as the rule allows; one paragraph, so one description."""
    return rule[0] <= len(text.split()) <= rule[1] and "\n" not in text.strip()


def _words(toolbox: Toolbox) -> str:
    return toolbox.settings.upsample_words or ""
