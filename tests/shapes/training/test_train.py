"""The whole course, so short that nothing is learned: what comes out is a pipeline of the right form all the same."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from overpaint.shapes.train import Lengths, train

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SHORT = Lengths(autoencoder=3, pool=16, text=3, denoiser=3, scored=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(folder, SHORT, seed=7, gate=0.0)


def test_stock_diffusers_loads_and_runs_it_without_being_told_a_dtype(trained: tuple[Path, dict[str, Any]]) -> None:
    from diffusers import AutoPipelineForText2Image

    pipe = AutoPipelineForText2Image.from_pretrained(trained[0], local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    image = pipe("a red circle", num_inference_steps=2).images[0]
    assert image.size == (64, 64)
    assert {part.dtype for part in (pipe.unet, pipe.vae, pipe.text_encoder)} == {pipe.unet.dtype}


def test_it_is_small_and_tells_how_it_was_made(trained: tuple[Path, dict[str, Any]]) -> None:
    folder, report = trained
    parts = [path for path in folder.rglob("*") if path.is_file() and "training" not in path.parts]
    assert sum(path.stat().st_size for path in parts) < 15_000_000
    assert {path.suffix for path in parts} == {".json", ".safetensors"}
    assert json.loads((folder / "training/report.json").read_text("utf-8")) == report
    assert report["lengths"] == {"autoencoder": 3, "pool": 16, "text": 3, "denoiser": 3, "scored": 1}


def test_called_again_it_trains_nothing_and_writes_the_same(trained: tuple[Path, dict[str, Any]]) -> None:
    weights = trained[0] / "unet/diffusion_pytorch_model.safetensors"
    before = weights.read_bytes()
    train(trained[0], SHORT, seed=7, gate=0.0)
    assert weights.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit, match="cannot be made"):
        train(tmp_path / "file", SHORT, seed=7)


def test_another_course_is_not_mixed_in(trained: tuple[Path, dict[str, Any]]) -> None:
    for seed, lengths in ((8, SHORT), (7, replace(SHORT, autoencoder=4)), (7, replace(SHORT, pool=17))):
        with pytest.raises(SystemExit, match="another course"):
            train(trained[0], lengths, seed, gate=0.0)


def test_an_autoencoder_that_blurs_shapes_stops_the_course(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"97% must"):
        train(tmp_path, Lengths(autoencoder=2, pool=16, text=2, denoiser=2, scored=1), seed=1)
    assert not (tmp_path / "unet").exists()
