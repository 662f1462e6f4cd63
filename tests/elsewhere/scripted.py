"""A run as three servers play it: the first picture lacks one thing of two, and an edit of it has both.

OPENAI_API_KEY      paints and writes at the first server
NVIDIA_API_KEY      criticises at the second
JUDGE_KEY           judges at the third
"""

from __future__ import annotations

import json
import random
from typing import Any

from PIL import Image

from tests.elsewhere.aimock import Aimock
from tests.image_servers import encoded

BRIEF = "a red circle and a blue square"
PROMPT = "a red circle on the left of a blue square, on a plain ground"
SIDE = 1104
"""Pixels: noise of this size is over every limit of what a vision model is shown."""

KEYS = {
    "OPENAI_API_KEY": "sk-paints-and-writes-0123456789",
    "NVIDIA_API_KEY": "nvapi-criticises-0123456789",
    "JUDGE_KEY": "judges-with-no-prefix-0123456789",
}
KEYS_OF = {
    "painter": "OPENAI_API_KEY",
    "writer": "OPENAI_API_KEY",
    "critic": "NVIDIA_API_KEY",
    "judge": "JUDGE_KEY",
}
MODELS = {"painter": "openai:gpt-image-2", "writer": "openai:w-1", "critic": "nvidia:acme/c-1", "judge": "openai:j-1"}
TEMPERATURES = {"writer": 0.75, "critic": 0.5, "judge": 0.0}
SEEDS = {"writer": 101, "critic": 102, "judge": 103}

PAINTED, CALLS = 2, 7
"""Two pictures; two calls of the writer, one of the critic, and two looks of the judge at each picture."""

_ITEMS = (("a red circle", "Is there a red circle?"), ("a blue square", "Is there a blue square?"))
_LOOKS = {
    "You inspect a picture": (("yes", "no"), ("yes", "yes")),
    "You are the second inspector": (("no",), ("yes", "yes")),
}
"""What the judge says at each look, in order: it looks again at what alone failed, and at all before a pass."""


def settings(first: str, second: str, third: str) -> dict[str, Any]:
    """The settings that ask these servers, by their base URLs."""
    where = {"painter": first, "writer": first, "critic": second, "judge": third}
    return {
        **MODELS,
        **{f"{role}_base_url": url for role, url in where.items()},
        **{f"{role}_temperature": value for role, value in TEMPERATURES.items()},
        **{f"{role}_seed": value for role, value in SEEDS.items()},
        **{f"{role}_api_key_env": variable for role, variable in KEYS_OF.items()},
        "seed": 1,
    }


def noise(seed: int, side: int = 256) -> bytes:
    """A PNG that does not compress, of `side` x `side` pixels."""
    return encoded(Image.frombytes("RGB", (side, side), random.Random(seed).randbytes(side * side * 3)))


def script(aimocks: list[Aimock], *pictures: bytes) -> None:
    """Tell the servers what to say; `pictures` are painted in this order."""
    first, second, third = aimocks
    first.paint(*pictures, model="gpt-image-2")
    _say(first, "w-1", "You write prompts", {"reasoning": "Two things.", "prompt": PROMPT}, (310, 41))
    drafts = [{"text": t, "question": q, "kind": "object", "expected": "yes", "weight": 1} for t, q in _ITEMS]
    _say(first, "w-1", "You turn a brief", {"requirements": drafts}, (290, 83))
    proposal = {"prompt": "a blue square", "boxes": [[0.5, 0.25, 1.0, 0.75]]}
    critique = {"diagnosis": "No square.", "feedback": "Paint the square.", "proposals": [proposal]}
    _say(second, "acme/c-1", "You direct a painter", critique, (1207, 59))
    for system, looks in _LOOKS.items():
        for place, said in enumerate(looks):
            _say(third, "j-1", system, _inspection(said), (1100 + place, 70), sequenceIndex=place)


def _inspection(said: tuple[str, ...]) -> dict[str, Any]:
    seen = {"evidence": "as seen", "box": [0.5, 0.25, 1.0, 0.75]}
    answers = [{"number": i, "answer": answer, **seen} for i, answer in enumerate(said, 1)]
    return {"observations": "Things.", "answers": answers, "flaws": [], "quality": 0.5}


def _say(mock: Aimock, model: str, system: str, answer: dict[str, Any], tokens: tuple[int, int], **match: Any) -> None:
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    mock.answer({"content": json.dumps(answer), "usage": usage}, model=model, systemMessage=system, **match)
