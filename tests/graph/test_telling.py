"""What people and models wrote is shown as text: no link, no picture, no markup comes of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overpaint.graph.settings import Settings
from overpaint.graph.state import Plan, empty_receipt
from overpaint.graph.telling import answer, bill, escaped, picture, status, verdict_of
from overpaint.graph.toolbox import open_toolbox

HOSTILE = [
    "![x](http://evil.example/a.png)",
    "[click](javascript:alert(1))",
    "<img src=x onerror=alert(1)>",
    "https://evil.example",
    "WWW.evil.example",
    "me@evil.example",
    "mailto:me@evil.example",
    "](http://evil.example) ![",
    "evil.example/path and //evil.example",
    "`code` **bold** _it_ ~~no~~ $x$ &lt;",
]
AUTOLINK = re.compile(r"(?i)https?://|www\.|[-.\w+]+@[-\w]+\.|mailto:\w|xmpp:\w|//\w|\w\.[^\W\d]")
"""What GitHub's Markdown, as in agent-chat-ui, and linkify-it make a link of, after escapes are undone."""


def undone(text: str) -> str:
    return re.sub(r"\\([\\`*_{}\[\]<>#|~&$.)+-])", r"\1", text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    shown = escaped(text)
    assert re.search(r"(?<!\\)[\[\]<>`*_$&~]", shown) is None
    assert AUTOLINK.search(undone(shown)) is None
    assert undone(shown).replace("\N{ZERO WIDTH SPACE}", "") == text


@given(st.text(max_size=600))
def test_any_text_becomes_one_line_without_markup(text: str) -> None:
    shown = escaped(text)
    assert "\n" not in shown
    assert "\r" not in shown
    assert re.search(r"(?<!\\)(?:\\\\)*[\[\]<>`]", shown) is None
    assert AUTOLINK.search(undone(shown)) is None


BLOCK = re.compile(r"[-+*>#=~`|]|\d+[.)]")
"""What begins a list, a rule, a heading, a quote or code at the start of a line."""


@pytest.mark.parametrize("text", ["1. item", "12) item", "+ a", "- a", "---", "- - -", "* a", "# a", "> a", "3"])
def test_the_start_of_a_line_is_text_too(text: str) -> None:
    assert BLOCK.match(escaped(text)) is None
    assert undone(escaped(text)) == text


def test_numbers_and_dashes_elsewhere_stay_as_they_are() -> None:
    assert escaped("a 1.5 m wall - or 2) a star + 3") == "a 1.5 m wall - or 2) a star + 3"


def belief(answer: str, text: str = "a red circle", evidence: str = "") -> dict[str, Any]:
    return {
        "requirement": "r1",
        "text": text,
        "answer": answer,
        "said": answer,
        "evidence": evidence,
        "box": None,
        "looks": [],
    }


def record(*beliefs: dict[str, Any], fault: str | None = None) -> Any:
    return {
        "verdict": {"beliefs": list(beliefs), "score": 1.0, "passed": True, "fault": fault, "quality": 1, "flaws": []}
    }


def test_a_verdict_says_what_holds_what_is_missing_and_what_was_seen() -> None:
    assert verdict_of(record(belief("yes"), belief("yes", "nothing else"))) == (
        "It shows everything that was asked: a red circle; nothing else."
    )
    told = verdict_of(record(belief("yes"), belief("no", "a *star*", "counted 0: nothing")))
    assert told == "It shows a red circle. It lacks:\n\n- a \\*star\\* (seen: counted 0: nothing)"
    assert verdict_of(record(belief("unsure"))) == "It lacks:\n\n- a red circle"
    assert verdict_of(None) == "Nobody judged it."
    assert verdict_of(record(fault="no answer at all")) == "It could not be judged: no answer at all."


def test_what_goes_on_and_what_it_cost_in_a_line() -> None:
    plan = Plan(action="revise", why="", parent=None, count=2, targets=[], stop=None)
    assert status(plan, 2) == "Round 2: painting 2 pictures …"
    assert status({**plan, "action": "rejudge"}, 3) == "Round 3: looking at the picture …"
    assert bill({**empty_receipt(), "images": 1}) == "1 picture, 0 model calls, 0 tokens, $0.00."
    assert "unknown cost" in bill({**empty_receipt(), "usd": None})
    assert answer("r", "x").id == "answer-r"


async def test_a_picture_is_shown_by_its_link(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toolbox = await open_toolbox(Settings().model_dump())
    ref: Any = {"sha256": "a" * 64, "mime": "image/png", "width": 1, "height": 1}
    assert (
        await picture(ref, "a [x](y)", toolbox)
        == f"![a \\[x\\](y)]({(home / 'images' / 'aa').as_uri()}/{'a' * 64}.png)\n\n"
    )
    monkeypatch.setenv("OVERPAINT_URL", "http://127.0.0.1:2024/")
    assert await picture(ref, "x", toolbox) == f"![x](http://127.0.0.1:2024/images/{'a' * 64})\n\n"
    assert await picture(None, "x", toolbox) == ""
