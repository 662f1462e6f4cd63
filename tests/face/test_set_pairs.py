"""`--set key=value`: every scalar reads back, nothing surprises, and what is no pair is refused clearly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.commands import settings_from
from overpaint.tools.faults import BadInput

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True), scalars)
def test_settings_read_back_every_scalar(key: str, value: Any) -> None:
    read = settings_from([f"{key}={json.dumps(value)}"])
    assert read == {key: value}
    assert type(read[key]) is type(value)


@given(st.text())
def test_settings_from_gives_a_scalar_or_a_clear_refusal(text: str) -> None:
    try:
        (value,) = settings_from([f"key={text}"]).values()
    except BadInput:
        pytest.fail("any value is a scalar")
    assert value is None or isinstance(value, (bool, int, float, str))
    with pytest.raises(BadInput, match="not key=value"):
        settings_from([text.replace("=", "")])


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("k=shapes", "shapes"), ("k=64x64", "64x64"), ("k=a=b", "a=b"), ("k=", ""), ("k=yes", "yes"),
        ("k=1:30", "1:30"), ("k=010", "010"), ("k=True", True), ("k=~", None), ("k=1e-3", 0.001),
        ("k=[1, 2]", "[1, 2]"), ("k=NaN", "NaN"), ("k=1e999", "1e999"), ('k="4"', "4"),
        ("k=" + "[" * 100_000, "[" * 100_000), ("k=" + "9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_values_that_could_surprise(pair: str, value: Any) -> None:
    assert settings_from([pair]) == {"k": value}


def test_the_last_of_a_key_wins() -> None:
    assert settings_from(["a=1", "b=2", "a=3"]) == {"a": 3, "b": 2}
