"""Whole runs with hosted roles: real clients over real HTTP, traced, with answers that are sometimes broken."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.run import arefine
from overpaint.runs import load_runs
from overpaint.tools.faults import ProviderFault
from tests.servers import ChatServer, Say, chat_server, collector, measured, traced

BRIEF = "two red circles above a blue square"
ROLES = {"writer": "openai:writer-1", "critic": "openai:critic-1", "judge": "openai:judge-1"}

pytestmark = pytest.mark.slow


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server that answers as the built-in model would, from what reaches it."""
    with chat_server() as serving:
        serving.think = measured
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


def asked(server: ChatServer, model: str) -> list[Any]:
    return [r.json for r in server.asked if r.json["model"] == model]


async def test_every_role_is_asked_at_its_own_model_and_the_run_passes(server: ChatServer) -> None:
    run = await arefine(BRIEF, settings={**ROLES, "seed": 7})
    assert run.status == "passed"
    assert len(asked(server, "writer-1")) == 2
    assert len(asked(server, "judge-1")) >= 2
    assert run.receipt["usd"] is None
    assert run.receipt["calls"] == len(server.asked)
    assert run.receipt["tokens"] == 18 * len(server.asked)


async def test_the_judge_sees_questions_and_the_picture_and_nothing_of_its_history(server: ChatServer) -> None:
    brief = "a red circle in the top left, a blue star at the top, a green square in the top right, a yellow diamond in the bottom left, a purple triangle at the bottom, an orange cross in the bottom right, a small red square on the left and a small black star in the center"
    run = await arefine(brief, settings={**ROLES, "seed": 1})
    assert any(r["action"] == "edit" for r in run.candidates)
    pictures = {base64.b64encode(p.read_bytes()).decode() for r in run.candidates if (p := run.image_path(r))}
    for request in asked(server, "judge-1"):
        text, image = request["messages"][-1]["content"]
        assert image["image_url"]["url"].removeprefix("data:image/png;base64,") in pictures
        said = request["messages"][0]["content"] + text["text"]
        for word in ("round", "attempt", "prompt", "edit", "repaint", brief):
            assert word not in said
    critic = asked(server, "critic-1")[0]["messages"][-1]["content"][0]["text"]
    assert brief in critic
    assert "expected" in critic


async def test_no_trace_of_a_run_holds_a_picture_and_tools_show_as_tools(server: ChatServer) -> None:
    with collector() as traces, traced(traces):
        run = await arefine(BRIEF, settings={**ROLES, "seed": 7})
    everything = b"".join(traces.bodies)
    for name in ("generate_image", "inspect_image"):
        assert f'"name":"{name}"'.encode() in everything.replace(b'": "', b'":"')
    assert b'"run_type":"tool"' in everything.replace(b'": "', b'":"')
    for record in run.candidates:
        picture = run.image_path(record)
        assert picture is not None
        data = picture.read_bytes()
        assert base64.b64encode(data)[200:260] not in everything
        assert data[200:240] not in everything
    assert len(everything) < 1_500_000


async def test_a_checkpoint_never_holds_a_picture(server: ChatServer, home: Path) -> None:
    run = await arefine(BRIEF, settings={**ROLES, "seed": 7})
    kept = (home / "overpaint.db").read_bytes()
    for record in run.candidates:
        picture = run.image_path(record)
        assert picture is not None
        assert base64.b64encode(picture.read_bytes())[200:260] not in kept


async def test_a_judge_that_answers_in_prose_leaves_pictures_unjudged(server: ChatServer) -> None:
    def prose(request: Any) -> str:
        return "It looks lovely, 10/10!" if request.json["model"] == "judge-1" else measured(request)

    server.think = prose
    run = await arefine(BRIEF, settings={**ROLES, "seed": 7, "max_images": 3})
    assert (run.status, run.stop_reason) == ("stopped", "max_images")
    for record in run.candidates:
        verdict = record["verdict"]
        assert verdict is not None
        assert (verdict["passed"], verdict["score"], verdict["beliefs"]) == (None, None, [])
        assert verdict["fault"]
    assert run.champion is not None


async def test_a_pass_whose_confirmation_cannot_be_read_is_no_pass(server: ChatServer) -> None:
    def first_look_only(request: Any) -> str:
        second = "second inspector" in json.dumps(request.json["messages"])
        return "???" if second else measured(request)

    server.think = first_look_only
    run = await arefine("a red circle", settings={**ROLES, "seed": 7, "max_images": 2})
    assert run.status == "stopped"
    assert all(r["verdict"] and r["verdict"]["passed"] is not True for r in run.candidates)


async def test_a_false_pass_at_first_look_is_caught_by_the_next(server: ChatServer) -> None:
    def flatters_at_first(request: Any) -> str:
        answers = json.loads(measured(request))
        if "answers" in answers and "second inspector" not in json.dumps(request.json["messages"]):
            for answer, expected in zip(answers["answers"], ("2", "1", "yes", "3"), strict=True):
                answer["answer"] = expected
        return json.dumps(answers)

    server.think = flatters_at_first
    run = await arefine(BRIEF, settings={**ROLES, "seed": 3, "upsample": False, "per_round": 1, "actions": "reseed"})
    for record in run.candidates:
        verdict = record["verdict"]
        assert verdict is not None
        if not verdict["passed"]:
            assert {tuple(b["looks"][:1]) for b in verdict["beliefs"]} == {("yes",)}
            assert any("no" in b["looks"] for b in verdict["beliefs"])


async def test_a_writer_that_answers_in_prose_costs_quality_but_not_the_run(server: ChatServer) -> None:
    def no_writer(request: Any) -> str:
        return "Sure! Here you go." if request.json["model"] == "writer-1" else measured(request)

    server.think = no_writer
    run = await arefine("a red circle", settings={**ROLES, "seed": 7, "max_images": 2})
    assert [r["kind"] for r in run.checklist] == ["other"]
    assert {r["prompt"] for r in run.candidates} == {"a red circle"}


async def test_a_refused_key_fails_the_run_in_one_line(server: ChatServer) -> None:
    server.think, server.script = None, [Say("bad key", status=401)]
    run = await arefine(BRIEF, settings={**ROLES})
    assert (run.status, run.stop_reason) == ("failed", "provider")
    assert run.error is not None
    assert "401" in run.error
    assert "\n" not in run.error
    assert "sk-of" not in run.error


async def test_a_captioner_that_refuses_leaves_no_run(server: ChatServer, tmp_path: Path) -> None:
    picture = tmp_path / "given.png"
    Image.effect_noise((64, 64), 60).save(picture)
    server.think, server.script = None, [Say("bad key", status=401)]
    with pytest.raises(ProviderFault, match="401"):
        await arefine(image=picture, settings={**ROLES})
    assert await load_runs() == []


async def test_a_rate_limit_is_waited_out(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script = [Say("slow down", status=429)] * 3
    run = await arefine("a red circle", settings={**ROLES, "seed": 1})
    assert run.status == "passed"


async def test_a_disputed_detail_is_looked_at_alone_and_closer(server: ChatServer) -> None:
    box = [0.5, 0.5, 1.0, 1.0]

    def unsure_of_the_second(request: Any) -> str:
        asked_ = request.json
        if asked_["model"] == "writer-1" and "requirements" in json.dumps(asked_["response_format"]):
            items = [("a red circle", "count", "1"), ("it is crimson", "attribute", "yes")]
            drafts = [{"text": t, "question": f"{t}?", "kind": k, "expected": e, "weight": 1} for t, k, e in items]
            return json.dumps({"requirements": drafts})
        if asked_["model"] != "judge-1":
            return measured(request)
        count = asked_["messages"][-1]["content"][0]["text"].count("?")
        said = ["1", "unsure"] if count == 2 else ["yes"]
        answers = [{"number": i, "evidence": "e", "answer": a, "box": box} for i, a in enumerate(said, 1)]
        return json.dumps({"observations": "o", "answers": answers, "flaws": [], "quality": 0.5})

    server.think = unsure_of_the_second
    run = await arefine("a red circle", settings={**ROLES, "seed": 1, "max_images": 1, "per_round": 1})
    looks = [r["messages"][-1]["content"] for r in asked(server, "judge-1")]
    # All at once; then the disputed detail and the unconfirmed count; then the detail alone, in a crop.
    assert [look[0]["text"].count("?") for look in looks] == [2, 2, 1]
    whole, again, closer = (look[1]["image_url"]["url"] for look in looks)
    assert whole == again != closer
    verdict = run.candidates[0]["verdict"]
    assert verdict is not None
    assert [b["looks"] for b in verdict["beliefs"]] == [["yes", "yes"], ["unsure", "unsure", "yes"]]
    assert verdict["passed"] is False
