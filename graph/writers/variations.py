"""upsample_method=variations: so many different prompts for one description, each to be painted once; no padding."""

from __future__ import annotations

import re
from itertools import count, pairwise

from overpaint.graph.fitting import fitted, longest_prompt
from overpaint.graph.method_schemas import Varied
from overpaint.graph.state import State
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load
from overpaint.tools.faults import ProviderFault

ALIKE = 0.8
"""Two prompts that share more of their words than this (Jaccard) count as one."""

SHORTEST = 3
"""Words. Less is no prompt."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
"""A word; in Chinese and Japanese, which part none, a character."""

ROUNDS = 3
"""How often the writer is asked: once, and again for what is missing."""

_NUMBER = re.compile(r"(?:^|\s)(?:prompt\s+)?(\d{1,2})[.):]\s+", re.IGNORECASE)


async def by_varying(state: State, toolbox: Toolbox) -> State:
    """Ask for the prompts, and again for as many as are missing.

    Raises:
        ProviderFault: fewer different prompts than asked for.
    """
    asked, brief, limit = load("upsample.variations"), state["asked"]["text"], state["painter"]["token_limit"]
    wanted, kept, labels, fault = toolbox.settings.variations, list[str](), {asked.name: asked.label}, ""
    for _ in range(ROUNDS):
        values = {"description": brief, "count": wanted - len(kept), "kept": kept, "token_limit": limit}
        reply = await toolbox.consult("writer", asked, Varied, values=values)
        fault = reply.fault or ""
        labels |= await _keep(unnumbered(reply.value.variants) if reply.value else [], kept, state, toolbox)
        if len(kept) == wanted:
            return {"prompt": kept[0], "variants": kept, "prompts": labels}
    why = f" ({fault})" if fault else ""
    raise ProviderFault(f"the writer gave {len(kept)} different prompts of the {wanted} that variations asks for{why}")


async def _keep(written: list[str], kept: list[str], state: State, toolbox: Toolbox) -> dict[str, str]:
    """Add to `kept` what is new and can be painted, as long as some are missing; the labels of prompt files it took.

    A prompt is compared again once it is made to fit: two that are cut short may become one.
    """
    brief, limit, labels = state["asked"]["text"], state["painter"]["token_limit"], dict[str, str]()
    longest = longest_prompt(await toolbox.painter())
    for prompt in written:
        if len(kept) < toolbox.settings.variations and len(prompt) <= longest and is_new(prompt, kept):
            text, names = await fitted(prompt, brief, "writer", limit, toolbox)
            labels |= names
            kept += [text] if is_new(text, kept) else []
    return labels


def unnumbered(written: list[str]) -> list[str]:
    """Each prompt on one line: a numbered list inside one of them is taken apart, a lone number left out."""
    return [" ".join(part.split()) for text in written for part in _parts(text.strip())]


def is_new(prompt: str, kept: list[str]) -> bool:
    """Whether a text is long enough to be a prompt, and not too much like those that are kept."""
    return len(_WORD.findall(prompt)) >= SHORTEST and all(alike(prompt, other) <= ALIKE for other in kept)


def alike(one: str, other: str) -> float:
    """The share of words, and of pairs of neighbours, that two texts have in common (Jaccard), 0 to 1."""
    a, b = _grams(one), _grams(other)
    return len(a & b) / len(a | b) if a | b else 1.0


def _parts(text: str) -> list[str]:
    """The entries of a text that begins with a number and counts on; else the text."""
    marks = list(_NUMBER.finditer(text))
    if not marks or marks[0].start() > 0:
        return [text]
    cuts, expected = [], count(int(marks[0][1]))
    number = next(expected)
    for mark in marks:
        if int(mark[1]) == number:
            cuts.append(mark)
            number = next(expected)
    ends = [cut.start() for cut in cuts[1:]] + [len(text)]
    return [text[cut.end() : end] for cut, end in zip(cuts, ends, strict=True)]


def _grams(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return {*((word,) for word in words), *pairwise(words)}
