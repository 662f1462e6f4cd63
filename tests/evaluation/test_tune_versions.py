"""Versions of a prompt that tuning has made: numbered on, never overwritten, each with its evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overpaint.evaluation.tune_versions import save, written
from overpaint.graph.templates import read_templates, text_of
from overpaint.prompts import load, parse
from overpaint.tools.faults import BadInput


def test_a_version_takes_the_next_number_and_the_same_text_is_kept_once(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    first = save(folder, "upsample", "one", {"n": 1})
    assert first.name == "upsample.v2.md"
    assert save(folder, "upsample", "two", {"n": 2}).name == "upsample.v3.md"
    (folder / "upsample.v7.evidence.json").touch()
    (folder / "upsample.attempt.v30.md").touch()
    assert save(folder, "upsample", "three", {"n": 3}).name == "upsample.v8.md"
    assert save(folder, "upsample", "one", {"n": 9}) == first
    assert first.read_text("utf-8") == "one"
    assert json.loads((folder / "upsample.v2.evidence.json").read_text("utf-8")) == {"n": 1}
    assert len(list(folder.iterdir())) == 8


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot use"):
        save(tmp_path / "file" / "prompts", "upsample", "one", {})


def test_a_whole_file_replaces_both_parts_by_its_bare_name(tmp_path: Path) -> None:
    base = load("upsample")
    own = text_of("upsample", {"upsample.system": "OWN {# note #} rules", "upsample.human": "OWN {{ brief }}"})
    text = written(own, "Of: this test, über")
    assert parse("upsample", 2, text).purpose == "Of: this test, über"
    file, part = tmp_path / "upsample.v2.md", tmp_path / "part.txt"
    file.write_text(text, "utf-8")
    part.write_text("PART {{ brief }}", "utf-8")
    texts = read_templates({"upsample": str(file)})
    assert texts == {"upsample.system": own.system, "upsample.human": own.human}
    assert read_templates({"upsample": str(file), "upsample.human": str(part)})["upsample.human"] == "PART {{ brief }}"
    assert text_of("upsample", texts).label == own.label != base.label


@pytest.mark.parametrize(
    "text", ["", "---\n", "only text", "---\n{\n---\na\n<!-- human -->\nb\n", "---\na: 1\n---\nx\n"]
)
def test_a_whole_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "upsample.v2.md"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput, match="is no prompt file, which has front matter"):
        read_templates({"upsample": str(file)})


def test_a_text_that_would_be_divided_elsewhere_is_not_written() -> None:
    own = text_of("upsample", {"upsample.system": "one <!-- human --> two"})
    with pytest.raises(BadInput, match="divides prompt files"):
        written(own, "Of this test.")
