"""Loads diffusers pipelines, each once per process, with the scheduler, LoRA and tiling that were asked for."""

from __future__ import annotations

import gc
import importlib.util
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from overpaint.tools.backends.loading import IMPORTING, Placement, faults, quiet
from overpaint.tools.faults import BadInput

VARIANT = re.compile(r"\.(\w+)(-\d+-of-\d+)?\.safetensors$")
ADAPTER = "lora"


@dataclass(frozen=True)
class Recipe:
    """A model, and what is changed of it as it is loaded.

    Args:
        model: a folder in the diffusers format, or a hub id.
        variant: which of several sets of weights, such as fp16; the one without a name when left out.
        scheduler: the name of a scheduler class.
        lora: a LoRA's folder, file or hub id, with ":<weight>" behind it where the weight is not 1.
        vae_tiling: decode the picture tile by tile: less memory, faint seams.
    """

    model: str
    variant: str | None = None
    scheduler: str | None = None
    lora: str | None = None
    vae_tiling: bool = False


@dataclass(frozen=True)
class Loaded:
    """A pipeline in memory, and its image-to-image twin of the same weights, made when first used."""

    pipe: Any
    recipe: Recipe
    placement: Placement

    @cached_property
    def image_to_image(self) -> Any | None:
        """The image-to-image pipeline over the same weights; None where diffusers has none for this kind of model."""
        with IMPORTING:
            from diffusers import AutoPipelineForImage2Image

            try:
                twin = AutoPipelineForImage2Image.from_pipe(self.pipe)
            except ValueError:
                return None
        return _placed(twin, self.placement)


_loaded: dict[tuple[Recipe, Placement], Loaded] = {}


def load(recipe: Recipe, placement: Placement) -> Loaded:
    """Load a model, or return it when this process has it already. Call it on the painting thread only.

    Raises:
        BadInput: the model has no such variant, or cannot take the scheduler, the LoRA or the tiling.
        ProviderFault: it cannot be found, downloaded or read.
    """
    key = (recipe, placement)
    if key not in _loaded:
        _make_room(placement.device)
        with faults(recipe.model, "load"), IMPORTING, quiet():
            _loaded[key] = Loaded(_placed(_prepared(recipe, placement), placement), recipe, placement)
    return _loaded[key]


def _make_room(device: str) -> None:
    """Drop what a GPU holds: its memory fits one large pipeline as a rule, and loading again takes seconds."""
    if device == "cpu":
        return
    for key in [key for key in _loaded if key[1].device == device]:
        del _loaded[key]
    import torch

    gc.collect()  # pipelines and their hooks refer to each other
    torch.cuda.empty_cache()


def _prepared(recipe: Recipe, placement: Placement) -> Any:
    pipe = _read(recipe, placement)
    if recipe.scheduler is not None:
        _change_scheduler(pipe, recipe.scheduler)
    if recipe.lora is not None:
        _add_lora(pipe, recipe.lora)
    if recipe.vae_tiling:
        _tile(pipe)
    return pipe


def _read(recipe: Recipe, placement: Placement) -> Any:
    import torch
    from diffusers import AutoPipelineForText2Image, DiffusionPipeline

    # Pickled weights can run code when they are read, so only safetensors are.
    options = {"dtype": getattr(torch, placement.dtype), "use_safetensors": True, "variant": recipe.variant}
    try:
        return AutoPipelineForText2Image.from_pretrained(recipe.model, **options)
    except ValueError as error:
        if recipe.variant is not None and "variant=" in str(error):
            raise BadInput(_no_variant(recipe.model, recipe.variant)) from error
        if "AutoPipeline can't find" not in str(error):
            raise
    return DiffusionPipeline.from_pretrained(recipe.model, **options)


def _no_variant(model: str, variant: str) -> str:
    from huggingface_hub import HfApi

    folder = Path(model)
    files = [path.name for path in folder.rglob("*")] if folder.is_dir() else HfApi().list_repo_files(model)
    there = sorted({found[1] for name in files if (found := VARIANT.search(name))})
    instead = f"use one of {', '.join(there)}, or leave it out" if there else "leave it out"
    return f"{model} has no weights of the variant {variant!r}: {instead}"


def _change_scheduler(pipe: Any, name: str) -> None:
    compatible = {kind.__name__: kind for kind in pipe.scheduler.compatibles}
    if name not in compatible:
        there = ", ".join(sorted(compatible))
        raise BadInput(f"the scheduler {name!r} does not fit {type(pipe).__name__}: use one of {there}")
    pipe.scheduler = compatible[name].from_config(pipe.scheduler.config)


def split_lora(lora: str) -> tuple[str, float]:
    """Tell a LoRA's place from its weight, 1 where none is given: "style:0.8" is ("style", 0.8)."""
    place, _, weight = lora.rpartition(":")
    try:
        return (place, float(weight)) if place else (lora, 1.0)
    except ValueError:
        return lora, 1.0


def check_lora(lora: str) -> None:
    """Look for what a LoRA needs, before anything is loaded.

    Raises:
        BadInput: the package peft is missing, or a file or folder that is not there is named.
    """
    if importlib.util.find_spec("peft") is None:
        raise BadInput("lora needs the package peft: pip install peft")
    place, _ = split_lora(lora)
    if place.startswith((".", "/", "~")) and not Path(place).expanduser().exists():
        raise BadInput(f"there is no LoRA at {place!r}: give a folder, a .safetensors file or a hub id")


def _add_lora(pipe: Any, lora: str) -> None:
    if not hasattr(pipe, "load_lora_weights"):
        raise BadInput(f"{type(pipe).__name__} takes no LoRA: leave it out")
    place, weight = split_lora(lora)
    path = Path(place).expanduser()
    if path.is_file():
        pipe.load_lora_weights(str(path.parent), weight_name=path.name, adapter_name=ADAPTER, use_safetensors=True)
    else:
        source = str(path) if path.is_dir() else place
        pipe.load_lora_weights(source, adapter_name=ADAPTER, use_safetensors=True)
    pipe.set_adapters(ADAPTER, weight)


def _tile(pipe: Any) -> None:
    vae: Any = getattr(pipe, "vae", None)
    if not hasattr(vae, "enable_tiling"):
        raise BadInput(f"{type(pipe).__name__} cannot decode tile by tile: leave out vae_tiling")
    vae.enable_tiling()


def _placed(pipe: Any, placement: Placement) -> Any:
    pipe.set_progress_bar_config(disable=True)
    if placement.offload == "model":
        pipe.enable_model_cpu_offload(device=placement.device)
    elif placement.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=placement.device)
    else:
        pipe.to(placement.device)
    return pipe
