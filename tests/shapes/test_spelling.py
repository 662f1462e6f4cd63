from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.ordinary import ORDINARY
from overpaint.shapes.parser import parse
from overpaint.shapes.reading import known
from overpaint.shapes.scene import Group
from overpaint.shapes.spelling import corrected, distance
from overpaint.tools.faults import BadInput


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        ("circel", "circle"), ("cirlce", "circle"), ("sqaure", "square"), ("sqares", "squares"), ("traingle", "triangle"),
        ("triangel", "triangle"), ("traingel", "triangle"), ("dimonds", "diamonds"), ("daimond", "diamond"),
        ("satr", "star"), ("corss", "cross"), ("bal", "ball"), ("boxx", "box"), ("dto", "dot"), ("bue", "blue"),
        ("yelow", "yellow"), ("purpel", "purple"), ("blakc", "black"), ("gren", "green"), ("rde", "red"), ("redd", "red"),
        ("orage", "orange"), ("thre", "three"), ("fuor", "four"), ("samll", "small"), ("lagre", "large"),
        ("abvoe", "above"), ("belwo", "below"), ("rigth", "right"), ("teh", "the"), ("adn", "and"), ("cetner", "center"),
    ],
)  # fmt: skip
def test_puts_a_slip_right(slip: str, word: str) -> None:
    assert corrected(slip) == word


@pytest.mark.parametrize(
    "word",
    [
        "start",
        "stair",
        "stairs",
        "car",
        "ring",
        "cat",
        "back",
        "block",
        "read",
        "rod",
        "grin",
        "grey",
        "rad",
        "pink",
        "brown",
        "hexagon",
        "cube",
        "starfish",
        "bed",
        "bell",
        "bull",
        "bowl",
        "greed",
        "sphere",
        "bill",
        "bald",
        "tar",
        "blot",
        "crow",
        "boat",
        "boot",
        "doll",
        "dog",
        "dogs",
        "fox",
        "boxer",
        "squad",
        "squid",
        "squire",
        "cycle",
        "circus",
        "tangle",
        "angle",
        "triangular",
        "range",
        "grange",
        "bluer",
        "blew",
        "glue",
        "clue",
        "reed",
        "rend",
        "bread",
        "greet",
        "queen",
        "ballet",
        "bail",
        "wall",
        "hall",
        "scar",
        "stare",
        "stars'",
        "some",
        "none",
        "not",
        "for",
        "tree",
        "fire",
        "line",
        "lime",
        "tow",
        "fort",
        "liver",
        "level",
        "night",
        "light",
        "fight",
        "bellow",
        "lover",
        "hover",
        "cover",
        "gear",
        "rectangle",
        "oval",
        "heart",
        "text",
        "house",
        "horse",
        "hose",
        "outline",
        "shadow",
        "moon",
        "sun",
        "x",
        "xx",
        "zzz",
        "q",
        "红色",
        "🔴",
        "sta1r",
    ],
)
def test_leaves_other_words_alone(word: str) -> None:
    assert corrected(word) == word


def test_no_ordinary_word_is_one_of_ours_or_becomes_one() -> None:
    assert len(ORDINARY) > 400
    assert not [word for word in ORDINARY if known(word) or corrected(word) != word]


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("", "", 0), ("a", "", 1), ("star", "star", 0), ("satr", "star", 1), ("star", "stars", 1), ("ca", "abc", 3)],
)
def test_distance(one: str, other: str, slips: int) -> None:
    assert distance(one, other) == distance(other, one) == slips


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_distance_is_that_of_equals_and_bounded_by_length(one: str, other: str, tail: str) -> None:
    assert (distance(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))
    assert distance(one + tail, other + tail) <= distance(one, other)


@given(st.text(alphabet="abcdeglnoqrstuxy", min_size=1, max_size=9))
def test_what_is_put_right_is_known(word: str) -> None:
    assert corrected(word) == word or known(corrected(word))


@pytest.mark.parametrize("brief", ["a red stair", "a hexagon", "two bells", "a squid above a circle", "a bule whale"])
def test_an_outside_word_is_never_turned_into_a_shape(brief: str) -> None:
    with pytest.raises(BadInput, match="does not know"):
        parse(brief)


def test_slips_are_put_right_all_over_a_brief() -> None:
    spec = parse("2 lagre yelow trangles abvoe a purpel sqaure")
    assert spec.groups == (Group("triangle", 2, "yellow", "large"), Group("square", 1, "purple"))
    assert [link.relation for link in spec.links] == ["above"]
