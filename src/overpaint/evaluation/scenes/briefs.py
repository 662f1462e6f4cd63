"""Briefs of the built-in world: what each asks for is drawn first and then put into words, so it is known unread."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Literal

from overpaint.evaluation.scenes.categories import Drawn, attributed, coloured, counting, fully_told, one, placed, two
from overpaint.evaluation.scenes.categories_terse import chained, grouped
from overpaint.shapes.drawing import random_things
from overpaint.shapes.kept_back import reserved
from overpaint.shapes.layout import possible
from overpaint.shapes.scene import Group, Link, Relation, Spec, Thing

SetName = Literal["test", "tuning"]
SEEDS: dict[SetName, int] = {"test": 20260, "tuning": 977}
EASY = {
    "single_object": one,
    "two_object": two,
    "counting": counting,
    "colors": coloured,
    "position": placed,
    "color_attr": attributed,
}
"""GenEval's categories (Ghosh et al., arXiv 2310.11513), each with the function that draws one."""
EASY_BRIEFS: dict[SetName, int] = {"test": 30, "tuning": 11}
MULTI_BRIEFS: dict[SetName, dict[int, int]] = {
    "test": {4: 15, 5: 20, 6: 30, 7: 40, 8: 60},
    "tuning": {4: 5, 5: 7, 6: 11, 7: 14, 8: 20},
}
"""Briefs with several constraints, by the number of objects."""
MULTI = "multi"
SHOWN = (
    Spec((Group("circle", 2, "red"), Group("square", 1, "blue")), (Link(0, "above", 1),)),
    Spec((Group("circle", 1, "red", None, 0), Group("square", 1, "blue", None, 8))),
)
"""Scenes that documents and tests of the program use as examples."""
SIX = 200
"""How many scenes of bench/six_objects.py are kept out; it draws 20 unless told otherwise."""
_TURNED: dict[Relation, Relation] = {"right of": "left of", "below": "above"}


@dataclass(frozen=True)
class Brief:
    """One brief: its text, and what a right picture shows."""

    id: str
    category: str
    text: str
    spec: Spec

    @property
    def objects(self) -> int:
        """How many things it asks for."""
        return sum(group.count for group in self.spec.groups)


@cache
def load_briefs(name: SetName) -> tuple[Brief, ...]:
    """All briefs of a set; the same on every machine. Tuning shares no scene with test, and neither with an example."""
    taken = set(_examples())
    if name == "tuning":
        taken |= {canonical(brief.spec) for brief in load_briefs("test")}
    rng = random.Random(SEEDS[name])  # noqa: S311
    return tuple(
        Brief(f"{name}-{number:03}-{category}", category, *drawn)
        for number, (category, drawn) in enumerate(_all(name, rng, taken))
    )


def mixed(briefs: Sequence[Brief], limit: int | None = None) -> list[Brief]:
    """The briefs in a fixed shuffled order, so that the first few hold every category."""
    order = list(briefs)
    random.Random(len(order)).shuffle(order)  # noqa: S311
    return order[:limit]


def digest(briefs: Sequence[Brief]) -> str:
    """Sha256 of the briefs, whatever their order."""
    told = [asdict(brief) for brief in sorted(briefs, key=lambda brief: brief.id)]
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def canonical(scene: Spec | Sequence[Thing]) -> str:
    """Name what is asked for, or what stands where, regardless of order and wording.

    Two specs that ask for the same have the same name: counts are spread out to single things, relations turned to
    "left of" and "above" and closed under transitivity, and things told apart by what they are and how they are related
    (colour refinement). The opposite is not sure for symmetric relations, which only keeps a scene more out.

    Args:
        scene: a spec, or things that are fully known.
    """
    spec = scene if isinstance(scene, Spec) else _spec_of(scene)
    singles = [(index, replace(g, count=1)) for index, g in enumerate(spec.groups) for _ in range(g.count)]
    labels = [json.dumps((g.shape, g.colour, g.size, g.place)) for _, g in singles]
    links = [
        (a, relation, b)
        for subject, relation, target in _closed(spec)
        for a, (of, _) in enumerate(singles)
        for b, (at, _) in enumerate(singles)
        if (of, at) == (subject, target)
    ]
    for _ in singles if links else ():
        labels = [_refined(labels, links, index) for index in range(len(labels))]
    return ";".join(sorted(labels))


def kept_back(spec: Spec) -> bool:
    """Whether the built-in painter was never trained on a picture of these kinds.

    That can be said of a spec of several things that names every colour, and it is said no of nothing else: a brief
    such as "a star and a square" names no scene, and there are only 42 coloured shapes alone.
    """
    kinds = [(group.colour, group.shape) for group in spec.groups for _ in range(group.count)]
    named = [(colour, shape) for colour, shape in kinds if colour is not None]
    return len(named) < max(2, len(kinds)) or reserved(named)


def _all(name: SetName, rng: random.Random, taken: set[str]) -> Iterator[tuple[str, Drawn]]:
    for category, draw in EASY.items():
        for _ in range(EASY_BRIEFS[name]):
            yield category, _new(partial(draw, rng), taken)
    for objects, briefs in MULTI_BRIEFS[name].items():
        for turn in range(briefs):
            # Two of three say everything; the third is in turn a chain of relations and counted groups.
            draw_many = fully_told if turn % 3 else (chained if turn % 2 else grouped)
            yield MULTI, _new(partial(draw_many, rng, objects), taken)


def _new(draw: Callable[[], Drawn], taken: set[str]) -> Drawn:
    """Draw until the scene is a new one that can be painted, and take it."""
    while True:
        text, spec = draw()
        name = canonical(spec)
        if name not in taken and kept_back(spec) and possible(spec):
            taken.add(name)
            return text, spec


def _examples() -> Iterator[str]:
    yield from map(canonical, SHOWN)
    yield from (canonical(random_things(seed, 6)) for seed in range(SIX))


def _spec_of(things: Sequence[Thing]) -> Spec:
    return Spec(tuple(Group(t.shape, 1, t.colour, t.size, t.place) for t in things))


def _closed(spec: Spec) -> set[tuple[int, str, int]]:
    """Relations between groups, as "left of" and "above" alone, with all that follow from them."""
    known: set[tuple[int, str, int]] = set()
    for link in spec.links:
        turned = _TURNED.get(link.relation)
        known.add((link.target, turned, link.subject) if turned else (link.subject, link.relation, link.target))
    while more := {(a, r, d) for a, r, b in known for c, q, d in known if (r, b) == (q, c)} - known:
        known |= more
    return known


def _refined(labels: Sequence[str], links: Sequence[tuple[int, str, int]], index: int) -> str:
    """The label of one thing, told apart further by the labels of those it is related to."""
    near = [(r, "to", labels[b]) for a, r, b in links if a == index]
    near += [(r, "from", labels[a]) for a, r, b in links if b == index]
    told = json.dumps((labels[index], sorted(near)))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
