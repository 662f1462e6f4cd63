"""What fal's apps take: each has a schema of its own (fal.ai/models/<app>/llms.txt), and refuses what is not in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from overpaint.tools.backends.ratios import WIDEST, Ratios

FIELDS = {"steps": "num_inference_steps", "guidance": "guidance_scale", "negative_prompt": "negative_prompt"}
"""What overpaint's settings are called in their schemas."""


@dataclass(frozen=True)
class App:
    """What one family of apps takes.

    Args:
        named: matches the names of its apps, without an ending below.
        takes: the settings of a picture it honours.
        ratios: what it can paint, where it takes a ratio in place of a size.
        words: the ending of the endpoint that paints from words alone; None where there is none.
        picture: the ending of the endpoint that paints from a picture; None where there is none.
        source: the field for that picture; it holds a list where its name ends with s.
        edit: whether that endpoint follows an instruction.
        seeds: whether the same seed gives the same picture.
    """

    named: str
    takes: frozenset[str]
    ratios: Ratios | None = None
    words: str | None = ""
    picture: str | None = None
    source: str = "image_url"
    edit: Literal["instruct"] | None = None
    seeds: bool = True


SIZE = frozenset({"size"})
STEERED = frozenset({"size", "steps", "guidance"})
GOOGLES: Ratios = ((21, 9), (16, 9), (3, 2), (4, 3), (5, 4), (1, 1), (4, 5), (3, 4), (2, 3), (9, 16))

APPS = (
    App(r"fal-ai/flux-pro/v1\.1-ultra", SIZE, WIDEST),
    App(
        r"fal-ai/flux-pro/kontext(/max)?",
        frozenset({"size", "guidance"}),
        WIDEST,
        words="/text-to-image",
        picture="",
        edit="instruct",
    ),
    App(r"fal-ai/flux/dev", STEERED | {"strength"}, picture="/image-to-image"),
    App(r"fal-ai/flux/schnell", STEERED),
    App(r"fal-ai/nano-banana(-pro|-2)?", SIZE, GOOGLES, "", "/edit", "image_urls", "instruct", seeds=False),
    App(r"fal-ai/(stable-diffusion-v(35-large|35-medium|3-medium)|fast-sdxl)", STEERED | {"negative_prompt"}),
)
_ENDINGS = re.compile(r"/(?:text-to-image|image-to-image|edit)$")


def known(app: str) -> tuple[str, App]:
    """An app's name without the ending of one of its endpoints, and what it takes.

    An app that is not in the table takes a size, as most do; `extra_body` brings whatever else its schema has.
    """
    for name in (app, _ENDINGS.sub("", app)):
        for each in APPS:
            if re.fullmatch(each.named, name):
                return name, each
    return app, App(app, SIZE)
