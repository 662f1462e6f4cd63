from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from PIL import UnidentifiedImageError

from overpaint.evaluation.scenes.truth import is_right, spec_from, truth_of
from overpaint.shapes.drawing import draw
from overpaint.shapes.layout import place
from overpaint.shapes.scene import Group, Link, Spec, Thing
from tests.shapes.specs import specs


def png(things: list[Thing], side: int = 64) -> bytes:
    buffer = BytesIO()
    draw(things, 1, side).save(buffer, "PNG")
    return buffer.getvalue()


@given(specs())
def test_a_spec_comes_back_from_a_file_of_json(spec: Spec) -> None:
    truth = truth_of(spec)
    kept = json.loads(json.dumps(truth))
    assert kept == truth
    assert spec_from(kept) == spec


@given(specs())
@settings(max_examples=20)
def test_a_picture_of_what_was_asked_is_right(spec: Spec) -> None:
    assert is_right(png(place(spec, "")), truth_of(spec))


def test_a_picture_of_anything_else_is_wrong() -> None:
    circle, star = Thing("circle", "red", "large", 0), Thing("star", "blue", "small", 8)
    truth = truth_of(Spec((Group("circle", 1, "red"), Group("star")), (Link(0, "above", 1),)))
    assert is_right(png([circle, star], 256), truth)
    assert not is_right(png([circle]), truth)
    assert not is_right(png([circle, star, Thing("square", "green", "small", 4)]), truth)
    assert not is_right(png([replace(circle, colour="orange"), star]), truth)
    assert not is_right(png([replace(circle, place=7), star]), truth)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(UnidentifiedImageError):
        is_right(b"no picture", truth_of(Spec((Group("circle"),))))
