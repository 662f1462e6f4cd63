"""How alike a caption and reference texts are: SPICE, METEOR and ROUGE-L, each by the library that is known for it."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from overpaint.evaluation.extras import extra
from overpaint.tools.faults import BadInput

Measure = Literal["spice", "meteor", "rouge_l"]
MEASURES: tuple[Measure, ...] = ("spice", "meteor", "rouge_l")

Pair = tuple[str, Sequence[str]]
"""A caption, and the texts it is held against."""


@dataclass(frozen=True)
class NoSynonyms:
    """Stands in for WordNet where its corpus is not here: METEOR then matches equal words and equal stems alone."""

    def synsets(self, word: str) -> list[Any]:
        """None of any word."""
        return []


def has_spice() -> bool:
    """Whether SPICE can run here: it is a Java program that pycocoevalcap brings."""
    return shutil.which("java") is not None and importlib.util.find_spec("pycocoevalcap") is not None


def title_of(measure: Measure) -> str:
    """The measure as it stands in a table; METEOR says what it can match here."""
    if measure == "meteor":
        return "METEOR" if _has_wordnet() else "METEOR, exact and stems"
    return {"spice": "SPICE", "rouge_l": "ROUGE-L"}[measure]


def spice(pairs: Sequence[Pair]) -> list[float]:
    """SPICE (Anderson et al. 2016): F1 of the scene graphs' tuples, 0 to 1, of each pair.

    Raises:
        BadInput: it cannot run here.
    """
    try:
        _, each = (
            import_module("pycocoevalcap.spice.spice")
            .Spice()
            .compute_score(
                {number: list(references) for number, (_, references) in enumerate(pairs)},
                {number: [caption] for number, (caption, _) in enumerate(pairs)},
            )
        )
    except Exception as error:  # it is a Java program that downloads a parser first: anything may be missing
        raise BadInput(f"SPICE failed ({type(error).__name__}): choose another, as --set measure=meteor") from error
    return [float(scores["All"]["f"]) for scores in each]


def meteor(caption: str, references: Sequence[str]) -> float:
    """METEOR (Banerjee and Lavie 2005) by nltk, 0 to 1: that of the reference that fits best."""
    meteor_score = extra("nltk.translate.meteor_score", "METEOR").meteor_score
    given = {} if _has_wordnet() else {"wordnet": NoSynonyms()}
    return float(meteor_score([_words(text) for text in references], _words(caption), **given))


def rouge_l(caption: str, references: Sequence[str]) -> float:
    """ROUGE-L (Lin 2004) by torchmetrics, F1 of the longest common subsequence, 0 to 1: that of the best reference."""
    rouge_score = extra("torchmetrics.functional.text.rouge", "ROUGE-L").rouge_score
    return float(rouge_score([caption], [list(references)], rouge_keys="rougeL")["rougeL_fmeasure"])


def _has_wordnet() -> bool:
    nltk = extra("nltk", "METEOR")
    for name in ("corpora/wordnet", "corpora/wordnet.zip"):
        try:
            nltk.data.find(name)
        except LookupError:
            continue
        return True
    return False


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
