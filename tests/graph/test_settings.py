from __future__ import annotations

import pytest

from overpaint.graph.settings import SIDES, Settings, describe_preset, load_preset, merge, preset_names
from overpaint.tools.faults import BadInput
from overpaint.tools.painting import Arguments


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid_and_described(name: str) -> None:
    assert isinstance(merge(load_preset(name)), Settings)
    assert describe_preset(name).endswith(".")


def test_the_last_layer_wins() -> None:
    assert merge(load_preset("best-of-n"), {"per_round": 3}).per_round == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"per_rounds": 2}, "did you mean 'per_round'"),
        ({"zzz": 2}, "there is no setting 'zzz'"),
        ({"per_round": 33}, "per_round"),
        ({"per_round": "many"}, "per_round"),
        ({"size": "big"}, "WIDTHxHEIGHT"),
        ({"size": ""}, "WIDTHxHEIGHT"),
        ({"size": "9000x9000"}, "8 to 8192"),
        ({"size": "1024x7"}, "8 to 8192"),
        ({"judge_method": "vibes"}, "judge_method"),
        ({"seed": -1}, "seed"),
        ({"painter": ""}, "painter"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        merge(wrong)
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(BadInput, match="one-shot"):
        load_preset("two-shot")


def test_every_setting_is_described_and_belongs_to_a_node() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert isinstance(field.json_schema_extra, dict), name
        assert field.json_schema_extra["langgraph_nodes"], name


def test_pixels_and_picture_hold_what_was_given() -> None:
    settings = merge({"size": "64x128", "steps": 4})
    assert settings.pixels == (64, 128)
    assert settings.picture == {"size": "64x128", "steps": 4}


def test_the_sides_of_a_picture_are_those_that_the_tool_takes() -> None:
    width = Arguments.model_json_schema()["properties"]["width"]["anyOf"][0]
    assert (SIDES[0], SIDES[-1]) == (width["minimum"], width["maximum"])
