"""Records: canonical, immutable, and found from the newest round back to the first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.tools.faults import BadInput
from overpaint.tools.records import RecordStore, canonical

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def record(id_: str, previous: list[str], **more: Any) -> dict[str, Any]:
    return {"id": id_, "previous": previous, "prompt": "ein roter Kreis 圓", **more}


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.slow
@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_does_not_matter_and_all_is_read_back(value: dict[str, Any]) -> None:
    data = canonical(value)
    assert canonical(dict(reversed(value.items()))) == data
    assert json.loads(data) == value


def test_canonical_is_readable_utf8() -> None:
    assert canonical({"b": 1, "a": ["ü", None]}) == '{"a":["ü",null],"b":1}'.encode()


def test_half_a_character_is_refused_in_one_line() -> None:
    with pytest.raises(BadInput, match="lone surrogate") as caught:
        canonical({"prompt": "a red \ud83d circle"})
    str(caught.value).encode()


def test_what_is_not_json_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"score": float("nan")})
    with pytest.raises(TypeError):
        canonical({"image": b"bytes"})


async def test_a_record_is_written_once_and_read_back(tmp_path: Path) -> None:
    records, first = RecordStore(tmp_path / "images"), record("0.0", [])
    sha256 = await records.write(first)
    assert await records.write(dict(reversed(first.items()))) == sha256
    assert await records.read(sha256) == first
    assert files(tmp_path) == [tmp_path / "images" / sha256[:2] / f"{sha256}.json"]


async def test_walk_finds_every_round_once_in_order(tmp_path: Path) -> None:
    records = RecordStore(tmp_path)
    before: list[str] = []
    for round_ in range(12):
        before = [await records.write(record(f"{round_}.{place}", before)) for place in range(11 if round_ < 2 else 2)]
    found = await records.walk(before)
    ids = [f"{round_}.{place}" for round_ in range(12) for place in range(11 if round_ < 2 else 2)]
    assert [each["id"] for each in found] == ids
    assert await records.walk(reversed(before)) == found


async def test_forks_share_what_lies_before_them(tmp_path: Path) -> None:
    records = RecordStore(tmp_path)
    root = await records.write(record("0.0", []))
    left, right = [await records.write(record("1.0", [root], prompt=prompt)) for prompt in ("left", "right")]
    assert [each["prompt"] for each in await records.walk([right])] == ["ein roter Kreis 圓", "right"]
    assert [each["prompt"] for each in await records.walk([left])] == ["ein roter Kreis 圓", "left"]
    assert await records.walk([]) == []


async def test_a_long_chain_is_walked(tmp_path: Path) -> None:
    records, before = RecordStore(tmp_path), list[str]()
    for round_ in range(150):
        before = [await records.write(record(f"{round_}.0", before))]
    assert len(await records.walk(before)) == 150


async def test_a_damaged_or_missing_record_is_named(tmp_path: Path) -> None:
    records = RecordStore(tmp_path)
    root = await records.write(record("0.0", []))
    head = await records.write(record("1.0", [root]))
    file = tmp_path / root[:2] / f"{root}.json"
    file.write_text(file.read_text()[:-5])
    with pytest.raises(BadInput, match=f"{file} is damaged"):
        await records.walk([head])
    file.unlink()
    with pytest.raises(BadInput, match=f"there is no {file}"):
        await records.walk([head])
    with pytest.raises(BadInput, match="not a sha256"):
        await records.walk(["../../x"])


async def test_a_full_disk_is_refused(tiny_disk: Path) -> None:
    with pytest.raises(BadInput, match="disk is full"):
        await RecordStore(tiny_disk).write(record("0.0", [], feedback="x" * 100_000))
