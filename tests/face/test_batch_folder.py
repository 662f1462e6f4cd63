"""The folder of a batch: names that are safe and differ, and lists that are added to and never half written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.batch_folder import BatchFolder, Entry, safe_names
from overpaint.tools.faults import BadInput


@pytest.mark.parametrize(
    ("stems", "names"),
    [
        (["cat", "dog"], ["cat", "dog"]),
        (["cat", "cat", "Cat", "cat-2"], ["cat", "cat-2", "Cat-3", "cat-2-2"]),
        (["..", ".hidden", "-rf", "a/b\\c", "a b\n\x1b[2J"], ["picture", "hidden", "rf", "a_b_c", "a_b_2J"]),
        (["été 東京", "\udcff\udcfe"], ["été_東京", "picture"]),
        (["x" * 500], ["x" * 50]),
    ],
)
def test_names_are_safe_and_differ(stems: list[str], names: list[str]) -> None:
    assert safe_names(stems) == names


@given(st.lists(st.text(max_size=120), max_size=6))
def test_whatever_inputs_are_called_their_files_have_names_of_their_own(stems: list[str]) -> None:
    names = safe_names(stems)
    assert len({name.casefold() for name in names}) == len(stems)
    for name in names:
        assert name
        assert not set(name) & set('/\\\0\n:*?"<>|')
        assert not name.startswith((".", "-"))
        assert len(f".{name}_grid.png.12345678".encode()) <= 255


def test_an_entry_takes_the_place_of_the_one_with_the_same_files(tmp_path: Path) -> None:
    folder = BatchFolder(tmp_path / "new")
    first, second = Entry("a fox", ["p1", "p2"], ["a_1.png", "a_2.png"]), Entry("an owl", ["q"], ["a_1_1.png"])
    folder.add(first)
    folder.add(second)
    folder.add(Entry("a fox", ["p2"], ["a_2.png"]))
    kept = json.loads((tmp_path / "new" / "all_metadata.json").read_text())
    assert kept == folder.entries() == [vars(Entry("a fox", ["p2"], ["a_2.png"])), vars(second)]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["all_metadata.json"]


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '[{"prompts": []}]', "[" * 100_000])
def test_another_file_of_that_name_is_refused_and_stays(text: str, tmp_path: Path) -> None:
    (tmp_path / "all_metadata.json").write_text(text)
    with pytest.raises(BadInput, match="name another folder"):
        BatchFolder(tmp_path).add(Entry("a fox", ["p"], ["a_1.png"]))
    assert (tmp_path / "all_metadata.json").read_text() == text


def test_a_run_is_known_by_what_was_asked(tmp_path: Path) -> None:
    folder = BatchFolder(tmp_path)
    assert folder.run_of("cat", "1") is None
    folder.note_run("cat", "1", "run-1")
    folder.note_run("dog", "1", "run-2")
    assert (folder.run_of("cat", "1"), folder.run_of("cat", "2"), folder.run_of("dog", "1")) == ("run-1", None, "run-2")
