"""Draws runs of the bench as strips: every picture of a run in order, with what was done and what was judged.

python bench/strips.py docs/pictures/strips.png test-242 test-338
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from one_run import run_seed
from PIL import Image, ImageDraw

from overpaint.evaluation.scenes.briefs import Brief, load_briefs
from overpaint.evaluation.scenes.ground_truth import things_in
from overpaint.evaluation.scenes.matching import shows
from overpaint.run import arefine

CELL, GAP, LINE, ACROSS = 128, 10, 16, 7
PAPER, INK, SOFT, RIGHT, WRONG = "#f5f2ea", "#1e1b17", "#6a645a", "#26734a", "#b3362b"


@dataclass(frozen=True)
class Cell:
    """One picture of a run, what is said below it, and whether it is the champion."""

    picture: Image.Image
    told: str
    champion: bool


@dataclass(frozen=True)
class Strip:
    """One run: its brief, its pictures, whether what it delivered is right, and why it stopped."""

    brief: Brief
    cells: list[Cell]
    right: bool
    why: str


async def strip(brief: Brief, preset: str) -> Strip:
    """Run a brief as the bench does, and keep its pictures."""
    with tempfile.TemporaryDirectory() as home:
        run = await arefine(brief.text, preset=preset, settings={"seed": run_seed(brief.id)}, home=Path(home))
        cells = [_cell(run, record) for record in run.candidates if record["image"]]
        final = run.image_path(run.champion) if run.champion else None
        right = final is not None and shows(brief.spec, things_in(final.read_bytes()))
    return Strip(brief, cells, right, run.why)


def _cell(run: Any, record: Any) -> Cell:
    path = run.image_path(record)
    score = record["verdict"]["score"] if record["verdict"] else None
    judged = "unjudged" if score is None else f"{score:.0%}"
    with Image.open(path) as image:
        picture = image.convert("RGB").resize((CELL, CELL), Image.Resampling.NEAREST)
    champion = run.champion is not None and record["id"] == run.champion["id"]
    return Cell(picture, f"{record['id']} {record['action']} {judged}", champion)


def drawn(strips: list[Strip]) -> Image.Image:
    """All strips below each other; the champion is framed, in green where it is right and in red where it is not."""
    width = GAP + ACROSS * (CELL + GAP)
    heads = [textwrap.wrap(f"{s.brief.id}: {s.brief.text}", 140) for s in strips]
    heights = [
        LINE * len(h) + (CELL + LINE + GAP) * -(-len(s.cells) // ACROSS) + LINE + 2 * GAP
        for h, s in zip(heads, strips, strict=True)
    ]
    sheet = Image.new("RGB", (width, sum(heights)), PAPER)
    pen, top = ImageDraw.Draw(sheet), GAP
    for head, one, height in zip(heads, strips, heights, strict=True):
        _draw(sheet, pen, top, head, one)
        top += height
    return sheet


def _draw(sheet: Image.Image, pen: ImageDraw.ImageDraw, top: int, head: list[str], one: Strip) -> None:
    for n, line in enumerate(head):
        pen.text((GAP, top + n * LINE), line, fill=INK, font_size=13)
    end = f"{len(one.cells)} pictures, {'right' if one.right else 'wrong'}: {one.why}"
    pen.text((GAP, top + len(head) * LINE), end, fill=RIGHT if one.right else WRONG, font_size=13)
    top += (len(head) + 1) * LINE + 4
    for n, cell in enumerate(one.cells):
        x, y = GAP + n % ACROSS * (CELL + GAP), top + n // ACROSS * (CELL + LINE + GAP)
        sheet.paste(cell.picture, (x, y))
        if cell.champion:
            pen.rectangle([x - 3, y - 3, x + CELL + 2, y + CELL + 2], outline=RIGHT if one.right else WRONG, width=3)
        pen.text((x, y + CELL + 2), cell.told, fill=SOFT, font_size=12)


async def _all(wanted: list[str], preset: str) -> list[Strip]:
    briefs = [b for name in ("test", "tuning") for b in load_briefs(name) if any(b.id.startswith(w) for w in wanted)]
    return [await strip(brief, preset) for brief in briefs]


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("briefs", nargs="+", help="how their ids begin")
    parser.add_argument("--preset", default="default")
    asked = parser.parse_args()
    drawn(asyncio.run(_all(asked.briefs, asked.preset))).quantize(128).save(asked.file, optimize=True)


if __name__ == "__main__":
    main()
