"""Pairwise: both orders over a real server, ties where they disagree, and win rates with counts."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from overpaint.evaluation.nouns import Score
from overpaint.evaluation.scorers.pairwise import Pairwise, WinRate, win_rates
from overpaint.evaluation.scorers.scorer import Scored
from overpaint.tools.faults import BadInput
from tests.evaluation.scorers.scored import a_row, an_outcome, delivered, png
from tests.servers import ChatServer, Request, Say

ROW = a_row(brief="a red picture")


def pictures_in(request: Request) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(rb"data:image/png;base64,([\w+/=]+)", request.raw)]


def better(word: str) -> Say:
    return Say(json.dumps({"reasoning": "seen", "better": word}))


def three(folder: Path) -> list[Scored]:
    return [delivered(ROW, png(folder, colour), preset) for preset, colour in
            (("a", "red"), ("b", "green"), ("c", "blue"))]  # fmt: skip


def judging(server: ChatServer, ranks: dict[bytes, int]) -> None:
    """The server always finds the picture of the lower rank better."""

    def think(request: Request) -> Say:
        first, second = (ranks[data] for data in pictures_in(request))
        return better("neither" if first == second else "first" if first < second else "second")

    server.script, server.think = [], think


async def test_every_pair_is_shown_in_both_orders(server: ChatServer, tmp_path: Path) -> None:
    pictures = three(tmp_path)
    data = [scored.picture.read_bytes() for scored in pictures if scored.picture]
    judging(server, {data[0]: 1, data[1]: 2, data[2]: 2})
    values = await Pairwise("openai:m").score(pictures)
    assert [value.value for value in values] == [1.0, 0.25, 0.25]
    assert [value.detail["against"] for value in values] == [
        {"b": "won", "c": "won"}, {"a": "lost", "c": "tied"}, {"a": "lost", "b": "tied"},
    ]  # fmt: skip
    shown = [tuple(pictures_in(request)) for request in server.asked]
    assert sorted(shown) == sorted((x, y) for x in data for y in data if x != y)
    assert "a red picture" in server.asked[0].raw.decode()
    assert sum(value.detail["calls"] for value in values) == len(server.asked) == 6


async def test_a_favoured_place_is_a_tie(server: ChatServer, tmp_path: Path) -> None:
    server.script = [better("first")]
    values = await Pairwise("openai:m").score(three(tmp_path)[:2])
    assert [value.value for value in values] == [0.5, 0.5]


async def test_the_same_picture_is_a_tie_that_nobody_is_asked_about(server: ChatServer, tmp_path: Path) -> None:
    red = png(tmp_path, "red")
    values = await Pairwise("openai:m").score([delivered(ROW, red, "a"), delivered(ROW, red, "b")])
    assert [value.value for value in values] == [0.5, 0.5]
    assert not server.asked


async def test_a_broken_answer_is_no_tie(server: ChatServer, tmp_path: Path) -> None:
    server.script = [better("the red one")]
    values = await Pairwise("openai:m").score(three(tmp_path)[:2])
    assert [value.value for value in values] == [None, None]
    assert "could not be read" in str(values[1].fault)
    assert values[0].detail["against"] == {}


async def test_pictures_of_two_rows_are_not_compared(server: ChatServer, tmp_path: Path) -> None:
    other = delivered(a_row("two"), png(tmp_path, "green"), "b")
    values = await Pairwise("openai:m").score([three(tmp_path)[0], other])
    assert {value.fault for value in values} == {"no other preset has a picture of this row"}
    assert not server.asked


async def test_a_picture_wins_against_none_and_nobody_is_asked(server: ChatServer, tmp_path: Path) -> None:
    painted, scorer = delivered(ROW, png(tmp_path, "red"), "a"), Pairwise("openai:m")
    await scorer.check([painted, Scored(ROW, "", outcome=an_outcome("b"))])
    [value] = await scorer.score([painted])
    assert (value.value, value.detail["against"]) == (1.0, {"b": "won"})
    assert not server.asked


async def test_one_preset_is_refused(server: ChatServer, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="evaluate two or more"):
        await Pairwise("openai:m").check(three(tmp_path)[:1])


def test_win_rates_count() -> None:
    def score(preset: str, row: str, against: dict[str, str]) -> Score:
        return Score(preset=preset, row=row, shot="0.0", value=1.0, fault=None, detail={"against": against})

    scores = [
        score("a", "1", {"b": "won"}), score("b", "1", {"a": "lost"}),
        score("a", "2", {"b": "tied"}), score("b", "2", {"a": "tied"}), score("a", "3", {}),
    ]  # fmt: skip
    assert win_rates(scores) == [WinRate("a", "b", 1, 1, 0), WinRate("b", "a", 0, 1, 1)]
    assert [rate.rate for rate in win_rates(scores)] == [0.75, 0.25]
