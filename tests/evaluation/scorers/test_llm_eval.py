"""The best picture of a run, named by a model over a real server: a strict index, or a fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from overpaint.evaluation.scorers.llm_eval import LlmEval
from overpaint.evaluation.scorers.scorer import Scored
from tests.evaluation.scorers.scored import a_row, painted, png
from tests.servers import ChatServer, Say

ROW = a_row(brief="a red picture")


def named(best: Any) -> Say:
    return Say(json.dumps({"reasoning": "seen", "best": best}))


def a_run(folder: Path, count: int = 3, captions: tuple[str, ...] = ()) -> list[Scored]:
    return painted(ROW, [png(folder, colour) for colour in ("red", "green", "blue")][:count], captions=captions)


async def test_the_best_picture_is_one_and_all_others_nought(server: ChatServer, tmp_path: Path) -> None:
    server.script = [named(2)]
    values = await LlmEval("openai:m").score(a_run(tmp_path))
    assert [value.value for value in values] == [0.0, 1.0, 0.0]
    assert values[0].detail == {
        "best": 1, "rounds_to_stop": 2, "shown": "pictures", "calls": 1, "tokens": 18, "usd": None,
    }  # fmt: skip
    assert [value.detail.get("calls", 0) for value in values] == [1, 0, 0]
    assert server.asked[0].raw.count(b"data:image/png;base64,") == 3


@pytest.mark.parametrize("best", [0, 4, 10, -1, "2", 1.5, None, True])
async def test_what_is_no_index_is_a_fault(best: Any, server: ChatServer, tmp_path: Path) -> None:
    server.script = [named(best)]
    values = await LlmEval("openai:m").score(a_run(tmp_path))
    assert [value.value for value in values] == [None, None, None]
    assert all(value.fault for value in values)


async def test_ten_is_not_one(server: ChatServer, tmp_path: Path) -> None:
    server.script = [named(10)]
    values = await LlmEval("openai:m").score(a_run(tmp_path))
    assert values[0].fault == "the model named picture 10 of 3"


async def test_captions_stand_for_pictures_where_that_is_asked_for(server: ChatServer, tmp_path: Path) -> None:
    server.script = [named(1)]
    captions = ("a red wall", "a meadow", "the sea")
    [first, *_] = await LlmEval("openai:m", shown="captions").score(a_run(tmp_path, captions=captions))
    asked = server.asked[0].raw.decode()
    assert "2. a meadow" in asked
    assert "base64" not in asked
    assert first.detail["shown"] == "captions"
    server.script = [named(1)]
    await LlmEval("openai:m").score(a_run(tmp_path, captions=captions))
    assert b"base64" in server.asked[1].raw


async def test_captions_that_are_wanted_and_missing_are_a_fault(server: ChatServer, tmp_path: Path) -> None:
    values = await LlmEval("openai:m", shown="captions").score(a_run(tmp_path, captions=("a red wall",)))
    assert values[0].fault == "2 of the run's 3 pictures have no caption"
    assert not server.asked


async def test_a_run_of_one_picture_has_none_to_choose_from(server: ChatServer, tmp_path: Path) -> None:
    [value] = await LlmEval("openai:m").score(a_run(tmp_path, 1))
    assert value.value is None
    assert value.fault == "the run painted one picture, so there is none to choose from"
    assert not server.asked


async def test_a_run_whose_pictures_are_gone_has_no_best_one(server: ChatServer, tmp_path: Path) -> None:
    values = await LlmEval("openai:m").score(a_run(tmp_path)[:2])
    assert values[0].fault == "1 of the run's pictures are gone"
