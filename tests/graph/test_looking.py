"""What the judge is shown: crops at full size where its copy hides text or counts, and the odds of a yes where asked."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from overpaint.graph.looking import details_of
from overpaint.graph.record import Belief
from overpaint.graph.state import Requirement
from overpaint.graph.templates import text_of
from overpaint.result import Run
from overpaint.run import arefine
from overpaint.tools.images import ImageRef
from overpaint.tools.painters import PaintRequest, PaintResult, Progress
from tests.graph.test_faults import Moody, moody
from tests.image_servers import encoded
from tests.servers import ChatServer, Request, Say, chat_server

__all__ = ["moody"]

BOX = [0.5, 0.5, 0.75, 0.75]


def requirement(kind: str) -> Requirement:
    return Requirement(id="r", text=kind, question="?", kind=kind, expected="yes", weight=1.0)


def belief(box: list[float] | None) -> Belief:
    return Belief(requirement="r", answer="no", said="no", evidence="", box=box, looks=["no"])


def picture(side: int) -> ImageRef:
    return ImageRef(sha256="0" * 64, mime="image/png", width=side, height=side // 2)


@pytest.mark.parametrize(
    ("side", "kinds", "boxes", "shown"),
    [
        (1568, ["text"], [BOX], []),
        (1569, ["text", "object", "count"], [BOX, BOX, [0, 0, 1, 1]], [BOX, [0, 0, 1, 1]]),
        (4000, ["text"], [None], []),
        (4000, ["count"], [], []),
        (4000, ["text"] * 9, [BOX] * 9, [BOX] * 4),
    ],
)
def test_text_and_counts_are_shown_enlarged_where_the_copy_is_smaller(
    side: int, kinds: list[str], boxes: list[Any], shown: list[Any]
) -> None:
    asked, held = [requirement(kind) for kind in kinds], [belief(box) for box in boxes]
    assert details_of(picture(side), asked, held, 1568) == shown


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        serving.think = speaking
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


KINDS = ("text", "object")


def speaking(request: Request) -> Say:
    """A writer of two requirements, and a judge who finds both at BOX and is nine to one sure."""
    if request.json.get("logprobs"):
        return Say("Yes", finish="length", odds={"Yes": 0.9, "No": 0.1})
    if request.json["model"] == "w":
        drafts = [{"text": k, "question": f"Is there {k}?", "kind": k, "expected": "yes", "weight": 1} for k in KINDS]
        return Say(json.dumps({"requirements": drafts}))
    seen = [{"number": i, "answer": "yes", "evidence": "there", "box": BOX} for i in range(1, len(KINDS) + 1)]
    return Say(json.dumps({"observations": "Things.", "answers": seen, "flaws": [], "quality": 0.5}))


async def refined(moody: Moody, side: int, **settings: Any) -> Run:
    class Large(Moody):
        async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
            return PaintResult("ok", encoded(Image.effect_noise((side, side), 90)))

    moody.__class__ = Large
    roles = {"painter": "moody", "writer": "openai:w", "judge": "openai:j", "upsample": False, "max_images": 1}
    return await arefine("a sign", settings={**roles, "seed": 1, **settings})


def beliefs_of(run: Run) -> list[Belief]:
    verdict = run.candidates[0]["verdict"]
    assert verdict is not None
    return verdict["beliefs"]


def shown_to(request: Request) -> list[Image.Image]:
    blocks = request.json["messages"][-1]["content"]
    urls = [block["image_url"]["url"] for block in blocks if block["type"] == "image_url"]
    return [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]


@pytest.mark.slow
async def test_the_second_look_at_a_large_picture_gets_crops_of_what_is_fine(moody: Moody, server: ChatServer) -> None:
    run = await refined(moody, 2400)
    assert run.status == "passed"
    first, second = [r for r in server.asked if r.json["model"] == "j"]
    assert [image.size[0] for image in shown_to(first)] == [1568]
    whole, crop = shown_to(second)
    assert (whole.size[0], crop.size[0]) == (1568, 900)  # a quarter of 2400 pixels, and a quarter of that on each side
    assert "[0.44, 0.44, 0.81, 0.81]" in str(second.json["messages"][-1]["content"])
    assert all(b["box"] == BOX for b in beliefs_of(run))


@pytest.mark.slow
async def test_what_is_said_of_crops_and_asked_for_odds_can_be_replaced(moody: Moody, server: ChatServer) -> None:
    own = {
        "judge_details_human_prompt": "OWN parts {{ places }}",
        "judge_yes_human_prompt": "OWN odds of {{ question }}",
    }
    run = await refined(moody, 2400, probabilities=True, **own)
    _, again, *odds = [r for r in server.asked if r.json["model"] == "j"]
    assert "OWN parts [[0.44, 0.44, 0.81, 0.81]]" in str(again.json["messages"][-1]["content"])
    asked = [r.json["messages"][-1]["content"][0]["text"] for r in odds]
    assert asked == [f"OWN odds of Is there {kind}?" for kind in KINDS]
    labels, templates = run.candidates[0]["prompts"], {"judge.details.human": own["judge_details_human_prompt"]}
    assert labels["judge.details"] == text_of("judge.details", templates).label != text_of("judge.details", None).label


@pytest.mark.slow
async def test_the_odds_of_a_yes_are_kept_where_they_are_asked_for(moody: Moody, server: ChatServer) -> None:
    run = await refined(moody, 64, probabilities=True)
    assert [b["probability"] for b in beliefs_of(run)] == [0.9, 0.9]
    assert run.receipt["calls"] == len(server.asked) == 1 + 2 + len(KINDS)


@pytest.mark.slow
async def test_odds_that_no_cap_leaves_room_for_are_left_out(moody: Moody, server: ChatServer) -> None:
    run = await refined(moody, 64, probabilities=True, max_calls=4)
    assert ["probability" in b for b in beliefs_of(run)] == [True, False]
    assert run.receipt["calls"] == len(server.asked) == 4
    assert run.status == "passed"


@pytest.mark.slow
async def test_a_question_for_odds_that_fails_costs_no_look_that_was_paid_for(moody: Moody, server: ChatServer) -> None:
    def failing(request: Request) -> Say:
        return Say("too many", status=500) if request.json.get("logprobs") else speaking(request)

    server.think = failing
    run = await refined(moody, 64, probabilities=True)
    assert run.status == "passed"
    assert ["probability" in b for b in beliefs_of(run)] == [False, False]
    assert run.receipt["calls"] == len(server.asked) == 1 + 2 + 1
