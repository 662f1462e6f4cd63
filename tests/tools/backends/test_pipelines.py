"""What is changed of a model as it is loaded, where it is placed, and what happens when it does not fit."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.shapes.painter import WEIGHTS
from overpaint.tools.backends import pipelines
from overpaint.tools.backends.diffusers_ import DiffusersPainter, open_painter
from overpaint.tools.backends.loading import Placement
from overpaint.tools.backends.pipelines import Loaded, Recipe, load, split_lora
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.painters import PaintRequest

CPU = Placement("cpu", "float32", "none")
GPU = Placement("cuda", "float16", "none")
REQUEST = PaintRequest("a red circle", seed=1, steps=2)


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines, "_loaded", {})


@given(place=st.text(min_size=1), weight=st.floats(0, 2))
def test_the_weight_of_a_lora_stands_behind_its_last_colon(place: str, weight: float) -> None:
    assert split_lora(f"{place}:{weight}") == (place, weight)


@pytest.mark.parametrize("lora", ["someone/style", "C:\\style", "./a:b", ":0.5"])
def test_a_lora_without_a_weight_has_1(lora: str) -> None:
    assert split_lora(lora) == (lora, 1.0)


def test_a_lora_without_the_package_for_it_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "peft" else object())
    with pytest.raises(BadInput, match="pip install peft"):
        open_painter(str(WEIGHTS), lora="someone/style")


def test_a_lora_that_is_not_there_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(BadInput, match=r"no LoRA at '\./nowhere'"):
        open_painter(str(WEIGHTS), lora="./nowhere:0.5")


@pytest.mark.slow
async def test_a_lora_changes_the_picture_by_its_weight(tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="LoRAs need peft")
    make_lora(tmp_path / "style")
    painters = [
        open_painter(str(WEIGHTS), device="cpu", lora=f"{tmp_path / 'style'}:{weight}") for weight in (0, 0.5, 1)
    ]
    plain = await open_painter(str(WEIGHTS), device="cpu").paint(REQUEST)
    none, half, full = [await painter.paint(REQUEST) for painter in painters]
    assert none.data == plain.data
    assert len({plain.data, half.data, full.data}) == 3
    assert full.params["lora"] == f"{tmp_path / 'style'}:1"
    (file,) = (tmp_path / "style").iterdir()
    assert (await open_painter(str(WEIGHTS), device="cpu", lora=str(file)).paint(REQUEST)).data == full.data


def make_lora(folder: Path) -> None:
    """Random LoRA weights for the attention of the built-in painter's UNet, saved as diffusers does."""
    import torch
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import convert_state_dict_to_diffusers
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    pipe = load(Recipe(str(WEIGHTS)), Placement("cpu", "float32", "none")).pipe
    torch.manual_seed(0)
    unet = type(pipe.unet).from_config(pipe.unet.config)
    unet.add_adapter(LoraConfig(r=2, init_lora_weights=False, target_modules=["to_q", "to_v"]))
    state = convert_state_dict_to_diffusers(get_peft_model_state_dict(unet))
    StableDiffusionPipeline.save_lora_weights(str(folder), unet_lora_layers=state)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
async def test_a_scheduler_is_taken_by_name_and_others_are_refused_with_those_there_are() -> None:
    usual = await open_painter(str(WEIGHTS), device="cpu").paint(REQUEST)
    other = await open_painter(str(WEIGHTS), device="cpu", scheduler="EulerDiscreteScheduler").paint(REQUEST)
    assert (usual.params["scheduler"], other.params["scheduler"]) == ("DDIMScheduler", "EulerDiscreteScheduler")
    assert usual.data != other.data
    with pytest.raises(BadInput, match=r"'Euler' does not fit StableDiffusionPipeline: use one of .*DDIMScheduler, "):
        await open_painter(str(WEIGHTS), device="cpu", scheduler="Euler").paint(REQUEST)


@pytest.mark.slow
async def test_a_large_picture_is_decoded_tile_by_tile_when_asked() -> None:
    painter = open_painter(str(WEIGHTS), device="cpu", vae_tiling=True)
    result = await painter.paint(REQUEST)
    assert result.params["vae_tiling"] is True
    (loaded,) = pipelines._loaded.values()
    assert loaded.pipe.vae.use_tiling
    assert (await open_painter(str(WEIGHTS), device="cpu").paint(REQUEST)).params["vae_tiling"] is False
    assert [each.pipe.vae.use_tiling for each in pipelines._loaded.values()] == [True, False]


@pytest.mark.slow
async def test_a_variant_is_taken_or_those_there_are_are_named(tmp_path: Path) -> None:
    from tests import tiny_pipelines

    folder = tiny_pipelines.save("stable_diffusion", tmp_path / "fp16", variant="fp16")
    size = PaintRequest("a red circle", seed=1, steps=1, size=(64, 64))
    result = await open_painter(str(folder), device="cpu", variant="fp16").paint(size)
    assert result.params["variant"] == "fp16"
    with pytest.raises(BadInput, match="no weights of the variant 'ema': use one of fp16, or leave it out"):
        await open_painter(str(folder), device="cpu", variant="ema").paint(size)
    with pytest.raises(BadInput, match="no weights of the variant 'fp16': leave it out"):
        await open_painter(str(WEIGHTS), device="cpu", variant="fp16").paint(REQUEST)


@pytest.mark.slow
def test_offloaded_weights_paint_the_same(photo: bytes) -> None:
    """The hooks work between any two devices, so the CPU stands for the GPU; those of "sequential" do not."""
    from overpaint.tools.backends.painting import paint_one

    def paint(placement: Placement, request: PaintRequest) -> bytes | None:
        loaded = load(Recipe(str(WEIGHTS)), placement)
        return paint_one(loaded, request, {}, 1, "tiny", lambda step, steps: None).data

    edit = PaintRequest("a blue square", steps=2, source=photo, boxes=((0.25, 0.25, 0.5, 0.5),))
    away = Placement("cpu", "float32", "model")
    for request in (REQUEST, edit, REQUEST):
        assert paint(away, request) == paint(CPU, request)
    assert hasattr(load(Recipe(str(WEIGHTS)), away).pipe.unet, "_hf_hook")
    assert not hasattr(load(Recipe(str(WEIGHTS)), CPU).pipe.unet, "_hf_hook")


@pytest.fixture
def photo() -> bytes:
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (64, 64), (200, 40, 40)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.slow
def test_a_gpu_holds_one_pipeline_and_a_cpu_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines, "_prepared", lambda recipe, placement: recipe.model)
    monkeypatch.setattr(pipelines, "_placed", lambda pipe, placement: pipe)
    other = Placement("cuda:1", "float16", "none")
    for model, placement in [("a", CPU), ("b", CPU), ("a", GPU), ("a", other), ("b", GPU), ("b", GPU)]:
        load(Recipe(model), placement)
    kept = [(recipe.model, placement.device) for recipe, placement in pipelines._loaded]
    assert kept == [("a", "cpu"), ("b", "cpu"), ("a", "cuda:1"), ("b", "cuda")]


@pytest.fixture
def short_of_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Placement], list[Placement]]:
    """Make the real pipeline fail as torch does, so many times, on what counts as the given device."""

    def make(times: int, placement: Placement) -> list[Placement]:
        import torch
        from diffusers import StableDiffusionPipeline

        failures = iter(range(times))

        class Failing(StableDiffusionPipeline):  # type: ignore[misc]
            @torch.no_grad()
            def __call__(self, *args: Any, **kwargs: Any) -> Any:
                if next(failures, None) is not None:
                    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
                return super().__call__(*args, **kwargs)

        vars(Failing.__call__)["__signature__"] = inspect.signature(StableDiffusionPipeline.__call__)
        real, asked = load(Recipe(str(WEIGHTS)), CPU), []

        def loading(recipe: Recipe, placement: Placement) -> Loaded:
            asked.append(placement)
            return Loaded(Failing(**real.pipe.components, requires_safety_checker=False), recipe, placement)

        monkeypatch.setattr("overpaint.tools.backends.diffusers_.load", loading)
        monkeypatch.setattr("overpaint.tools.backends.diffusers_.place", lambda *given, half: placement)
        return asked

    return make


@pytest.mark.slow
async def test_what_does_not_fit_a_gpu_is_painted_with_offload_from_then_on(short_of_memory: Any) -> None:
    expected = (await DiffusersPainter(str(WEIGHTS), device="cpu").paint(REQUEST)).data
    asked = short_of_memory(1, GPU)
    painter = DiffusersPainter(str(WEIGHTS))
    first, second = await painter.paint(REQUEST), await painter.paint(REQUEST)
    assert first.data == second.data == expected
    assert [placement.offload for placement in asked] == ["none", "model", "model"]
    assert "set that" in first.notes[-1]
    assert (first.params["offload"], second.notes) == ("model", ())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("placement", "tries"),
    [(GPU, ["none", "model"]), (Placement("cuda", "float16", "model"), ["model"]), (CPU, ["none"])],
)
async def test_what_fits_nowhere_is_a_fault_that_names_what_to_set(
    short_of_memory: Any, placement: Placement, tries: list[str]
) -> None:
    asked = short_of_memory(2, placement)
    with pytest.raises(
        ProviderFault, match=r"Out of memory: set a smaller size, .*vae_tiling=true.*offload="
    ) as caught:
        await DiffusersPainter(str(WEIGHTS)).paint(REQUEST)
    assert [placement.offload for placement in asked] == tries
    assert (caught.value.fatal, caught.value.retryable) == (False, False)
    assert "\n" not in str(caught.value)
