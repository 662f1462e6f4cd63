"""Paints the page of samples in the model card: for each kind of brief, as it is and as the writer puts it.

python bench/samples.py docs/pictures/painter.png
"""

from __future__ import annotations

import argparse
import asyncio
import io
from pathlib import Path

from difficulty import caption
from PIL import Image, ImageDraw

from overpaint.evaluation.scenes.briefs import MULTI, Brief, load_briefs
from overpaint.shapes.painter import open_painter
from overpaint.tools.painters import PaintRequest

CELL, GAP, LABEL, ACROSS = 96, 4, 104, 6
PAPER, INK = "#cfc9ba", "#1e1b17"


def chosen(briefs: tuple[Brief, ...]) -> dict[str, list[Brief]]:
    """The first few briefs of each kind; those of many things by their number."""
    kinds: dict[str, list[Brief]] = {}
    for brief in briefs:
        kinds.setdefault(brief.category if brief.category != MULTI else f"{brief.objects} objects", []).append(brief)
    return {kind: some[:ACROSS] for kind, some in kinds.items()}


async def page() -> Image.Image:
    """Two rows for each kind: painted from the brief, painted from the writer's prompt. Seed 1 throughout."""
    painter, kinds = open_painter(), chosen(load_briefs("tuning"))
    rows = [(f"{kind}\n{how}", some, how) for kind, some in kinds.items() for how in ("the brief", "the prompt")]
    sheet = Image.new("RGB", (LABEL + ACROSS * (CELL + GAP), len(rows) * (CELL + GAP) + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    for row, (label, some, how) in enumerate(rows):
        top = GAP + row * (CELL + GAP)
        pen.text((GAP, top + CELL / 2 - 14), label, fill=INK, font_size=13)
        for column, brief in enumerate(some):
            prompt = brief.text if how == "the brief" else caption(brief.text, 56)
            result = await painter.paint(PaintRequest(prompt, seed=1))
            picture = Image.open(io.BytesIO(result.data or b"")).resize((CELL, CELL), Image.Resampling.NEAREST)
            sheet.paste(picture, (LABEL + column * (CELL + GAP), top))
    return sheet


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    asyncio.run(page()).quantize(128).save(parser.parse_args().file, optimize=True)


if __name__ == "__main__":
    main()
