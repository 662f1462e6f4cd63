import pytest

from overpaint.shapes.drawing import draw, outline, random_things
from overpaint.shapes.scene import GROUND, PALETTE, SHAPES, Thing


def test_draws_the_same_picture_again_and_another_with_another_seed() -> None:
    things = random_things(1, 4)
    assert draw(things, 7).tobytes() == draw(things, 7).tobytes()
    assert draw(things, 7).tobytes() != draw(things, 8).tobytes()


@pytest.mark.parametrize("side", [16, 64, 192])
def test_a_thing_stands_in_its_place_in_its_colour_at_any_side(side: int) -> None:
    picture = draw([Thing("square", "blue", "large", 8)], seed=3, side=side)
    assert picture.size == (side, side)
    centre = picture.getpixel((round(side * 52 / 64), round(side * 52 / 64)))
    assert isinstance(centre, tuple)
    assert all(abs(a - b) <= 8 for a, b in zip(centre, PALETTE["blue"], strict=True))
    assert picture.getpixel((side // 4, side // 4)) == GROUND


def test_no_things_leave_the_ground_bare() -> None:
    assert draw([], seed=0).getcolors() == [(64 * 64, GROUND)]


def test_every_outline_but_the_circle_has_corners_within_its_radius() -> None:
    for shape in SHAPES:
        corners = outline(shape)
        assert bool(corners) == (shape != "circle")
        assert all(max(abs(x), abs(y)) <= 1.08 for x, y in corners)


def test_random_things_stand_in_places_of_their_own() -> None:
    things = random_things(5, 9)
    assert sorted(t.place for t in things) == list(range(9))
    assert things == random_things(5, 9)
