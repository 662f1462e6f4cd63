"""Whatever a file holds: rows with unique ids and bad rows with reasons, or one line that says what is wrong."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.evaluation.datasets import source
from overpaint.evaluation.datasets.names import describe, load_dataset
from overpaint.tools.faults import BadInput

LONG = "x" * 10_001


@pytest.mark.parametrize(
    ("name", "data", "where", "said"),
    [
        ("a.csv", b"brief,id\ngood,1\n,2\n", "line 3", "its brief is empty"),
        ("a.csv", b"brief,id\ngood,1\n  ,2\n", "line 3", "its brief is empty"),
        ("a.csv", b"brief,id\ngood,1\nx,\n", "line 3", "its id is empty"),
        ("a.csv", b"brief,id\ngood,1\nx,1\n", "line 3", "it has the same id as line 2: 1"),
        ("a.csv", b"brief,id\ngood,1\nx\n", "line 3", "it has 1 columns where the header has 2"),
        ("a.csv", b"brief,id\ngood,1\nx,y,z\n", "line 3", "it has 3 columns where the header has 2"),
        ("a.csv", b"brief,id\ngood,1\nx\0,y\n", "line 3", "its brief has a NUL character"),
        ("a.csv", b"brief,id\ngood,1\nx\xff,y\n", "line 3", "its brief is no valid UTF-8"),
        ("a.csv", b"brief,id\ngood,1\nx,y\xff\n", "line 3", "its id is no valid UTF-8"),
        ("a.csv", f"brief,id\ngood,1\n{LONG},2\n".encode(), "line 3", "more than 10,000"),
        ("a.csv", f"brief,id\ngood,1\nx,{LONG}\n".encode(), "line 3", "longer than 200"),
        ("a.csv", b'brief,id\n"open,1\ngood,1\n', "line 2", "close or double its quotes"),
        ("a.csv", b'brief,id\ngood,1\n"a "b" c",2\n', "line 3", "close or double its quotes"),
        ("a.jsonl", b'{"brief": "good"}\n{"brief": \n', "line 2", "it is no JSON: Expecting value"),
        ("a.jsonl", b'{"brief": "good"}\n[1]\n', "line 2", "it is no JSON object"),
        ("a.jsonl", b'{"brief": "good"}\n{"text": "x"}\n', "line 2", "it has no brief"),
        ("a.jsonl", b'{"brief": "good"}\n{"brief": null}\n', "line 2", "it has no brief"),
        ("a.jsonl", b'{"brief": "good"}\n{"brief": 5}\n', "line 2", "its brief is no text"),
        ("a.jsonl", b'{"brief": "good"}\n{"brief": "\\ud800"}\n', "line 2", "its brief is no valid UTF-8"),
        ("a.jsonl", b'{"brief": "good"}\n' + b"[" * 100_000, "line 2", "nested too deep"),
        ("a.jsonl", b'{"brief": "good"}\n' + b"9" * 5_000, "line 2", "a number too long"),
        ("a.json", b'["good", 5]', "entry 2", "it is no JSON object"),
        ("a.txt", b"good\n\xff\n", "line 2", "its brief is no valid UTF-8"),
        ("a.tsv", b"brief\tcategory\ngood\tx\nx\ty\0\n", "line 3", "its category has a NUL character"),
        ("a.token", b"a.jpg#0\tgood\nb.jpg#0 x\n", "line 2", "no tab"),
    ],
)
def test_a_bad_row_is_listed_and_the_others_are_read(
    name: str, data: bytes, where: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    read = load_dataset(str(tmp_path / name))
    assert [row["brief"] for row in read.rows] == ["good"]
    assert [bad["where"] for bad in read.bad] == [where]
    assert said in read.bad[0]["reason"]
    assert read.total == 2


def test_one_stray_quote_does_not_swallow_the_file(tmp_path: Path) -> None:
    lines = ['"open', *(f"row {n}" for n in range(200))]
    (tmp_path / "a.csv").write_text("\n".join(["brief", *lines]))
    read = load_dataset(str(tmp_path / "a.csv"))
    assert len(read.rows) == 200
    assert [bad["where"] for bad in read.bad] == ["line 2"]


@pytest.mark.parametrize(
    "named", ["../secret.png", "/etc/hostname", "link.png", "a/../../secret.png", "no.png", "n" * 5000]
)
def test_a_picture_outside_the_folder_makes_a_bad_row(named: str, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(b"a secret")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "good.png").write_bytes(b"a picture")
    (tmp_path / "a.csv").write_text(f"brief,image\nx,{named}\ngood,good.png\n")
    read = load_dataset(str(tmp_path / "a.csv"), images=folder)
    assert [row["brief"] for row in read.rows] == ["good"]
    assert "its picture" in read.bad[0]["reason"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "no usable row, it is empty"),
        ("a.csv", b"\n \n", "no usable row, it is empty"),
        ("a.csv", b"brief\n", "no usable row, it is empty"),
        ("a.csv", b"brief,id\n,1\n", "1 bad, the first is line 2: its brief is empty"),
        ("a.csv", b"brief,brief\nx,y\n", "names the column 'brief' twice"),
        ("a.csv", b'"brief\nx', "close or double its quotes"),
        ("a.csv", "brief\nx".encode("utf-16"), "UTF-16"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\xff", "its columns are"),
        ("a.json", b"{}", "no list of rows"),
        ("a.json", b"[", "no JSON"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.json", b"[]", "it is empty"),
        ("a.png", b"\x89PNG", "files end in"),
        ("a", b"x", "files end in"),
    ],
)
def test_a_file_that_cannot_be_used(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput, match=said) as fault:
        load_dataset(str(tmp_path / name))
    assert "\n" not in str(fault.value)
    str(fault.value).encode()


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LARGEST", 1_000_000)
    (tmp_path / "a.txt").write_bytes(b"a cat\n" * 200_000)
    with pytest.raises(BadInput, match="larger than 1 MB"):
        load_dataset(str(tmp_path / "a.txt"))


def test_things_that_are_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(BadInput, match="is no file"):
        load_dataset(str(tmp_path / "pipe.txt"))
    with pytest.raises(BadInput, match="holds no file of a known dataset"):
        load_dataset(str(tmp_path))
    with pytest.raises(BadInput, match="there is no dataset"):
        load_dataset(str(tmp_path / "nothing.csv"))
    with pytest.raises(BadInput, match="there is no dataset"):
        load_dataset("a\0b")
    (tmp_path / "a.csv").write_text("brief\nx\n")
    with pytest.raises(BadInput, match="is not there: name a folder"):
        load_dataset(str(tmp_path / "a.csv"), images=tmp_path / "nothing")


def test_bad_rows_are_shown_on_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("brief,image\n" + "x,\x1b[31m../no.png\n" * 7 + "good,\n")
    lines = describe(load_dataset(str(tmp_path / "a.csv")))
    assert lines[1] == "7 of 8 could not be used:"
    assert lines[-1] == "  and 2 more"
    assert len(lines) == 8
    assert "\x1b" not in "".join(lines)


PIECES = st.sampled_from(
    [b"brief", b"id", b",", b"\t", b"|", b";", b'"', b"\n", b"\r", b"{", b"}", b"[", b"]", b":", b"\0", b"\xff", b"cat"]
)


@settings(max_examples=50)
@given(
    st.sampled_from([".csv", ".tsv", ".txt", ".jsonl", ".json", ".token"]),
    st.lists(PIECES | st.binary(max_size=3), max_size=40).map(b"".join),
)
def test_any_bytes_are_read_or_refused(suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"any{suffix}"
        path.write_bytes(data)
        try:
            read = load_dataset(str(path))
        except BadInput:
            return
    ids = [row["id"] for row in read.rows]
    assert len(set(ids)) == len(ids) > 0
    assert read.total == len(read.rows) + len(read.bad)
    assert all(row["brief"] == row["brief"].strip() != "" for row in read.rows)
