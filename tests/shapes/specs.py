"""Hypothesis strategies: specs that can be drawn."""

from __future__ import annotations

from hypothesis import strategies as st

from overpaint.shapes.layout import possible
from overpaint.shapes.scene import COLOURS, SHAPES, SIZES, Group, Link, Relation, Spec, Thing

RELATIONS: tuple[Relation, ...] = ("left of", "right of", "above", "below")


@st.composite
def specs(draw: st.DrawFn, shapes: int = 6) -> Spec:
    """Any spec the world can hold; few `shapes` make descriptions overlap."""
    left = draw(st.integers(1, 9))
    places = draw(st.permutations(range(9)))
    groups: list[Group] = []
    while left:
        count = draw(st.integers(1, left))
        place = places.pop() if count == 1 and draw(st.booleans()) else None
        colour, size = (
            draw(st.sampled_from((None, *COLOURS[: shapes + 1]))),
            draw(st.sampled_from((None, None, *SIZES))),
        )
        groups.append(Group(draw(st.sampled_from(SHAPES[:shapes])), count, colour, size, place))
        left -= count
    spec = Spec(tuple(groups))
    for _ in range(draw(st.integers(0, 3)) if len(groups) > 1 else 0):
        pair = draw(st.lists(st.integers(0, len(groups) - 1), min_size=2, max_size=2, unique=True))
        link = Link(pair[0], draw(st.sampled_from(RELATIONS)), pair[1])
        wider = Spec(spec.groups, tuple(dict.fromkeys((*spec.links, link))))
        spec = wider if possible(wider) else spec
    return spec


@st.composite
def scenes(draw: st.DrawFn, most: int = 9) -> list[Thing]:
    """Up to `most` things in places of their own."""
    places = draw(st.lists(st.integers(0, 8), unique=True, max_size=most))
    kinds = st.tuples(st.sampled_from(SHAPES[:3]), st.sampled_from(COLOURS[:3]), st.sampled_from(SIZES))
    return [Thing(*draw(kinds), place) for place in places]
