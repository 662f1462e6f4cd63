"""PartiPrompts, GenEval, DrawBench and files of the user: recognised by their headers, quoted as each needs it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.evaluation.datasets.names import load_dataset
from overpaint.evaluation.datasets.tables import read_csv
from overpaint.evaluation.nouns import Dataset
from overpaint.tools.faults import BadInput

PARTI = (
    "Prompt\tCategory\tChallenge\tNote\n"
    "bond\tAbstract\tBasic\tBiology-inspired concepts with multiple meanings\n"
    'A green sign that says "Very Deep Learning"\tWorld Knowledge\tWriting & Symbols\t\n'
    '"PEACE" in red on a wall\tIllustrations\tWriting & Symbols\t\n'
    '"A cat, quoted by a spreadsheet"\tAnimals\tBasic\t\n'
)
GENEVAL = [
    {"tag": "single_object", "include": [{"class": "bench", "count": 1}], "prompt": "a photo of a bench"},
    {
        "tag": "counting",
        "include": [{"class": "clock", "count": 2}],
        "exclude": [{"class": "clock", "count": 3}],
        "prompt": "a photo of two clocks",
    },
]


def load(folder: Path, name: str, text: str, **given: object) -> Dataset:
    (folder / name).write_text(text, "utf-8")
    return load_dataset(str(folder / name), **given)  # type: ignore[arg-type]


def test_parti_prompts_keep_quotes_that_enclose_no_whole_cell(tmp_path: Path) -> None:
    read = load(tmp_path, "PartiPrompts.tsv", PARTI)
    assert [row["brief"] for row in read.rows] == [
        "bond",
        'A green sign that says "Very Deep Learning"',
        '"PEACE" in red on a wall',
        "A cat, quoted by a spreadsheet",
    ]
    assert [row["category"] for row in read.rows] == ["Abstract", "World Knowledge", "Illustrations", "Animals"]
    assert [row["id"] for row in read.rows] == ["line-2", "line-3", "line-4", "line-5"]
    assert (read.total, read.bad) == (4, [])


def test_geneval(tmp_path: Path) -> None:
    read = load(tmp_path, "evaluation_metadata.jsonl", "".join(json.dumps(row) + "\n" for row in GENEVAL))
    assert [(row["id"], row["brief"], row["category"]) for row in read.rows] == [
        ("line-1", "a photo of a bench", "single_object"),
        ("line-2", "a photo of two clocks", "counting"),
    ]


def test_drawbench(tmp_path: Path) -> None:
    read = load(
        tmp_path,
        "drawbench.csv",
        'Prompts,Category\nA red colored car.,Colors\n"An emoji of a panda, with a red hat.",Gary Marcus et al. \n',
    )
    assert [(row["brief"], row["category"]) for row in read.rows] == [
        ("A red colored car.", "Colors"),
        ("An emoji of a panda, with a red hat.", "Gary Marcus et al."),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "key,what,sort\n7,a cat,x\n8,a dog,y\n"),
        ("a.csv", "\ufeffkey;what;sort\r\n7;a cat;x\r\n8;a dog;y"),
        ("a.tsv", "key\twhat\tsort\n7\ta cat\tx\n\n8\ta dog\ty\n"),
        ("a.csv", ",key,what,sort\n0,7,a cat,x\n1,8,a dog,y\n"),
        ("a.jsonl", '{"key": 7, "what": "a cat", "sort": "x"}\n\n{"key": 8, "what": "a dog", "sort": "y"}'),
        ("a.json", '[{"key": "7", "what": " a cat ", "sort": "x"}, {"key": "8", "what": ["a dog"], "sort": "y"}]'),
    ],
)
def test_any_table_by_its_columns(name: str, text: str, tmp_path: Path) -> None:
    read = load(tmp_path, name, text, columns={"brief": "what", "id": "key", "category": "sort"})
    assert [(row["id"], row["brief"], row["category"]) for row in read.rows] == [
        ("7", "a cat", "x"),
        ("8", "a dog", "y"),
    ]
    assert read.bad == []


def test_plain_lines_and_lists_need_no_columns(tmp_path: Path) -> None:
    lines = load(tmp_path, "a.txt", "a cat\n\n# a dog\n")
    assert [(row["id"], row["brief"]) for row in lines.rows] == [("line-1", "a cat"), ("line-3", "# a dog")]
    listed = load(tmp_path, "a.json", '["a cat", {"brief": "a dog", "category": "pets"}]')
    assert [(row["id"], row["brief"], row["category"]) for row in listed.rows] == [
        ("entry-1", "a cat", ""),
        ("entry-2", "a dog", "pets"),
    ]


def test_rare_separators_inside_a_brief_do_not_end_its_line(tmp_path: Path) -> None:
    read = load(tmp_path, "a.txt", "a cat\u2028and\x0ca dog\nb")
    assert [row["id"] for row in read.rows] == ["line-1", "line-2"]


def test_reference_pictures_and_captions_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets" / "cat.png").write_bytes(b"a picture")
    text = '{"brief": ["a cat", "a pet"], "image": "cat.png", "caption": "an animal"}\n{"brief": "a dog", "image": ""}'
    read = load(tmp_path, "a.jsonl", text, images=tmp_path / "pets")
    assert read.rows[0]["pictures"] == [str((tmp_path / "pets" / "cat.png").resolve())]
    assert read.rows[0]["captions"] == ["a pet", "an animal"]
    assert read.rows[1]["pictures"] == []
    assert read.facts == {"pictures": 1, "captions": 2}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"brief": "nothing"}, "no column 'nothing', only what, key"),
        ({"id": "key"}, "brief is needed"),
        ({"brief": "what", "colour": "key"}, "holds no 'colour': it may hold brief, id, category"),
        (None, "--columns brief=COLUMN"),
    ],
)
def test_columns_that_cannot_be(columns: dict[str, str] | None, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        load(tmp_path, "a.csv", "what,key\na cat,7\n", columns=columns)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20)


@settings(max_examples=50)
@given(st.lists(st.lists(CELL, min_size=2, max_size=2)))
def test_what_a_csv_writer_writes_is_read_back(cells: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["brief", "id"], *cells])
    read = read_csv(file.getvalue())
    assert [list(entry.values.values()) for entry in read.entries] == cells
    assert read.bad == []
