import asyncio
import json
import logging
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import overpaint.shapes.painter
from overpaint.tools.backends import diffusers_
from overpaint.tools.backends.diffusers_ import DiffusersPainter
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest

pytestmark = pytest.mark.slow

WEIGHTS = overpaint.shapes.painter.WEIGHTS
PROMPT = "a red circle and a blue square"


@pytest.fixture
def painter() -> DiffusersPainter:
    return DiffusersPainter(str(WEIGHTS), name="tiny", device="cpu", defaults={"steps": 4, "guidance": 2.0})


def pixels(data: bytes | None) -> np.ndarray:
    assert data is not None
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def photo(width: int, height: int, seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


async def test_the_same_request_and_seed_give_the_same_bytes(painter: DiffusersPainter) -> None:
    one, again, other = [await painter.paint(PaintRequest(PROMPT, seed=seed)) for seed in (5, 5, 6)]
    assert one.data == again.data
    assert one.data != other.data
    assert (one.seed, other.seed) == (5, 6)


async def test_a_request_without_a_seed_gets_one_that_repeats_it(painter: DiffusersPainter) -> None:
    first = await painter.paint(PaintRequest(PROMPT))
    assert first.seed is not None
    assert (await painter.paint(PaintRequest(PROMPT, seed=first.seed))).data == first.data


async def test_pictures_painted_at_once_are_those_painted_alone(painter: DiffusersPainter) -> None:
    alone = [(await painter.paint(PaintRequest(PROMPT, seed=seed))).data for seed in range(3)]
    together = await asyncio.gather(*(painter.paint(PaintRequest(PROMPT, seed=seed)) for seed in range(3)))
    assert [result.data for result in together] == alone


async def test_settings_are_honoured_and_recorded(painter: DiffusersPainter) -> None:
    request = PaintRequest(PROMPT, seed=1, size=(72, 128), steps=3, guidance=4.0, negative_prompt="a star")
    result = await painter.paint(request)
    assert pixels(result.data).shape == (128, 72, 3)
    told = {key: result.params[key] for key in ("model", "size", "steps", "guidance", "negative_prompt", "batch")}
    assert told == {
        "model": "tiny", "size": [72, 128], "steps": 3, "guidance": 4.0, "negative_prompt": "a star", "batch": 1,
    }  # fmt: skip
    assert (result.params["device"], result.params["dtype"]) == ("cpu", "float32")
    assert result.params["scheduler"] == "DDIMScheduler"
    assert set(result.params["versions"]) == {"diffusers", "torch"}
    assert json.loads(json.dumps(result.params)) == result.params
    assert (
        result.data != (await painter.paint(PaintRequest(PROMPT, seed=1, size=(72, 128), steps=3, guidance=4.0))).data
    )


async def test_progress_is_told_in_order_on_the_event_loop(painter: DiffusersPainter) -> None:
    told: list[tuple[int, int]] = []

    def progress(step: int, steps: int) -> None:
        asyncio.get_running_loop()
        told.append((step, steps))

    await painter.paint(PaintRequest(PROMPT, seed=1), progress)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("boxes", [((0.3, 0.4, 0.55, 0.9),), ((0.0, 0.0, 0.2, 0.2), (0.61, 0.33, 1.0, 1.0))])
async def test_an_edit_leaves_every_pixel_outside_its_boxes_as_it_was(
    painter: DiffusersPainter, boxes: tuple[tuple[float, float, float, float], ...]
) -> None:
    source = photo(96, 64)
    result = await painter.paint(PaintRequest(PROMPT, seed=2, source=source, boxes=boxes))
    before, after = pixels(source), pixels(result.data)
    outside = np.ones((64, 96), bool)
    for left, top, right, bottom in boxes:
        inside = np.s_[int(np.floor(top * 64)) : int(np.ceil(bottom * 64)), int(left * 96) : int(np.ceil(right * 96))]
        outside[inside] = False
        assert (after[inside] != before[inside]).mean() > 0.5
    assert (after[outside] == before[outside]).all()
    assert result.params["strength"] == 1.0
    assert (await painter.paint(PaintRequest(PROMPT, seed=2, source=source, boxes=boxes))).data == result.data


async def test_an_edit_blends_with_what_it_keeps(painter: DiffusersPainter) -> None:
    """Latents outside the boxes are held while painting: so a plain ground goes on across the edge of the box."""
    ground = Image.new("RGB", (64, 64), (244, 243, 238))
    buffer = BytesIO()
    ground.save(buffer, "PNG")
    request = PaintRequest("a small red circle in the center", seed=4, steps=10, source=buffer.getvalue(),
                           boxes=((0.25, 0.25, 0.75, 0.75),))  # fmt: skip
    after = pixels((await painter.paint(request)).data).astype(int)
    rim = np.concatenate([after[16, 16:48], after[47, 16:48], after[16:48, 16], after[16:48, 47]])
    assert np.abs(rim - (244, 243, 238)).max() < 40


async def test_a_picture_leads_to_another_the_farther_the_stronger(painter: DiffusersPainter) -> None:
    source = (await painter.paint(PaintRequest(PROMPT, seed=1, steps=10))).data
    near, far = [
        await painter.paint(PaintRequest("a green star", seed=1, steps=10, source=source, strength=strength))
        for strength in (0.2, 0.9)
    ]
    start = pixels(source).astype(int)
    assert np.abs(pixels(near.data) - start).mean() < np.abs(pixels(far.data) - start).mean()
    assert (near.params["strength"], far.params["strength"]) == (0.2, 0.9)


async def test_a_source_of_another_size_is_resized_and_that_is_said(painter: DiffusersPainter) -> None:
    result = await painter.paint(PaintRequest(PROMPT, seed=1, source=photo(100, 80), size=(64, 64), strength=0.5))
    assert pixels(result.data).shape == (64, 64, 3)
    assert result.notes == ("the source of 100x80 pixels was resized to 64x64",)
    own = await painter.paint(PaintRequest(PROMPT, seed=1, source=photo(100, 80), strength=0.5))
    assert own.params["size"] == [96, 80]


async def test_the_part_of_a_prompt_that_is_not_read_is_named(painter: DiffusersPainter) -> None:
    result = await painter.paint(PaintRequest("a red circle, " * 20 + "a purple star", seed=1))
    (note,) = result.notes
    assert "56 tokens" in note
    assert "a purple star" in note
    assert (await painter.paint(PaintRequest(PROMPT, seed=1))).notes == ()


async def test_painting_and_loading_print_and_log_nothing(
    painter: DiffusersPainter, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overpaint.tools.backends.pipelines._loaded", {})
    filters = [list(handler.filters) for handler in logging.getLogger("diffusers").handlers]
    await painter.paint(PaintRequest("a red circle, " * 20, seed=1))
    assert capfd.readouterr() == ("", "")
    assert [list(handler.filters) for handler in logging.getLogger("diffusers").handlers] == filters


async def test_a_cancelled_picture_stops_and_the_next_one_is_painted(painter: DiffusersPainter) -> None:
    started = asyncio.Event()
    steps: list[int] = []

    def progress(step: int, steps_: int) -> None:
        steps.append(step)
        started.set()

    task = asyncio.create_task(painter.paint(PaintRequest(PROMPT, seed=1, steps=500), progress))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await painter.paint(PaintRequest(PROMPT, seed=1))).outcome == "ok"
    assert max(steps) < 500


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (PaintRequest(PROMPT, boxes=((0, 0, 1, 1),)), "no source"),
        (PaintRequest(PROMPT, source=photo(64, 64), boxes=((0.5, 0.5, 0.4, 1),)), "the box"),
        (PaintRequest(PROMPT, source=photo(64, 64), boxes=((0.5, 0.5, 1.4, 1),)), "the box"),
        (PaintRequest(PROMPT, source=photo(64, 64), strength=0.1), "leaves none to paint"),
        (PaintRequest(PROMPT, source=photo(64, 64), strength=1.5), "outside 0 to 1"),
        (PaintRequest(PROMPT, source=b"no picture"), "picture"),
        (PaintRequest(PROMPT, size=(63, 64)), "63x64.*in steps of 8"),
        (PaintRequest(PROMPT, steps=0), "steps 0"),
    ],
)
async def test_what_cannot_be_painted_is_refused(painter: DiffusersPainter, request_: PaintRequest, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        await painter.paint(request_)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", ["", " ", "./nowhere", "/nowhere/at/all", "~/no-such-model-here"])
def test_a_model_that_is_not_there_is_refused_at_once(model: str) -> None:
    with pytest.raises(BadInput, match="model"):
        DiffusersPainter(model)


def test_a_folder_without_an_index_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"model_index\.json"):
        DiffusersPainter(str(tmp_path))


def test_missing_packages_are_named_with_the_line_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overpaint.tools.backends.loading.NEEDED", ("torch", "no_such_package_anywhere"))
    with pytest.raises(BadInput, match=r"no_such_package_anywhere: pip install 'overpaint\[local\]'"):
        DiffusersPainter(str(WEIGHTS))


async def test_a_device_this_machine_lacks_is_refused() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(BadInput, match=r"'cuda:0' is not on this machine.*cpu"):
        await DiffusersPainter(str(WEIGHTS), device="cuda:0").paint(PaintRequest(PROMPT))


async def test_offloading_from_the_cpu_to_itself_is_refused() -> None:
    with pytest.raises(BadInput, match="offload 'model'"):
        await DiffusersPainter(str(WEIGHTS), device="cpu", offload="model").paint(PaintRequest(PROMPT))


async def test_bfloat16_is_honoured() -> None:
    result = await DiffusersPainter(str(WEIGHTS), device="cpu", dtype="bfloat16").paint(PaintRequest(PROMPT, steps=2))
    assert (result.outcome, result.params["dtype"]) == ("ok", "bfloat16")


async def test_broken_weights_are_a_fatal_fault_of_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(WEIGHTS, broken)
    (broken / "unet/diffusion_pytorch_model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ProviderFault, match="cannot load") as caught:
        await DiffusersPainter(str(broken), device="cpu").paint(PaintRequest(PROMPT))
    assert caught.value.fatal
    assert "\n" not in str(caught.value)


async def test_a_hub_that_cannot_be_reached_is_a_fault_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ProviderFault, match="cannot load nobody/nothing") as caught:
        await DiffusersPainter("nobody/nothing", device="cpu").paint(PaintRequest(PROMPT))
    assert "\n" not in str(caught.value)


async def test_a_picture_the_safety_checker_flags_is_blocked(tmp_path: Path) -> None:
    folder = tmp_path / "checked"
    with_a_checker_that_flags_everything(folder)
    result = await DiffusersPainter(str(folder), device="cpu").paint(PaintRequest(PROMPT, seed=1, steps=2))
    assert (result.outcome, result.data) == ("blocked", None)


def with_a_checker_that_flags_everything(folder: Path) -> None:
    from diffusers import StableDiffusionPipeline
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessorPil

    from overpaint.tools.backends.loading import quiet

    tiny = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(vision_config={**tiny, "image_size": 32, "patch_size": 8}, projection_dim=8)
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds_weights.data.fill_(-2.0)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    with quiet():
        pipe = StableDiffusionPipeline.from_pretrained(
            WEIGHTS, safety_checker=checker, feature_extractor=processor, requires_safety_checker=True
        )
        pipe.save_pretrained(folder)


def test_opening_a_painter_imports_no_torch() -> None:
    code = (
        "import sys; from overpaint.tools.painters import get_painter; get_painter('shapes').abilities;"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_name_in_records_is_the_name_it_was_asked_for_by() -> None:
    assert diffusers_.open_painter(str(WEIGHTS)).name == f"diffusers:{WEIGHTS}"
