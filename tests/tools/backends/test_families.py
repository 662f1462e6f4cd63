"""Each family of diffusers pipelines, tiny and with random weights, loaded from a folder like any other."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from overpaint.tools.backends.diffusers_ import DiffusersPainter
from overpaint.tools.backends.loading import Placement
from overpaint.tools.backends.masking import holds_latents, keep_source
from overpaint.tools.backends.model_index import fetch_index
from overpaint.tools.backends.pipelines import Recipe, load
from overpaint.tools.faults import BadInput
from overpaint.tools.painters import PaintRequest
from overpaint.tools.refusals import refuse_request

pytestmark = [
    pytest.mark.slow,
    # diffusers gives numpy a tensor.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

SIZES = {"pixart": (256, 256)}
LIMITS = {"stable_diffusion": 77, "sdxl": 77, "sd3": 256, "flux": 512, "pixart": 300, "qwen_image": 512}
FAMILIES = sorted(LIMITS)
CPU = Placement("cpu", "float32", "none")
PROMPT = "a red circle"
BOX = (0.25, 0.25, 0.5, 0.5)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    from tests import tiny_pipelines

    where = tmp_path_factory.mktemp("families")
    return {family: tiny_pipelines.save(family, where / family) for family in FAMILIES}


@pytest.fixture
def painter(folders: dict[str, Path], family: str) -> DiffusersPainter:
    defaults = {"steps": 2, "size": SIZES.get(family, (64, 64))}
    return DiffusersPainter(str(folders[family]), device="cpu", defaults=defaults)


def pixels(data: bytes | None) -> np.ndarray:
    assert data is not None
    return np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)


@pytest.mark.parametrize("family", FAMILIES)
async def test_paints_what_the_seed_says_and_tells_each_step(painter: DiffusersPainter, family: str) -> None:
    told: list[tuple[int, int]] = []
    one = await painter.paint(PaintRequest(PROMPT, seed=1), lambda step, steps: told.append((step, steps)))
    again, other = [await painter.paint(PaintRequest(PROMPT, seed=seed)) for seed in (1, 2)]
    assert (one.outcome, one.notes) == ("ok", ())
    assert pixels(one.data).shape[:2] == SIZES.get(family, (64, 64))
    assert one.data == again.data
    assert one.data != other.data
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("family", FAMILIES)
async def test_what_it_accepts_makes_a_difference(painter: DiffusersPainter, family: str) -> None:
    accepts = painter.abilities.accepts
    assert ("negative_prompt" in accepts) == (family != "flux")
    assert "guidance" in accepts
    plain = await painter.paint(PaintRequest(PROMPT, seed=1))
    guided = await painter.paint(PaintRequest(PROMPT, seed=1, guidance=9.0))
    assert guided.params["guidance"] == 9.0
    assert plain.params["guidance"] != 9.0
    assert guided.data != plain.data
    unwanted = PaintRequest(PROMPT, seed=1, negative_prompt="a wooden table")
    if family == "flux":
        with pytest.raises(BadInput, match=r"FluxPipeline.*negative_prompt"):
            await painter.paint(unwanted)
        with pytest.raises(BadInput, match="negative_prompt"):
            refuse_request(painter, unwanted)
    else:
        assert (await painter.paint(unwanted)).data != plain.data


@pytest.mark.parametrize("family", FAMILIES)
async def test_an_edit_changes_its_box_alone(painter: DiffusersPainter, family: str) -> None:
    assert painter.abilities.edit == "mask"
    source = (await painter.paint(PaintRequest(PROMPT, seed=1))).data
    edited = await painter.paint(PaintRequest("a blue square", seed=2, source=source, boxes=(BOX,)))
    before, after = pixels(source), pixels(edited.data)
    side = len(before)
    inside = np.zeros(before.shape[:2], bool)
    inside[side // 4 : side // 2, side // 4 : side // 2] = True
    assert (after[inside] != before[inside]).mean() > 0.5
    assert (after[~inside] == before[~inside]).all()
    assert edited.notes == ()


@pytest.mark.parametrize("family", FAMILIES)
async def test_latents_outside_the_box_end_as_those_of_the_source(
    painter: DiffusersPainter, folders: dict[str, Path], family: str
) -> None:
    """Not only the pixels: what is painted inside has seen the source around it."""
    import torch

    source = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    await painter.paint(PaintRequest(PROMPT, seed=1))  # sets the scheduler's steps
    pipe = load(Recipe(str(folders[family])), CPU).pipe
    assert holds_latents(pipe)
    steps = len(pipe.scheduler.timesteps)
    kept, other = (keep_source(pipe, source, box, 1) for box in ([(16, 16, 32, 32)], [(0, 0, 64, 64)]))
    shape = kept(pipe, steps, {"latents": torch.zeros(1)})["latents"].shape
    painted = torch.full(shape, 7.0)
    assert (other(pipe, steps, {"latents": painted})["latents"] == 7).all()
    held = kept(pipe, steps, {"latents": painted})["latents"]
    clean = keep_source(pipe, source, [], 1)(pipe, steps, {"latents": painted})["latents"]
    # 4 of 64 cells are painted, in every channel.
    assert (held == 7).float().mean() == 4 / 64
    assert (held[held != 7] == clean[held != 7]).all()


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_picture_to_start_from_is_taken_or_refused_by_name(painter: DiffusersPainter, family: str) -> None:
    source = (await painter.paint(PaintRequest(PROMPT, seed=1))).data
    request = PaintRequest("a blue square", seed=1, source=source, strength=0.5)
    if family == "pixart":
        with pytest.raises(BadInput, match="strength"):
            refuse_request(painter, request)
        with pytest.raises(BadInput, match="PixArtSigmaPipeline cannot start from a picture"):
            await painter.paint(request)
        with pytest.raises(BadInput, match="does not take strength"):
            await painter.paint(PaintRequest(PROMPT, source=source, boxes=(BOX,), strength=0.5))
    else:
        result = await painter.paint(request)
        assert result.params["strength"] == 0.5
        assert result.data != source


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_long_prompt_is_cut_where_it_was_said_it_would_be(painter: DiffusersPainter, family: str) -> None:
    prompt = "a red circle above a blue square, " * 80 + "a purple star"
    unread = await painter.unread(prompt)
    assert prompt.endswith(unread)
    assert "a purple star" in unread
    result = await painter.paint(PaintRequest(prompt, seed=1))
    limit = painter.abilities.token_limit
    assert limit == LIMITS[family]
    assert result.notes == (f"the model reads {limit} tokens of a prompt; it did not see {unread.strip()!r}",)
    cut = await painter.paint(PaintRequest(prompt.removesuffix(unread), seed=1))
    assert cut.notes == ()
    assert cut.data == result.data


async def test_a_negative_prompt_that_is_cut_is_named_too(folders: dict[str, Path]) -> None:
    painter = DiffusersPainter(str(folders["sdxl"]), device="cpu", defaults={"steps": 1, "size": (64, 64)})
    result = await painter.paint(PaintRequest(PROMPT, negative_prompt="a wooden table, " * 60))
    assert "tokens of a negative prompt" in result.notes[0]


async def test_a_class_the_auto_pipelines_do_not_know_is_loaded_as_what_it_is(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    import json
    import shutil

    folder = tmp_path / "safe"
    shutil.copytree(folders["stable_diffusion"], folder)
    index = folder / "model_index.json"
    said = json.loads(index.read_text())
    index.write_text(json.dumps(said | {"_class_name": "StableDiffusionSAGPipeline"}))
    painter = DiffusersPainter(str(folder), device="cpu", defaults={"steps": 2, "size": (64, 64)})
    result = await painter.paint(PaintRequest(PROMPT, seed=1, guidance=1.0))
    assert result.params["pipeline"] == "StableDiffusionSAGPipeline"


def facts(folder: Path, kind: str, parts: dict[str, Any]) -> Path:
    import json

    (folder / "model_index.json").write_text(json.dumps({"_class_name": kind, **parts}))
    return folder


@pytest.mark.parametrize(
    ("kind", "edit"),
    [("FluxKontextPipeline", "instruct"), ("Flux2Pipeline", "instruct"), ("WuerstchenCombinedPipeline", None),
     ("SomebodysOwnPipeline", "mask")],
)  # fmt: skip
def test_how_a_model_edits_is_told_before_it_is_loaded(tmp_path: Path, kind: str, edit: str | None) -> None:
    folder = facts(tmp_path, kind, {})
    assert fetch_index(str(folder)).edit == edit
    assert DiffusersPainter(str(folder)).abilities.edit == edit
