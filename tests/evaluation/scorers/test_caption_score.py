"""Likeness of captions: measures by hand, whose captions they are, and what the title says of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from overpaint.evaluation.scorers import caption_measures as measures
from overpaint.evaluation.scorers.caption_score import CaptionScore
from overpaint.evaluation.scorers.scorer import Scored
from overpaint.tools.faults import BadInput
from tests.evaluation.scorers.scored import a_row, delivered, painted, png
from tests.servers import ChatServer, Say

pytestmark = pytest.mark.slow  # nltk and torchmetrics take seconds to import

BRIEF = "a red circle"


def captioned(folder: Path, *captions: str) -> list[Scored]:
    return painted(a_row(brief=BRIEF), [png(folder, "red")] * max(1, len(captions)), captions=captions)


def test_meteor_by_hand() -> None:
    # Banerjee and Lavie: all three words match in one chunk, so F = 1 and the penalty is 0.5 · (1/3)³.
    assert measures.meteor("A red circle.", ["a red circle"]) == pytest.approx(1 - 0.5 / 27)
    assert measures.meteor("red circles", ["a red circle"]) > measures.meteor("red sea", ["a red circle"])
    assert measures.meteor("the sea", ["a red circle", "the sea"]) == pytest.approx(1 - 0.5 / 8)
    assert measures.meteor("the sea", ["a red circle"]) == 0.0


def test_rouge_l_by_hand() -> None:
    # Longest common subsequence "a circle": precision 2/2, recall 2/3.
    assert measures.rouge_l("a circle", ["a red circle"]) == pytest.approx(0.8)
    assert measures.rouge_l("the sea", ["a red circle", "the sea"]) == pytest.approx(1.0)


async def test_the_runs_own_captions_against_the_brief(tmp_path: Path) -> None:
    scorer = CaptionScore()
    values = await scorer.score(captioned(tmp_path, "a red circle", "the sea"))
    assert [value.value for value in values] == [pytest.approx(1 - 0.5 / 27, abs=1e-6), 0.0]
    assert values[0].detail["rouge_l"] == 1.0
    assert values[0].detail["measure"] == "METEOR, exact and stems"
    assert scorer.title == (
        "likeness of captions by METEOR, exact and stems, higher is nearer (captions: the runs' own)"
    )


async def test_reference_captions_come_before_the_brief(tmp_path: Path) -> None:
    [scored] = captioned(tmp_path, "the sea")
    row = a_row(brief=BRIEF, captions=["the sea", "a shore"])
    [value] = await CaptionScore(measure="rouge_l").score(
        [Scored(row, scored.name, scored.picture, scored.outcome, scored.shot)]
    )
    assert value.value == 1.0


async def test_a_picture_without_a_caption_is_a_fault(tmp_path: Path) -> None:
    [value] = await CaptionScore().score(captioned(tmp_path))
    assert (value.value, value.fault) == (None, "the run made no caption of it")
    with pytest.raises(BadInput, match="--set captioner=provider:model"):
        await CaptionScore().check(captioned(tmp_path))


async def test_a_captioner_describes_every_picture(server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say(json.dumps({"description": "a red circle"}))]
    scorer, [own] = CaptionScore("openai:m", measure="rouge_l"), captioned(tmp_path, "the sea")
    await scorer.check([own])
    values = await scorer.score([own, delivered(a_row(brief=BRIEF), own.picture)])
    assert [value.value for value in values] == [1.0, 1.0]
    assert [value.detail["caption"] for value in values] == ["a red circle"] * 2
    assert values[0].detail["calls"] == 1
    assert "captions: openai:m" in scorer.title
    server.script = [Say("A red circle it is.")]
    [broken] = await scorer.score([own])
    assert broken.value is None
    assert "could not be read" in str(broken.fault)


def test_a_measure_that_is_none_or_cannot_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="no measure 'bleu': use spice, meteor, rouge_l"):
        CaptionScore(measure="bleu")  # type: ignore[arg-type]
    monkeypatch.setattr(measures, "has_spice", lambda: False)
    with pytest.raises(BadInput, match="SPICE needs Java and pycocoevalcap"):
        CaptionScore(measure="spice")


async def test_spice_is_used_where_it_can_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pycocoevalcap's own interface, with made-up scores: the package and its Java program are not installed here."""
    asked: list[Any] = []

    class Spice:
        def compute_score(self, gts: dict[int, list[str]], res: dict[int, list[str]]) -> tuple[float, list[Any]]:
            asked.append((gts, res))
            return 0.5, [{"All": {"f": 0.25 * (number + 1)}} for number in gts]

    module = ModuleType("pycocoevalcap.spice.spice")
    module.Spice = Spice  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pycocoevalcap.spice.spice", module)
    monkeypatch.setattr(measures, "has_spice", lambda: True)
    scorer = CaptionScore()
    values = await scorer.score(captioned(tmp_path, "a red circle", "the sea"))
    assert [value.value for value in values] == [0.25, 0.5]
    assert "by SPICE" in scorer.title
    assert asked == [({0: [BRIEF], 1: [BRIEF]}, {0: ["a red circle"], 1: ["the sea"]})]


def test_a_library_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nltk", None)
    with pytest.raises(BadInput, match=r"METEOR needs overpaint\[eval\]"):
        CaptionScore()
