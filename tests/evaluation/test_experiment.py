from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.evaluation.experiment import (
    Experiment,
    checked_name,
    create_experiment,
    experiments_folder,
    open_experiment,
)
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from tests.evaluation.outcomes import outcome, row, score
from tests.tools.pictures import encoded, picture


def made(out: Path, name: str = "first") -> Experiment:
    about: dict[str, Any] = {"dataset": {"rows": ["b", "a"]}, "presets": {"two": {}, "one": {}}}
    return create_experiment(name, about, [row("b"), row("a")], out)


def test_what_is_written_is_read_by_another(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    again = open_experiment("first", tmp_path)
    assert again == experiment == open_experiment(tmp_path / "first")
    assert again.name == "first"
    assert [r["id"] for r in again.rows()] == ["b", "a"]
    assert not again.outcomes()
    assert not again.scores("clipscore")
    experiment.add_scores("clipscore", [score("one", "a", "0.0", 0.5), score("one", "a", "1.0", 0.25)])
    experiment.add_scores("clipscore", [score("one", "b", "0.0", 1.0)])
    assert [s["value"] for s in again.scores("clipscore")] == [0.5, 0.25, 1.0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["first"]


def test_outcomes_come_in_the_order_asked_for(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    for preset, name in (("one", "a"), ("two", "a"), ("one", "b"), ("two", "b")):
        experiment.add_outcome(outcome(preset, name, [True]))
    told = [(o["row"], o["preset"]) for o in experiment.outcomes()]
    assert told == [("b", "two"), ("b", "one"), ("a", "two"), ("a", "one")]


def test_a_line_that_was_cut_off_is_dropped_and_does_not_swallow_the_next(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    experiment.add_outcome(outcome("one", "a", [True]))
    file = experiment.folder / "outcomes.jsonl"
    with file.open("a") as end:
        end.write('{"preset": "two", "row"')
    assert len(experiment.outcomes()) == 1
    experiment.add_outcome(outcome("two", "a", [True]))
    assert [o["preset"] for o in experiment.outcomes()] == ["two", "one"]


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    (experiment.folder / "outcomes.jsonl").write_text('{"preset"\n{}\n')
    with pytest.raises(BadInput, match=r"line 1 of .*outcomes\.jsonl is damaged"):
        experiment.outcomes()


@pytest.mark.parametrize(
    "line", ["null", "[]", "3", "{}", '{"row": "c", "preset": "one"}', '{"row": [], "preset": "one"}']
)
def test_a_line_that_is_no_outcome_of_it_is_named(line: str, tmp_path: Path) -> None:
    experiment = made(tmp_path)
    (experiment.folder / "outcomes.jsonl").write_text(f"{line}\n")
    with pytest.raises(BadInput, match=r"line 1 of .*outcomes\.jsonl is damaged"):
        experiment.outcomes()


def test_of_two_outcomes_of_one_run_the_later_counts(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    for right in (False, True):
        experiment.add_outcome(outcome("one", "a", [right]))
    assert [o["stages"][-1]["passed"] for o in experiment.outcomes()] == [True]


def test_a_name_that_is_taken_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(BadInput, match="go on with it by --resume"):
        made(tmp_path)
    (tmp_path / "mine").mkdir()
    with pytest.raises(BadInput, match="is no experiment"):
        made(tmp_path, "mine")
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "a b", "ü", "a\n", "x" * 101])
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be the name of an experiment"):
        made(tmp_path, name)
    assert not list(tmp_path.iterdir())


@given(st.text())
def test_a_name_that_is_taken_for_good_stays_in_its_folder(name: str) -> None:
    try:
        checked_name(name)
    except BadInput:
        return
    assert (Path("/folder") / name).resolve().parent == Path("/folder")


def test_a_scorer_cannot_write_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a scorer"):
        made(tmp_path).add_scores("../../x", [])


def test_those_that_are_there_are_named_where_one_is_missing(tmp_path: Path, home: Path) -> None:
    with pytest.raises(BadInput, match="there is none yet"):
        open_experiment("other", tmp_path)
    made(tmp_path)
    with pytest.raises(BadInput, match="there are: first"):
        open_experiment("other", tmp_path)
    assert experiments_folder() == home / "experiments"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_that_of_no_experiment(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no experiment"):
        open_experiment(name, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        *(
            (text, "describes no experiment")
            for text in ("{}", "[]", "null", '{"presets": {}, "dataset": {"rows": 3}}')
        ),
    ],
)
def test_an_unusable_description_is_told(text: str, said: str, tmp_path: Path) -> None:
    (made(tmp_path).folder / "experiment.json").write_text(text)
    with pytest.raises(BadInput, match=said):
        open_experiment("first", tmp_path)


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot keep experiments in .*: give another --out"):
        made(tmp_path / "file")


async def test_pictures_are_found_by_their_sha256(tmp_path: Path) -> None:
    experiment = made(tmp_path)
    data = encoded(picture(), "PNG")
    kept = await ImageStore(experiment.home / "images").save(data)
    path = experiment.image(kept["sha256"])
    assert path is not None
    assert path.read_bytes() == data
    assert experiment.image("0" * 64) is None
