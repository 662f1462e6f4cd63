"""Charts: pixels are where the numbers are, labels do not cover each other, colours can be told apart and read."""

import re
from importlib.resources import files
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.evaluation.bars import Row, columns_chart, rows_chart
from overpaint.evaluation.charts import COLOURS, DASHES, SHAPES, Scale, Series, as_file, as_text, number, spread, ticks
from overpaint.evaluation.curves import HEIGHT, curve_chart
from overpaint.evaluation.statistics import Rate
from tests.evaluation.experiments import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"
STYLE = files("overpaint").joinpath("templates", "chart.css").read_text("utf-8")


def even(mean: float) -> Rate:
    return Rate(mean, mean - 0.1, mean + 0.1, 20)


def chart(*names: str, values: tuple[float, ...] = (0.2, 0.5, 0.8)) -> ET.Element:
    series = [Series(name, {at: even(value) for at, value in enumerate(values, 1)}) for name in names]
    return curve_chart("Success", series, x="pictures", y="share", shares=True)


def found(svg: ET.Element, tag: str, kind: str) -> list[ET.Element]:
    """The elements with a class, as a browser would see them."""
    whole = ET.fromstring(as_text(svg))
    return [one for one in whole.iter(f"{SVG}{tag}") if kind in (one.get("class") or "").split()]


@given(st.lists(st.floats(0, 300), max_size=12))
def test_labels_keep_their_order_and_their_distance(places: list[float]) -> None:
    moved = spread(places, 17, 0, 300)
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in moved)
    gap = min(17, 300 / max(1, len(places) - 1))
    ordered = sorted(moved)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(ordered))
    assert sorted(range(len(places)), key=lambda i: (places[i], i)) == sorted(
        range(len(places)), key=lambda i: (moved[i], i)
    )


def test_a_label_with_room_stays_where_it_is() -> None:
    assert spread([50.0, 100.0, 150.0], 17, 0, 300) == [50.0, 100.0, 150.0]


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_ticks_are_few_and_hold_the_values_between_them(low: float, span: float) -> None:
    steps = ticks(low, low + span)
    assert 2 <= len(steps) <= 8
    near = 1e-6 * (1 + abs(low) + span)
    assert steps[0] <= low + near
    assert steps[-1] >= low + span - near
    assert steps == sorted(set(steps))


def test_a_scale_goes_down_the_page_and_survives_a_single_value() -> None:
    assert [Scale(0, 1, 300, 20)(value) for value in (0, 0.5, 1)] == [300, 160, 20]
    assert Scale(5, 5, 0, 100)(5) == 0


@pytest.mark.parametrize(("value", "said"), [(0.31415, "0.314"), (1, "1.000"), (42.35, "42.4"), (12345.6, "12,346")])
def test_numbers_have_as_many_digits_as_a_reader_can_use(value: float, said: str) -> None:
    assert number(value) == said


def test_a_curve_rises_where_the_share_does_and_is_named_at_its_end() -> None:
    svg = chart("default", "one-shot")
    points = [tuple(map(float, pair.split(","))) for pair in found(svg, "polyline", "c0")[0].attrib["points"].split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert [text.text for text in found(svg, "text", "label")] == ["default 80%", "one-shot 80%"]
    assert svg.attrib["aria-label"] == "Success. default: 80%; one-shot: 80%"


def test_every_value_has_its_interval() -> None:
    lines = found(chart("default"), "line", "interval")
    assert len(lines) == 3
    tall = {float(one.attrib["y1"]) - float(one.attrib["y2"]) for one in lines}
    assert all(0.19 * HEIGHT * 0.7 < height < 0.2 * HEIGHT for height in tall)


def test_names_of_curves_that_end_together_do_not_cover_each_other() -> None:
    heights = sorted(float(one.attrib["y"]) for one in found(chart(*"abcdefgh"), "text", "label"))
    assert all(b - a >= 16.9 for a, b in pairwise(heights))


def test_series_differ_in_shape_and_dash_as_well_as_in_colour() -> None:
    looks = {(i % COLOURS, SHAPES[i % len(SHAPES)], DASHES[i % len(DASHES)]) for i in range(20)}
    assert len(looks) == 20
    assert len({(SHAPES[i % len(SHAPES)], DASHES[i % len(DASHES)]) for i in range(7)}) == 7


def test_a_row_shows_its_mean_and_what_it_is_compared_with() -> None:
    svg = rows_chart("clipscore", [("", [Row("default", 2, even(0.5), 0.4)])], x="mean")
    marks = found(svg, "path", "mark")
    solid, hollow = sorted(marks, key=lambda mark: "hollow" in mark.attrib["class"])
    across = [float(re.findall(r"[\d.]+", mark.attrib["transform"])[0]) for mark in (solid, hollow)]
    assert across[0] > across[1]
    assert [text.text for text in found(svg, "text", "label")] == ["default", "0.500"]


def test_columns_are_as_tall_as_their_counts_and_the_last_number_is_on_the_axis() -> None:
    svg = columns_chart("default", 0, {0: 4, 2: 1}, x="round", most=4, last=3)
    tall = [float(one.attrib["height"]) for one in found(svg, "rect", "column")]
    assert [height / tall[0] for height in tall] == [1, 0, 0.25, 0]
    assert svg.attrib["aria-label"] == "default, round. 0: 4, 2: 1"
    assert {"0", "3", "4", "1"} <= {text.text for text in found(svg, "text", "tick")}


def test_many_columns_stay_in_bounds_with_fewer_numbers() -> None:
    svg = columns_chart("default", 0, {63: 2}, x="round", most=2, last=63)
    assert float(svg.attrib["width"]) < 400
    numbers = [float(one.attrib["x"]) for one in found(svg, "text", "tick") if one.text not in ("2",)]
    assert all(b - a >= 15 for a, b in pairwise(numbers))


def test_hostile_names_are_text_and_nothing_else() -> None:
    for svg in (chart(HOSTILE), rows_chart(HOSTILE, [(HOSTILE, [Row(HOSTILE, 0, even(0.5))])], x=HOSTILE)):
        whole = ET.fromstring(as_file(svg))
        assert {one.tag.removeprefix(SVG) for one in whole.iter()} <= {
            "svg", "title", "style", "line", "path", "text", "polyline", "rect",
        }  # fmt: skip
        assert b"<script>" not in as_file(svg)


def test_a_file_brings_its_style_and_the_page_does_not() -> None:
    svg = chart("default")
    assert ET.fromstring(as_file(svg)).findtext(f"{SVG}style") == STYLE
    assert "<style" not in as_text(svg)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_stand_out_from_the_ground(mode: str) -> None:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    ink = dict(re.findall(r"--(\w+): (#\w{6})", light if mode == "light" else dark))
    assert len([name for name in ink if re.fullmatch(r"c\d", name)]) == COLOURS
    assert all(contrast(ink[f"c{i}"], ink["ground"]) >= 4.5 for i in range(COLOURS))
    assert all(contrast(ink[name], ink["ground"]) >= 4.5 for name in ("ink", "soft"))
