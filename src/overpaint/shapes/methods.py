"""The tasks of the published methods: strict matches, scores, captions and what is made of them, several prompts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from overpaint.shapes import critic
from overpaint.shapes.captions import fit, terse, tokens
from overpaint.shapes.comparing import UNREAD, mending, nearness, right, says, share
from overpaint.shapes.layout import place
from overpaint.shapes.looking import look, observed, quality
from overpaint.shapes.parser import parse
from overpaint.shapes.varying import variations
from overpaint.shapes.wire import MOST_PROPOSALS, Request

Reply = dict[str, Any]

MOST_ATTEMPTS = 8
BORDER = 0.5
"""The highest score of an incorrect picture."""


def attempt(request: Request) -> Reply:
    """One of several attempts at a prompt: each number has a layout or an order of its own."""
    spec, limit = parse(request.section("brief")), request.number("token_limit")
    number = min(max(request.number("number") or 1, 1), MOST_ATTEMPTS)
    written = critic.prompts(spec, "attempt", [], number, limit)[-1]["prompt"]
    return {"reasoning": f"Attempt {number} at {terse(spec)}, laid out its own way.", "prompt": written}


def mend(request: Request) -> Reply:
    """A prompt as it was: this world has nothing to lengthen it by, and no words that could be spared."""
    reasoning = "Nothing can be added that the brief does not ask for, and nothing left out that it does."
    return {"reasoning": reasoning, "prompt": request.section("prompt")}


def _match(request: Request) -> Reply:
    """A verdict and another prompt than the current one; it is told of no earlier ones, nor how much is read."""
    spec, seen = parse(request.section("brief")), look(request)
    current = request.section("prompt")
    revised = critic.prompts(spec, "revise", [current], 1, None)[0]["prompt"]
    return {
        "feedback": ": ".join(critic.verdict(spec, seen)),
        "matches": right(mending(spec, seen)),
        "revised_prompt": revised,
    }


def _score(request: Request) -> Reply:
    spec, seen = parse(request.section("brief")), look(request)
    found = mending(spec, seen)
    correct = right(found)
    return {
        "thoughts": f"The picture shows {observed(seen)}. Of the brief: {critic.verdict(spec, seen)[0]}.",
        "score": 1.0 if correct else round(BORDER * share(found), 3),
        "verdict": "correct" if correct else "incorrect",
        "quality": quality(seen),
    }


def _caption(request: Request) -> Reply:
    return {"caption": observed(look(request))}


def _similar(request: Request) -> Reply:
    similar, why = says(parse(request.section("brief")), request.section("caption"))
    return {"reasoning": why, "similar": similar}


def _rewrite(request: Request) -> Reply:
    spec, history = parse(request.section("brief")), request.lines("history")
    attempts = [said for line in history if (said := _after("prompt", line)) is not None]
    captions = [said for line in history if (said := _after("caption", line)) is not None]
    revision = critic.prompts(spec, "revise", attempts, 1, request.number("token_limit"))[0]["prompt"]
    why = says(spec, captions[-1])[1] if captions else "nothing was painted yet"
    return {"reasoning": f"{why}; so things are laid out and named in another order.", "revision": revision}


def _choose(request: Request) -> Reply:
    spec, captions = parse(request.section("brief")), request.numbered("captions")
    number, caption = max(captions, key=lambda told: nearness(spec, told[1]), default=(1, ""))
    return {"reasoning": f"Caption {number} is nearest to {terse(spec)}: {says(spec, caption)[1]}.", "index": number}


def _compare(request: Request) -> Reply:
    """The attempt that asks for most of the brief, of those that the painter reads whole; without one, another."""
    spec, limit = parse(request.section("brief")), request.number("token_limit")
    written = request.numbered("attempts")
    read = [(nearness(spec, text), -number, text) for number, text in written if limit is None or tokens(text) <= limit]
    near, number, text = max(read, default=(UNREAD, 0, ""))
    if near == UNREAD:
        why = "No attempt is in words that the painter knows and reads whole, so the brief is laid out once more."
        return {"rationale": why, "description": fit(place(spec, "upsample"), limit)}
    return {"rationale": f"Attempt {-number}: {says(spec, text)[1]}.", "description": text}


def _vary(request: Request) -> Reply:
    number = min(max(request.number("count") or 1, 1), MOST_PROPOSALS)
    spec, kept = parse(request.section("brief")), request.lines("kept")
    return {"variants": variations(spec, number, kept, request.number("token_limit"))}


def _suggest(request: Request) -> Reply:
    spec, seen = parse(request.section("brief")), look(request)
    diagnosis = critic.verdict(spec, seen)[0] + (critic.DEAF if request.section("remark") else "")
    suggestion = critic.prompts(spec, "revise", [request.section("prompt")], 1, None)[0]["prompt"]
    return {"diagnosis": diagnosis, "suggestion": suggestion, "idea": None}


def _after(word: str, line: str) -> str | None:
    """What follows "prompt 3:" and the like in a line; None for another line."""
    numbered = re.fullmatch(rf"{word} \d{{1,4}}:\s*(.*)", line)
    return numbered[1] if numbered else None


TASKS: dict[frozenset[str], Callable[[Request], Reply]] = {
    frozenset(("matches", "revised_prompt")): _match,
    frozenset(("score", "verdict")): _score,
    frozenset(("caption",)): _caption,
    frozenset(("similar",)): _similar,
    frozenset(("revision",)): _rewrite,
    frozenset(("index",)): _choose,
    frozenset(("rationale", "description")): _compare,
    frozenset(("variants",)): _vary,
    frozenset(("suggestion",)): _suggest,
}
"""The tasks by fields of the answer."""
