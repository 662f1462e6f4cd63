"""How much of a prompt a local model's text encoder reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SANE = 1_000_000
"""Tokenizers without a limit state one of about 1e30."""


def token_limit(folder: str) -> int | None:
    """Read the limit from a model's folder, start and end tokens included; None where none is stated."""
    limits = []
    for path in Path(folder).glob("tokenizer*/tokenizer_config.json"):
        try:
            limits.append(json.loads(path.read_text(encoding="utf-8")).get("model_max_length"))
        except (OSError, ValueError, AttributeError):
            continue  # what is broken here is named when the model is loaded
    sane = [int(limit) for limit in limits if isinstance(limit, (int, float)) and 0 < limit < SANE]
    return max(sane, default=None)


def unread_part(pipe: Any, prompt: str) -> tuple[str, int] | None:
    """Find what a pipeline's text encoder will not see of a prompt.

    Where a model has several encoders, the one that reads most counts.

    Returns:
        The end of the prompt that is cut off, and the limit in tokens; None when all of it is read.
    """
    named = (getattr(pipe, name, None) for name in ("tokenizer", "tokenizer_2", "tokenizer_3"))
    limits = [(tokenizer.model_max_length, tokenizer) for tokenizer in named if tokenizer is not None]
    sane = [pair for pair in limits if pair[0] < SANE]
    if not sane or len(sane) < len(limits):
        return None
    limit, tokenizer = max(sane, key=lambda pair: pair[0])
    ids = tokenizer(prompt, truncation=False).input_ids
    if len(ids) <= limit:
        return None
    return tokenizer.decode(ids[limit - 1 : -1]).strip(), limit
