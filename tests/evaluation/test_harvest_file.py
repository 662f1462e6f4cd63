"""A harvest on disk: what was written is read back; what people do to such files is told, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation import harvest_file
from overpaint.evaluation.datasets.names import load_dataset
from overpaint.evaluation.harvest_file import read_harvest, write_harvest
from overpaint.tools.faults import BadInput
from tests.evaluation.harvests import line, write_lines


def test_what_was_written_is_read_back_and_is_a_dataset(tmp_path: Path) -> None:
    file = tmp_path / "new" / "harvest.jsonl"
    lessons: Any = [
        line("one", 'zwei "Kreise"\u2028über {{ brief }}', "two circles"),
        line("two", "a star", "a big star"),
    ]
    write_harvest(file, lessons)
    read = read_harvest(file)
    assert [(one.run, one.brief, one.prompt) for one in read.lines] == [
        (lesson["run"], lesson["brief"], lesson["prompt"]) for lesson in lessons
    ]
    assert read.bad == []
    dataset = load_dataset(str(file))
    assert [(row["brief"], row["category"]) for row in dataset.rows] == [(one["brief"], "counting") for one in lessons]
    assert list(file.parent.iterdir()) == [file]


def test_another_file_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "harvest.jsonl"
    lessons: Any = [line("one", "a star", "a big star")]
    write_harvest(file, lessons)
    write_harvest(file, lessons)
    with pytest.raises(BadInput, match="is there and differs: name another file"):
        write_harvest(file, [*lessons, *lessons])


WRONG: list[tuple[Any, str]] = [
    ("{", "it is no JSON"),
    ([], "it is no JSON object"),
    ({"brief": ""}, "its brief is empty"),
    ({"prompt": "  "}, "its prompt is empty"),
    ({"run": None}, "its run cannot be used"),
    ({"edits": -1}, "its edits cannot be used"),
    ({"right": "yes"}, "its right cannot be used"),
    ({"brief": "a\0b"}, "its brief has a NUL character"),
    ({"prompt": "\ud800"}, "its prompt is no valid UTF-8"),
    ({"checklist": [{"question": "Is it?"}]}, "its checklist cannot be used: requirement 1"),
    ({"truth": {"groups": [{"shape": "frog", "count": 1}], "links": []}}, "its truth cannot be used: groups.0.shape"),
    (
        {"truth": {"groups": [], "links": [{"subject": 0, "relation": "above", "target": 1}]}},
        "a link leads to no group",
    ),
    ({"run": "fine"}, "it is of the same run as line 1"),
]


def test_lines_that_cannot_be_used_are_told_and_leave_the_others(tmp_path: Path) -> None:
    fine = line("fine", "a star", "a big star")
    entries = [fine] + [
        {**line(f"r{n}", "b", "p"), **w} if isinstance(w, dict) else w for n, (w, _) in enumerate(WRONG)
    ]
    read = read_harvest(write_lines(tmp_path / "harvest.jsonl", entries))
    assert [one.run for one in read.lines] == ["fine"]
    told = {bad["where"]: bad["reason"] for bad in read.bad}
    assert len(told) == len(WRONG)
    for number, (_, said) in enumerate(WRONG, start=2):
        assert said in told[f"line {number}"]


def test_the_truth_goes_before_the_judge(tmp_path: Path) -> None:
    pairs = [(None, None), (None, True), (False, True), (True, False)]
    entries = [{**line(f"r{n}", "b", "p"), "right": right, "passed": passed} for n, (right, passed) in enumerate(pairs)]
    read = read_harvest(write_lines(tmp_path / "harvest.jsonl", entries))
    assert [one.success for one in read.lines] == [None, True, False, True]


def test_a_line_needs_no_more_than_run_brief_and_prompt(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "harvest.jsonl", [{"run": "one", "brief": "a star", "prompt": "a big star"}])
    (one,) = read_harvest(file).lines
    assert (one.success, one.requirements, one.truth, one.edits) == (None, None, None, 0)


def test_files_that_are_none_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty, wrong = tmp_path / "empty.jsonl", tmp_path / "wrong.jsonl"
    empty.touch()
    wrong.write_text(json.dumps({"brief": "a star"}), "utf-8")
    for file, said in (
        (tmp_path, "there is no harvest"),
        (tmp_path / "nowhere", "there is no harvest"),
        (empty, "no usable line: it is empty"),
        (wrong, "no usable line: the first is line 1: its run cannot be used"),
    ):
        with pytest.raises(BadInput, match=said):
            read_harvest(file)
    monkeypatch.setattr(harvest_file, "LARGEST", 10)
    with pytest.raises(BadInput, match=r"is larger than .* MB: split it"):
        read_harvest(wrong)
