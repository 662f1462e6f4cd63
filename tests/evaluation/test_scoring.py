"""Scoring an experiment: what is scored, that nothing is scored twice, and that what has no value is tried again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.experiment import Experiment, open_experiment
from overpaint.evaluation.nouns import Row, Score
from overpaint.evaluation.scorers.scorer import Need, Scope, Scored, Value
from overpaint.evaluation.scoring import checklists_of, current, pictures_of, score_experiment
from overpaint.tools.faults import BadInput, ProviderFault
from tests.evaluation.experiments import make_experiment
from tests.evaluation.scorers.scored import a_row, an_outcome

FAILED = ("default", "row-001")


class Length:
    """Scores a picture by the length of its file's name, and notes what it was given."""

    name, title, unit = "length", "length of the name", "letters"
    span: tuple[float, float] | None = None
    higher_is_better: bool | None = None
    references, batch = True, 4
    needs: frozenset[Need] = frozenset({"picture"})

    def __init__(self, scope: Scope = "pictures", **options: Any) -> None:
        self.scope, self.options = scope, options
        self.given: list[list[Scored]] = []
        self.faults: set[str] = set()
        self.ends_after = 1000

    async def check(self, pictures: Sequence[Scored]) -> None:
        if self.options.get("broken"):
            raise BadInput("it cannot")

    async def score(self, pictures: Sequence[Scored]) -> list[Value]:
        if len(self.given) >= self.ends_after:
            raise ProviderFault("the server is gone", retryable=True)
        self.given.append(list(pictures))
        return [
            Value(None, "no") if scored.name in self.faults else Value(float(len(str(scored.picture))))
            for scored in pictures
        ]

    @property
    def names(self) -> list[tuple[str, str, str]]:
        return [(scored.preset, scored.row["id"], scored.name) for batch in self.given for scored in batch]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_experiment(tmp_path_factory.mktemp("experiments") / "made", rows=3, scorers=()).folder


@pytest.fixture
def experiment(tmp_path: Path, made: Path) -> Experiment:
    return open_experiment(shutil.copytree(made, tmp_path / "made"))


def told(done: int, total: int) -> None:
    assert done <= total


def shots(experiment: Experiment) -> list[tuple[str, str, str]]:
    return [
        (o["preset"], o["row"], shot["id"]) for o in experiment.outcomes() for shot in o["shots"] if shot["picture"]
    ]


async def test_every_picture_of_every_round_is_scored_once(experiment: Experiment) -> None:
    scorer = Length()
    first = await score_experiment(experiment, scorer, told)
    assert scorer.names == shots(experiment)
    assert all(len(batch) <= 4 for batch in scorer.given)
    assert (len(first.given), first.kept) == (len(scorer.names), 0)
    assert experiment.scores("length") == first.given
    again = await score_experiment(experiment, Length(), told)
    assert (again.given, again.kept) == ([], len(scorer.names))


async def test_other_options_are_another_score(experiment: Experiment) -> None:
    await score_experiment(experiment, Length(model="a"), told)
    scorer = Length(model="b")
    await score_experiment(experiment, scorer, told)
    assert scorer.names == shots(experiment)
    kept = experiment.scores("length")
    assert len(kept) == 2 * len(scorer.names)
    assert {score["detail"]["options"]["model"] for score in current(kept)} == {"b"}
    assert len(current(kept)) == len(current(kept, {"model": "a"})) == len(scorer.names)


async def test_what_was_cut_off_goes_on_where_it_was(experiment: Experiment) -> None:
    cut = Length()
    cut.ends_after = 2
    with pytest.raises(ProviderFault):
        await score_experiment(experiment, cut, told)
    rest = Length()
    await score_experiment(experiment, rest, told)
    assert len(experiment.scores("length")) == len(shots(experiment))
    assert cut.names + rest.names == shots(experiment)


async def test_a_picture_without_a_value_is_tried_again_and_the_last_score_counts(experiment: Experiment) -> None:
    broken = Length()
    broken.faults = {"0.0"}
    await score_experiment(experiment, broken, told)
    missing = [key for key in shots(experiment) if key[2] == "0.0"]
    still = Length()
    still.faults = {"0.0"}
    await score_experiment(experiment, still, told)
    assert still.names == missing
    assert len(experiment.scores("length")) == len(shots(experiment))  # nothing new was said
    mended = Length()
    await score_experiment(experiment, mended, told)
    assert mended.names == missing
    assert all(score["value"] is not None for score in current(experiment.scores("length")))


async def test_of_a_run_that_delivered_nothing_that_is_said(experiment: Experiment) -> None:
    scorer = Length("delivered")
    await score_experiment(experiment, scorer, told)
    chosen = [(o["preset"], o["row"], o["chosen"]) for o in experiment.outcomes()]
    assert scorer.names == [key for key in chosen if key[2]]
    scores = experiment.scores("length")
    assert [(s["preset"], s["row"], s["shot"] or None) for s in scores] == chosen
    assert [s["fault"] for s in scores if (s["preset"], s["row"]) == FAILED] == ["the run delivered no picture"]
    assert not (await score_experiment(experiment, Length("delivered"), told)).given


@pytest.mark.parametrize(("scope", "by"), [("runs", 2), ("rows", 1)])
async def test_runs_and_rows_are_scored_whole(scope: Scope, by: int, experiment: Experiment) -> None:
    scorer = Length(scope)
    scorer.batch = 1
    await score_experiment(experiment, scorer, told)
    groups = [{(s.row["id"], s.preset)[:by] for s in batch} for batch in scorer.given]
    assert all(len(group) == 1 for group in groups)
    assert len({key for group in groups for key in group}) == len(groups)
    assert not (await score_experiment(experiment, Length(scope), told)).given


async def test_a_picture_that_is_gone_is_a_fault(experiment: Experiment) -> None:
    first = experiment.outcomes()[0]["shots"][0]
    file = experiment.image(str(first["picture"]))
    assert file is not None
    file.unlink()
    scorer = Length()
    await score_experiment(experiment, scorer, told)
    assert shots(experiment)[0] not in scorer.names
    assert experiment.scores("length")[0]["fault"] == "the file of the picture is gone"
    assert not (await score_experiment(experiment, Length(), told)).given


async def test_a_scorer_that_cannot_is_asked_nothing(experiment: Experiment) -> None:
    with pytest.raises(BadInput, match="it cannot"):
        await score_experiment(experiment, Length(broken=True), told)
    assert not experiment.scores("length")


async def test_references_are_scored_once_for_all_presets(tmp_path: Path, experiment: Experiment) -> None:
    rows: list[Row] = [{**row, "pictures": ["one.png", "two.png"]} for row in experiment.rows()]
    found = [scored for scored in await pictures_of(_with(experiment, rows), Length()) if scored.outcome is None]
    assert [(s.preset, s.row["id"], s.name) for s in found[:3]] == [
        ("", "row-000", "reference"), ("", "row-000", "reference.2"), ("", "row-001", "reference"),
    ]  # fmt: skip
    assert len(found) == 6


async def test_a_checklist_of_the_row_is_that_of_all_its_pictures(experiment: Experiment) -> None:
    row = a_row(requirements=[{"text": "red", "question": "Is it red?", "kind": "attribute"}])
    found = await checklists_of(experiment, [row], [an_outcome(run="some")])
    assert [item["question"] for item in found["one"]] == ["Is it red?"]


@pytest.mark.slow
async def test_without_one_the_longest_that_a_run_was_given_is(experiment: Experiment) -> None:
    from overpaint import arefine

    runs = [
        await arefine(brief, home=experiment.home, settings={"max_images": 1})
        for brief in ("a red circle", "a red circle and a blue square")
    ]
    outcomes = [an_outcome(preset, run=run.run, thread=run.thread) for preset, run in zip("ab", runs, strict=True)]
    found = await checklists_of(experiment, [a_row()], outcomes)
    assert found == {"one": max((run.checklist for run in runs), key=len)}
    assert len({len(run.checklist) for run in runs}) == 2


def _with(experiment: Experiment, rows: list[Row]) -> Experiment:
    class Other(Experiment):
        def rows(self) -> list[Row]:
            return rows

    return Other(experiment.folder, experiment.about)


def test_current_scores_of_an_older_file_without_options() -> None:
    score = Score(preset="a", row="1", shot="0.0", value=1.0, fault=None, detail={})
    assert current([score, {**score, "value": 2.0}]) == [{**score, "value": 2.0}]
    assert current([]) == []
