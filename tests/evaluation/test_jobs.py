from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.experiment import Experiment, open_experiment
from overpaint.evaluation.jobs import create, described, jobs_left, preset_settings, refuse_other, run_seed
from overpaint.evaluation.nouns import Dataset
from overpaint.graph.settings import MODELS, merge
from overpaint.tools.faults import BadInput
from tests.evaluation.outcomes import outcome, row

DATASET = Dataset("three", "three.csv", sha256(b"three").hexdigest(), [row("b"), row("a")], [], 2)


def made(out: Path, name: str = "first", budget: int = 8, **common: Any) -> Experiment:
    presets = preset_settings(["one-shot", "default"], common, budget)
    return create(name, DATASET, presets, out, budget=budget, sample=None)


@pytest.mark.parametrize("preset", ["dspy-strict", "upsample-judge", "socratic", "one-shot", "default"])
def test_all_presets_run_on_the_same_models(preset: str) -> None:
    found = preset_settings([preset], {"judge": "openai:some"}, 8)[preset]
    assert {name: getattr(found, name) for name in MODELS} == {
        "painter": "shapes", "writer": "shapes", "critic": "shapes", "judge": "openai:some", "captioner": None,
    }  # fmt: skip
    assert found.size is None


def test_a_preset_keeps_a_tighter_cap_of_its_own() -> None:
    found = preset_settings(["one-shot", "default"], {}, 40)
    assert (found["one-shot"].max_images, found["default"].max_images) == (1, 40)


@pytest.mark.parametrize(
    ("presets", "common", "said"),
    [
        ([], {}, "no preset is named"),
        (["best"], {}, "there is no preset 'best'"),
        (["default", "default"], {}, "'default' is named twice"),
        (["default"], {"seed": 3}, "leave seed out"),
        (["default"], {"paintr": "shapes"}, "did you mean 'painter'"),
        (["default"], {"max_images": 3}, "give --budget, not max_images"),
        (["default"], {"patience": "many"}, "preset 'default' within --budget 8: setting 'patience'"),
        (["human-edit"], {}, "preset 'human-edit' needs a person"),
        (["human-edit"], {"review": "never"}, "preset 'human-edit' needs a person"),
        (["default"], {"review": "both"}, "add --set review=never"),
        (["default"], {"review_checklist": True}, "add --set review_checklist=false"),
        (["default"], {"on_unknown": "ask"}, "add --set on_unknown=skip"),
    ],
)
def test_what_cannot_be_used_is_refused(presets: list[str], common: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        preset_settings(presets, common, 8)


def test_an_experiment_says_what_was_asked(tmp_path: Path) -> None:
    about = made(tmp_path).about
    assert about["name"] == "first"
    assert about["dataset"]["rows"] == ["b", "a"]
    assert about["dataset"]["digest"] == DATASET.digest
    assert (about["budget"], about["sample"]) == (8, None)
    assert list(about["presets"]) == ["one-shot", "default"]
    assert merge(about["presets"]["default"]).max_images == 8
    assert {"overpaint", "python", "torch"} <= set(about["versions"])
    assert "judge.checklist.v1" in about["prompts"]


def test_each_brief_is_a_job_under_each_preset_with_one_seed_and_a_thread_of_its_own(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    jobs = jobs_left(experiment)
    assert [(job.row["id"], job.preset) for job in jobs] == [
        ("b", "one-shot"), ("b", "default"), ("a", "one-shot"), ("a", "default"),
    ]  # fmt: skip
    assert [job.settings["seed"] for job in jobs] == [run_seed("b")] * 2 + [run_seed("a")] * 2
    assert run_seed("a") == int.from_bytes(sha256(b"a").digest()[:4], "big")
    assert len({job.thread for job in jobs}) == 4
    assert jobs_left(open_experiment("first", tmp_path)) == jobs
    other = {job.thread for job in jobs_left(made(tmp_path, "second"))}
    assert not other & {job.thread for job in jobs}


def test_what_has_an_outcome_is_not_run_again(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    for job in jobs_left(experiment)[1:3]:
        experiment.add_outcome(outcome(job.preset, job.row["id"], [False]))
    assert [(job.row["id"], job.preset) for job in jobs_left(experiment)] == [("b", "one-shot"), ("a", "default")]


def test_what_was_begun_is_gone_on_with(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    refuse_other(experiment, {})
    presets = {name: dict(settings) for name, settings in experiment.about["presets"].items()}
    refuse_other(experiment, {"dataset": described(DATASET), "presets": presets, "budget": 8})


def test_another_dataset_budget_or_preset_is_told_from_what_was_begun(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    presets = experiment.about["presets"]
    others: list[tuple[dict[str, Any], str]] = [
        ({"budget": 4}, "its budget is 8, not 4"),
        ({"dataset": described(replace(DATASET, name="four"))}, r"is three \(2 rows.*not four \(2 rows"),
        ({"dataset": described(replace(DATASET, rows=[row("a"), row("b")]))}, "other rows"),
        ({"dataset": described(replace(DATASET, digest="f" * 64))}, "not three .2 rows, sha256 ffffffffffff"),
        ({"presets": {"default": presets["default"]}}, "its presets are one-shot, default, not default"),
        (
            {"presets": {**presets, "default": {**presets["default"], "per_round": 2}}},
            "under default, per_round is 1, not 2",
        ),
    ]
    for asked, said in others:
        with pytest.raises(BadInput, match=said):
            refuse_other(experiment, asked)


def test_a_preset_that_the_budget_does_not_allow_is_named() -> None:
    with pytest.raises(BadInput, match=r"preset 'synthetic-prompts' within --budget 1: .*variations"):
        preset_settings(["one-shot", "synthetic-prompts"], {}, 1)


@pytest.mark.parametrize(
    ("part", "name", "said"),
    [
        ("prompts", "critique.revise.v1", r"the prompt critique\.revise\.v1 has changed"),
        ("versions", "overpaint", r"it was overpaint 0{12}, and this is \d"),
    ],
)
def test_what_has_changed_since_is_named_while_something_is_left_to_do(
    part: str, name: str, said: str, tmp_path: Path
) -> None:
    experiment = made(tmp_path)
    experiment.about[part][name] = "0" * 12
    with pytest.raises(BadInput, match=said):
        refuse_other(experiment, {})
    for job in jobs_left(experiment):
        experiment.add_outcome(outcome(job.preset, job.row["id"], [True]))
    refuse_other(experiment, {})
