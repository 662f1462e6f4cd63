"""What was asked is told: facts, and the settings that differ."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from overpaint.evaluation.asked import NO_TERMS, alike, facts, said, settings_table, still_to_do, terms
from overpaint.evaluation.grids import NONE
from overpaint.evaluation.markdown import read_table
from overpaint.evaluation.nouns import Outcome
from tests.evaluation.experiments import make_experiment
from tests.evaluation.outcomes import outcome


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


def asked(**presets: dict[str, Any]) -> dict[str, Any]:
    settings = {name: {"max_images": 8, "per_round": 1, **some} for name, some in presets.items()}
    return {"presets": settings, "dataset": {"rows": ["a"]}}


def runs(truth: bool, *presets: str) -> list[Outcome]:
    return [outcome(preset, "a", [True], truth=truth) for preset in presets]


WAYS = asked(bare={"judge_method": "none"}, one={"judge_method": "score"}, two={"judge_method": "checklist"})


def test_where_no_truth_is_known_other_ways_of_judging_are_not_compared() -> None:
    found = terms(WAYS, runs(False, *WAYS["presets"]))
    assert found.unjudged == {"bare"}
    assert found.ways == {"one": "score", "two": "checklist"}
    assert "(one score, two checklist): not comparable" in found.notes[0]
    assert found.notes[1].endswith("no success to tell: bare.")
    assert [o["preset"] for o in found.told(runs(False, "bare", "one"))] == ["one"]


def test_what_is_right_by_truth_or_judged_alike_can_be_compared() -> None:
    assert terms(WAYS, runs(True, *WAYS["presets"])) == replace(NO_TERMS, notes=[])
    alike = asked(one={}, two={})
    assert terms(alike, runs(False, "one", "two")) == replace(NO_TERMS, notes=[])


def test_caps_of_presets_and_late_choices_are_told() -> None:
    about = asked(
        default={},
        single={"max_images": 1},
        five={"rounds": 5, "select_best_image": True},
        wide={"rounds": 4, "per_round": 3},
    )
    notes = terms(about, runs(True, *about["presets"])).notes
    assert notes[0] == "Paint at most: single 1, five 5 (caps of their own), any other 8."
    assert notes[1].endswith("the latest one counts: five.")


def test_what_is_still_to_be_done_is_told() -> None:
    assert still_to_do(WAYS, runs(True, "one")) == "1 of 3 runs; 2 still to be done (--resume)."
    assert still_to_do(WAYS, runs(True, *WAYS["presets"])) == ""
