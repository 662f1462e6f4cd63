from __future__ import annotations

from difficulty import HARD, Ease, caption, histogram, settled, told

from overpaint.shapes.parser import parse


def ease(right: int, painted: int, objects: int = 1) -> Ease:
    return Ease(key="", brief=f"x-{right}", category="multi", objects=objects, right=right, painted=painted)


def test_a_brief_is_settled_once_its_share_is_surely_above_the_bound() -> None:
    assert not settled(3, 9)
    assert settled(2, 10)
    assert not settled(1, 10)
    assert not settled(2, 50)
    assert settled(5, 50)
    assert not any(settled(0, n) for n in range(200))


def test_the_histogram_parts_the_hard_ones() -> None:
    assert histogram([ease(0, 50), ease(1, 50), ease(5, 10), ease(10, 10)]) == [1, 1, 0, 0, 1, 1]


def test_what_is_told_names_the_share_of_hard_briefs() -> None:
    text = told([ease(0, 50, 6), ease(1, 100, 6), ease(5, 10), ease(9, 10)])
    assert text.endswith(f"50.0% of the briefs are right in fewer than {HARD:.0%} of single pictures.")
    assert "6 objects" in text


def test_the_caption_is_the_writers_prompt_in_full() -> None:
    text = caption("a red circle left of a blue square", None)
    assert {group.colour for group in parse(text).groups} == {"red", "blue"}
    assert all(group.size and group.place is not None for group in parse(text).groups)
    assert "large" not in caption("five red circles", 30)
