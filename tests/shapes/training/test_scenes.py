import random

from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.kept_back import reserved
from overpaint.shapes.training.scenes import COUNTS, pictures, scaled, scene


@given(st.integers())
def test_no_scene_of_kinds_that_are_kept_back_is_trained_on(seed: int) -> None:
    things = scene(random.Random(seed))
    assert len(things) in COUNTS
    assert len({thing.place for thing in things}) == len(things)
    assert not reserved((thing.colour, thing.shape) for thing in things)


def test_pictures_are_scaled_for_the_autoencoder() -> None:
    drawn = pictures([scene(random.Random(n)) for n in range(3)], random.Random(0))
    assert (tuple(drawn.shape), drawn.numpy().dtype.name) == ((3, 3, 64, 64), "uint8")
    x = scaled(drawn)
    assert -1 <= float(x.min()) < -0.5
    assert 0.8 < float(x.max()) <= 1
