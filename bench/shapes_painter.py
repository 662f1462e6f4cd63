"""What the built-in painter can do: success by steps and guidance, seconds a picture, and what masked edits add.

Usage: python bench/shapes_painter.py [scenes, 40 when left out]
"""

import asyncio
import json
import sys
from collections.abc import Sequence

from overpaint.shapes.drawing import random_things
from overpaint.shapes.inspector import inspect
from overpaint.shapes.painter import open_painter
from overpaint.shapes.scene import PLACES, Seen, Thing
from overpaint.tools.painters import Box, Painter, PaintRequest, PaintResult

PREPOSITION = {1: "at the", 3: "on the", 4: "in the", 5: "on the", 7: "at the"}
EDGES = ((0.0, 22 / 64), (21 / 64, 43 / 64), (42 / 64, 1.0))
"""Left and right of the three columns (top and bottom of the rows): a place with all of a large shape in it."""


def terse(things: Sequence[Thing]) -> str:
    """Name shapes and colours only."""
    return " and ".join(f"{_article(t.colour)} {t.colour} {t.shape}" for t in things)


def detailed(things: Sequence[Thing]) -> str:
    """Name size, colour, shape and place of each."""
    return ", ".join(
        f"a {t.size} {t.colour} {t.shape} {PREPOSITION.get(t.place, 'in the')} {PLACES[t.place]}" for t in things
    )


def wrong_places(wanted: Sequence[Thing], seen: Sequence[Seen]) -> set[int]:
    """Places where a wanted thing is missing or an unwanted one stands."""
    want, have = _keys(wanted), _keys(seen)
    return {key[3] for key in want ^ have}


async def success(painter: Painter, scenes: Sequence[Sequence[Thing]], **settings: float) -> dict[str, float]:
    """Share of scenes right in one picture, from a terse and from a detailed prompt; seconds a picture."""
    right, seconds = {"terse": 0, "detailed": 0}, 0.0
    for seed, things in enumerate(scenes):
        for form, prompt in (("terse", terse(things)), ("detailed", detailed(things))):
            result = await painter.paint(PaintRequest(prompt, seed=seed, **settings))  # type: ignore[arg-type]
            fields = 2 if form == "terse" else 4
            seen = sorted(_key(s)[:fields] for s in _look(result))
            right[form] += seen == sorted(_key(t)[:fields] for t in things)
            seconds += result.seconds
    n = len(scenes)
    return {**settings, **{form: k / n for form, k in right.items()}, "seconds": round(seconds / n / 2, 3)}


async def refine(painter: Painter, things: Sequence[Thing], seed: int, edits: int = 6) -> dict[str, bool]:
    """One picture; the best of eight; and the best of two with edits of what is wrong, at most three things each."""
    prompt = detailed(things)
    first = [await painter.paint(PaintRequest(prompt, seed=100 * seed + k)) for k in range(8)]
    wrong = [wrong_places(things, _look(picture)) for picture in first]
    champion, left = min(zip(first[:2], wrong[:2], strict=True), key=lambda pair: len(pair[1]))
    for k in range(edits):
        if not left:
            break
        here = sorted(left)[:3]
        sub = [t for t in things if t.place in here]
        request = PaintRequest(
            detailed(sub) if sub else "nothing else",
            seed=100 * seed + 50 + k,
            source=champion.data,
            boxes=tuple(_box(place) for place in here),
        )
        challenger = await painter.paint(request)
        still = wrong_places(things, _look(challenger))
        if len(still) < len(left):
            champion, left = challenger, still
    return {"one": not wrong[0], "best of 8": not all(wrong), "best of 2 and edits": not left}


def _look(result: PaintResult) -> list[Seen]:
    return inspect(result.data or b"")


def _key(one: Thing | Seen) -> tuple[str, str, str, int]:
    return str(one.shape), one.colour, one.size, one.place


def _keys(many: Sequence[Thing] | Sequence[Seen]) -> set[tuple[str, str, str, int]]:
    return {_key(one) for one in many}


def _box(place: int) -> Box:
    (top, bottom), (left, right) = EDGES[place // 3], EDGES[place % 3]
    return left, top, right, bottom


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


async def main(scenes: int) -> None:
    """Print the table, and it again as one JSON object on the last line."""
    painter = open_painter()
    easy = [random_things(seed, 2 + seed % 3) for seed in range(scenes)]
    await painter.paint(PaintRequest("a red circle", seed=0))
    sweep = []
    for steps, guidance in ((8, 3.0), (10, 2.0), (10, 3.0), (12, 3.0), (20, 3.0)):
        sweep.append(await success(painter, easy, steps=steps, guidance=guidance))
        print(sweep[-1], flush=True)
    refined = {}
    for count in (5, 6, 7):
        runs = [await refine(painter, random_things(1000 + seed, count), seed) for seed in range(max(1, scenes // 4))]
        refined[count] = {way: sum(run[way] for run in runs) / len(runs) for way in runs[0]}
        print(count, "objects:", refined[count], flush=True)
    print(json.dumps({"bench": "shapes_painter", "scenes": scenes, "sweep": sweep, "refined": refined}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
