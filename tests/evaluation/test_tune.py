"""Tuning: which version is chosen and what is said of it; and that it finds a better one where there is one."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.experiment import Experiment, experiments_folder
from overpaint.evaluation.harvest_file import read_harvest
from overpaint.evaluation.nouns import Row
from overpaint.evaluation.scenes.dataset import scenes_dataset
from overpaint.evaluation.statistics import by_preset
from overpaint.evaluation.tune import OLD, TUNED, Asked, Plan, evidence, plan, tune
from overpaint.evaluation.tune_command import add_tune
from overpaint.evaluation.tune_command import tune as command
from overpaint.evaluation.tune_examples import Group, split
from overpaint.graph.checklists import whole
from overpaint.shapes.captions import fit
from overpaint.shapes.layout import place
from overpaint.shapes.parser import parse
from overpaint.tools.faults import BadInput
from tests.evaluation.harvests import line, write_lines
from tests.evaluation.outcomes import outcome
from tests.servers import Request, chat_server, measured

ASKED = Asked(shots=2, candidates=3, holdout=0.6, limit=None)
LINES = [line(f"run-{n}", f"brief {n}", f"prompt {n}", checklist=[{"text": "a star"}]) for n in range(40)]


def planned(tmp_path: Path, asked: Asked = ASKED, **given: Any) -> Plan:
    return plan(read_harvest(write_lines(tmp_path / "harvest.jsonl", LINES)), "upsample", asked, given)


def completing(right: Callable[[str, str], bool]) -> Callable[[Experiment], bool]:
    """Whatever is left of an experiment, done in no time: `right` says it of a preset and a row."""

    def complete(experiment: Experiment) -> bool:
        done = {(o["preset"], o["row"]) for o in experiment.outcomes()}
        for preset in experiment.about["presets"]:
            for row in experiment.about["dataset"]["rows"]:
                if (preset, row) not in done:
                    experiment.add_outcome(outcome(preset, row, [right(preset, row)], truth=False))
        return True

    return complete


@pytest.mark.slow
def test_the_best_on_validation_is_held_against_the_old_version_on_unseen_briefs_alone(tmp_path: Path) -> None:
    found = planned(tmp_path)
    result = tune(found, completing(lambda preset, _: preset == "candidate-2"))
    assert result is not None
    assert (result.best, result.better) == ("candidate-2", True)
    assert [rate.mean for rate in result.validation.values()] == [0, 0, 1, 0]
    assert {name: rate.mean for name, rate in result.unseen.items()} == {OLD: 0, TUNED: 1}
    unseen = len(found.split.unseen)
    assert (result.test.n10, result.test.n01, result.test.shared) == (unseen, 0, unseen)
    assert result.spent["images"] == 4 * len(found.split.validation) + 2 * unseen
    assert result.success_by == "by the judge"
    told = json.loads(json.dumps(evidence(found, result)))
    assert told["verdict"] == "better"
    assert told["validation"]["candidate-2"]["examples"] == [one.run for one in found.sets["candidate-2"]]
    assert told["tuned"] == found.prompt("candidate-2").label != told["old"]
    assert told["harvest"]["sha256"] == found.harvest.digest
    assert sum(len(part) for part in told["split"].values()) == 40


@pytest.mark.slow
def test_equals_and_what_chance_explains_are_not_better(tmp_path: Path) -> None:
    found = planned(tmp_path)
    rows = [group.id for group in found.split.unseen]
    for right in (lambda *_: True, lambda *_: False, lambda preset, row: preset != OLD or row not in rows[:5]):
        result = tune(replace(found, harvest=replace(found.harvest, digest=str(right))), completing(right))
        assert result is not None
        assert (result.best, result.better) == ("candidate-1", False)


@pytest.mark.slow
def test_the_same_asked_again_goes_on_where_it_was(tmp_path: Path) -> None:
    found = planned(tmp_path)
    assert tune(found, lambda _: False) is None
    begun = sorted(folder.name for folder in experiments_folder().iterdir())
    assert len(begun) == 1
    assert tune(found, completing(lambda *_: True)) is not None
    both = sorted(folder.name for folder in experiments_folder().iterdir())
    assert len(both) == 2
    assert begun[0] in both

    def complete(experiment: Experiment) -> bool:
        return all(len(some) == len(experiment.rows()) for some in by_preset(experiment.outcomes()).values())

    assert tune(found, complete) is not None
    assert tune(planned(tmp_path, replace(ASKED, shots=3)), lambda _: False) is None
    assert len(list(experiments_folder().iterdir())) == 3


def test_versions_differ_in_the_writers_text_alone_and_are_judged_by_the_checklist_of_the_harvest(
    tmp_path: Path,
) -> None:
    found = planned(tmp_path, steps=3, templates={"caption.best.system": "OWN"})
    old, *others = (settings.kept for settings in found.presets(*found.sets).values())
    assert (old["max_images"], old["upsample"], old["raw_brief"], old["steps"]) == (1, True, False, 3)
    for other in others:
        assert {**other, "templates": old["templates"]} == old
        assert other["templates"]["caption.best.system"] == "OWN"
    assert [item["text"] for item in found.split.unseen[0].row["requirements"] or []] == ["a star"]


@pytest.mark.parametrize(
    ("node", "given", "said"),
    [
        ("critique", {}, "the node 'critique' cannot be tuned, only: upsample"),
        ("upsample", {"upsample": False}, "is that of upsample=true"),
        ("upsample", {"upsample_method": "compare"}, "is that of upsample=true with upsample_method=rewrite"),
        ("upsample", {"review": "prompt"}, "would wait for a person"),
        ("upsample", {"seed": 1}, "leave seed out"),
    ],
)
def test_what_cannot_be_tuned_is_refused(tmp_path: Path, node: str, given: dict[str, Any], said: str) -> None:
    harvest = read_harvest(write_lines(tmp_path / "harvest.jsonl", LINES))
    with pytest.raises(BadInput, match=said):
        plan(harvest, node, ASKED, given)
    assert not experiments_folder().exists()


def told(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_tune(parser)
    return command(parser.parse_args(["--node", "upsample", *arguments]))


@pytest.mark.parametrize(
    "wrong", ["--holdout=1", "--holdout=some", "--shots=0", "--candidates=65", "--limit=-1", "--limit=1e3"]
)
def test_numbers_that_are_none_are_refused(wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        told("--from", str(tmp_path), wrong)
    assert re.search("is not a (share|whole number)", capsys.readouterr().err)


def full(brief: str) -> str:
    """A brief as the built-in writer tells it to the painter."""
    return fit(place(parse(brief), "upsample"), None)


def copying(request: Request) -> str:
    """A writer that follows the style of its examples: full where one is told fully, and else the brief as it is."""
    system, human = (message["content"] for message in request.json["messages"])
    shown = re.findall(r"<brief>\n(.*)\n</brief>\n<prompt>\n(.*)\n</prompt>", system)
    if any(brief != prompt for brief, prompt in shown):
        return measured(request)
    text = human if isinstance(human, str) else human[0]["text"]
    brief = re.search(r"<brief>\n(.*)\n</brief>", text)
    assert brief is not None
    return json.dumps({"reasoning": "as it is", "prompt": brief[1]})


def scenes_to_learn_from() -> list[dict[str, Any]]:
    """Scenes of 4 to 6 things, which the built-in painter seldom paints right from a terse brief; half told fully."""
    rows = [row for row in scenes_dataset().rows if row["category"] == "multi" and 4 <= things(row) <= 6]
    lines = [scene(row, row["brief"] if n % 2 else full(row["brief"])) for n, row in enumerate(rows)]
    by_id = {entry["run"]: entry for entry in lines}
    parts = split(read_harvest(write_lines(Path("scenes.jsonl"), lines)).lines, 0.6)
    kept: list[Group] = [*parts.examples[:8], *parts.validation[:4], *parts.unseen[:10]]
    return [by_id[group.taught[0].run] for group in kept]


def scene(row: Row, prompt: str) -> dict[str, Any]:
    checklist = [item.model_dump() for item in whole(row["brief"]).requirements]
    return line(row["id"], row["brief"], prompt, checklist=checklist, truth=row["truth"], right=True)


def things(row: Row) -> int:
    assert row["truth"] is not None
    return sum(group["count"] for group in row["truth"]["groups"])


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(600)
def test_examples_that_help_a_writer_win_on_unseen_briefs_by_truth(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    harvest = str(write_lines(tmp_path / "harvest.jsonl", scenes_to_learn_from()))
    few = ["--from", harvest, "--shots", "1", "--candidates", "3"]
    with chat_server() as writer:
        writer.think = copying
        given = ["--set", "writer=openai:any", "--set", f"writer_base_url={writer.url}"]
        assert told(*few, *given) == 0
        asked = len(writer.asked)
        said = capsys.readouterr().out
        assert told(*few, *given, "--json") == 0
        assert len(writer.asked) == asked  # nothing is run twice
    result = json.loads(capsys.readouterr().out)
    assert result["success_by"] == "by ground truth"
    assert result["better"] is True
    assert result["paired"]["n01"] == 0
    assert result["paired"]["p"] < 0.05
    assert f"{result['chosen']} beat the old version on 10 unseen briefs, by ground truth" in said
    assert {rate["mean"] for rate in result["validation"].values()} == {0, 1}
    file = home / "prompts" / "upsample.v2.md"
    assert result["file"] == str(file)
    assert sorted(one.name for one in file.parent.iterdir()) == ["upsample.v2.evidence.json", file.name]
    assert json.loads(file.with_name("upsample.v2.evidence.json").read_text("utf-8"))["spent"] == result["spent"]
