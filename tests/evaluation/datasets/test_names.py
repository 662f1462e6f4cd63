"""Datasets by name: where their files are looked for, fixed parts of them, and parts drawn by a seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.evaluation.datasets.known import KNOWN, VARIABLE, file_of
from overpaint.evaluation.datasets.names import describe, load_dataset
from overpaint.evaluation.datasets.subsets import part_of
from overpaint.evaluation.nouns import Dataset, Row
from overpaint.tools.faults import BadInput


def row(name: str) -> Row:
    return Row(id=name, brief="x", category="", requirements=None, pictures=[], captions=[], truth=None)


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    made = Dataset("mine", "a.csv", "", [row("a")], [], 1, {"captions": 1, "questions": 2})
    assert describe(made) == ["mine: 1 of 1 rows, 1 caption, 2 questions"]


def ids(rows: list[Row]) -> list[str]:
    return [each["id"] for each in rows]


@pytest.fixture
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """300 prompts where PartiPrompts is looked for."""
    file = tmp_path / "partiprompts" / "PartiPrompts.tsv"
    file.parent.mkdir()
    file.write_text("Prompt\tCategory\tChallenge\tNote\n" + "".join(f"prompt {n}\tA\tB\t\n" for n in range(300)))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


def test_fixed_parts_are_drawn_the_same_everywhere(prompts: Path) -> None:
    whole, medium, small = (load_dataset(f"parti-prompts{part}") for part in ("", "-medium", "-small"))
    assert (len(whole.rows), len(medium.rows), len(small.rows)) == (300, 200, 50)
    assert small.rows == medium.rows[:50]
    assert ids(small.rows)[:5] == ["line-153", "line-202", "line-288", "line-118", "line-209"]
    assert (small.total, small.digest, small.name) == (300, whole.digest, "parti-prompts-small")


def test_limit_and_sample_choose_within_a_fixed_part(prompts: Path) -> None:
    small = set(ids(load_dataset("parti-prompts-small").rows))
    drawn = ids(load_dataset("parti-prompts-small", limit=10, sample=7).rows)
    assert len(drawn) == 10
    assert set(drawn) < small
    assert ids(load_dataset("parti-prompts", limit=3).rows) == ["line-2", "line-3", "line-4"]
    assert len(load_dataset("parti-prompts-small", limit=1000).rows) == 50


def test_a_folder_with_the_file_of_one_known_set(prompts: Path) -> None:
    assert len(load_dataset(str(prompts / "partiprompts")).rows) == 300
    (prompts / "partiprompts" / "results.csv").write_text("image,caption\na.jpg,a cat\n")
    with pytest.raises(BadInput, match=r"PartiPrompts.tsv and results.csv: name one"):
        load_dataset(str(prompts / "partiprompts"))


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_that_is_not_there_is_named_and_where_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = KNOWN[name].origin
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(BadInput, match=f"{VARIABLE} names, which is not set") as unset:
        load_dataset(name)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(BadInput, match="does not have it") as missing:
        load_dataset(name)
    for fault in (unset, missing):
        assert wanted.files[0] in str(fault.value)
        assert wanted.get in str(fault.value)
    for file in wanted.files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
        assert file_of(name).is_file()


def test_scenes_are_built_in() -> None:
    whole = load_dataset("scenes")
    part = load_dataset("scenes", limit=5, sample=1)
    assert len(part.rows) == 5
    assert {each["id"] for each in part.rows} <= {each["id"] for each in whole.rows}
    assert part.total == whole.total
    with pytest.raises(BadInput, match="scenes are built in"):
        load_dataset("scenes", columns={"brief": "x"})


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_is_at_least_one(limit: int) -> None:
    with pytest.raises(BadInput, match="at least 1 row"):
        load_dataset("scenes", limit=limit)


@settings(max_examples=50)
@given(st.lists(st.text(), unique=True), st.integers(), st.integers(0, 20), st.integers(0, 20))
def test_a_smaller_part_begins_a_larger_one_in_any_order_of_the_source(
    names: list[str], seed: int, one: int, other: int
) -> None:
    rows = [row(name) for name in names]
    small, large = sorted((one, other))
    assert part_of(rows, small, seed) == part_of(rows, large, seed)[:small]
    assert part_of(rows[::-1], large, seed) == part_of(rows, large, seed)
    assert sorted(ids(part_of(rows, None, seed))) == sorted(names)
    assert part_of(rows, large, None) == rows[:large]


def test_seeds_draw_different_parts() -> None:
    rows = [row(str(n)) for n in range(100)]
    assert ids(part_of(rows, 5, 0)) != ids(part_of(rows, 5, 1))
