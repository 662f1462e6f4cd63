from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from overpaint.shapes import varying
from overpaint.shapes.captions import tokens
from overpaint.shapes.parser import parse
from overpaint.shapes.varying import ALIKE, shared, variations

CROWD = (
    "a small red circle in the top left, a small blue square at the top, a small green star in the top right, "
    "a small yellow cross on the left, a small purple diamond in the center, a small black triangle on the right, "
    "a small orange circle in the bottom left, a small red square in the bottom right"
)


@pytest.mark.parametrize("brief", ["a star", "a large red circle in the top left", "a star left of two circles", CROWD])
@pytest.mark.parametrize("limit", [56, None])
def test_as_many_as_asked_for_of_the_same_things_all_different(brief: str, limit: int | None) -> None:
    spec = parse(brief)
    found = variations(spec, 8, [], limit)
    assert len(found) == 8
    assert all(shared(one, other) <= ALIKE for one, other in combinations(found, 2))
    assert found == variations(spec, 8, [], limit)
    for prompt in found:
        assert tokens(prompt) <= (limit or 99)
        assert shapes(prompt) == shapes(brief)


def shapes(text: str) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for group in parse(text).groups:
        kinds[group.shape] += group.count
    return kinds


def test_none_is_like_those_that_are_kept() -> None:
    spec = parse(CROWD)
    kept = variations(spec, 3, [], 56)
    more = variations(spec, 3, kept, 56)
    assert len(more) == 3
    assert all(shared(one, other) <= ALIKE for one in more for other in kept)


def test_gives_fewer_where_no_more_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(varying, "TRIES", 3)
    assert 0 < len(variations(parse("a star"), 5, [], None)) <= 3


@pytest.mark.parametrize(("one", "other", "share"), [("a b", "A, b", 1.0), ("a b", "b a", 0.5), ("a", "b", 0.0)])
def test_measures_words_and_their_neighbours(one: str, other: str, share: float) -> None:
    assert shared(one, other) == share
