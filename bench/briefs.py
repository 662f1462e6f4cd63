"""Prints the briefs of the bench, and the hash of each set.

python bench/briefs.py
"""

from overpaint.evaluation.scenes.briefs import SEEDS, digest, load_briefs

if __name__ == "__main__":
    for name in SEEDS:
        for brief in load_briefs(name):
            print(f"{brief.id:26} {brief.text}")
        print(f"{name}: {len(load_briefs(name))} briefs, {digest(load_briefs(name))}")
