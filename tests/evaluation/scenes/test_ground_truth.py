from __future__ import annotations

import ast
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, UnidentifiedImageError

from overpaint.evaluation.scenes.ground_truth import things_in
from overpaint.evaluation.scenes.matching import Found, shows
from overpaint.shapes.captions import as_seen
from overpaint.shapes.drawing import draw, random_things
from overpaint.shapes.inspector import inspect
from overpaint.shapes.layout import place, satisfied
from overpaint.shapes.scene import CENTRES, COLOURS, GROUND, PALETTE, SHAPES, SIDE, SIZES, Group, Link, Spec, Thing
from tests.shapes.specs import scenes, specs

NINE_CIRCLES = [Thing("circle", "red", "small", place) for place in range(9)]


def placed(thing: Thing) -> Any:
    row, column = divmod(thing.place, 3)
    at = CENTRES[column] / SIDE, CENTRES[row] / SIDE
    return Found(thing.shape, thing.colour, thing.size, thing.place, *at)


def keys(things: list[Any]) -> list[tuple[object, ...]]:
    return sorted((t.place, t.shape, t.colour, t.size) for t in things)


def stained(picture: Image.Image, box: tuple[int, int, int, int], colour: str) -> Image.Image:
    ImageDraw.Draw(picture).rectangle(box, fill=next(rgb for name, rgb in PALETTE.items() if name == colour))
    return picture


def reached(module: str) -> set[str]:
    """The modules of overpaint that a module imports, and those that they import."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        path = import_module(waiting.pop()).__file__ or ""
        nodes = list(ast.walk(ast.parse(Path(path).read_text("utf-8"))))
        named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        named |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        new = {name for name in named if name.startswith("overpaint")} - found
        found |= new
        waiting += new
    return found


@pytest.mark.slow
def test_it_shares_no_code_with_the_judge() -> None:
    own = {f"overpaint.evaluation.scenes.{name}" for name in ("ground_truth", "matching", "patches")}
    assert reached("overpaint.evaluation.scenes.truth") == own | {"overpaint.shapes.drawing", "overpaint.shapes.scene"}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("colour", COLOURS)
def test_reads_every_kind_and_its_centre(shape: str, colour: str) -> None:
    for seed, size in enumerate(SIZES):
        thing = Thing(shape, colour, size, 5)  # type: ignore[arg-type]
        (found,) = things_in(draw([thing], seed))
        assert (found.shape, found.colour, found.size, found.place) == (shape, colour, size, 5)
        assert found.x * SIDE == pytest.approx(52, abs=1.5)
        assert found.y * SIDE == pytest.approx(32, abs=1.5)


@pytest.mark.parametrize("side", [64, 96, 100, 256, 512])
def test_reads_a_picture_of_any_size(side: int) -> None:
    wanted = random_things(11, 5)
    assert keys(things_in(draw(wanted, 2, side=side))) == keys(wanted)


def test_reads_bytes_and_refuses_what_is_no_picture() -> None:
    wanted, buffer = random_things(3, 4), BytesIO()
    draw(wanted, 3).save(buffer, "PNG")
    assert keys(things_in(buffer.getvalue())) == keys(wanted)
    with pytest.raises(UnidentifiedImageError):
        things_in(b"no picture")


@pytest.mark.parametrize("seed", range(6))
def test_reads_through_blur_and_noise(seed: int) -> None:
    wanted = random_things(seed, 5)
    soft = draw(wanted, seed).filter(ImageFilter.GaussianBlur(0.6))
    noise = np.random.default_rng(seed).normal(0, 6, (SIDE, SIDE, 3))
    noisy = Image.fromarray(np.clip(np.asarray(soft) + noise, 0, 255).astype(np.uint8))
    assert keys(things_in(noisy)) == keys(wanted)


def test_an_empty_picture_and_a_speck_hold_nothing() -> None:
    ground = Image.new("RGB", (SIDE, SIDE), GROUND)
    assert things_in(ground) == []
    assert things_in(stained(ground, (10, 10, 12, 12), "red")) == []


def test_a_stain_leaves_a_thing_what_it_is_but_two_halves_do_not() -> None:
    square = Thing("square", "purple", "large", 4)
    assert keys(things_in(stained(draw([square], 1), (33, 26, 38, 31), "blue"))) == keys([square])
    assert keys(things_in(stained(draw([square], 1), (24, 24, 31, 39), "blue"))) != keys([square])


def test_an_uneven_ink_between_two_colours_is_one_thing() -> None:
    pixels = np.asarray(draw([Thing("square", "orange", "large", 4)], 1)).copy()
    pixels[24:40, 24:32] = (238, 90, 25)  # between red and orange, on the red side
    pixels[24:40, 32:40] = (240, 105, 25)
    (found,) = things_in(Image.fromarray(pixels))
    assert (found.shape, found.size, found.place) == ("square", "large", 4)


def test_what_is_no_shape_has_no_name() -> None:
    ground = Image.new("RGB", (SIDE, SIDE), GROUND)
    (bar,) = things_in(stained(ground, (10, 30, 50, 34), "green"))
    assert bar.shape is None
    assert bar.colour == "green"


def test_things_of_one_colour_that_touch_are_parted() -> None:
    left, right = Thing("circle", "green", "large", 3), Thing("square", "green", "large", 4)
    bridged = stained(draw([left, right], 1), (20, 31, 24, 33), "green")
    assert keys(things_in(bridged)) == keys([left, right])


@pytest.mark.slow
@given(specs())
@settings(max_examples=40, deadline=None)
def test_a_drawn_layout_shows_its_spec(spec: Spec) -> None:
    assert shows(spec, things_in(draw(place(spec, ""), 1)))


@pytest.mark.slow
@given(specs(shapes=2), specs(shapes=2), st.data())
def test_shows_agrees_with_the_judge_on_the_same_things(spec: Spec, other: Spec, data: st.DataObject) -> None:
    things = data.draw(st.one_of(st.just(place(spec, "a")), st.just(place(other, "b")), scenes()))
    changed = [replace(t, place=p) for t, p in zip(things, data.draw(st.permutations(range(9))), strict=False)]
    for drawn in (things, changed):
        assert shows(spec, [placed(t) for t in drawn]) == satisfied(spec, [as_seen(t) for t in drawn])


@pytest.mark.slow
@given(specs(shapes=3), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_both_inspectors_say_the_same_of_a_drawing(spec: Spec, seed: int) -> None:
    picture = draw(random_things(seed, sum(group.count for group in spec.groups)), seed)
    assert shows(spec, things_in(picture)) == satisfied(spec, inspect(picture))


def test_overlapping_groups_are_told_apart() -> None:
    spec = Spec((Group("circle"), Group("circle", colour="red")))
    red, blue = (placed(Thing("circle", colour, "small", at)) for colour, at in (("red", 0), ("blue", 8)))  # type: ignore[arg-type]
    assert shows(spec, [red, blue])
    assert shows(spec, [red, replace(red, place=4)])
    assert not shows(spec, [blue, blue])
    assert not shows(spec, [red, blue, blue])
    assert not shows(spec, [red])


def test_a_relation_needs_centres_more_than_eight_pixels_apart() -> None:
    spec = Spec((Group("circle"), Group("star")), (Link(0, "left of", 1),))
    circle, star = placed(Thing("circle", "red", "small", 0)), placed(Thing("star", "red", "small", 1))
    assert shows(spec, [circle, star])
    assert shows(spec, [replace(circle, x=0.25), replace(star, x=0.25 + 8.1 / SIDE)])
    assert not shows(spec, [replace(circle, x=0.25), replace(star, x=0.25 + 8 / SIDE)])


@pytest.mark.timeout(2)
@pytest.mark.parametrize("links", [(), tuple(Link(i, "above", 8) for i in range(6)), (Link(0, "above", 1),) * 2])
def test_a_hopeless_spec_of_nine_alike_is_soon_refused(links: tuple[Link, ...]) -> None:
    spec = Spec((*(Group("circle") for _ in range(8)), Group("circle", colour="blue")), links)
    assert not shows(spec, [placed(thing) for thing in NINE_CIRCLES])
