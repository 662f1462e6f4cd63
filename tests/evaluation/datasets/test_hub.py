"""Datasets of the hub. Where the package `datasets` is installed, a local one in the hub's own form is read by it."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.evaluation.datasets.names import load_dataset
from overpaint.tools.faults import BadInput

INSTALLED = importlib.util.find_spec("datasets") is not None


@pytest.mark.parametrize("name", ["hub:", "hub:alone", "hub:../up", "hub:a/..", "hub:a/b/c", "hub:a/b@", "hub:a /b"])
def test_names_of_no_dataset(name: str) -> None:
    with pytest.raises(BadInput, match="names no dataset of the hub"):
        load_dataset(name)


@pytest.mark.skipif(INSTALLED, reason="the package datasets is installed")
def test_without_the_package() -> None:
    with pytest.raises(BadInput, match="hub:owner/name needs the package datasets: pip install datasets"):
        load_dataset("hub:owner/name")


def picture(colour: str) -> dict[str, Any]:
    file = BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return {"bytes": file.getvalue(), "path": f"{colour}.png"}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three rows as nlphuji/flickr30k has them, in a folder that `datasets` takes for owner/name."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    datasets: Any = pytest.importorskip("datasets", reason="the package datasets is not installed")
    texts = datasets.Sequence(datasets.Value("string"))
    features = datasets.Features({"image": datasets.Image(), "caption": texts, "img_id": datasets.Value("string")})
    rows = {
        "image": [picture("red"), picture("blue"), picture("green")],
        "caption": [["a red square", "red"], ["a blue square"], []],
        "img_id": ["0", "1", "2"],
    }
    folder = tmp_path / "owner" / "name"
    folder.mkdir(parents=True)
    datasets.Dataset.from_dict(rows, features=features).to_parquet(folder / "test-00000-of-00001.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_captions_and_pictures_of_the_hub(published: Path) -> None:
    columns = {"brief": "caption", "id": "img_id", "image": "image"}
    read = load_dataset("hub:owner/name@test", columns=columns, images=published / "pictures", limit=1)
    (first,) = read.rows
    assert (first["id"], first["brief"], first["captions"]) == ("0", "a red square", ["red"])
    assert [Path(path).read_bytes() for path in first["pictures"]] == [picture("red")["bytes"]]
    assert len(list((published / "pictures").iterdir())) == 1  # of the chosen row alone
    assert read.bad == [{"where": "row 3", "reason": "its brief is empty"}]
    assert read.total == 3
    assert [row["id"] for row in load_dataset("hub:owner/name", limit=5).rows] == ["row-1", "row-2"]


def test_what_the_hub_does_not_have(published: Path) -> None:
    with pytest.raises(BadInput, match="has no split dev: name one of test"):
        load_dataset("hub:owner/name@dev")
    with pytest.raises(BadInput, match="the hub does not give owner/other"):
        load_dataset("hub:owner/other")
    with pytest.raises(BadInput, match="holds no pictures"):
        load_dataset("hub:owner/name", columns={"brief": "caption", "image": "img_id"})
