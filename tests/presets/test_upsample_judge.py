"""upsample-judge: whole runs against a chat server and fal's queue, its painter on a tiny SDXL, and the built-in world."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from overpaint.cli import main
from overpaint.graph.settings import PAINTER_OPTIONS, load_preset
from overpaint.result import Run
from overpaint.run import arefine, stream
from overpaint.tools.backends import fal
from tests.image_servers import FalQueue, blocks, fal_queue
from tests.servers import ChatServer, Request, Say, chat_server

BRIEF = "a frog dressed as a knight"
ATTEMPTS = [
    f"attempt {number}: a green frog in plate armour stands on a mossy stone in the rain" for number in (1, 2, 3)
]
UPSAMPLED = (
    "A green frog in polished plate armour stands on a mossy stone, a tiny sword raised, rain dripping around it."
)
ON_SERVERS = {"painter": "fal:", "seed": 1}
OFFLINE_BRIEF = "a yellow star to the left of a green circle and a red square below a blue triangle"

pytestmark = pytest.mark.slow

Judged = tuple[float, str] | None
"""Score and verdict of a picture; None where the judge's answers cannot be read."""


@dataclass
class Servers:
    """The two servers of a run, and what the models on them say.

    Args:
        judged: what the judge says of pictures, by their prompt: the first time, the second, …; the last is repeated.
        writes: whether the writer's answers can be read.
    """

    chat: ChatServer
    fal: FalQueue
    judged: dict[str, list[Judged]] = field(default_factory=dict)
    writes: bool = True

    def think(self, request: Request) -> Say:
        content = next(message["content"] for message in request.json["messages"] if message["role"] == "user")
        if len(content) > 1:
            return self._judgement(self._prompt_of(content[1]))
        if not self.writes:
            return Say("Sure!")
        if "<attempts>" in content[0]["text"]:
            return Say(json.dumps({"rationale": "The second is the clearest.", "description": UPSAMPLED}))
        place = next(place for place in (1, 2, 3) if f"<number>{place}</number>" in content[0]["text"])
        return Say(json.dumps({"reasoning": "r", "prompt": ATTEMPTS[place - 1]}))

    def _prompt_of(self, shown: Any) -> str:
        seen = base64.b64decode(shown["image_url"]["url"].partition("base64,")[2])
        return next(paid.prompt for paid in self.fal.paid if blocks(paid.prompt, paid.seed) == seen)

    def _judgement(self, prompt: str) -> Say:
        left = self.judged[prompt]
        judged = left.pop(0) if len(left) > 1 else left[0]
        if judged is None:
            return Say("Lovely!")
        score, verdict = judged
        return Say(
            json.dumps({"thoughts": "I see.", "score": score, "verdict": verdict, "quality": round(1 - score, 2)})
        )

    @property
    def painted(self) -> list[str]:
        """The prompts that were paid for."""
        return [paid.prompt for paid in self.fal.paid]

    async def paint(self, brief: Judged, upsampled: Judged, **settings: Any) -> Run:
        """A run in which the two prompts are always judged so."""
        self.judged = {BRIEF: [brief], UPSAMPLED: [upsampled]}
        return await arefine(BRIEF, preset="upsample-judge", settings={**ON_SERVERS, "max_images": 2, **settings})


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    monkeypatch.setattr(fal, "POLL_SECONDS", (0.02, 0.05))
    with chat_server() as chat, fal_queue() as queue:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", chat.url)
        monkeypatch.setenv("FAL_KEY", "fal-of-this-test")
        monkeypatch.setenv("FAL_BASE_URL", queue.url)
        serving = Servers(chat, queue)
        chat.think = serving.think
        yield serving


async def test_attempts_then_one_comparison_then_both_prompts_are_painted_and_judged(servers: Servers) -> None:
    run = await servers.paint((0.4, "incorrect"), (0.9, "correct"))
    asked = [request.json for request in servers.chat.asked]
    assert [call["model"] for call in asked] == ["gpt-4.1"] * 4 + ["gpt-4o"] * 2
    assert [call.get("seed") for call in asked] == [None] * 4 + [42] * 2
    assert {call["temperature"] for call in asked[:4]} == {0.7}
    compared = asked[3]["messages"][-1]["content"][0]["text"]
    assert [compared.index(attempt) for attempt in ATTEMPTS] == sorted(compared.index(attempt) for attempt in ATTEMPTS)
    for call in asked[4:]:
        assert call["messages"][-1]["content"][0]["text"] == f"<brief>\n{BRIEF}\n</brief>"
    assert sorted(servers.painted) == sorted([BRIEF, UPSAMPLED])
    assert (run.receipt["calls"], run.receipt["images"]) == (6, 2)
    assert [(r["id"], r["prompt"]) for r in run.candidates] == [("0.0", BRIEF), ("0.1", UPSAMPLED)]
    assert len({r["seed"] for r in run.candidates}) == 2


async def test_correct_stops_and_the_higher_score_is_champion_whatever_the_quality(servers: Servers) -> None:
    run = await servers.paint((0.95, "correct"), (0.6, "correct"), max_images=8)
    assert (run.status, run.stop_reason, run.receipt["images"]) == ("passed", "passed", 2)
    assert run.champion is not None
    assert (run.champion["id"], run.champion["prompt"]) == ("0.0", BRIEF)
    scores = [(v["score"], v["quality"]) for r in run.candidates if (v := r["verdict"]) is not None]
    assert scores == [(0.95, 0.05), (0.6, 0.4)]


@pytest.mark.parametrize(
    ("brief", "upsampled", "champion"),
    [
        ((0.2, "incorrect"), (0.4, "incorrect"), "0.1"),
        ((0.4, "incorrect"), (0.2, "incorrect"), "0.0"),
        (None, (0.0, "incorrect"), "0.1"),
        ((0.0, "incorrect"), None, "0.0"),
        ((0.8, "incorrect"), (0.1, "incorrect"), "0.1"),
    ],
    ids=["upsampled", "brief", "brief unjudged", "upsampled unjudged", "brief contradicted"],
)
async def test_the_better_judged_picture_is_champion(
    servers: Servers, brief: Judged, upsampled: Judged, champion: str
) -> None:
    run = await servers.paint(brief, upsampled)
    assert (run.status, run.stop_reason) == ("stopped", "max_images")
    assert run.champion is not None
    assert run.champion["id"] == champion
    for record, judged in zip(run.candidates, (brief, upsampled), strict=True):
        assert record["verdict"] is not None
        unusable = judged is None or judged == (0.8, "incorrect")
        assert record["verdict"]["score"] == (None if unusable else judged and judged[0])
        assert bool(record["verdict"]["fault"]) == unusable


async def test_then_other_seeds_of_the_better_prompt_until_one_is_correct(servers: Servers) -> None:
    servers.judged = {
        BRIEF: [(0.1, "incorrect")],
        UPSAMPLED: [(0.4, "incorrect"), (0.3, "incorrect"), None, None, (0.45, "incorrect"), (0.9, "correct")],
    }
    run = await arefine(BRIEF, preset="upsample-judge", settings={**ON_SERVERS, "per_round": 2, "max_images": 16})
    assert run.status == "passed"
    assert [r["action"] for r in run.candidates] == ["start"] * 2 + ["reseed"] * (len(run.candidates) - 2)
    assert {r["prompt"] for r in run.candidates[1:]} == {UPSAMPLED}
    assert len({r["seed"] for r in run.candidates}) == len(run.candidates)
    assert run.champion is not None
    assert run.champion["verdict"] is not None
    assert run.champion["verdict"]["score"] == 0.9
    assert [request.json["model"] for request in servers.chat.asked].count("gpt-4.1") == 4


async def test_without_a_readable_attempt_the_brief_is_painted_with_a_warning(servers: Servers) -> None:
    servers.writes, servers.judged = False, {BRIEF: [(0.3, "incorrect")]}
    given = {**ON_SERVERS, "max_images": 2}
    told = [event async for event in stream(BRIEF, preset="upsample-judge", settings=given)]
    warnings = [event["text"] for event in told if event["kind"] == "warning"]
    assert warnings == ["no attempt at a prompt could be had, so the brief is painted as it is"]
    assert servers.painted == [BRIEF, BRIEF]


@pytest.mark.parametrize(
    ("cap", "written", "painted"),
    [(2, 1, [ATTEMPTS[0]]), (3, 2, [ATTEMPTS[0]]), (5, 4, [UPSAMPLED]), (12, 4, [BRIEF, UPSAMPLED])],
)
async def test_a_cap_on_calls_is_kept_and_what_is_painted_is_judged(
    servers: Servers, cap: int, written: int, painted: list[str]
) -> None:
    servers.judged = {prompt: [(0.3, "incorrect")] for prompt in (BRIEF, UPSAMPLED, ATTEMPTS[0])}
    given = {**ON_SERVERS, "max_calls": cap, "max_images": 2}
    run = await arefine(BRIEF, preset="upsample-judge", settings=given)
    assert run.receipt["calls"] == len(servers.chat.asked) == written + len(painted) <= cap
    assert sorted(servers.painted) == sorted(painted)
    assert [r["verdict"] and r["verdict"]["score"] for r in run.candidates] == [0.3] * len(painted)


async def test_another_number_of_attempts_is_one_setting(servers: Servers) -> None:
    run = await servers.paint((0.3, "incorrect"), (0.4, "incorrect"), attempts=1)
    assert run.receipt["calls"] == 1 + 1 + 2


def test_a_dry_run_counts_every_question_of_the_writer(servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
    def calls(*given: str) -> int:
        assert (
            main(["refine", BRIEF, "--preset", "upsample-judge", "--set=painter=fal:", *given, "--dry-run", "--json"])
            == 0
        )
        return int(json.loads(capsys.readouterr().out)["at_most"]["calls"])

    assert calls("--set=attempts=8") - calls() == 5 * 2
    assert calls() - calls("--set=upsample_method=rewrite") == (3 + 1) * 2
    assert not servers.chat.requests


def test_the_sheet_shows_both_with_prompts_and_scores(servers: Servers, tmp_path: Path, capsys: Any) -> None:
    servers.judged = {BRIEF: [(0.4, "incorrect")], UPSAMPLED: [(0.9, "correct")]}
    given = ["--set", "painter=fal:", "--set", "seed=1", "--out", str(tmp_path / "out")]
    assert main(["refine", BRIEF, "--preset", "upsample-judge", *given]) == 0
    assert "the brief and its upsampled prompt compete" in capsys.readouterr().out
    page = (tmp_path / "out" / "sheet.html").read_text("utf-8")
    for shown in (BRIEF, UPSAMPLED, "40%", "90%"):
        assert shown in page


def test_both_are_painted_side_by_side_offline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--preset", "upsample-judge", "--offline", "--set", "seed=3", "--json", "--out", str(tmp_path / "out")]
    assert main(["refine", OFFLINE_BRIEF, *given]) == 0
    run = json.loads(capsys.readouterr().out)
    base, upsampled = run["candidates"]
    assert base["prompt"] == OFFLINE_BRIEF
    assert upsampled["prompt"] == run["champion"]["prompt"] != OFFLINE_BRIEF
    assert base["score"] <= 0.5 < upsampled["score"]
    assert (run["receipt"]["images"], run["receipt"]["calls"]) == (2, 3 + 1 + 2)
    assert (tmp_path / "out" / "sheet.png").stat().st_size > 10_000


def painters() -> dict[str, Any]:
    """What the preset says of its painter."""
    chats = load_preset("upsample-judge", given=["painter"])
    return {name: value for name, value in load_preset("upsample-judge").items() if name not in chats}


def test_the_painter_is_sdxl_as_the_source_has_it() -> None:
    assert {name: value for name, value in painters().items() if name != "negative_prompt"} == {
        "painter": "diffusers:stabilityai/stable-diffusion-xl-base-1.0",
        "size": "1024x1024",
        "steps": 50,
        "guidance": 7.0,
        "dtype": "float16",
        "variant": "fp16",
        "offload": "model",
    }
    assert {"dtype", "variant", "offload"} <= PAINTER_OPTIONS.keys()


# diffusers gives numpy a tensor.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
@pytest.mark.long
async def test_steps_guidance_and_negative_prompt_arrive_at_an_sdxl_of_fp16_weights(
    servers: Servers, tmp_path: Path
) -> None:
    from tests import tiny_pipelines

    folder = tiny_pipelines.save("sdxl", tmp_path / "sdxl", variant="fp16")
    here = {"painter": f"diffusers:{folder}", "device": "cpu", "offload": "none", "dtype": "float32", "size": "64x64"}
    given = {**painters(), **here, "writer": "shapes", "critic": "shapes", "judge": "shapes", "seed": 1}
    told = [e async for e in stream("a red circle", preset="upsample-judge", settings={**given, "max_images": 2})]
    assert max(event["step"] for event in told if event["kind"] == "step") == 50
    records = told[-1]["run"].candidates
    wanted = {"steps": 50, "guidance": 7.0, "variant": "fp16", "pipeline": "StableDiffusionXLPipeline"}
    for record in records:
        assert record["outcome"] == "ok", record["reason"]
        assert {name: record["params"][name] for name in wanted} == wanted
        assert record["params"]["negative_prompt"] == painters()["negative_prompt"]
    other = {**given, "negative_prompt": "a wooden table", "max_images": 2}
    again = await arefine("a red circle", preset="upsample-judge", settings=other)
    assert [r["seed"] for r in again.candidates] == [r["seed"] for r in records]
    pictures = {r["image"]["sha256"] for r in (*records, *again.candidates) if r["image"]}
    assert len(pictures) == 4


def test_without_a_gpu_one_line_says_what_to_set_before_anything_is_asked(
    servers: Servers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests import tiny_pipelines

    folder = tiny_pipelines.save("sdxl", tmp_path / "sdxl", variant="fp16")
    given = [f"--set={name}={value}" for name, value in {**painters(), "painter": f"diffusers:{folder}"}.items()]
    assert main(["refine", BRIEF, "--preset", "upsample-judge", *given, "--set", "device=cpu"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "set offload=none, and dtype=float32" in line
    assert not servers.chat.requests
