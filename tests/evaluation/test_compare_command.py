from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from overpaint.evaluation.compare_command import add_compare, compare, open_side
from overpaint.evaluation.experiment import create_experiment
from overpaint.tools.faults import BadInput
from tests.evaluation.outcomes import outcome, row


def args(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_compare(parser)
    return parser.parse_args(words)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two experiments on four briefs, of which the second knows three and paints less."""
    for name, rows, rounds in (("before", "abcd", 2), ("after", "abc", 1)):
        about = {
            "id": name,
            "dataset": {"name": "scenes", "digest": rows, "rows": list(rows), "bad": []},
            "presets": {"default": {"rounds": rounds}, "one-shot": {"rounds": 1}},
            "budget": 8,
            "seed": None,
            "versions": {"overpaint": "0.1"},
            "prompts": {"upsample.v1": name},
        }
        made = create_experiment(name, about, [row(one) for one in rows], tmp_path)
        for one in rows:
            made.add_outcome(outcome("default", one, [False, True][:rounds]))
            made.add_outcome(outcome("one-shot", one, [one == "a"]))
    return tmp_path


def test_what_was_asked_differently_is_told_before_the_results(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(args("before", "after", "--out", str(two))) == 0
    said = capsys.readouterr().out
    order = ["default: rounds: 2 → 1", "upsample.v1: before → after", "3 briefs shared, of 4", "| default"]
    places = [said.index(part) for part in order]
    assert places == sorted(places)
    assert "0.25" in said


def test_json_is_one_object(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(args("before:one-shot", "before:default", "--out", str(two), "--json")) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["differences"] == [{"part": "settings", "name": "one-shot, default: rounds", "first": 1, "second": 2}]
    assert said["shared"] == {"rows": 4, "first": 4, "second": 4, "other_brief": 0, "unfinished": []}
    (found,) = said["presets"]
    assert found["test"] == {"first": "one-shot", "second": "default", "shared": 4, "n10": 0, "n01": 3, "p": 0.25}
    assert found["first_cost"]["images"] == 4.0


def test_a_cost_without_an_end_is_null_in_json(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(args("after:default", "after:default", "--out", str(two), "--json")) == 0
    assert json.loads(capsys.readouterr().out)["presets"][0]["first_cost"]["images"] is None


def test_experiments_without_a_shared_brief_say_so(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    about = json.loads((two / "after" / "experiment.json").read_text("utf-8"))
    create_experiment("other", {**about, "dataset": {**about["dataset"], "rows": []}}, [], two)
    assert compare(args("after", "other", "--out", str(two))) == 0
    assert "No brief has an outcome in both." in capsys.readouterr().out


def test_a_side_is_a_name_a_folder_or_a_preset_of_either(two: Path) -> None:
    assert open_side("before", two).preset is None
    assert open_side("before:default", two).preset == "default"
    assert open_side(str(two / "before"), None).about["name"] == "before"
    assert open_side(f"{two / 'before'}:default", None).preset == "default"


def test_what_is_not_there_is_refused(two: Path) -> None:
    with pytest.raises(BadInput, match="there is no experiment 'gone'"):
        compare(args("gone", "after", "--out", str(two)))
    with pytest.raises(BadInput, match="after:socratic: no such preset there"):
        compare(args("before", "after:socratic", "--out", str(two)))
