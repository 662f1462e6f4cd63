import pytest

from overpaint.shapes.cells import EVERYWHERE, SlotLink, arrange, cell_box, centre, holds, neighbours


def test_boxes_cover_their_centres_with_room_for_a_large_thing() -> None:
    for place in range(9):
        left, top, right, bottom = cell_box(place)
        x, y = centre(place)
        assert left <= x - 8.5 * 1.08 / 64
        assert right >= x + 8.5 * 1.08 / 64
        assert top <= y - 8.5 * 1.08 / 64
        assert bottom >= y + 8.5 * 1.08 / 64


def test_relations_point_the_way_they_say() -> None:
    assert holds("left of", (0.2, 0.9), (0.8, 0.1))
    assert holds("below", (0.2, 0.9), (0.8, 0.1))
    assert not holds("above", (0.2, 0.9), (0.8, 0.1))
    assert not holds("right of", (0.5, 0.5), (0.5, 0.5))


def test_neighbours_share_a_side() -> None:
    assert neighbours(0) == [3, 1]
    assert sorted(neighbours(4)) == [1, 3, 5, 7]


def test_arranges_as_preferred_and_admits_defeat() -> None:
    assert arrange([EVERYWHERE, EVERYWHERE], [], [4, 0, 1, 2, 3, 5, 6, 7, 8], [0, 0]) == [4, 0]
    assert arrange([EVERYWHERE] * 10, [], range(9), [0] * 10) is None
    assert arrange([1, 1], [], range(9), [0, 1]) is None


@pytest.mark.parametrize(("few", "many", "fits"), [(3, 6, True), (4, 4, False), (6, 3, True), (1, 7, False)])
def test_arranges_groups_beside_each_other(few: int, many: int, fits: bool) -> None:
    links: list[SlotLink] = [(a, "left of", few + b) for a in range(few) for b in range(many)]
    found = arrange([EVERYWHERE] * (few + many), links, range(9), [0] * few + [1] * many)
    assert (found is not None) == fits
    assert found is None or all(found[a] % 3 < found[b] % 3 for a, _, b in links)
