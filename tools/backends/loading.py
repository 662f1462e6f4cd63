"""What a model on this machine needs: packages, a folder, a place to run; and a plain word when something fails."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.provider_errors import scrubbed

DEVICES = re.compile(r"auto|cpu|mps|cuda(:\d+)?")
DTYPES = ("float32", "float16", "bfloat16")
NEEDED = ("torch", "diffusers", "transformers", "accelerate")
HARMLESS = (
    "were passed to AutoencoderTiny, but are not expected",
    "Expected types for ",
    "requires torchvision (not installed)",
    "Token indices sequence length is longer",
    "The following part of your input was truncated",
    "clean_caption",
    "should be kept in float32: []",
)
"""Log messages that say nothing a user can act on, or that come back as a note of the result."""
IMPORTING = RLock()
"""Held while transformers and diffusers are imported or load a model: both import a part when it is first asked for,
and of two threads that ask at once one finds half a module."""
LIGHTER = "set a smaller size, dtype=float16 or bfloat16, vae_tiling=true, or on a GPU offload=model or sequential"


@dataclass(frozen=True)
class Placement:
    """Where and how a pipeline runs. `dtype` is named as torch does; `offload` is none, model or sequential."""

    device: str
    dtype: str
    offload: str


def check_installed() -> None:
    """Look for the packages of local painting, without importing them.

    Raises:
        BadInput: one is missing.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise BadInput(f"painting on this machine needs {', '.join(missing)}: pip install 'overpaint[local]'")


def check_placing(device: str | None, dtype: str | None) -> None:
    """See that a device and a number type are ones that exist anywhere; whether they are here is told by `place`.

    Raises:
        BadInput: one is not.
    """
    if device is not None and not DEVICES.fullmatch(device):
        raise BadInput(f"device {device!r} is unknown: use auto, cpu, mps, cuda or cuda:<number>")
    if dtype is not None and dtype not in DTYPES:
        raise BadInput(f"dtype {dtype!r} is unknown: use {', '.join(DTYPES)}")


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


class OutOfMemory(ProviderFault):
    """The picture or the model did not fit into memory."""


def place(device: str | None, dtype: str | None, offload: str | None, half: str = "float16") -> Placement:
    """Settle where to run, with the best of this machine for what is left open. Imports torch.

    Args:
        device: auto, cpu, mps, cuda or cuda:<number>.
        dtype: float32, float16 or bfloat16.
        offload: none, model or sequential.
        half: the dtype on a GPU where none is given; a CPU gets float32.

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
            f"offload {offload!r} moves weights from a GPU to the CPU, but they run on the CPU: "
            "set offload=none, and dtype=float32"
        )
    return Placement(device, dtype or ("float32" if device == "cpu" else half), offload)


@contextmanager
def computing(threads: int | None) -> Iterator[None]:
    """Have torch compute with so many threads of the CPU for a while; None leaves it as it is."""
    if threads is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
        return OutOfMemory(f"{told} | Out of memory: {LIGHTER}.", fatal=doing == "load")
    if kinds & {"NetworkError", "TimeoutException", "ConnectionError", "Timeout"}:
        return ProviderFault(f"{told} | The hub was not reached: check the connection and try again.", retryable=True)
    if doing == "load" and Path(model).is_dir():
        return ProviderFault(f"{told} | Download the model again, or make the folder whole.", fatal=True)
    if doing == "load":
        # diffusers says "no such file" of a hub it cannot reach, too.
        return ProviderFault(f"{told} | Check the name and the connection to the hub.", fatal=True)
    return ProviderFault(f"{told} | Change the request, or use another model.")
