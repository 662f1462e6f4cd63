from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from overpaint.shapes.captions import as_seen, tokens
from overpaint.shapes.cells import cell_box
from overpaint.shapes.critic import edits, prompts, verdict
from overpaint.shapes.layout import satisfied
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Spec, Thing
from tests.shapes.specs import scenes, specs

SPEC = parse("a red circle in the top left and a blue square")
CIRCLE, STAR = as_seen(Thing("circle", "red", "large", 0)), as_seen(Thing("star", "green", "large", 8))


def test_repaints_only_the_wrong_thing_and_names_only_what_comes_there() -> None:
    proposals = edits(SPEC, [CIRCLE, STAR], [], 2, 56)
    assert proposals == [{"prompt": "a large blue square in the bottom right", "boxes": [list(cell_box(8))]}] * 2
    assert verdict(SPEC, [CIRCLE, STAR]) == (
        "a blue square is missing; a large green star in the bottom right is not asked for",
        "paint a large blue square in the bottom right; remove a large green star in the bottom right",
    )


def test_wipes_what_is_too_much() -> None:
    square = as_seen(Thing("square", "blue", "large", 4))
    assert edits(SPEC, [CIRCLE, square, STAR], [], 1, 56) == [{"prompt": "nothing else", "boxes": [list(cell_box(8))]}]


def test_wipes_beside_a_kept_thing_in_the_same_cell_without_touching_all_of_it() -> None:
    square, beside = as_seen(Thing("square", "blue", "large", 4)), replace(STAR, place=0, box=(0.4, 0.1, 0.5, 0.2))
    assert edits(SPEC, [CIRCLE, square, beside], [], 1, 56)[0]["boxes"] == [[0.384375, 0.084375, 0.515625, 0.215625]]


def test_two_faults_are_mended_together_and_one_by_one() -> None:
    proposals = edits(SPEC, [STAR, as_seen(Thing("cross", "black", "large", 5))], [], 3, 56)
    assert [len(p["boxes"]) for p in proposals] == [3, 1, 1]
    assert len({p["prompt"] for p in proposals}) == 3


def test_many_faults_are_shared_out_in_fives() -> None:
    proposals = edits(parse("nine red stars"), [], [], 3, 56)
    assert [p["prompt"].count("star") for p in proposals] == [5, 5, 5]
    assert len({tuple(box) for p in proposals for box in p["boxes"]}) >= 6


def test_nothing_wrong_is_painted_whole_again() -> None:
    right = [CIRCLE, as_seen(Thing("square", "blue", "large", 4))]
    assert edits(SPEC, right, [], 1, 56)[0]["boxes"] == []
    assert verdict(SPEC, right)[0] == "all that is asked for is there, and nothing else"


def test_whole_prompts_are_new_while_there_are_others() -> None:
    first = [p["prompt"] for p in prompts(SPEC, "revise", [], 4, 56)]
    second = [p["prompt"] for p in prompts(SPEC, "revise", first, 4, 56)]
    assert len({*first, *second}) == 8
    fixed = parse("a large red circle in the top left")
    only = prompts(fixed, "restart", ["a large red circle in the top left"], 2, 56)
    assert [p["prompt"] for p in only] == ["a large red circle in the top left"] * 2


@given(specs(shapes=2), scenes())
def test_edits_stay_inside_the_picture_and_short(spec: Spec, scene: list[Thing]) -> None:
    seen = [as_seen(thing) for thing in scene]
    for proposal in edits(spec, seen, [], 4, 56):
        assert tokens(proposal["prompt"]) <= 56
        assert bool(proposal["boxes"]) != satisfied(spec, seen)
        assert all(0 <= left < right <= 1 and 0 <= top < bottom <= 1 for left, top, right, bottom in proposal["boxes"])
