"""How often the second inspector reads a drawn scene exactly right, and how long it takes.

python bench/ground_truth.py --scenes 2000
"""

from __future__ import annotations

import argparse
import json
import time

from overpaint.evaluation.scenes.ground_truth import things_in
from overpaint.shapes.drawing import draw, random_things


def exact(scenes: int) -> dict[str, float]:
    """Draw and read `scenes` scenes of one to nine things: share read exactly right, and CPU milliseconds each."""
    right, seconds = 0, 0.0
    things_in(draw(random_things(0, 1), 0))  # what it compares with is drawn once, and not counted
    for seed in range(scenes):
        things = random_things(seed, 1 + seed % 9)
        picture = draw(things, seed)
        started = time.process_time()
        found = things_in(picture)
        seconds += time.process_time() - started
        wanted = sorted((thing.place, thing.shape, thing.colour, thing.size) for thing in things)
        right += wanted == [(one.place, one.shape, one.colour, one.size) for one in found]
    return {"exact": right / scenes, "ms": round(1000 * seconds / scenes, 2)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How often the second inspector reads a drawn scene exactly right.")
    parser.add_argument("--scenes", type=int, default=2000, help="how many to draw, of one to nine things")
    scenes = parser.parse_args().scenes
    print(json.dumps({"bench": "ground_truth", "scenes": scenes, **exact(scenes)}))
