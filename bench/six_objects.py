"""How often a run ends right on briefs of six placed objects, by preset, at the same number of pictures.

Prints the share that passed and the pictures painted per brief, and last one JSON object. Success is judged by exact
measurement of the delivered picture against the brief (`shapes.layout.satisfied`).

    python bench/six_objects.py --briefs 20 --images 8
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from overpaint.run import arefine
from overpaint.shapes.captions import detailed
from overpaint.shapes.drawing import random_things
from overpaint.shapes.inspector import inspect
from overpaint.shapes.layout import satisfied
from overpaint.shapes.parser import parse

PRESETS = ("one-shot", "best-of-n", "upsample-best-of-n", "default")


async def outcome(brief: str, preset: str, images: int, seed: int, home: Path) -> tuple[bool, int]:
    """Whether the champion of one run shows the brief, and how many pictures it took."""
    budget = {} if preset == "one-shot" else {"max_images": images}
    run = await arefine(brief, preset=preset, settings={"seed": seed, **budget}, home=home)
    picture = run.image_path(run.champion) if run.champion else None
    right = picture is not None and satisfied(parse(brief), inspect(picture.read_bytes()))
    return right, run.receipt["images"]


async def rates(briefs: list[str], images: int, presets: list[str]) -> dict[str, dict[str, float]]:
    """Success rate and mean pictures per brief of each preset."""
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        for preset in presets:
            ends = [await outcome(b, preset, images, i, Path(folder)) for i, b in enumerate(briefs)]
            success, painted = (sum(end[k] for end in ends) / len(ends) for k in (0, 1))
            table[preset] = {"success": round(success, 3), "images": round(painted, 2)}
            print(f"{preset:20} {success:6.0%}  {painted:5.2f} pictures a brief", flush=True)
    return table


def main() -> None:
    """Draw the briefs by seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--briefs", type=int, default=20)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--objects", type=int, default=6)
    parser.add_argument("--presets", default=",".join(PRESETS))
    asked = parser.parse_args()
    briefs = [detailed(random_things(seed, asked.objects)) for seed in range(asked.briefs)]
    print(json.dumps(asyncio.run(rates(briefs, asked.images, asked.presets.split(",")))))


if __name__ == "__main__":
    main()
