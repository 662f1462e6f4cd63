"""Tokenizers of each kind that diffusers pipelines read with, trained here on a few lines."""

from __future__ import annotations

import json
from typing import Any

import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

CORPUS = [
    "a photograph of a red circle above a blue square, with a green star in the top left corner",
    "an oil painting of seven small yellow triangles on a wooden table, warm light, soft shadows",
    "two black cats and a white dog under an orange umbrella in the rain, city street at night",
]
TEMPLATE = (
    "system\nDescribe the image by detailing the color, shape, size, texture, quantity, text, spatial relationships "
    "of the objects and background:\nuser\nassistant\n"
)
"""What Qwen-Image's pipeline puts around a prompt."""


def clip_tokenizer(limit: int = 77) -> Any:
    """CLIP's own kind of byte pairs, with every byte known, so that any text can be read."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab, merges = _byte_pairs("</w>")
    tokens = [*alphabet, *(each + "</w>" for each in alphabet)]
    tokens += [token for token in vocab if token not in tokens] + ["<|startoftext|>", "<|endoftext|>"]
    numbered = {token: number for number, token in enumerate(tokens)}
    return transformers.CLIPTokenizer(vocab=numbered, merges=merges, model_max_length=limit)


def t5_tokenizer() -> Any:
    """T5's own kind of pieces, for lower case: an upper case letter is a piece nobody knows."""
    learner = Tokenizer(models.Unigram())
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    learner.train_from_iterator(CORPUS, trainer)
    pieces = [tuple(each) for each in json.loads(learner.to_str())["model"]["vocab"]]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


def qwen_tokenizer() -> Any:
    """Qwen's own kind of byte pairs; it knows the words of the pipeline's template, of which it drops 34 tokens."""
    vocab, merges = _byte_pairs("", [*CORPUS, TEMPLATE], 2000)
    tokens = [*vocab, *(each for each in sorted(pre_tokenizers.ByteLevel.alphabet()) if each not in vocab)]
    numbered = {token: number for number, token in enumerate([*tokens, "<|endoftext|>"])}
    marks = ["<|im_start|>", "<|im_end|>"]
    return transformers.Qwen2Tokenizer(
        vocab=numbered, merges=merges, model_max_length=131072, additional_special_tokens=marks
    )


def _byte_pairs(ending: str, corpus: list[str] = CORPUS, size: int = 300) -> tuple[list[str], list[tuple[str, str]]]:
    suffix: dict[str, Any] = {"end_of_word_suffix": ending} if ending else {}
    learner = Tokenizer(models.BPE(**suffix))
    splitter = pre_tokenizers.WhitespaceSplit() if ending else pre_tokenizers.ByteLevel(add_prefix_space=False)
    learner.pre_tokenizer = splitter
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, **suffix)
    learner.train_from_iterator(corpus, trainer)
    made = json.loads(learner.to_str())["model"]
    return sorted(made["vocab"], key=made["vocab"].get), [tuple(each) for each in made["merges"]]
