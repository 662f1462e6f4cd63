"""What captions say is true of their scenes: read back by the built-in writer, the scene satisfies them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.captions import as_seen
from overpaint.shapes.layout import satisfied
from overpaint.shapes.parser import parse
from overpaint.shapes.training import dialect
from overpaint.shapes.training.scenes import scene
from overpaint.tools.faults import BadInput


def read_back(way: dialect.Way, seed: int) -> bool | None:
    """Whether a scene satisfies what is read out of its caption; None where the reader refuses the wording."""
    rng = random.Random(seed)
    things = scene(rng)
    try:
        spec = parse(way(things, rng))
    except BadInput:
        return None
    return satisfied(spec, [as_seen(thing) for thing in things])


@pytest.mark.slow
@given(st.sampled_from([*dialect.WAYS, dialect.caption]), st.integers(0, 2**32))
def test_no_caption_says_what_its_scene_does_not_show(way: dialect.Way, seed: int) -> None:
    assert read_back(way, seed) in (True, None)


@pytest.mark.parametrize("way", [dialect.terse, dialect.colourless, dialect.full, dialect.varied, dialect.unsized])
def test_most_captions_can_be_read_back(way: dialect.Way) -> None:
    read = [read_back(way, seed) for seed in range(200)]
    assert read.count(True) > 180


def test_shares_of_the_ways_are_shares() -> None:
    assert sum(dialect.WAYS.values()) == pytest.approx(1)


def test_the_same_seed_gives_the_same_caption() -> None:
    things = scene(random.Random(5))
    assert dialect.caption(things, random.Random(1)) == dialect.caption(things, random.Random(1))
    assert len({dialect.caption(things, random.Random(n)) for n in range(30)}) > 20
