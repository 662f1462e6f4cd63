"""What a tool's caller is told of a run: no text of people or models in it becomes Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from overpaint.delivered import delivered
from overpaint.result import Run
from overpaint.tools.faults import ProviderFault
from tests.face.conftest import verdict

LINK = "[click](http://evil.example)"
MARKUP = re.compile(r"(?<!\\)[\[\]`<>]|(?<!\\)\\$|https?://")


def test_a_run_that_passed_shows_its_picture_and_its_facts(told: Run) -> None:
    text, facts = delivered(told)
    assert text.startswith(f"![{told.brief[:40]}")
    assert f"]({facts['url']})\n\nPicture {facts['image']['sha256']}, " in text
    assert "It shows everything that was asked." in text
    assert facts["verdict"] == {"passed": True, "score": 1.0, "lacks": []}


@pytest.mark.parametrize("hostile", ["a red circle\\", f"x]({LINK}) ![y", LINK, "`code` <b>"])
def test_hostile_text_stays_text(hostile: str, told: Run) -> None:
    wrong = replace(
        told,
        brief=hostile,
        why=hostile,
        champion=told.candidates[1],
        checklist=[{**requirement, "text": hostile} for requirement in told.checklist],
    )
    text, facts = delivered(wrong)
    image, shown, _ = text.split("\n\n")
    alt = image.removeprefix("![").removesuffix(f"]({facts['url']})")
    assert "It lacks: " in shown
    assert "Stopped: " in shown
    assert not MARKUP.search(alt.replace("\\\\", ""))
    assert not MARKUP.search(shown.replace("\\\\", ""))
    assert facts["verdict"] is not None
    assert facts["verdict"]["lacks"] == [hostile, hostile]


def test_why_nothing_was_judged_stays_text_too(told: Run) -> None:
    text, facts = delivered(replace(told, champion={**told.candidates[5], "verdict": verdict(fault=LINK)}))
    assert "\\[click\\]" in text
    assert facts["verdict"] is None


def test_a_run_without_a_picture_is_a_fault(told: Run) -> None:
    with pytest.raises(ProviderFault, match="no picture was made"):
        delivered(replace(told, champion=None))
