"""upsample_method=variations: so many different prompts for one description, each to be painted once; no padding."""

from __future__ import annotations

import re
from itertools import pairwise

from overpaint.graph.fitting import fitted
from overpaint.graph.method_schemas import Varied
from overpaint.graph.state import State
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load
from overpaint.tools.faults import ProviderFault

ALIKE = 0.8
"""Two prompts that share more of their words than this (Jaccard) count as one."""

SHORTEST = 3
"""Words. Less is no prompt."""

ROUNDS = 3
"""How often the writer is asked: once, and again for what is missing."""


async def by_varying(state: State, toolbox: Toolbox) -> State:
    """Ask for the prompts, and again for as many as are missing.

    Raises:
        ProviderFault: fewer different prompts than asked for.
    """
    asked, brief, limit = load("upsample.variations"), state["asked"]["text"], state["painter"]["token_limit"]
    count, kept, fault = toolbox.settings.variations, list[str](), ""
    for _ in range(ROUNDS):
        values = {"description": brief, "count": count - len(kept), "kept": kept, "token_limit": limit}
        reply = await toolbox.consult("writer", asked, Varied, values=values)
        fault = reply.fault or ""
        kept = distinct([*kept, *(reply.value.variants if reply.value else [])])[:count]
        if len(kept) == count:
            break
    else:
        why = f" ({fault})" if fault else ""
        raise ProviderFault(
            f"the writer gave {len(kept)} different prompts of the {count} that variations asks for{why}"
        )
    fit = [await fitted(text, brief, "writer", limit, toolbox) for text in kept]
    labels = {name: label for _, names in fit for name, label in names.items()}
    texts = [text for text, _ in fit]
    return {"prompt": texts[0], "variants": texts, "prompts": {asked.name: asked.label, **labels}}


def distinct(prompts: list[str]) -> list[str]:
    """The prompts without those that are too short, or too much like one before."""
    kept: list[str] = []
    for prompt in (" ".join(prompt.split()) for prompt in prompts):
        if len(prompt.split()) >= SHORTEST and all(alike(prompt, other) <= ALIKE for other in kept):
            kept.append(prompt)
    return kept


def alike(one: str, other: str) -> float:
    """The share of words, and of pairs of neighbours, that two texts have in common (Jaccard), 0 to 1."""
    a, b = _grams(one), _grams(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def _grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {*((word,) for word in words), *pairwise(words)}
