"""The auditor: what a held-out model answers, over a real server; who may be it; and broken answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.evaluation.scorers.auditor import Auditor
from overpaint.evaluation.scorers.llm_eval import LlmEval
from overpaint.evaluation.scorers.pairwise import Pairwise
from overpaint.evaluation.scorers.scorer import Scored
from overpaint.graph.checklists import numbered, read_checklist
from overpaint.graph.schemas import RequirementDraft
from overpaint.graph.state import Requirement
from overpaint.shapes.checklist import requirements
from overpaint.shapes.drawing import draw
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import Thing
from overpaint.tools.call_log import CallLog, read_calls
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import open_home
from tests.evaluation.scorers.scored import a_row, delivered, png
from tests.servers import ChatServer, Say

CHECKLIST: list[Requirement] = read_checklist([
    {"text": "a red circle", "question": "Is there a red circle?", "weight": 3},
    {"text": "two squares", "question": "How many squares are there?", "kind": "count", "expected": 2},
])  # fmt: skip


def said(*answers: str) -> Say:
    found = [{"number": i, "evidence": "seen", "answer": answer} for i, answer in enumerate(answers, 1)]
    return Say(json.dumps({"observations": "shapes", "answers": found}))


def audited(folder: Path, colour: str = "red", **rest: Any) -> Scored:
    return delivered(a_row(), png(folder, colour), **{"checklist": CHECKLIST, **rest})


async def test_the_share_of_the_checklist_that_it_sees(server: ChatServer, tmp_path: Path) -> None:
    server.script = [said("yes", "three")]
    [value] = await Auditor("openai:m").score([audited(tmp_path)])
    assert value.value == 0.75
    assert (value.detail["answers"], value.detail["passed"]) == ("yn", False)
    assert (value.detail["calls"], value.detail["tokens"]) == (1, 18)
    asked = json.dumps(server.asked[0].json["messages"])
    assert "1. Is there a red circle?" in asked
    assert "data:image/png;base64," in asked


async def test_a_broken_answer_is_no_number(server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say("The picture is great, 0.9!")]
    [value] = await Auditor("openai:m").score([audited(tmp_path)])
    assert value.value is None
    assert "could not be read" in str(value.fault)
    assert value.detail["calls"] == len(server.asked) == 2  # it was asked once more


async def test_a_picture_without_a_checklist_is_asked_nothing(server: ChatServer, tmp_path: Path) -> None:
    [value] = await Auditor("openai:m").score([audited(tmp_path, checklist=())])
    assert (value.value, value.fault) == (None, "the row has no checklist")
    assert not server.asked


async def test_a_refused_picture_is_a_fault_and_a_refused_key_ends_it(server: ChatServer, tmp_path: Path) -> None:
    server.think = lambda request: (
        Say("too large", status=413) if b"Is there" in request.raw and len(request.raw) > 20_000 else said("yes", "2")
    )
    server.script = []
    large = tmp_path / "large.png"
    Image.frombytes("RGB", (100, 100), os.urandom(30_000)).save(large)
    values = await Auditor("openai:m").score([delivered(a_row(), large, checklist=CHECKLIST), audited(tmp_path)])
    assert [value.value for value in values] == [None, 1.0]
    server.think, server.script = None, [Say("no such key", status=401)]
    with pytest.raises(ProviderFault) as caught:
        await Auditor("openai:m").score([audited(tmp_path)])
    assert caught.value.fatal


async def test_a_passing_weakness_is_waited_out(server: ChatServer, tmp_path: Path) -> None:
    server.script = [Say("busy", status=429, headers={"Retry-After": "0.05"}), said("yes", "2")]
    [value] = await Auditor("openai:m").score([audited(tmp_path)])
    assert value.value == 1.0


async def test_its_calls_are_noted(server: ChatServer, tmp_path: Path) -> None:
    server.script = [said("yes", "2")]
    open_home()
    database = open_database()
    log = CallLog(database, run="score auditor", node="auditor", task="score")
    await Auditor("openai:m", log=log).score([audited(tmp_path)])
    [call] = await read_calls(database, "score auditor", 5)
    assert (call.model, call.name, call.input_tokens) == ("openai:m", "inspect_image", 11)
    assert "base64" not in json.dumps(call.messages)


@pytest.mark.parametrize(
    ("auditor", "auditor_url", "judge", "judge_url", "same"),
    [
        ("openai:m", None, "openai:m", None, True),
        ("openai:m", "http://box:1/v1", "openai:m", "http://box:1/v1/", True),
        ("openai:m", "http://box:1/v1", "openai:m", "http://box:2/v1", False),
        ("openai:m", "http://box:1/v1", "openai:m", None, False),
        ("openai:m", None, "openai:other", None, False),
        ("openai:M", None, "openai:m-2026-01-31", None, True),
        ("openai:m-mini", None, "openai:m", None, False),
        ("shapes", None, "shapes", None, False),
    ],
)
async def test_the_judge_is_no_auditor(
    auditor: str, auditor_url: str | None, judge: str, judge_url: str | None, same: bool, server: ChatServer
) -> None:
    pictures = [delivered(a_row(), None, settings={"judge": judge, "judge_base_url": judge_url})]
    if not same:
        await Auditor(auditor, auditor_url).check(pictures)
        return
    with pytest.raises(BadInput, match=f"{auditor} is the judge of preset default already"):
        await Auditor(auditor, auditor_url).check(pictures)


@pytest.mark.parametrize("kind", [Auditor, LlmEval, Pairwise])
async def test_who_describes_the_pictures_that_are_judged_is_no_auditor(kind: Any, server: ChatServer) -> None:
    settings = {"judge": "openai:j", "captioner": "openai:m"}
    for method, said in (("caption", "openai:m is the captioner of preset socratic"), ("checklist", None)):
        judged: dict[str, Any] = {"preset": "socratic", "settings": {**settings, "judge_method": method}}
        pictures = [delivered(a_row(), None, **judged), delivered(a_row(), None)]
        if said is None:
            await kind("openai:m").check(pictures)
        else:
            with pytest.raises(BadInput, match=said):
                await kind("openai:m").check(pictures)


async def test_a_judge_at_the_address_in_the_environment_is_the_same(server: ChatServer) -> None:
    pictures = [delivered(a_row(), None, settings={"judge": "openai:m", "judge_base_url": None})]
    with pytest.raises(BadInput, match="already"):
        await Auditor("openai:m", server.url).check(pictures)


async def test_the_built_in_model_audits_offline_and_its_title_says_what_it_is(tmp_path: Path) -> None:
    auditor = Auditor("shapes")
    assert auditor.title.startswith(
        "checklist passed, by an auditor (the built-in model, not held out); the dataset's own"
    )
    drafts = requirements(parse("a red circle and a blue square"))
    checklist = numbered([RequirementDraft.model_validate(draft) for draft in drafts])
    red = Thing("circle", "red", "large", 0)
    pictures = []
    for name, things in (("both", [red, Thing("square", "blue", "large", 8)]), ("one", [red])):
        draw(things, 1, 128).save(tmp_path / f"{name}.png")
        pictures.append(delivered(a_row(), tmp_path / f"{name}.png", checklist=checklist))
    both, one = await auditor.score(pictures)
    assert both.value == 1.0
    assert one.value is not None
    assert 0 < one.value < 1
