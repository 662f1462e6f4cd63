"""DSG-1k: the questions of a prompt become its checklist, parents first; an item with a broken line is left out whole."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from overpaint.evaluation.datasets.names import describe, load_dataset
from overpaint.evaluation.datasets.questions import MOST_QUESTIONS, kind_of
from overpaint.evaluation.nouns import Dataset
from overpaint.graph.schemas import RequirementDraft

HEADER = ["item_id", "text", "keywords", "proposition_id", "dependency"]
HEADER += ["category_broad", "category_detailed", "tuple", "question_natural_language"]
CHESS = [
    ["whoops_81", "Two men playing chess", "men", "1", "0", "entity", "whole", "entity - whole (men)", "Are there men?"],
    ["whoops_81", "Two men playing chess", "play", "2", "1,3", "relation", "action", "relation - action (men, play)", "Are the men playing chess?"],
    ["whoops_81", "Two men playing chess", "chess", "3", "0", "entity", "whole", "entity - whole (chess)", "Is there chess?"],
    ["whoops_81", "Two men playing chess", "men", "4", "1", "other", "count", "other - count (men, ==2)", "Are there two men?"],
]  # fmt: skip
ROCK = ["vrd_1", "a rock", "rock", "1", "7, right", "entity", "whole", "entity - whole (rock)", "Is there a rock?"]


def load(folder: Path, lines: list[list[str]]) -> Dataset:
    with (folder / "dsg-1k-anns.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *lines])
    return load_dataset(str(folder))


def test_questions_become_the_checklist_with_parents_first(tmp_path: Path) -> None:
    read = load(tmp_path, [*CHESS, ROCK])
    chess, rock = read.rows
    assert (chess["id"], chess["brief"], chess["category"]) == ("whoops_81", "Two men playing chess", "whoops")
    assert chess["requirements"] is not None
    assert [r["question"] for r in chess["requirements"]] == [
        "Are there men?",
        "Is there chess?",
        "Are the men playing chess?",
        "Are there two men?",
    ]
    assert [r["kind"] for r in chess["requirements"]] == ["object", "object", "relation", "count"]
    assert {(r["expected"], r["weight"]) for r in chess["requirements"]} == {("yes", 1.0)}
    assert RequirementDraft(**chess["requirements"][3]).text == "other - count (men, ==2)"
    assert rock["requirements"] is not None  # what its question names is no other question
    assert describe(read) == [f"{tmp_path}: 2 of 2 rows, 5 questions"]


def test_questions_that_depend_on_each_other_in_a_circle_are_all_kept(tmp_path: Path) -> None:
    circle = [[*CHESS[0][:4], "2", *CHESS[0][5:]], CHESS[1]]
    (row,) = load(tmp_path, circle).rows
    assert len(row["requirements"] or []) == 2


def test_lines_of_one_item_need_not_stand_together(tmp_path: Path) -> None:
    read = load(tmp_path, [CHESS[0], ROCK, *CHESS[1:]])
    assert [(row["id"], len(row["requirements"] or [])) for row in read.rows] == [("whoops_81", 4), ("vrd_1", 1)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["vrd_1", "another rock", *ROCK[2:]], "same text"),
        ([*ROCK[:8], " "], "question_natural_language in line 3 is empty"),
        ([*ROCK[:8], "Is\0it?"], "NUL"),
    ],
)
def test_an_item_with_a_broken_line_is_left_out_whole(line: list[str], said: str, tmp_path: Path) -> None:
    read = load(tmp_path, [ROCK, line, *CHESS])
    assert [row["id"] for row in read.rows] == ["whoops_81"]
    assert [bad["where"] for bad in read.bad] == ["vrd_1"]
    assert said in read.bad[0]["reason"]
    assert read.total == 2


def test_lines_without_an_item_and_items_with_far_too_many_lines(tmp_path: Path) -> None:
    flood = [["flood_1", *ROCK[1:3], str(n), *ROCK[4:]] for n in range(MOST_QUESTIONS + 1)]
    read = load(tmp_path, [["", *ROCK[1:]], ROCK[:5], *flood, *CHESS])
    assert [row["id"] for row in read.rows] == ["whoops_81"]
    assert sorted((bad["where"], bad["reason"]) for bad in read.bad) == [
        ("flood_1", "it has 201 questions, more than 200"),
        ("line 2", "its id is empty"),
        ("line 3", "it has 5 columns where the header has 9"),
    ]


@pytest.mark.parametrize(
    ("broad", "detailed", "kind"),
    [
        ("entity", "part", "object"),
        ("entity", "scale", "attribute"),
        ("attribute", "color", "attribute"),
        ("attribute", "count", "count"),
        ("attribute", "style", "style"),
        ("attribute", "position", "position"),
        ("relation", "spatial", "relation"),
        ("other", "text rendering", "text"),
        ("other", "id", "other"),
        ("global", "-", "style"),
        ("unheard of", "", "other"),
    ],
)
def test_kinds(broad: str, detailed: str, kind: str) -> None:
    assert kind_of(broad, detailed) == kind
