"""What a model in the diffusers format says of itself before it is loaded: its parts, and what its class takes."""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from overpaint.tools.backends.loading import IMPORTING, faults

INDEX = "model_index.json"


@dataclass(frozen=True)
class Kind:
    """A class of pipelines.

    Args:
        name: of the class.
        takes: what it is called with, each with its default; empty for a class that diffusers does not have.
        lowers: True when it makes a prompt lower case before it reads it.
    """

    name: str
    takes: Mapping[str, Any]
    lowers: bool

    @property
    def guidance(self) -> str:
        """The argument that sets how closely a prompt is followed."""
        # Qwen-Image has guidance_scale too, None by default, for distilled models; FLUX is one and uses it.
        if "true_cfg_scale" in self.takes and self.takes.get("guidance_scale") is None:
            return "true_cfg_scale"
        return "guidance_scale"

    @property
    def heeds(self) -> frozenset[str]:
        """The arguments that make a difference when they are given."""
        # FLUX takes a negative prompt, and ignores it without a second guidance scale.
        idle = "true_cfg_scale" in self.takes and self.guidance != "true_cfg_scale"
        return frozenset(self.takes) - ({"negative_prompt"} if idle else set())


@dataclass(frozen=True)
class Index:
    """A model_index.json: the folder it lies in, the kind of pipeline, and its parts with the class of each."""

    folder: Path
    kind: Kind
    parts: Mapping[str, str]

    @property
    def edit(self) -> Literal["mask", "instruct"] | None:
        """How it changes a picture, as Abilities.edit."""
        takes = self.kind.takes
        if "image" in takes and "strength" not in takes:
            return "instruct"
        return "mask" if not takes or self.takes_strength or {"vae", "scheduler"} <= self.parts.keys() else None

    @property
    def takes_strength(self) -> bool:
        """Whether diffusers has an image-to-image pipeline for it."""
        return "strength" in kind_named(self.kind.name.replace("Pipeline", "Img2ImgPipeline")).takes


def read_index(model: str) -> Index | None:
    """Read the index of a folder, or of a hub id that was downloaded before; None for one that was not."""
    if Path(model).is_dir():
        return _read(Path(model))
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(model, INDEX)
    except HFValidationError:
        return None  # named when the model is loaded
    return _read(Path(found).parent) if isinstance(found, str) else None


def fetch_index(model: str) -> Index:
    """Read the index, and for a hub id download it first, with the tokenizers and no weights.

    Raises:
        ProviderFault: it cannot be found or downloaded.
    """
    if Path(model).is_dir():
        return _read(Path(model))
    from huggingface_hub import snapshot_download

    with faults(model, "load"):
        return _read(Path(snapshot_download(model, allow_patterns=[INDEX, "tokenizer*/*"])))


def kind_of(pipe: Any) -> Kind:
    """The kind of a loaded pipeline."""
    parameters = inspect.signature(type(pipe).__call__).parameters.values()
    return Kind(type(pipe).__name__, {each.name: each.default for each in parameters}, _lowers(type(pipe)))


@cache
def kind_named(name: str) -> Kind:
    """The kind of the pipeline class of a name, read from diffusers' source: importing a class takes seconds."""
    found = find_spec("diffusers")
    assert found is not None
    assert found.origin is not None
    for path in (Path(found.origin).parent / "pipelines").rglob("pipeline_*.py"):
        if (text := path.read_bytes()).find(f"class {name}(".encode()) >= 0:
            with IMPORTING:  # ast.parse of Python 3.11 fails in several threads at once, too
                return _kind(name, ast.parse(text))
    return Kind(name, {}, lowers=False)


def _read(folder: Path) -> Index:
    try:
        said = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}  # what is broken here is named when the model is loaded
    said = said if isinstance(said, dict) else {}
    listed = {name: part for name, part in said.items() if isinstance(part, list) and len(part) == 2}
    parts = {name: str(part[1]) for name, part in listed.items() if part[1] is not None}
    return Index(folder, kind_named(str(said.get("_class_name"))), parts)


def _kind(name: str, source: ast.Module) -> Kind:
    (made,) = [node for node in source.body if isinstance(node, ast.ClassDef) and node.name == name]
    methods = {node.name: node for node in made.body if isinstance(node, ast.FunctionDef)}
    takes = _parameters(methods["__call__"].args) if "__call__" in methods else {}
    return Kind(name, takes, "_text_preprocessing" in methods)


def _parameters(arguments: ast.arguments) -> dict[str, Any]:
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    defaults = [_value(each) for each in arguments.defaults]
    without = [inspect.Parameter.empty] * (len(names) - len(defaults))
    return dict(zip(names, without + defaults, strict=True))


def _value(default: ast.expr) -> Any:
    try:
        return ast.literal_eval(default)
    except ValueError:
        return None


def _lowers(kind: type) -> bool:
    # PixArt, Sana and others clean a caption, or at least make it lower case, in a method of this name.
    return hasattr(kind, "_text_preprocessing")
