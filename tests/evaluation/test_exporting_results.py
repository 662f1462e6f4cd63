from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.evaluation.exporting_results import (
    RESULT,
    SHOT,
    to_csv,
    to_jsonl,
    to_parquet,
    write_results,
    write_whole,
)
from overpaint.tools.faults import BadInput
from tests.evaluation.outcomes import failed, outcome, row, score

RUN = outcome("default", "a", [False, True], stopped="0.0")
RUN["shots"][1] |= {"prompt": "=1+1", "caption": "a | circle\nin red"}
SCORES = {
    "clipscore": [
        score("default", "a", "0.0", 0.25),
        score("default", "a", "1.0", None),
        score("", "a", "reference", 0.5),
    ]
}


def tables(folder: Path) -> dict[str, list[dict[str, object]]]:
    return {stem: parquet.read_table(folder / f"{stem}.parquet").to_pylist() for stem in ("results", "shots")}


def cells_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_every_brief_and_every_picture_has_its_row(tmp_path: Path) -> None:
    files = write_results(tmp_path / "report", [RUN, failed("default", "b")], SCORES, [row("a", "two circles")])
    assert sorted(path.name for path in tmp_path.joinpath("report").iterdir()) == sorted(path.name for path in files)
    found = tables(tmp_path / "report")
    first, second = found["results"]
    assert list(first) == [*RESULT, "success_at_1", "success_at_2"]
    assert (first["brief"], first["success"], first["success_by"]) == ("two circles", True, "truth")
    assert (first["success_at_1"], first["success_at_2"], first["pictures"], first["images"]) == (False, True, 2, 2)
    assert (second["status"], second["success"], second["brief"]) == ("failed", False, None)
    shots = {one["shot"]: one for one in found["shots"]}
    assert list(shots) == ["0.0", "1.0", "reference"]
    assert list(shots["0.0"]) == [*SHOT, "score_clipscore"]
    assert [shots[name]["score_clipscore"] for name in shots] == [0.25, None, 0.5]
    assert (shots["0.0"]["right"], shots["0.0"]["stopped"], shots["0.0"]["chosen"]) == (False, True, False)
    assert (shots["1.0"]["right"], shots["1.0"]["chosen"], shots["1.0"]["prompt"]) == (True, True, "=1+1")
    assert (shots["reference"]["preset"], shots["reference"]["row"]) == ("", "a")


def test_the_three_forms_say_the_same(tmp_path: Path) -> None:
    write_results(tmp_path, [RUN], SCORES)
    for stem, rows in tables(tmp_path).items():
        lines = (tmp_path / f"{stem}.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line) for line in lines] == rows
        cells = cells_of((tmp_path / f"{stem}.csv").read_bytes())
        assert [set(one) for one in cells] == [set(one) for one in rows]
        assert [one["row"] for one in cells] == [one["row"] for one in rows]


def test_formulas_are_defused_in_csv_alone(tmp_path: Path) -> None:
    write_results(tmp_path, [RUN], {})
    cells = cells_of((tmp_path / "shots.csv").read_bytes())
    assert cells[1]["prompt"] == "'=1+1"
    assert cells[1]["caption"] == "a | circle\nin red"
    assert (cells[0]["caption"], cells[0]["judge_passed"]) == ("", "false")
    assert '"=1+1"' in (tmp_path / "shots.jsonl").read_text("utf-8")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_whatever_begins_a_formula_is_defused_and_numbers_are_not(text: str) -> None:
    found = cells_of(to_csv({"a": "string", "b": "float64"}, [{"a": text, "b": -1.5}]))
    assert found == [{"a": f"'{text}", "b": "-1.5"}]


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    columns, rows = {"a": "string"}, [{"a": text}]
    assert json.loads(to_jsonl(columns, rows)) == {"a": text}
    assert parquet.read_table(io.BytesIO(to_parquet(columns, rows))).to_pylist() == rows
    assert cells_of(to_csv(columns, rows)) in ([{"a": text}], [{"a": f"'{text}"}])


def test_half_a_character_becomes_a_question_mark() -> None:
    columns, rows = {"a": "string"}, [{"a": "x\ud800"}]
    assert to_csv(columns, rows) == b"a\r\nx?\r\n"
    assert json.loads(to_jsonl(columns, rows)) == {"a": "x?"}
    assert parquet.read_table(io.BytesIO(to_parquet(columns, rows))).to_pylist() == [{"a": "x?"}]


def test_nothing_run_gives_files_with_columns_alone(tmp_path: Path) -> None:
    write_results(tmp_path, [], {})
    assert parquet.read_table(tmp_path / "results.parquet").column_names == list(RESULT)
    assert (tmp_path / "results.jsonl").read_bytes() == b""
    assert (tmp_path / "shots.csv").read_text("utf-8") == ",".join(SHOT) + "\n"


def test_types_do_not_hang_on_what_is_known() -> None:
    table = parquet.read_table(io.BytesIO(to_parquet(SHOT, [{}])))
    assert [str(field.type) for field in table.schema] == [kind.replace("float64", "double") for kind in SHOT.values()]


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "deep" / "a.csv", b"one")
    write_whole(tmp_path / "deep" / "a.csv", b"two")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "deep").iterdir()] == [("a.csv", b"two")]


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be made read-only there")
def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="file"):
        write_whole(tmp_path / "file" / "a.csv", b"one")
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(BadInput, match=r"b\.csv"):
        write_whole(tmp_path / "b.csv", b"one")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.csv", "file"]
