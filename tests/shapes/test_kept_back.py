import random

from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.kept_back import reserved
from overpaint.shapes.scene import COLOURS, SHAPES
from overpaint.shapes.training.scenes import crowd

KINDS = st.lists(st.tuples(st.sampled_from(COLOURS), st.sampled_from(SHAPES)), min_size=2, max_size=6)


@given(KINDS, st.randoms())
def test_what_is_kept_back_does_not_depend_on_the_order(kinds: list[tuple[str, str]], rng: random.Random) -> None:
    assert reserved(kinds) == reserved(rng.sample(kinds, len(kinds)))


def test_one_set_of_kinds_in_eight_is_kept_back_and_no_kind_alone() -> None:
    rng = random.Random(1)
    drawn = [[(t.colour, t.shape) for t in crowd(rng, (2, 3, 4, 5, 6))] for _ in range(4000)]
    assert 0.1 < sum(map(reserved, drawn)) / len(drawn) < 0.15
    assert not any(reserved([(colour, shape)]) for colour in COLOURS for shape in SHAPES)
