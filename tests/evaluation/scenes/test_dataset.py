from __future__ import annotations

import json

import pytest

from overpaint.evaluation.scenes.briefs import EASY, MULTI, SEEDS, SetName, digest, load_briefs, mixed
from overpaint.evaluation.scenes.dataset import scenes_dataset
from overpaint.evaluation.scenes.truth import spec_from


@pytest.mark.parametrize("which", SEEDS)
def test_rows_are_the_briefs_in_their_mixed_order(which: SetName) -> None:
    dataset, briefs = scenes_dataset(which), mixed(load_briefs(which))
    assert [(row["id"], row["brief"], row["category"]) for row in dataset.rows] == [
        (brief.id, brief.text, brief.category) for brief in briefs
    ]
    assert [spec_from(row["truth"] or {}) for row in dataset.rows] == [brief.spec for brief in briefs]
    assert dataset.digest == digest(load_briefs(which))
    assert (dataset.total, dataset.bad) == (len(briefs), [])


def test_a_row_is_the_same_after_a_file_of_json() -> None:
    rows = scenes_dataset().rows
    assert json.loads(json.dumps(rows)) == rows


def test_the_first_thirty_rows_hold_every_category() -> None:
    assert {row["category"] for row in scenes_dataset().rows[:30]} == {*EASY, MULTI}


def test_the_sets_are_told_apart_by_name_and_source() -> None:
    test, tuning = scenes_dataset(), scenes_dataset("tuning")
    assert (test.name, tuning.name) == ("scenes", "scenes-tuning")
    assert test.source != tuning.source
