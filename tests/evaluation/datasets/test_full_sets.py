"""The published sets in full, where their files are at hand."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from overpaint.evaluation.datasets.known import KNOWN, VARIABLE, file_of
from overpaint.evaluation.datasets.names import describe, load_dataset
from overpaint.evaluation.nouns import Dataset
from overpaint.tools.faults import BadInput


def load(name: str) -> Dataset:
    if not os.environ.get(VARIABLE):
        pytest.skip(f"set {VARIABLE} to a folder with {KNOWN[name].origin.files[0]} to read {name} in full")
    try:
        file_of(name)
    except BadInput as missing:
        pytest.skip(str(missing))
    return load_dataset(name)


def test_parti_prompts() -> None:
    read = load("parti-prompts")
    assert describe(read) == ["parti-prompts: 1,632 of 1,632 rows"]
    assert len({row["brief"] for row in read.rows}) == 1632
    assert len(Counter(row["category"] for row in read.rows)) == 12


def test_geneval() -> None:
    read = load("geneval")
    assert describe(read) == ["geneval: 553 of 553 rows"]
    assert Counter(row["category"] for row in read.rows) == {
        "position": 100,
        "color_attr": 100,
        "two_object": 99,
        "colors": 94,
        "single_object": 80,
        "counting": 80,
    }


def test_dsg_1k() -> None:
    read = load("dsg-1k")
    assert describe(read) == ["dsg-1k: 1,060 of 1,060 rows, 8,182 questions"]
    assert max(len(row["requirements"] or []) for row in read.rows) == 52
