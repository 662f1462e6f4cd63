"""One answer from a loaded vision model: messages become its input, tokens are drawn, text comes out."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage

from overpaint.tools.backends.vision_loading import Loaded, vision_faults
from overpaint.tools.decoding import decode
from overpaint.tools.faults import BadInput, ProviderFault

if TYPE_CHECKING:
    from PIL.Image import Image

ROLES = {"system": "system", "human": "user", "ai": "assistant"}
CAPTION_TOKENS = 100
"""A caption is a sentence; BLIP's decoder has no places for more than 512 tokens."""

_DATA_URI = re.compile(r"data:image/[\w.+-]+;base64,(.*)", re.DOTALL)


@dataclass(frozen=True)
class Manner:
    """How an answer is drawn: at temperature None or 0 the likeliest token each time, else by the seed (None: any)."""

    temperature: float | None
    seed: int | None
    max_tokens: int


@dataclass(frozen=True)
class Answer:
    """What a model said. `asked` and `said` count tokens; `cut_off` when there was no room for more."""

    text: str
    asked: int
    said: int
    cut_off: bool


def answer(loaded: Loaded, messages: Sequence[BaseMessage], manner: Manner, stop: threading.Event) -> Answer:
    """Answer on the calling thread; `stop` ends it at the next token.

    A model of CAPTIONERS puts the one picture of the messages into words, whatever else they say.

    Raises:
        BadInput: the messages hold what the model cannot take.
        ProviderFault: it failed.
    """
    with vision_faults(loaded.name, "answer with"):
        if loaded.captions:
            given, room = _caption_input(loaded, messages), CAPTION_TOKENS
        else:
            given = _chat_input(loaded, messages)
            room = _room(loaded, given["input_ids"].shape[1])
        return _generated(loaded, given, replace(manner, max_tokens=min(manner.max_tokens, room)), stop)


def _caption_input(loaded: Loaded, messages: Sequence[BaseMessage]) -> Any:
    parts = [part for message in messages for part in _parts(message)]
    pictures = [part["image"] for part in parts if part["type"] == "image"]
    if len(pictures) != 1:
        raise BadInput(f"{loaded.name} puts one picture at a time into words, and was given {len(pictures)}")
    return loaded.processor(images=pictures[0], return_tensors="pt")


def _chat_input(loaded: Loaded, messages: Sequence[BaseMessage]) -> Any:
    special = [t.content for t in loaded.processor.tokenizer.added_tokens_decoder.values() if t.special]
    conversation = [
        {"role": _role(message, loaded), "content": [_plain(part, special) for part in _parts(message)]}
        for message in messages
    ]
    return loaded.processor.apply_chat_template(
        conversation, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )


def _role(message: BaseMessage, loaded: Loaded) -> str:
    if message.type not in ROLES:
        raise BadInput(f"{loaded.name} takes no {message.type} messages: ask it by system, human and ai messages")
    return ROLES[message.type]


def _parts(message: BaseMessage) -> Iterator[dict[str, Any]]:
    """The texts and pictures of a message, in order, as processors take them."""
    blocks = [message.content] if isinstance(message.content, str) else message.content
    for block in blocks:
        if isinstance(block, str):
            yield {"type": "text", "text": block}
        elif block.get("type") == "text":
            yield {"type": "text", "text": block["text"]}
        else:
            yield {"type": "image", "image": _picture(block)}


def _picture(block: dict[str, Any]) -> Image:
    url = (block.get("image_url") or {}).get("url", "")
    data = _DATA_URI.fullmatch(url)
    if not data:
        raise BadInput(f"a local vision model takes text and pictures as data URIs, and no {block.get('type')!r} block")
    try:
        return decode(base64.b64decode(data[1], validate=True))
    except binascii.Error as error:
        raise BadInput("a picture in a message is no valid base64: encode it again") from error


def _plain(part: dict[str, Any], special: list[str]) -> dict[str, Any]:
    """A text without the tokenizer's special tokens: a brief that says "<image>" must not stand for a picture."""
    for token in special if part["type"] == "text" else ():
        part = {**part, "text": part["text"].replace(token, " ")}
    return part


def _room(loaded: Loaded, asked: int) -> int:
    """How many tokens the model's context leaves for the answer."""
    limit = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", sys.maxsize)
    if asked >= limit:
        raise ProviderFault(
            f"{loaded.name} reads {limit} tokens and was given {asked} | Ask less at once, or use another model."
        )
    return int(limit - asked)


def _generated(loaded: Loaded, given: Any, manner: Manner, stop: threading.Event) -> Answer:
    import torch
    from transformers import StoppingCriteriaList

    said = 0

    def after_each_token(ids: Any, scores: Any, **_: Any) -> Any:
        nonlocal said
        said += 1
        return torch.full((ids.shape[0],), stop.is_set(), device=ids.device)

    model, tokenizer = loaded.model, loaded.processor.tokenizer
    # `generate` draws from torch's own generators alone, so they are set for it and put back.
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(secrets.randbelow(2**32) if manner.seed is None else manner.seed)
        (ids,) = model.generate(
            **given.to(model.device, loaded.dtype),
            **_drawing(manner.temperature),
            max_new_tokens=manner.max_tokens,
            stopping_criteria=StoppingCriteriaList([after_each_token]),
        )
    new = ids[len(ids) - said :].tolist()
    cut_off = said == manner.max_tokens and new[-1] not in tokenizer.all_special_ids
    return Answer(tokenizer.decode(new, skip_special_tokens=True).strip(), len(ids) - said, said, cut_off)


def _drawing(temperature: float | None) -> dict[str, Any]:
    """Settings of `generate` that leave nothing to the model's own: some come with top_k 1, which no seed can move."""
    if temperature:
        return {"num_beams": 1, "do_sample": True, "temperature": temperature, "top_p": 1.0, "top_k": 0}
    return {"num_beams": 1, "do_sample": False, "temperature": None, "top_p": None, "top_k": None}
