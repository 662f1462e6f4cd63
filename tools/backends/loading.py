"""Loads diffusers pipelines: where they run, in what precision, once per process; and says plainly what went wrong."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.provider_errors import scrubbed

NEEDED = ("torch", "diffusers", "transformers", "accelerate")
HARMLESS = (
    "were passed to AutoencoderTiny, but are not expected",
    "Expected types for ",
    "requires torchvision (not installed)",
    "Token indices sequence length is longer",
    "The following part of your input was truncated",
)
"""Log messages that say nothing a user can act on, or that come back as a note of the result."""


@dataclass(frozen=True)
class Placement:
    """Where and how a pipeline runs. `dtype` is named as torch does; `offload` is none, model or sequential."""

    device: str
    dtype: str
    offload: str


@dataclass(frozen=True)
class Loaded:
    """A pipeline in memory, and its image-to-image twin of the same weights, made when first used."""

    pipe: Any
    placement: Placement

    @cached_property
    def image_to_image(self) -> Any:
        """The image-to-image pipeline over the same weights.

        Raises:
            BadInput: diffusers has none for this kind of model.
        """
        from diffusers import AutoPipelineForImage2Image

        try:
            twin = AutoPipelineForImage2Image.from_pipe(self.pipe)
        except ValueError as error:
            kind = type(self.pipe).__name__
            raise BadInput(
                f"{kind} cannot start from a picture: paint without a source, or use another model"
            ) from error
        return _placed(twin, self.placement)


_loaded: dict[tuple[str, Placement], Loaded] = {}


def check_installed() -> None:
    """Look for the packages of local painting, without importing them.

    Raises:
        BadInput: one is missing.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise BadInput(f"painting on this machine needs {', '.join(missing)}: pip install 'overpaint[local]'")


def locate(model: str) -> str:
    """Tell a folder from a hub id, and check the folder.

    Returns:
        The folder's full path, or the hub id as given.

    Raises:
        BadInput: it is empty, or looks like a path but is no folder in the diffusers format.
    """
    if not model.strip():
        raise BadInput("no model is named after 'diffusers:': give a folder or a hub id, such as diffusers:./my-model")
    path = Path(model).expanduser()
    if not (model.startswith((".", "/", "~")) or path.exists()):
        return model
    if not (path / "model_index.json").is_file():
        raise BadInput(f"{model!r} is no model in the diffusers format: a folder with model_index.json is needed")
    return str(path.resolve())


def place(device: str | None, dtype: str | None, offload: str | None) -> Placement:
    """Settle where to run, with the best of this machine for what is left open. Imports torch.

    Raises:
        BadInput: the device is not there, or weights shall be offloaded to the CPU they run on.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device in (None, "auto"):
        device = next(name for name, found in there.items() if found)
    if not there[device.partition(":")[0]]:
        found = ", ".join(name for name, is_there in there.items() if is_there)
        raise BadInput(f"device {device!r} is not on this machine: use one of auto, {found}")
    offload = offload or "none"
    if device == "cpu" and offload != "none":
        raise BadInput(
            f"offload {offload!r} moves weights from a GPU to the CPU, but they run on the CPU: leave it out"
        )
    return Placement(device, dtype or ("float32" if device == "cpu" else "float16"), offload)


def load(model: str, placement: Placement) -> Loaded:
    """Load a model, or return it when this process has it already. Call it on the painting thread only.

    Raises:
        ProviderFault: it cannot be found, downloaded or read.
    """
    key = (model, placement)
    if key not in _loaded:
        with faults(model, "load"), quiet():
            _loaded[key] = Loaded(_read(model, placement), placement)
    return _loaded[key]


def _read(model: str, placement: Placement) -> Any:
    import torch
    from diffusers import AutoPipelineForText2Image

    dtype = getattr(torch, placement.dtype)
    # Pickled weights can run code when they are read, so only safetensors are.
    pipe = AutoPipelineForText2Image.from_pretrained(model, dtype=dtype, use_safetensors=True)
    return _placed(pipe, placement)


def _placed(pipe: Any, placement: Placement) -> Any:
    pipe.set_progress_bar_config(disable=True)
    if placement.offload == "model":
        pipe.enable_model_cpu_offload(device=placement.device)
    elif placement.offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=placement.device)
    else:
        pipe.to(placement.device)
    return pipe


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back progress bars and HARMLESS log messages of diffusers and transformers for a while."""
    import diffusers.utils.logging
    import transformers.utils.logging

    libraries = (diffusers.utils.logging, transformers.utils.logging)
    shown = [library for library in libraries if library.is_progress_bar_enabled()]
    handlers = [handler for name in ("diffusers", "transformers") for handler in logging.getLogger(name).handlers]
    for library in shown:
        library.disable_progress_bar()
    for handler in handlers:
        handler.addFilter(_is_telling)
    try:
        yield
    finally:
        for library in shown:
            library.enable_progress_bar()
        for handler in handlers:
            handler.removeFilter(_is_telling)


def _is_telling(record: logging.LogRecord) -> bool:
    return not any(text in record.getMessage() for text in HARMLESS)


@contextmanager
def faults(model: str, doing: str) -> Iterator[None]:
    """Turn what torch, diffusers and the hub raise into a ProviderFault of one line."""
    try:
        yield
    except (BadInput, ProviderFault):
        raise
    except Exception as error:
        # Readers of other people's files raise a dozen kinds of error; none of them is a mistake of this program.
        raise _fault(error, model, doing) from error


def _fault(error: Exception, model: str, doing: str) -> ProviderFault:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    told = f"cannot {doing} {model}: {type(error).__name__}: {scrubbed(str(error))}"
    if kinds & {"OutOfMemoryError", "MemoryError"} or "allocate memory" in str(error):
        return ProviderFault(f"{told} | Out of memory: use a smaller size, float16, or offload.", fatal=doing == "load")
    if kinds & {"NetworkError", "TimeoutException", "ConnectionError", "Timeout"}:
        return ProviderFault(f"{told} | The hub was not reached: check the connection and try again.", retryable=True)
    if doing == "load" and Path(model).is_dir():
        return ProviderFault(f"{told} | Download the model again, or make the folder whole.", fatal=True)
    if doing == "load":
        # diffusers says "no such file" of a hub it cannot reach, too.
        return ProviderFault(f"{told} | Check the name and the connection to the hub.", fatal=True)
    return ProviderFault(f"{told} | Change the request, or use another model.")
