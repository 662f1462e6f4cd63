"""CLIP as a measure: features of pictures and of texts, each of length 1; loaded once per process."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from overpaint.tools.backends.loading import check_placing, place
from overpaint.tools.backends.vision_loading import vision_faults
from overpaint.tools.decoding import decode
from overpaint.tools.faults import BadInput, ProviderFault

DEFAULT = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
"""OpenCLIP's ViT-B-32 trained on LAION-2B, in the format of transformers."""


@dataclass
class Clip:
    """A CLIP model with what prepares its input; features are kept, since several scorers ask for the same pictures.

    Args:
        model: transformers' CLIPModel.
        tokenizer: its tokenizer.
        eye: its image processor.
        limit: how many tokens of a text it reads, its marks of start and end included.
        device: where it runs.
    """

    model: Any
    tokenizer: Any
    eye: Any
    limit: int
    device: str
    seen: dict[Path, Any] = field(default_factory=dict, repr=False)
    heard: dict[str, Any] = field(default_factory=dict, repr=False)

    def pictures(self, files: Sequence[Path]) -> Any:
        """The features of pictures, a float32 tensor of shape (pictures, features) on the CPU.

        Raises:
            BadInput: a file cannot be read as a picture.
        """
        import torch

        if new := [file for file in dict.fromkeys(files) if file not in self.seen]:
            shown = self.eye(images=[_decoded(file) for file in new], return_tensors="pt")
            with torch.inference_mode():
                found = _unit(self.model.get_image_features(pixel_values=shown["pixel_values"].to(self.device)))
            self.seen.update(zip(new, found, strict=True))
        return torch.stack([self.seen[file] for file in files])

    def text(self, text: str) -> Any:
        """The features of a text, a float32 tensor on the CPU. What stands behind the token limit is not read."""
        import torch

        if text not in self.heard:
            read = self.tokenizer(text, truncation=True, max_length=self.limit, return_tensors="pt").to(self.device)
            with torch.inference_mode():
                features = self.model.get_text_features(
                    input_ids=read["input_ids"], attention_mask=read["attention_mask"]
                )
                self.heard[text] = _unit(features)[0]
        return self.heard[text]

    def tokens(self, text: str) -> int:
        """How many tokens a text has, with the marks of start and end."""
        return len(self.tokenizer(text, verbose=False)["input_ids"])


@cache
def load_clip(clip: str, device: str | None = None) -> Clip:
    """Load a CLIP model, once per process.

    Args:
        clip: a folder, or a hub id.
        device: auto, cpu, mps, cuda or cuda:<number>; the best of this machine when None.

    Raises:
        BadInput: a package, the device or the weights are missing, or it is no CLIP model; says how to give a folder.
    """
    if missing := [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]:
        raise BadInput(f"CLIP needs {', '.join(missing)}: pip install 'overpaint[local]'")
    check_placing(device, None)
    if clip.startswith(("/", ".", "~")) and not Path(clip).expanduser().is_dir():
        raise BadInput(f"there is no folder {clip} with the weights of CLIP: --set clip=FOLDER names it")
    there = place(device, None, None).device
    try:
        with vision_faults(clip, "load"):
            return _read(clip, there)
    except ProviderFault as fault:
        raise BadInput(
            f"the weights of CLIP cannot be had: {fault} | Or give a folder that holds such a model "
            "(config.json, model.safetensors, tokenizer and preprocessor_config.json): --set clip=FOLDER"
        ) from fault


def _read(clip: str, device: str) -> Clip:
    from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer, CLIPModel
    from transformers.utils import logging

    config = AutoConfig.from_pretrained(clip, trust_remote_code=False)
    if config.model_type != "clip":
        raise BadInput(f"{clip} is a {config.model_type} model: a CLIP model is needed, as --set clip={DEFAULT}")
    logging.disable_progress_bar()
    # Pickled weights can run code when they are read, so only safetensors are.
    model = CLIPModel.from_pretrained(clip, use_safetensors=True).to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(clip)
    limit = min(config.text_config.max_position_embeddings, tokenizer.model_max_length)
    return Clip(model, tokenizer, AutoImageProcessor.from_pretrained(clip), limit, device)


def _unit(output: Any) -> Any:
    """The rows of a model's output, each of length 1. Later versions of transformers wrap the tensor."""
    features = getattr(output, "pooler_output", output).float().cpu()
    return features / features.norm(dim=-1, keepdim=True)


def _decoded(file: Path) -> Any:
    try:
        return decode(file.read_bytes())
    except OSError as error:
        raise BadInput(f"the picture {file} cannot be read: {error.strerror}") from error
    except BadInput as fault:
        raise BadInput(f"{file}: {fault}") from fault
