"""Painting on a GPU through overpaint, against the bare diffusers pipeline: peak memory and pictures per second.

SDXL-, SD3- and FLUX-shaped pipelines with random weights at full size are written to a folder (7, 16 and 34 GB, one at
a time) and loaded from it, first by diffusers alone, then by the painter `diffusers:<folder>`, both at 1024x1024 with
the same steps: whole on the GPU, and with the weights offloaded model by model.

    uv run python bench/gpu.py                    every shape; 40 GB of disk and 48 GB of GPU memory for FLUX
    uv run python bench/gpu.py --shapes sdxl      one of them
    uv run python bench/gpu.py --tiny             the same program with tiny pipelines on the CPU
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from arguments import number

from overpaint.tools.backends import pipelines
from overpaint.tools.backends.diffusers_ import DiffusersPainter
from overpaint.tools.backends.loading import quiet
from overpaint.tools.painters import PaintRequest

PROMPT = "a red circle above a blue square, oil on canvas"
SHAPES = {"sdxl": "float16", "sd3": "bfloat16", "flux": "bfloat16"}
"""Each with the precision it is used in."""
LEAST_RATIO = 0.97
"""What is asked: our pictures per second over those of the bare pipeline."""


@dataclass(frozen=True)
class Arguments:
    """What was asked for on the command line."""

    shapes: tuple[str, ...]
    steps: int
    pictures: int
    tiny: bool


@dataclass(frozen=True)
class Setting:
    """How a pipeline is run. `side` in pixels."""

    device: str
    dtype: str
    offload: str
    side: int
    steps: int
    pictures: int


@dataclass(frozen=True)
class Measured:
    """Pictures per second after the first one, and the peak of GPU memory in GB (0 on a CPU)."""

    rate: float
    peak: float


def bare(folder: Path, setting: Setting) -> Measured:
    """Paint with diffusers alone, the weights placed as its documentation says."""
    with quiet():
        from diffusers import AutoPipelineForText2Image

        pipe = AutoPipelineForText2Image.from_pretrained(folder, dtype=getattr(torch, setting.dtype))
    pipe.set_progress_bar_config(disable=True)
    if setting.offload == "model":
        pipe.enable_model_cpu_offload(device=setting.device)
    else:
        pipe.to(setting.device)

    def paint(seed: int) -> None:
        generator = torch.Generator("cpu").manual_seed(seed)
        size = {"width": setting.side, "height": setting.side}
        pipe(PROMPT, num_inference_steps=setting.steps, generator=generator, **size)

    return _measure(paint, setting)


def ours(folder: Path, setting: Setting) -> Measured:
    """Paint with the painter, from a request to the bytes of a PNG."""
    offload = None if setting.offload == "none" else setting.offload
    painter = DiffusersPainter(str(folder), device=setting.device, dtype=setting.dtype, offload=offload)
    size = (setting.side, setting.side)

    def paint(seed: int) -> None:
        result = asyncio.run(painter.paint(PaintRequest(PROMPT, seed=seed, size=size, steps=setting.steps)))
        assert result.outcome == "ok", result
        assert result.params["offload"] == setting.offload, result.notes

    measured = _measure(paint, setting)
    pipelines._loaded.clear()  # what the process keeps
    return measured


def _measure(paint: Callable[[int], None], setting: Setting) -> Measured:
    on_gpu = setting.device == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    paint(0)
    _wait(on_gpu)
    started = time.perf_counter()
    for seed in range(1, setting.pictures + 1):
        paint(seed)
    _wait(on_gpu)
    seconds = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated() / 1e9 if on_gpu else 0.0
    return Measured(setting.pictures / seconds, peak)


def _wait(on_gpu: bool) -> None:
    if on_gpu:
        torch.cuda.synchronize()


def _tidy() -> None:
    gc.collect()
    torch.cuda.empty_cache()


def row(shape: str, setting: Setting, alone: Measured, painter: Measured) -> str:
    """One line of the table."""
    memory = f"{alone.peak:.1f} | {painter.peak:.1f} | {painter.peak / alone.peak:.2f}" if alone.peak else "- | - | -"
    rates = f"{alone.rate:.3f} | {painter.rate:.3f} | {painter.rate / alone.rate:.2f}"
    return f"| {shape} | {setting.dtype} | {setting.offload} | {memory} | {rates} |"


def compare(shape: str, folder: Path, arguments: Arguments) -> list[str]:
    """The lines of one shape."""
    device, dtype, side = ("cpu", "float32", 64) if arguments.tiny else ("cuda", SHAPES[shape], 1024)
    with quiet():
        from gpu_models import build

        build(shape, arguments.tiny, dtype, device).save_pretrained(folder)
    _tidy()
    lines = []
    for offload in ("none",) if arguments.tiny else ("none", "model"):
        setting = Setting(device, dtype, offload, side, arguments.steps, arguments.pictures)
        alone = bare(folder, setting)
        _tidy()
        painter = ours(folder, setting)
        _tidy()
        lines.append(row(shape, setting, alone, painter))
    return lines


def main() -> int:
    """Print the table; 2 without a GPU."""
    arguments = _arguments()
    if not arguments.tiny and not torch.cuda.is_available():
        print("bench/gpu.py needs a CUDA device, and torch finds none here: --tiny runs it on the CPU", file=sys.stderr)
        return 2
    name = "CPU, tiny" if arguments.tiny else torch.cuda.get_device_name()
    print(
        f"{name}; {arguments.steps} steps, {arguments.pictures} pictures after a first; asked: rate >= {LEAST_RATIO}\n"
    )
    print("| shape | dtype | offload | peak GB, bare | ours | ratio | pictures/s, bare | ours | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for shape in arguments.shapes:
        with tempfile.TemporaryDirectory() as folder:
            for line in compare(shape, Path(folder), arguments):
                print(line, flush=True)
    return 0


def _arguments() -> Arguments:
    parser = ArgumentParser(description="Painting on a GPU, against the bare diffusers pipeline.")
    parser.add_argument("--shapes", default=",".join(SHAPES), help="which, separated by commas")
    parser.add_argument("--steps", type=number, default=20)
    parser.add_argument("--pictures", type=number, default=5)
    parser.add_argument("--tiny", action="store_true", help="tiny pipelines on the CPU")
    given = parser.parse_args()
    shapes = tuple(given.shapes.split(","))
    if unknown := [shape for shape in shapes if shape not in SHAPES]:
        parser.error(f"no shape {unknown[0]!r}: use {', '.join(SHAPES)}")
    return Arguments(shapes, given.steps, given.pictures, given.tiny)


if __name__ == "__main__":
    sys.exit(main())
