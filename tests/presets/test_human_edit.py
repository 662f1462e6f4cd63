"""human-edit: who is asked what and in which order, over real HTTP, and what a failed analysis must not become."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from overpaint.ancestry import read_ancestry
from overpaint.chronicle import history_json, history_lines
from overpaint.cli import main
from overpaint.commands import candidate_lines
from overpaint.continuing import aresume
from overpaint.graph.settings import load_preset, merge
from overpaint.report import render_page
from overpaint.result import Run
from overpaint.run import arefine
from tests.servers import ChatServer, Request, Say, chat_server
from tests.stability_server import Stability, stability_images

BRIEF = "a tea house by a lake at dusk"
SUGGESTED, AGAIN = "A small tea house by a wide lake at dusk", "A tea house whose lamps are lit, by a lake at dusk"
EDITED = "a wooden tea house by a lake, seen from the water"
IDEA = "mist over the water"


def said(suggestion: str, idea: str | None = None) -> str:
    return json.dumps({"diagnosis": "The house is missing.", "suggestion": suggestion, "idea": idea})


@dataclass
class Wires:
    """Stability and a chat model on loopback, and what crossed both wires in order: (who, what)."""

    stability: Stability
    chat: ChatServer
    crossed: list[tuple[str, str]] = field(default_factory=list)
    answers: list[str | Say] = field(default_factory=list)

    def paint(self, request: Request) -> None:
        self.crossed.append(("paint", self.stability.paid[-1].prompt))

    def think(self, request: Request) -> str | Say:
        self.crossed.append(("suggest", section(told(request), "prompt")))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wires]:
    with stability_images() as stability, chat_server() as chat:
        wires = Wires(stability, chat, answers=[said(SUGGESTED), said(AGAIN)])
        stability.hooks["accepted"], chat.think = wires.paint, wires.think
        monkeypatch.setattr("overpaint.tools.backends.stability.BASE", stability.url)
        monkeypatch.setenv("STABILITY_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", chat.url)
        yield wires


def told(request: Request) -> str:
    """What the model is told in the first human message."""
    human = next(m for m in request.json["messages"] if m["role"] == "user")
    return str(human["content"][0]["text"])


def section(text: str, tag: str) -> str:
    return text.split(f"<{tag}>")[1].split(f"</{tag}>")[0].strip()


def edit(**args: Any) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": "paint", "args": args}}


async def waiting(**settings: Any) -> Run:
    run = await arefine(BRIEF, preset="human-edit", settings={"seed": 7, **settings})
    assert run.status == "waiting"
    return run


def asked(run: Run) -> dict[str, Any]:
    ((action,),) = (request["action_requests"] for request in run.requests)
    return dict(action)


def test_the_preset_names_its_models_and_waits_for_a_person() -> None:
    settings = merge(load_preset("human-edit"))
    assert (settings.painter, settings.size, settings.model_of("critic")) == (
        "stability:sd3-large", "1024x1024", "openai:gpt-4.1",
    )  # fmt: skip
    assert (settings.review, settings.judge_method, settings.upsample) == ("prompt", "none", False)


@pytest.mark.slow
async def test_pictures_and_suggestions_take_turns_and_always_go_by_the_brief(wires: Wires) -> None:
    run = await waiting()
    assert asked(run)["args"] == {"prompt": SUGGESTED}
    assert "The house is missing." in asked(run)["description"]
    assert f"suggestion for the original brief, “{BRIEF}”" in asked(run)["description"]
    run = await aresume(answer=edit(prompt=EDITED))
    assert asked(run)["args"] == {"prompt": AGAIN}
    assert (await aresume(answer="approve")).status == "waiting"
    run = await aresume(answer="stop")
    assert wires.crossed == [
        ("paint", BRIEF), ("suggest", BRIEF),
        ("paint", EDITED), ("suggest", EDITED),
        ("paint", AGAIN), ("suggest", AGAIN),
    ]  # fmt: skip
    for request, record in zip(wires.chat.asked, run.candidates, strict=True):
        text, picture = next(m for m in request.json["messages"] if m["role"] == "user")["content"]
        assert (section(text["text"], "brief"), section(text["text"], "prompt")) == (BRIEF, record["prompt"])
        path = run.image_path(record)
        assert path is not None
        assert picture["image_url"]["url"].endswith(base64.b64encode(path.read_bytes()).decode())
    assert [request.raw.decode().count(EDITED) for request in wires.chat.asked] == [0, 1, 0]
    assert (run.status, run.stop_reason) == ("stopped", "person")
    assert run.champion == run.candidates[-1]
    assert (run.receipt["images"], run.receipt["calls"]) == (3, 3)


@pytest.mark.slow
async def test_stability_is_sent_one_form_a_picture(wires: Wires) -> None:
    run = await waiting()
    (paid,) = wires.stability.paid
    assert wires.stability.requests[0].path == "/v2beta/stable-image/generate/sd3"
    assert paid.asked == {
        "prompt": BRIEF, "output_format": "png", "model": "sd3-large", "mode": "text-to-image",
        "seed": str(run.candidates[0]["seed"]), "aspect_ratio": "1:1",
    }  # fmt: skip


@pytest.mark.slow
async def test_history_has_prompt_picture_suggestion_and_edit(wires: Wires) -> None:
    await waiting()
    await aresume(answer=edit(prompt=EDITED))
    run = await aresume(answer="stop")
    first, second = run.candidates
    lines = history_lines(await read_ancestry())
    for shown in (lines, candidate_lines(run)):
        stripped = [line.strip() for line in shown]
        assert f"picture: {run.image_path(first)}" in stripped
        at = stripped.index(f"picture: {run.image_path(second)}")
        assert stripped[at - 1].endswith(EDITED)
        assert stripped[at + 1 : at + 4] == [
            "critic: The house is missing.", f"suggested: {SUGGESTED}", f"edited to: {EDITED}",
        ]  # fmt: skip
    assert f"suggested next, and not painted: {AGAIN}" in lines
    kept = history_json(await read_ancestry())
    assert "suggested" not in kept["candidates"][0]
    assert (kept["candidates"][1]["suggested"], kept["candidates"][1]["prompt"]) == (SUGGESTED, EDITED)
    assert kept["unpainted"] == [AGAIN]
    assert f"A person edited what was suggested: {SUGGESTED}" in render_page(run)


@pytest.mark.slow
async def test_a_remark_is_followed_before_anything_is_painted(wires: Wires) -> None:
    await waiting()
    run = await aresume(answer="show the house from the water")
    assert asked(run)["args"]["prompt"] == AGAIN
    assert section(told(wires.chat.asked[1]), "remark") == "show the house from the water"
    assert len(wires.stability.paid) == 1
    run = await aresume(answer="reject")
    assert (run.status, run.stop_reason, len(run.candidates)) == ("stopped", "person", 1)
    assert run.champion == run.candidates[0]


@pytest.mark.slow
@pytest.mark.parametrize("ideas", [False, True])
async def test_an_idea_is_painted_where_a_person_or_a_setting_says_so(ideas: bool, wires: Wires) -> None:
    wires.answers = [said(SUGGESTED, IDEA)]
    run = await waiting(ideas=ideas)
    assert asked(run)["args"] == (
        {"prompt": f"{SUGGESTED}. {IDEA}"} if ideas else {"prompt": SUGGESTED, "use_idea": False}
    )
    await aresume(answer="approve" if ideas else edit(use_idea=True))
    await aresume(answer="approve")
    plain = f"{SUGGESTED}. {IDEA}" if ideas else SUGGESTED
    assert [paid.prompt for paid in wires.stability.paid] == [BRIEF, f"{SUGGESTED}. {IDEA}", plain]


BROKEN: dict[str, str | Say] = {
    "prose": "Failed to analyze image: quota exceeded.",
    "empty": "",
    "nothing suggested": said("  "),
    "two lines": said("A tea house.\nA lake."),
    "cut off": Say(said(SUGGESTED)[:60], finish="length"),
    "refused": Say(None, refusal="I cannot look at this."),
    "a bad request": Say("Failed to analyze image", status=400),
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_a_failed_analysis_is_an_error_and_never_a_prompt(broken: str | Say, wires: Wires) -> None:
    wires.answers = [broken]
    run = await arefine(BRIEF, preset="human-edit", settings={"seed": 7})
    assert (run.status, run.requests) == ("failed", [])
    assert run.error
    assert [paid.prompt for paid in wires.stability.paid] == [BRIEF]
    (kept,) = run.candidates
    assert run.champion == kept
    path = run.image_path(kept)
    assert path is not None
    assert path.is_file()
    wires.answers = [said(SUGGESTED)]
    run = await aresume()
    assert (run.status, asked(run)["args"]["prompt"]) == ("waiting", SUGGESTED)
    await aresume(answer="approve")
    assert [paid.prompt for paid in wires.stability.paid] == [BRIEF, SUGGESTED]


@pytest.mark.slow
async def test_without_room_to_ask_a_person_writes_the_next_prompt_alone(wires: Wires) -> None:
    await waiting(max_calls=1)
    run = await aresume(answer=edit(prompt=EDITED))
    assert asked(run)["args"] == {"prompt": EDITED}
    assert "Nothing is suggested: a model call might go past max_calls" in asked(run)["description"]
    await aresume(answer=edit(prompt=AGAIN))
    assert wires.crossed == [("paint", BRIEF), ("suggest", BRIEF), ("paint", EDITED), ("paint", AGAIN)]


@pytest.mark.slow
async def test_a_blocked_picture_is_not_painted_again_before_a_person_says_so(wires: Wires) -> None:
    wires.stability.finish = "CONTENT_FILTERED"
    run = await waiting()
    assert asked(run)["description"].splitlines() == [
        "There is no picture yet.",
        "Nothing is suggested: there is no picture to go by. Edit the prompt, or approve it to try another seed.",
    ]
    wires.stability.finish = "SUCCESS"
    run = await aresume(answer=edit(prompt=EDITED))
    assert asked(run)["args"] == {"prompt": SUGGESTED}
    assert wires.crossed == [("paint", BRIEF), ("paint", EDITED), ("suggest", EDITED)]


@pytest.mark.slow
def test_a_failed_analysis_ends_with_code_3_and_says_how_to_go_on(
    wires: Wires, capsys: pytest.CaptureFixture[str]
) -> None:
    wires.answers = ["Failed to analyze image"]
    assert main(["refine", BRIEF, "--preset", "human-edit", "--quiet"]) == 3
    told = capsys.readouterr()
    assert "picture 0.0 could not be analysed: the answer could not be read: it holds no JSON object" in told.err
    assert "overpaint resume" in told.err
    wires.answers = [said(SUGGESTED)]
    assert main(["resume", "--quiet"]) == 4
    assert len(wires.stability.paid) == 1
