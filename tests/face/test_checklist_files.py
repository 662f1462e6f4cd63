"""Checklists as people write them: YAML, JSON and plain lines read; every fault in one line."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.checklist_files import LARGEST, as_yaml, read_edited, read_file
from overpaint.graph.checklists import read_checklist
from overpaint.tools.faults import BadInput

TWO = ["a red circle", "no blue square"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("c.yaml", "- a red circle\n- no blue square\n"),
        ("c.yml", "checklist:\n  - a red circle\n  - no blue square\n"),
        ("c.json", '{"requirements": ["a red circle", "no blue square"]}'),
        ("c.json", '\ufeff["a red circle", "no blue square"]'),
        ("c.txt", "a red circle\n\n  no blue square\n# a remark\n"),
        ("c.txt", "1. a red circle\n2. no blue square"),
        ("c.txt", "* a red circle\n* no blue square"),
        ("c", "- a red circle\n- no blue square"),
    ],
)
def test_every_way_to_write_it_reads_the_same(name: str, written: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(written, "utf-8")
    assert read_file(str(tmp_path / name)) == TWO


def test_plain_lines_may_look_like_yaml(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("a circle: a red one\na square: none\n2 stars")
    assert read_file(str(tmp_path / "c.txt")) == ["a circle: a red one", "a square: none", "2 stars"]


def test_a_dash_reads_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a red circle\nno blue square\n")))
    assert read_file("-") == TWO


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("c.yaml", b"- [a\n- b", "is no YAML: line 2"),
        ("c.yaml", b"just: text", "holds no list"),
        ("c.json", b"[]", "holds no list"),
        ("c.yaml", b"- 2024-99-99", "is no YAML"),
        ("c.json", b"[" * 5_000, "is no YAML"),
        ("c.txt", b"# nothing\n\n", "is empty"),
        ("c.txt", b"a \xff circle", "is no UTF-8 text (byte 2)"),
        ("c.txt", b"x" * (LARGEST + 1), "is larger than 200,000 bytes"),
    ],
)
def test_each_fault_is_one_line(name: str, written: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(written)
    with pytest.raises(BadInput) as refused:
        read_file(str(tmp_path / name))
    assert said in str(refused.value)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["nowhere.yaml", ".", "a\0b"])
def test_what_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(BadInput, match="cannot read the checklist"):
        read_file(name)


texts = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1).filter(str.strip)
items = st.fixed_dictionaries({"text": texts, "question": texts, "expected": st.sampled_from(["yes", "no", "3"])})


@pytest.mark.slow
@given(st.lists(items, min_size=1, max_size=5))
def test_a_checklist_comes_back_from_an_editor_as_it_went(written: list[dict[str, str]]) -> None:
    assert read_edited(as_yaml(written)) == written


def test_yes_and_no_may_be_written_bare() -> None:
    read = read_checklist(read_edited("- text: a red circle\n  expected: yes\n- text: a star\n  expected: no\n"))
    assert [item["expected"] for item in read] == ["yes", "no"]
