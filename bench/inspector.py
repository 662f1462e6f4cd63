"""How often the inspector reads a drawn scene exactly right, and how long it takes.

Usage: python bench/inspector.py [scenes per object count, 5000 when left out]
"""

import json
import sys
import time
from collections.abc import Iterable

from overpaint.shapes.drawing import draw, random_things
from overpaint.shapes.inspector import inspect
from overpaint.shapes.scene import Seen, Thing


def same(things: Iterable[Thing], seen: Iterable[Seen]) -> bool:
    """Tell whether both hold the same objects: shape, colour, size and place."""
    wanted = sorted((t.shape, t.colour, t.size, t.place) for t in things)
    return wanted == sorted((str(s.shape), s.colour, s.size, s.place) for s in seen)


def measure(count: int, scenes: int) -> dict[str, float]:
    """Draw and read `scenes` random scenes of `count` objects."""
    exact, seconds, least_fit = 0, 0.0, 1.0
    for seed in range(scenes):
        things = random_things(seed, count)
        picture = draw(things, seed)
        started = time.perf_counter()
        seen = inspect(picture)
        seconds += time.perf_counter() - started
        exact += same(things, seen)
        least_fit = min([least_fit, *(s.fit for s in seen)])
    return {"exact": exact / scenes, "ms": round(1000 * seconds / scenes, 2), "least_fit": least_fit}


if __name__ == "__main__":
    scenes = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    rows = {}
    for count in range(1, 10):
        rows[count] = measure(count, scenes)
        print(f"{count} objects: {rows[count]['exact']:.2%} exact, {rows[count]['ms']} ms a picture", flush=True)
    print(json.dumps({"bench": "inspector", "scenes": scenes, "by_count": rows}))
