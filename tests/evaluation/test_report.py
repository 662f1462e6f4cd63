"""The report of an experiment: whole, self-contained, and nothing foreign acts in it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from overpaint.evaluation.asked import terms
from overpaint.evaluation.experiment import Experiment, create_experiment
from overpaint.evaluation.report import scores_of, write_report
from overpaint.evaluation.tables import summary_table
from tests.evaluation.experiments import HOSTILE, make_experiment

FILES = {
    "index.html", "table.txt", "success.svg", "scorer-judge.svg", "scorer-clipscore.svg", "combined.svg",
    "results.csv", "results.jsonl", "results.parquet", "shots.csv", "shots.jsonl", "shots.parquet",
}  # fmt: skip
pytestmark = pytest.mark.slow
EIGHT = ("one-shot", "best-of-n", "default", "d", "e", "f", "g", "h")


class Page(HTMLParser):
    """Collects what a browser would act on, and the text it would show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def page_of(experiment: Experiment) -> str:
    return write_report(experiment).read_text("utf-8")


def test_the_folder_is_complete(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made")
    page = write_report(experiment)
    assert page == experiment.report / "index.html"
    assert {file.name for file in experiment.report.iterdir()} == FILES
    outcomes = experiment.outcomes()
    told = summary_table(outcomes, terms=terms(experiment.about, outcomes))
    assert (experiment.report / "table.txt").read_text("utf-8").startswith(f"{told}\n")
    for file in experiment.report.glob("*.svg"):
        assert ET.fromstring(file.read_bytes()).tag == "{http://www.w3.org/2000/svg}svg"


def test_everything_is_on_the_page(tmp_path: Path) -> None:
    text = page_of(make_experiment(tmp_path / "made"))
    page = Page(text)
    for said in (
        "What was run", "Settings that differ between presets", "line 7", "it has no brief", "Success against budget",
        "Paired tests", "by category", "Pictures painted per success", "The judge of each preset against the truth", "by each preset's own judge", "never asked the same twice",
        "Paint at most: one-shot 1", "clipscore",
        "beats another, by clipscore", "Mean clipscore in each round", "counted from 0", "0 is the lowest value",
        "When the runs ended", "Examples", "3 blue circles", "the writer answered 503", "blocked by the provider",
        "4 pictures got no value: the picture cannot be read", "champion",
    ):  # fmt: skip
        assert said in page.text, said
    assert len(page.all("svg")) >= 8
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
    assert all(image["alt"] for image in page.all("img"))
    assert all(cell["scope"] in ("col", "row") for cell in page.all("th"))
    assert all(table.count("<caption>") == 1 for table in text.split("<table")[1:])


def test_the_page_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    text = page_of(make_experiment(tmp_path / "made"))
    assert not re.findall(r"https?://", text.replace('xmlns="http://www.w3.org/2000/svg"', ""))
    page = Page(text)
    names = ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
    links = [value or "" for _, attrs in page.tags for name, value in attrs.items() if name in names]
    ids = {f"#{attrs['id']}" for _, attrs in page.tags if "id" in attrs}
    assert all(link.startswith("data:") or link in ids for link in links)
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "embed", "form", "base"}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert "url(" not in text
    assert "@import" not in text


def test_hostile_words_are_shown_and_never_act(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", words=HOSTILE * 3)
    dataset = experiment.about["dataset"]
    dataset.update(name=HOSTILE, source=HOSTILE, facts={HOSTILE: 1})
    experiment.about["presets"]["default"][HOSTILE] = HOSTILE
    page = Page(page_of(experiment))
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "\u202e" not in page.text
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "embed", "form", "base"}
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert all((image["src"] or "").startswith("data:image/webp;base64,") for image in page.all("img"))
    assert all("evil" not in (link["href"] or "") for link in page.all("a"))


def test_an_experiment_without_outcomes_says_so(tmp_path: Path) -> None:
    made = make_experiment(tmp_path / "made", rows=2)
    empty = create_experiment("empty", {**made.about, "name": "empty"}, made.rows(), tmp_path)
    page = Page(page_of(empty))
    assert page.text.count("No brief has been run yet.") == 2
    assert "Examples" not in page.text


def test_without_truth_and_scorers_the_judge_speaks_alone(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", scorers=(), truth=False)
    page = Page(page_of(experiment))
    assert "by the judge" in page.text
    assert "against the truth" not in page.text
    assert {file.name for file in experiment.report.glob("*.svg")} == {
        "success.svg", "scorer-judge.svg", "combined.svg",
    }  # fmt: skip


def test_of_several_ways_to_ask_a_scorer_the_last_is_shown(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", rows=2)
    shot = next(o for o in experiment.outcomes() if o["shots"])
    again = {"preset": shot["preset"], "row": shot["row"], "shot": "0.0", "value": 0.9, "fault": None}
    experiment.add_scores("clipscore", [{**again, "detail": {"options": {"clip": "tiny <b>"}}}])  # type: ignore[typeddict-item]
    assert [score["value"] for score in scores_of(experiment)["clipscore"]] == [0.9]
    assert "clip: tiny <b>." in Page(page_of(experiment)).text


def test_a_page_says_what_is_still_to_be_done_and_what_a_scorer_measures(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", rows=2)
    kept = experiment.outcomes()[0]
    fewer = create_experiment("fewer", {**experiment.about, "name": "fewer"}, experiment.rows(), tmp_path)
    fewer.add_outcome(kept)
    score = {"preset": kept["preset"], "row": kept["row"], "shot": "0.0", "value": 0.9, "fault": None}
    fewer.add_scores("auditor", [{**score, "detail": {"title": "whose checklist"}}])  # type: ignore[typeddict-item]
    page = Page(page_of(fewer))
    assert page.text.count("1 of 6 runs; 5 still to be done (--resume).") == 2
    assert "whose checklist" in page.text


def test_a_report_is_written_anew(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", scorers=())
    assert "clipscore" not in Page(page_of(experiment)).text
    experiment.add_scores("clipscore", make_experiment(tmp_path / "other").scores("clipscore"))
    assert "clipscore" in Page(page_of(experiment)).text


@pytest.mark.long
def test_the_page_of_a_large_experiment_stays_small(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path / "made", EIGHT, 14, 8, side=256)
    for picture in (experiment.home / "images").rglob("*.png"):
        _make_noise(picture)
    page = write_report(experiment)
    assert 1_000_000 < page.stat().st_size < 5_000_000
    assert len(json.loads((experiment.report / "results.jsonl").read_text("utf-8").splitlines()[0])) > 20


def _make_noise(picture: Path) -> None:
    """Put the picture in its place that takes the most room."""
    from PIL import Image

    Image.effect_noise((256, 256), 120).convert("RGB").save(picture)
