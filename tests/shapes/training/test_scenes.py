import random

from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.scene import COLOURS, SHAPES
from overpaint.shapes.training.scenes import COUNTS, crowd, pictures, reserved, scaled, scene

KINDS = st.lists(st.tuples(st.sampled_from(COLOURS), st.sampled_from(SHAPES)), min_size=2, max_size=6)


@given(st.integers())
def test_no_scene_of_kinds_that_are_kept_back_is_trained_on(seed: int) -> None:
    things = scene(random.Random(seed))
    assert len(things) in COUNTS
    assert len({thing.place for thing in things}) == len(things)
    assert not reserved((thing.colour, thing.shape) for thing in things)


@given(KINDS, st.randoms())
def test_what_is_kept_back_does_not_depend_on_the_order(kinds: list[tuple[str, str]], rng: random.Random) -> None:
    assert reserved(kinds) == reserved(rng.sample(kinds, len(kinds)))


def test_one_set_of_kinds_in_eight_is_kept_back_and_no_kind_alone() -> None:
    rng = random.Random(1)
    drawn = [[(t.colour, t.shape) for t in crowd(rng, (2, 3, 4, 5, 6))] for _ in range(4000)]
    assert 0.1 < sum(map(reserved, drawn)) / len(drawn) < 0.15
    assert not any(reserved([(colour, shape)]) for colour in COLOURS for shape in SHAPES)


def test_pictures_are_scaled_for_the_autoencoder() -> None:
    drawn = pictures([scene(random.Random(n)) for n in range(3)], random.Random(0))
    assert (tuple(drawn.shape), drawn.numpy().dtype.name) == ((3, 3, 64, 64), "uint8")
    x = scaled(drawn)
    assert -1 <= float(x.min()) < -0.5
    assert 0.8 < float(x.max()) <= 1
