"""COCO and Flickr30k: a row is a picture, its first caption is the brief; the form of each source is read as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.datasets.names import load_dataset
from overpaint.tools.faults import BadInput

PIPED = (
    "image_name| comment_number| comment\n"
    "1000092795.jpg| 0| Two young guys with shaggy hair look at their hands .\n"
    '1000092795.jpg| 1| Two young , White males are "outside" near many bushes .\n'
    "2199200615.jpg| 4   A dog runs across the grass .\n"
    "10002456.jpg| 0| Several men in hard hats are operating a giant pulley system .\n"
)
"""As results.csv is: names of columns begin with a space, and a bar is missing in one line of the archive."""
COMMA = 'image,caption\na.jpg,A cat .\na.jpg,"A cat , asleep ."\nb.jpg,A dog .\n'


def pictures(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"a picture")


def coco(**changes: Any) -> dict[str, Any]:
    return {
        "info": {"year": 2017},
        "licenses": [],
        "images": [
            {"license": 1, "file_name": "000000000139.jpg", "height": 426, "width": 640, "id": 139},
            {"license": 2, "file_name": "000000000285.jpg", "height": 640, "width": 586, "id": 285},
        ],
        "annotations": [
            {"image_id": 285, "id": 11, "caption": "A big burly grizzly bear in the background.\n"},
            {"image_id": 139, "id": 12, "caption": "A woman stands in the dining area at the table."},
            {"image_id": 139, "id": 13, "caption": "A room with chairs, a table, and a woman in it."},
        ],
        **changes,
    }


def write_coco(folder: Path, **changes: Any) -> str:
    (folder / "annotations").mkdir()
    (folder / "annotations" / "captions_val2017.json").write_text(json.dumps(coco(**changes)))
    return str(folder)


def test_flickr30k_with_bars(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(PIPED)
    pictures(tmp_path / "flickr30k_images" / "flickr30k_images", "1000092795.jpg", "10002456.jpg")
    read = load_dataset(str(tmp_path / "results.csv"))
    assert [(row["id"], row["brief"]) for row in read.rows] == [
        ("1000092795.jpg", "Two young guys with shaggy hair look at their hands ."),
        ("10002456.jpg", "Several men in hard hats are operating a giant pulley system ."),
    ]
    assert read.rows[0]["captions"] == ['Two young , White males are "outside" near many bushes .']
    assert [Path(picture).name for picture in read.rows[0]["pictures"]] == ["1000092795.jpg"]
    assert [(bad["where"], bad["reason"]) for bad in read.bad] == [
        ("line 4", "it has 2 columns where the header has 3")
    ]
    assert read.total == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("captions.csv", COMMA),
        ("captions.txt", COMMA),
        ("results_20130124.token", "a.jpg#0\tA cat .\na.jpg#1\tA cat , asleep .\nb.jpg#0\tA dog .\n"),
        ("captions.tsv", "file_name\tcaption\na.jpg\tA cat .\na.jpg\tA cat , asleep .\nb.jpg\tA dog .\n"),
        (
            "captions.jsonl",
            '{"image": "a.jpg", "caption": ["A cat .", "A cat , asleep ."]}\n{"image": "b.jpg", "caption": "A dog ."}\n',
        ),
        ("train.tsv", "filepath\ttitle\na.jpg\tA cat .\na.jpg\tA cat , asleep .\nb.jpg\tA dog .\n"),
    ],
)
def test_lists_of_captions(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    pictures(tmp_path, "a.jpg", "b.jpg")
    read = load_dataset(str(tmp_path / name))
    assert [(row["id"], row["brief"], row["captions"]) for row in read.rows] == [
        ("a.jpg", "A cat .", ["A cat , asleep ."]),
        ("b.jpg", "A dog .", []),
    ]
    assert [row["pictures"] for row in read.rows] == [[str(tmp_path.resolve() / f"{n}.jpg")] for n in "ab"]


def test_captions_may_come_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_text(COMMA)
    read = load_dataset(str(tmp_path / "captions.csv"))
    assert [row["pictures"] for row in read.rows] == [[], []]
    assert read.facts == {"captions": 1}


def test_a_picture_that_is_missing_makes_its_row_bad(tmp_path: Path) -> None:
    (tmp_path / "captions.csv").write_text(COMMA)
    pictures(tmp_path / "mine", "b.jpg")
    read = load_dataset(str(tmp_path / "captions.csv"), images=tmp_path / "mine")
    assert [row["id"] for row in read.rows] == ["b.jpg"]
    assert read.bad == [{"where": "line 2", "reason": "its picture a.jpg is not in mine"}]


def test_coco(tmp_path: Path) -> None:
    folder = write_coco(tmp_path)
    pictures(tmp_path / "val2017", "000000000139.jpg", "000000000285.jpg")
    read = load_dataset(folder)
    assert [(row["id"], row["brief"]) for row in read.rows] == [
        ("139", "A woman stands in the dining area at the table."),
        ("285", "A big burly grizzly bear in the background."),
    ]
    assert read.rows[0]["captions"] == ["A room with chairs, a table, and a woman in it."]
    assert read.rows[0]["pictures"] == [str((tmp_path / "val2017" / "000000000139.jpg").resolve())]


def test_every_entry_of_coco_is_accounted_for(tmp_path: Path) -> None:
    images = [*coco()["images"], {"id": 9, "file_name": "9.jpg"}, {"id": 139, "file_name": "x.jpg"}, {}, "none"]
    broken = [{"image_id": 8, "caption": "of no image"}, {"image_id": 139, "caption": " "}, {"image_id": 139}, 5]
    read = load_dataset(write_coco(tmp_path, images=images, annotations=coco()["annotations"] + broken))
    assert [row["id"] for row in read.rows] == ["139", "285"]
    assert {bad["where"] for bad in read.bad} == {
        *(f"annotation {n}" for n in (4, 5, 6, 7)),
        *(f"image {n}" for n in (3, 4, 5, 6)),
    }
    assert read.total == 10


def test_coco_that_is_none(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, images=5)
    with pytest.raises(BadInput, match="no list"):
        load_dataset(folder)
    with pytest.raises(BadInput, match="take no columns"):
        load_dataset(folder, columns={"brief": "caption"})
