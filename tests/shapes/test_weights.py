"""The committed weights: stock diffusers uses them with no code of ours, and their card says what they are."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from overpaint.shapes.inspector import inspect
from overpaint.shapes.painter import WEIGHTS, open_painter
from overpaint.tools.painters import PaintRequest

CARD = (WEIGHTS / "README.md").read_text("utf-8")
TWO = "a large red circle in the top left, a small blue star in the center"
CORNER = (42, 42, 64, 64)


def files() -> list[Path]:
    return sorted(path for path in WEIGHTS.rglob("*") if path.is_file() and path.name != "README.md")


def test_they_are_small_and_hold_no_code() -> None:
    assert sum(path.stat().st_size for path in files()) <= 15_000_000
    assert {path.suffix for path in files()} == {".json", ".safetensors"}


def test_the_card_names_the_weights_it_speaks_of() -> None:
    for path in WEIGHTS.rglob("*.safetensors"):
        assert hashlib.sha256(path.read_bytes()).hexdigest()[:16] in CARD, path


def test_latents_have_the_four_channels_that_stock_inpainting_wants() -> None:
    config = json.loads((WEIGHTS / "unet/config.json").read_text("utf-8"))
    assert (config["in_channels"], config["out_channels"], config["sample_size"]) == (4, 4, 8)


@pytest.fixture(scope="module")
def first() -> Any:
    from diffusers import AutoPipelineForText2Image

    pipe = AutoPipelineForText2Image.from_pretrained(WEIGHTS, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe(TWO, num_inference_steps=10, guidance_scale=2.0, generator=_seed(1)).images[0]


def _seed(seed: int) -> Any:
    import torch

    return torch.Generator("cpu").manual_seed(seed)


@pytest.mark.slow
def test_stock_diffusers_paints_with_them(first: Any) -> None:
    assert [(s.shape, s.colour, s.size, s.place) for s in inspect(first)] == [
        ("circle", "red", "large", 0),
        ("star", "blue", "small", 4),
    ]


@pytest.mark.slow
def test_stock_inpainting_adds_what_a_prompt_names_inside_a_mask(first: Any) -> None:
    from diffusers import AutoPipelineForInpainting

    pipe = AutoPipelineForInpainting.from_pretrained(WEIGHTS, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    mask = Image.new("L", (64, 64))
    mask.paste(255, CORNER)
    wanted = "a large green square in the bottom right"
    painted = [
        pipe(wanted, first, mask, strength=1.0, num_inference_steps=10, guidance_scale=2.0, generator=_seed(seed))
        for seed in range(4)
    ]
    seen = [{(s.shape, s.colour, s.place) for s in inspect(one.images[0])} for one in painted]
    assert sum(("square", "green", 8) in things and ("circle", "red", 0) in things for things in seen) >= 3


@pytest.mark.slow
async def test_an_edit_leaves_every_pixel_outside_its_boxes_as_it_was(tmp_path: Path) -> None:
    painter = open_painter()
    source = (await painter.paint(PaintRequest(TWO, seed=1))).data
    assert source is not None
    box = tuple(edge / 64 for edge in CORNER)
    request = PaintRequest("a large green square in the bottom right", seed=2, source=source, boxes=(box,))  # type: ignore[arg-type]
    edited = (await painter.paint(request)).data
    assert edited is not None
    before, after = (_pixels(tmp_path / name, data) for name, data in (("before", source), ("after", edited)))
    outside = np.ones((64, 64), bool)
    outside[CORNER[1] : CORNER[3], CORNER[0] : CORNER[2]] = False
    assert (before[outside] == after[outside]).all()
    assert (before != after).any()


def _pixels(path: Path, data: bytes) -> Any:
    path.write_bytes(data)
    return np.asarray(Image.open(path).convert("RGB"))
