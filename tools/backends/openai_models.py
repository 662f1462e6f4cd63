"""What openai-python 3.52 says of OpenAI's image models: which live, which were shut down, what sizes they paint."""

from __future__ import annotations

import math
import re

RETIRED = frozenset({"gpt-image-1", "dall-e-2", "dall-e-3"})
LIVE = (
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-flare",
    "gpt-image-2.6-sunburst",
    "gpt-image-2.6-flare",
    "gpt-image-2",
    "gpt-image-1.5",
    "gpt-image-1-mini",
    "chatgpt-image-latest",
    "gpt-image-2-2026-04-21",
    "gpt-image-2.5-sunburst-2026-09-08",
    "gpt-image-2.5-flare-2026-09-08",
)
"""Both from types/image_model.py."""

LONGEST_PROMPT = 32_000
"""Characters (types/image_generate_params.py, as all that follows)."""

STANDARD = ((1024, 1024), (1536, 1024), (1024, 1536))
"""The sizes of the models before gpt-image-2. Later ones paint any that `wrong_size` lets through."""

STEP, LONGEST_SIDE, MOST_PIXELS, LONGEST_SHAPE = 16, 3840, 3840 * 2160, 3

Size = tuple[int, int]

_OPENAIS = re.compile(r"(?:chat)?gpt-image-")
_STANDARD_ONLY = re.compile(r"gpt-image-1(?![0-9])|chatgpt-image-")


def is_openais(model: str) -> bool:
    """Tell whether a name is of a GPT image model, which is the same behind a gateway as at OpenAI."""
    return _OPENAIS.match(model) is not None


def sides(model: str) -> range | None:
    """The widths and heights a model paints; None for models that are not OpenAI's."""
    if not is_openais(model):
        return None
    return range(1024, 1537, 512) if _STANDARD_ONLY.match(model) else range(STEP, LONGEST_SIDE + 1, STEP)


def wrong_size(model: str, size: Size) -> str:
    """What a model would have to be asked instead of a size (width, height); empty when it paints that size."""
    if not is_openais(model):
        return ""
    if _STANDARD_ONLY.match(model):
        return "" if size in STANDARD else f"one of {', '.join(f'{width}x{height}' for width, height in STANDARD)}"
    short, long = sorted(size)
    if any(side % STEP for side in size):
        return f"sides that {STEP} divides"
    if long > LONGEST_SHAPE * short:
        return f"a shape between 1:{LONGEST_SHAPE} and {LONGEST_SHAPE}:1"
    return "" if long <= LONGEST_SIDE and short * long <= MOST_PIXELS else "at most 3840x2160"


def nearest_size(model: str, size: Size) -> Size | None:
    """The size (width, height) to ask a model for when `size` is wanted; None leaves it to the model."""
    if not wrong_size(model, size):
        return size
    if _STANDARD_ONLY.match(model):
        return min(STANDARD, key=lambda each: abs(math.log(each[0] / each[1]) - math.log(size[0] / size[1])))
    width, height = (max(STEP, round(side / STEP) * STEP) for side in size)
    return None if wrong_size(model, (width, height)) else (width, height)
