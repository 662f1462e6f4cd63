"""Loads vision-language models of transformers: one per folder, device and dtype; and says plainly what went wrong."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overpaint.tools.backends.loading import IMPORTING, Placement, faults, place
from overpaint.tools.faults import BadInput, ProviderFault

NEEDED = ("torch", "transformers")
CAPTIONERS = ("blip", "blip-2")
"""Kinds of model, by the `model_type` of their config.json, that put a picture into words and follow no instruction."""

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_PACKAGE = re.compile(r"requires the (\w+) library|pip install ([\w-]+)")
_UNREACHED = {"LocalEntryNotFoundError", "NetworkError", "TimeoutException", "ConnectionError", "Timeout"}


@dataclass(frozen=True)
class Loaded:
    """A model in memory with what prepares its input.

    Args:
        name: what it is called in messages.
        dtype: torch's, of the weights; some models keep a part of them in float32 all the same.
        captions: it is one of CAPTIONERS.
    """

    name: str
    model: Any
    processor: Any
    dtype: Any
    captions: bool


_loaded: dict[tuple[str, Placement], Loaded] = {}


def check_installed() -> None:
    """Look for the packages of local vision models, without importing them.

    Raises:
        BadInput: one is missing.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise BadInput(f"a vision model on this machine needs {', '.join(missing)}: pip install 'overpaint[local]'")


def locate(model: str) -> str:
    """Tell a folder from a hub id, and check the folder.

    Returns:
        The folder's full path, or the hub id as given.

    Raises:
        BadInput: it is neither, or the folder holds no model of transformers.
    """
    path = Path(model).expanduser()
    if not model.startswith((".", "/", "~")) and not (model and path.exists()):
        if _HUB_ID.fullmatch(model):
            return model
        raise BadInput(
            f"'transformers:{model}' names no model: give a folder or a hub id, as in transformers:./my-model"
        )
    if not (path / "config.json").is_file():
        raise BadInput(f"{model!r} is no model in the transformers format: a folder with config.json is needed")
    return str(path.resolve())


def refuse_blind(name: str, role: str) -> None:
    """Refuse a model for a role it cannot fill, as far as its folder tells; reads no weights.

    Args:
        name: "transformers:<folder or hub id>"; of a hub id nothing is known before it is loaded.
        role: who it shall be; every one of them looks at pictures, and all but the captioner answer questions.

    Raises:
        BadInput: it takes no pictures, or only puts them into words.
    """
    config = Path(name.partition(":")[2]).expanduser() / "config.json"
    try:
        told = json.loads(config.read_text("utf-8"))
    except (OSError, ValueError):
        return  # what is broken is named when the model is loaded
    kind = told.get("model_type")
    if "vision_config" not in told:
        raise BadInput(f"{name} is a {kind} model, which takes no pictures: name a vision-language model as {role}")
    if kind in CAPTIONERS and role != "captioner":
        raise BadInput(f"{name} only puts pictures into words: it can be the captioner, but no {role}")


def load(model: str, device: str | None, dtype: str | None) -> Loaded:
    """Load a located model, or return it when this process has it already. Call it on one thread only.

    Raises:
        BadInput: the device or a package is missing, or it is no model that can be asked about pictures.
        ProviderFault: it cannot be found, downloaded or read.
    """
    import torch

    placement = place(device, dtype, None, half="bfloat16" if torch.cuda.is_bf16_supported() else "float16")
    key = (model, placement)
    if key not in _loaded:
        with vision_faults(model, "load"), IMPORTING, _no_progress_bars():
            _loaded[key] = _read(model, placement)
    return _loaded[key]


def _read(model: str, placement: Placement) -> Loaded:
    import torch
    from transformers import (
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
        AutoConfig,
        AutoModelForImageTextToText,
        AutoProcessor,
    )

    # Left open, transformers would ask on the terminal whether to run code that comes with a model.
    safe = {"trust_remote_code": False}
    config = AutoConfig.from_pretrained(model, **safe)
    if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        raise BadInput(f"{model} is a {config.model_type} model, which takes no pictures: use a vision-language model")
    processor = AutoProcessor.from_pretrained(model, **safe)
    captions = config.model_type in CAPTIONERS
    if getattr(processor, "image_processor", None) is None:
        raise ProviderFault(f"{model} lacks its image processor | Download the model again.", fatal=True)
    if not captions and processor.chat_template is None:
        raise BadInput(f"{model} has no chat template to be asked with: use an instruction-tuned model")
    # Pickled weights can run code when they are read, so only safetensors are.
    dtype = getattr(torch, placement.dtype)
    weights = AutoModelForImageTextToText.from_pretrained(model, dtype=dtype, use_safetensors=True, **safe)
    return Loaded(f"transformers:{model}", weights.to(placement.device).eval(), processor, dtype, captions)


@contextmanager
def vision_faults(model: str, doing: str) -> Iterator[None]:
    """Turn what torch, transformers and the hub raise into a BadInput or ProviderFault of one line."""
    with faults(model, doing):
        try:
            yield
        except (BadInput, ProviderFault):
            raise
        except Exception as error:
            fault = _fault(error, model, doing)
            if fault is None:
                raise
            raise fault from error


def _fault(error: Exception, model: str, doing: str) -> Exception | None:
    """The fault of a kind that painters do not have, or word otherwise; None leaves it to `faults`."""
    kinds = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    package = _PACKAGE.search(str(error))
    if isinstance(error, ImportError) and package:
        wanted = (package[1] or package[2]).lower()
        return BadInput(f"{model} needs a package that is not installed: pip install {wanted}")
    if "trust_remote_code" in str(error):
        return BadInput(f"{model} comes with code of its own, which is never run here: use another model")
    if kinds & {"OutOfMemoryError", "MemoryError"} or "allocate memory" in str(error):
        told = f"cannot {doing} {model}: out of memory | Use a smaller model, vision_dtype bfloat16, or another device."
        return ProviderFault(told, fatal=True)
    if doing == "load" and kinds & _UNREACHED:
        told = f"cannot load {model}: the hub was not reached | Check the connection and try again."
        return ProviderFault(told, retryable=True)
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
