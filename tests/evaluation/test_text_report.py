from __future__ import annotations

from pathlib import Path

import pytest

from overpaint.evaluation.agreement import Noise
from overpaint.evaluation.asked import Terms
from overpaint.evaluation.tables import EMPTY
from overpaint.evaluation.text_report import noise_of, text_report
from overpaint.tools.faults import BadInput
from overpaint.tools.records import RecordStore
from tests.evaluation.outcomes import outcome, score

RUNS = [outcome("default", "a", [False, True]), outcome("one-shot", "a", [False])]
SCORES = {"clipscore": [score("default", "a", "0.0", 0.2), score("default", "a", "1.0", 0.3)]}


def titles(text: str) -> list[str]:
    return [line.strip("*") for line in text.splitlines() if line.startswith("**")]


def test_every_table_is_there_and_the_summary_first() -> None:
    text = text_report(RUNS, SCORES, Noise(8, 1))
    assert [title.split(",")[0] for title in titles(text)] == [
        "Success in % of briefs", "Paired tests", "Pictures painted per success", "Success in % of briefs",
        "The judge of each preset against the truth", "Runs by the round they ended in",
        "Which picture beats the first", "Mean clipscore by round", "Runs by which picture is the best",
    ]  # fmt: skip
    assert "changed 1 of 8 answers" in text


def test_categories_have_a_table_where_there_are_several() -> None:
    told = text_report([*RUNS, outcome("default", "b", [True], category="colours")], {}, Noise(0, 0))
    assert "by category" in told
    assert "by category" not in text_report(RUNS, {}, Noise(0, 0))


def test_presets_that_cannot_be_compared_have_no_paired_tests() -> None:
    told = text_report(RUNS, {}, Noise(0, 0), Terms(ways={"default": "checklist", "one-shot": "score"}))
    assert "Paired tests" not in told


def test_references_have_a_table_where_they_were_scored() -> None:
    scores = {"clipscore": [*SCORES["clipscore"], score("", "a", "reference", 0.25)]}
    assert "Which picture beats the reference, by clipscore" in text_report(RUNS, scores, Noise(0, 0))


def test_without_a_truth_nothing_is_said_of_one() -> None:
    text = text_report([outcome("default", "a", [True], truth=False)], {}, Noise(0, 0))
    assert "truth" not in text


def test_nothing_run_is_said() -> None:
    assert text_report([], {}, Noise(0, 0)) == f"{EMPTY}\n"


async def test_the_noise_is_that_of_all_records_of_a_home(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "records")
    for place, looks in enumerate((["yes", "no", "no"], ["yes", "yes"], ["yes"])):
        await store.write({"id": f"{place}.0", "verdict": {"beliefs": [{"looks": looks}]}})
    await store.write({"id": "3.0", "verdict": None})
    assert noise_of(tmp_path) == Noise(asked_again=2, changed=1)
    assert noise_of(tmp_path / "nothing") == Noise(0, 0)


async def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    sha256 = await RecordStore(tmp_path / "records").write({"id": "0.0", "verdict": None})
    (tmp_path / "records" / sha256[:2] / f"{sha256}.json").write_text("{}", "utf-8")
    with pytest.raises(BadInput, match="damaged"):
        noise_of(tmp_path)
