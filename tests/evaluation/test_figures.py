"""The charts of an experiment show its numbers."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from overpaint.evaluation.asked import Terms
from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.figures import (
    best_figures,
    combined_figure,
    judged,
    rounds_figure,
    scaled,
    scorer_figure,
    stop_figures,
    success_figure,
)
from overpaint.evaluation.nouns import Score
from overpaint.evaluation.statistics import by_preset, success
from overpaint.phrases import percent
from tests.evaluation.experiments import make_experiment


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return make_experiment(tmp_path_factory.mktemp("made") / "made")


def texts(svg: ET.Element, kind: str = "label") -> list[str]:
    return [one.text or "" for one in svg.iter("text") if kind in (one.get("class") or "").split()]


@pytest.mark.slow
def test_success_ends_where_the_statistics_say(experiment: Experiment) -> None:
    outcomes = experiment.outcomes()
    said = [f"{preset} {percent(success(some).mean)}" for preset, some in by_preset(outcomes).items()]
    assert texts(success_figure(outcomes)) == said
    assert "share of briefs with success, by ground truth" in texts(success_figure(outcomes), "said")


@pytest.mark.slow
def test_up_to_sixteen_pictures_success_is_shown_at_each_number(tmp_path: Path) -> None:
    few = make_experiment(tmp_path / "few", ["best-of-n"], 30, 6, scorers=()).outcomes()
    many = make_experiment(tmp_path / "many", ["best-of-n"], 30, 40, scorers=()).outcomes()
    assert [t for t in texts(success_figure(few), "tick") if "%" not in t] == ["1", "2", "3", "4", "5", "6"]
    painted = max(outcome["receipt"]["images"] for outcome in many)
    assert painted <= 16 or len(next(success_figure(many).iter("polyline")).attrib["points"].split()) < painted


@pytest.mark.slow
def test_a_preset_without_a_success_has_no_line_and_the_others_keep_their_colours(experiment: Experiment) -> None:
    svg = success_figure(experiment.outcomes(), Terms(frozenset({"one-shot"})))
    assert [one.get("class") for one in svg.iter("polyline")] == ["trail c1", "trail c2"]


@pytest.mark.slow
def test_the_number_of_briefs_stands_beside_each_mean(experiment: Experiment) -> None:
    outcomes = experiment.outcomes()
    counts = texts(scorer_figure("judge", outcomes, judged(outcomes)), "said")[1:]
    delivered = [sum(o["chosen"] is not None for o in some) for some in by_preset(outcomes).values()]
    assert counts == [f"({count})" for count in delivered]
    assert len(set(delivered)) > 1


def test_a_scorer_has_a_row_for_each_preset_and_one_for_the_references(experiment: Experiment) -> None:
    outcomes = experiment.outcomes()
    names = [*by_preset(outcomes), "reference pictures"]
    assert texts(scorer_figure("clipscore", outcomes, experiment.scores("clipscore")))[::2] == names
    assert texts(scorer_figure("judge", outcomes, judged(outcomes)))[::2] == names[:-1]


def test_a_scorer_of_delivered_pictures_is_not_compared_with_the_few_first_ones(experiment: Experiment) -> None:
    outcomes = experiment.outcomes()
    late = [o for o in outcomes if o["chosen"] != "0.0"]
    chosen = {(o["preset"], o["row"], o["chosen"]) for o in late}
    scores = [s for s in judged(late) if (s["preset"], s["row"], s["shot"]) in chosen]
    assert scores
    assert "hollow" not in "".join(one.get("class", "") for one in scorer_figure("auditor", late, scores).iter())


def test_scores_are_scaled_to_reach_from_0_to_1_and_stay_unknown_where_they_are() -> None:
    def score(value: float | None) -> Score:
        return Score(preset="a", row="r", shot="0.0", value=value, fault=None, detail={})

    assert [s["value"] for s in scaled([score(2.0), score(None), score(3.0), score(4.0)])] == [0.0, None, 0.5, 1.0]
    assert [s["value"] for s in scaled([score(2.0), score(2.0)])] == [0.0, 0.0]
    assert scaled([score(None)])[0]["value"] is None


def test_all_scorers_share_one_chart(experiment: Experiment) -> None:
    outcomes = experiment.outcomes()
    svg = combined_figure(outcomes, {"judge": judged(outcomes), "clipscore": experiment.scores("clipscore")})
    assert texts(svg, "heading") == ["judge (each preset's own)", "clipscore"]
    assert all(0 <= float(value) <= 1 for value in texts(svg)[1::2])


def test_a_refused_picture_is_no_unjudged_one(experiment: Experiment) -> None:
    outcomes = experiment.outcomes()
    assert any(shot["outcome"] == "blocked" for outcome in outcomes for shot in outcome["shots"])
    assert all(score["value"] is not None for score in judged(outcomes))


def test_rounds_and_histograms_have_one_line_or_chart_for_each_preset(experiment: Experiment) -> None:
    outcomes = experiment.outcomes()
    presets = list(by_preset(outcomes))
    rounds = rounds_figure("judge", outcomes, judged(outcomes))
    assert len(list(rounds.iter("polyline"))) == len(presets)
    for charts in (stop_figures(outcomes), best_figures(outcomes, judged(outcomes))):
        assert [texts(svg, "heading") for svg in charts] == [[preset] for preset in presets]


def test_a_run_without_a_stop_is_in_no_column(experiment: Experiment) -> None:
    failed = [outcome for outcome in experiment.outcomes() if outcome["status"] == "failed"]
    (svg,) = stop_figures(failed)
    assert svg.attrib["aria-label"] == "default, round it ended in. none"
