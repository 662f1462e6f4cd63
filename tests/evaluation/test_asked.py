"""What was asked is told: facts, and the settings that differ."""

from pathlib import Path
from typing import Any

from overpaint.evaluation.asked import alike, facts, said, settings_table
from overpaint.evaluation.grids import NONE
from overpaint.evaluation.markdown import read_table
from tests.evaluation.experiments import make_experiment


def test_only_settings_that_differ_are_in_the_table() -> None:
    presets: dict[str, dict[str, Any]] = {
        "a": {"upsample": True, "looks": 3, "actions": ["edit"]},
        "b": {"upsample": False, "looks": 3},
    }
    table = read_table(settings_table(presets))
    assert table.head == ["setting", "a", "b"]
    assert table.rows == [["actions", '["edit"]', NONE], ["upsample", "true", "false"]]
    assert alike(presets) == {"looks": 3}


def test_one_preset_differs_from_none() -> None:
    assert read_table(settings_table({"a": {"upsample": True}})).rows == []


def test_values_are_said_on_one_line() -> None:
    assert [said(value) for value in (None, "shapes", ["edit"], 1.5, True)] == [
        "none", "shapes", '["edit"]', "1.5", "true",
    ]  # fmt: skip


def test_the_facts_name_dataset_models_budget_and_versions(tmp_path: Path) -> None:
    about = make_experiment(tmp_path / "made").about
    about["dataset"]["facts"] = {"questions": 8181}
    told = dict(facts(about))
    assert told["dataset"] == "scenes, from made up"
    assert told["briefs"] == "12 of 13 rows; 1 cannot be used"
    assert told["questions"] == "8,181"
    assert told["budget"] == "6 pictures for each brief, at most"
    assert told["judge"] == "shapes"
    assert told["overpaint"] == "0.1.0"
    assert told["sample"] == "the first rows"
    assert dict(facts({**about, "sample": 7}))["sample"] == "drawn by seed 7"
