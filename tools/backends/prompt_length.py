"""How much of a prompt a local model reads: counted with its own tokenizers, whether or not it is loaded."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from overpaint.tools.backends.loading import IMPORTING, faults
from overpaint.tools.backends.model_index import Index, Kind, fetch_index, kind_of

SANE = 1_000_000
"""Tokenizers without a limit state one of about 1e30."""

_one_at_a_time = Lock()
"""A tokenizer's first call may change it, and calls in other threads then fail."""


@dataclass(frozen=True)
class Reader:
    """A text encoder's tokenizer, how many tokens are read, and whether the prompt is made lower case first."""

    tokenizer: Any
    limit: int
    lowers: bool


def token_limit(index: Index) -> int | None:
    """How many tokens of a prompt a model reads, start and end tokens included; None where that is not stated.

    Where it has several encoders, the one that reads most counts. No tokenizer is loaded.
    """
    limits = [_limit(index.kind, made, _stated(index.folder / name)) for name, made in _tokenizers(index.parts).items()]
    return max(_all_or_none(limits), default=None)


@cache
def readers_in(model: str) -> tuple[Reader, ...]:
    """Load the tokenizers of a folder or a hub id, and no weights; none where a limit is not stated.

    Raises:
        ProviderFault: they cannot be found, downloaded or read.
    """
    index = fetch_index(model)
    with faults(model, "load"), IMPORTING:
        from transformers import AutoTokenizer

        found = {name: AutoTokenizer.from_pretrained(index.folder / name) for name in _tokenizers(index.parts)}
    return _readers(index.kind, {name: (index.parts[name], tokenizer) for name, tokenizer in found.items()})


def readers_of(pipe: Any) -> tuple[Reader, ...]:
    """The tokenizers of a loaded pipeline, as `readers_in`."""
    parts = {name: part for name, part in pipe.components.items() if part is not None}
    return _readers(kind_of(pipe), {name: (type(each).__name__, each) for name, each in _tokenizers(parts).items()})


def unread_end(readers: Sequence[Reader], prompt: str) -> tuple[str, int]:
    """Find what a model will not see of a prompt.

    Where it has several encoders, the one that reads most counts.

    Returns:
        The end of the prompt as it was written, empty when all is read, and the limit in tokens (0 without readers).
    """
    with _one_at_a_time:
        ends = [(prompt[_read(reader, prompt) :], reader.limit) for reader in readers]
    return min(ends, key=lambda end: len(end[0]), default=("", 0))


def _read(reader: Reader, prompt: str) -> int:
    """How many characters of a prompt are read."""
    room = reader.limit - reader.tokenizer.num_special_tokens_to_add()
    # A few letters grow when they are made lower case; they stay, so that places in both texts are the same.
    text = "".join(low if len(low := each.lower()) == 1 else each for each in prompt) if reader.lowers else prompt
    if not reader.tokenizer.is_fast:
        fits = bisect_right(range(len(text) + 1), room, key=lambda end: len(_encoded(reader, text[:end]).input_ids))
        return fits - 1
    starts = _encoded(reader, text, return_offsets_mapping=True).offset_mapping
    return int(starts[room][0]) if len(starts) > room else len(prompt)


def _encoded(reader: Reader, text: str, **options: Any) -> Any:
    return reader.tokenizer(text, add_special_tokens=False, verbose=False, **options)


def _readers(kind: Kind, tokenizers: Mapping[str, tuple[str, Any]]) -> tuple[Reader, ...]:
    found = tokenizers.values()
    limits = _all_or_none([_limit(kind, made, tokenizer.model_max_length) for made, tokenizer in found])
    return tuple(Reader(tokenizer, limit, kind.lowers) for (_, tokenizer), limit in zip(found, limits, strict=False))


def _limit(kind: Kind, made: str, stated: Any) -> int | None:
    """What a tokenizer of a class cuts a prompt to: CLIP's at its own limit, others where the pipeline says."""
    asked = None if "CLIP" in made else kind.takes.get("max_sequence_length")
    limit = stated if asked is None else asked
    return int(limit) if isinstance(limit, (int, float)) and 0 < limit < SANE else None


def _all_or_none(limits: Iterable[int | None]) -> list[int]:
    """The limits, or none at all where one encoder has none: it may then read everything."""
    found = list(limits)
    return [] if None in found else [limit for limit in found if limit is not None]


def _tokenizers(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if name.startswith("tokenizer")}


def _stated(folder: Path) -> Any:
    try:
        return json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")).get("model_max_length")
    except (OSError, ValueError, AttributeError):
        return None  # what is broken here is named when the model is loaded
