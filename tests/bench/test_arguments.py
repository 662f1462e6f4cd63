from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

import arguments
import pytest

from overpaint.shapes.painter import WEIGHTS


def test_what_is_meant_is_read() -> None:
    assert arguments.budgets("8,1,8") == [1, 8]
    assert arguments.presets("default,one-shot") == ["default", "one-shot"]
    assert arguments.probability("0.1") == 0.1
    assert arguments.weights(str(WEIGHTS)) == WEIGHTS


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (arguments.number, "0"),
        (arguments.number, "-3"),
        (arguments.budgets, "abc"),
        (arguments.budgets, "1,x"),
        (arguments.presets, "default,nosuch"),
        (arguments.probability, "2"),
        (arguments.probability, "nan"),
        (arguments.weights, "nosuch"),
    ],
)
def test_nonsense_is_refused_by_name(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=text.split(",")[-1] or "''"):
        read(text)


def test_a_folder_without_a_model_is_no_weights(tmp_path: Path) -> None:
    with pytest.raises(ArgumentTypeError, match=r"model_index\.json"):
        arguments.weights(str(tmp_path))
