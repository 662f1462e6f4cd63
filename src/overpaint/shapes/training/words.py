"""The tokenizer: every word that the painter is taught is one token, and any other is spelled out in bytes."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from overpaint.shapes import language
from overpaint.shapes.training import dialect

LENGTH = 56
"""Tokens that the text encoder reads, its two own included."""
MORE = """
    background backdrop ground plain light white simple clean flat empty pale bright vivid pure blank solid
    picture image canvas photo drawing illustration scene frame painting shape shapes object objects thing
    things item items figure figures element elements please exactly just only simply draw show paint make
    create generate give me i want would like need let see there here it is are that containing contains contain
    featuring shows showing depicting has have having placed positioned located drawn painted shown standing
    sitting lying filled coloured colored vector style sharp edges edge minimalist minimal evenly lit high
    quality geometric all in total other others without of no not each same different both next beside near
    between row column rows columns apart separate separated clearly isolated layout arranged far very medium
    with the this these zero ten eleven twelve single pair couple dozen first second third fourth fifth sixth
    seventh eighth ninth pink brown gray grey cyan rectangle oval hexagon heart ring line text cat dog house
"""
"""Words that people use beside those of the dialect; changing them changes the tokens of all others."""
START, END = "<|startoftext|>", "<|endoftext|>"


def new_tokenizer() -> Any:
    """Make the CLIPTokenizer: byte pairs merged until every known word is one token."""
    from transformers import CLIPTokenizer

    vocabulary, merges = _merged(known_words())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
        (Path(folder) / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), "utf-8")
        return CLIPTokenizer.from_pretrained(
            folder, model_max_length=LENGTH, pad_token=END, unk_token=END, bos_token=START, eos_token=END
        )


def known_words() -> list[str]:
    """Every word of the dialect, and more that people use, sorted."""
    words = {*MORE.split(), *language.NUMBER_NAMES}
    for name in (name for names in language.SHAPE_NAMES.values() for name in names):
        words |= {name, language.plural(name)}
    words |= {
        name for table in (language.COLOUR_NAMES, language.SIZE_NAMES) for names in table.values() for name in names
    }
    places = [phrase for ways in dialect.PLACE_WAYS for phrase in ways]
    relations = [phrase for ways in dialect.RELATION_WAYS.values() for phrase in ways]
    for phrase in (*places, *relations, *dialect.OPENINGS, *dialect.ENDINGS):
        words |= set(re.findall(r"[a-z]+", phrase))
    return sorted(word for word in words if re.fullmatch("[a-z]+", word))


def _merged(words: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges: bytes first, then what byte pair encoding makes of the words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    letters = sorted({letter for word in words for letter in word})
    # With letters numbered first, pairs that are equally frequent are merged in the same order each time.
    first = [*letters, *(f"{letter}</w>" for letter in letters)]
    trainer = trainers.BpeTrainer(
        vocab_size=8000, min_frequency=1, special_tokens=first, end_of_word_suffix="</w>", show_progress=False
    )
    learner.train_from_iterator([word for word in words for _ in range(2)], trainer)
    merges = [(a, b) for a, b in json.loads(learner.to_str())["model"]["merges"]]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(f"{letter}</w>" for letter in alphabet), *(a + b for a, b in merges), START, END]
    return {token: n for n, token in enumerate(dict.fromkeys(tokens))}, merges
