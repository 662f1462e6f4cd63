"""The painting tool: one picture per key, whatever is cut off, and no bytes where models and traces can see them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.generate_image import make_generate_image
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Claim, Ledger
from overpaint.tools.pacing import turn
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from overpaint.tools.painting import LONGEST_PROMPT, Painting

Draw = Callable[..., bytes]
ABLE = Abilities(accepts=frozenset({"size", "steps", "strength"}), edit="mask", seeds=True, price_usd=0.04)


class Remote:
    """A stand-in for a paid provider: what it answers is set by the test, and what it was asked is kept."""

    name = "remote:test"

    def __init__(self, answer: Callable[[PaintRequest], Awaitable[PaintResult]], abilities: Abilities = ABLE) -> None:
        self.answer = answer
        self.abilities = abilities
        self.asked: list[PaintRequest] = []

    async def check(self) -> None:
        """Nothing is needed."""

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        self.asked.append(request)
        if progress is not None:
            progress(1, 2)
        return await self.answer(request)


@pytest.fixture
def images(home: Path) -> ImageStore:
    return ImageStore(home / "images")


@pytest.fixture
def ledger(home: Path) -> Ledger:
    home.mkdir()
    return Ledger(open_database(f"sqlite:///{home}/overpaint.db"))


@pytest.fixture
def remote(draw: Draw) -> Remote:
    async def answer(request: PaintRequest) -> PaintResult:
        data = draw((20, 20, 8, "red"), size=request.size or (64, 64))
        return PaintResult("ok", data, seed=request.seed, params={"steps": 20}, notes=("cut",), seconds=0.5)

    return Remote(answer)


@pytest.fixture
def tool(remote: Remote, images: ImageStore, ledger: Ledger) -> BaseTool:
    return make_generate_image(remote, images, ledger)


def call(prompt: str = "a red circle", **args: Any) -> dict[str, Any]:
    return {"type": "tool_call", "id": "1", "name": "generate_image", "args": {"prompt": prompt, **args}}


async def paint(tool: BaseTool, **args: Any) -> Painting:
    message = await tool.ainvoke(call(**args))
    assert isinstance(message, ToolMessage)
    painting: Painting = message.artifact
    json.dumps(painting)
    return painting


async def test_a_picture_is_painted_kept_and_told_in_one_line(
    tool: BaseTool, remote: Remote, images: ImageStore
) -> None:
    message = await tool.ainvoke(call(seed=7, width=64, height=32, steps=20))
    painting = message.artifact
    sha256 = painting["image"]["sha256"]
    assert message.content == f"Painted picture {sha256} (64x32, seed 7)."
    assert painting == {
        "image": {"sha256": sha256, "mime": "image/png", "width": 64, "height": 32},
        "outcome": "ok",
        "reason": "",
        "seed": 7,
        "params": {"steps": 20},
        "notes": ["cut"],
        "seconds": 0.5,
        "painted": True,
        "usd": 0.04,
    }
    assert remote.asked == [PaintRequest("a red circle", seed=7, size=(64, 32), steps=20)]
    assert (await images.load(sha256)).startswith(b"\x89PNG")


async def test_one_key_is_paid_once_and_without_a_key_each_call_is_new(tool: BaseTool, remote: Remote) -> None:
    first = await paint(tool, key="k")
    again = await paint(tool, key="k")
    assert again == {**first, "painted": False}
    assert len(remote.asked) == 1
    for _ in range(2):
        assert (await paint(tool))["painted"]
    assert len(remote.asked) == 3


async def test_calls_at_the_same_time_share_one_picture(tool: BaseTool, remote: Remote) -> None:
    paintings = await asyncio.gather(*(paint(tool, key="k") for _ in range(5)))
    assert len(remote.asked) == 1
    assert sum(painting["painted"] for painting in paintings) == 1
    assert len({json.dumps(painting["image"]) for painting in paintings}) == 1


async def test_a_stored_picture_is_the_source_of_an_edit(tool: BaseTool, remote: Remote, images: ImageStore) -> None:
    source = (await paint(tool))["image"]
    assert source is not None
    await paint(tool, source=source["sha256"], boxes=[[0, 0, 0.5, 1]], strength=0.6)
    assert remote.asked[1].source == await images.load(source["sha256"])
    assert (remote.asked[1].boxes, remote.asked[1].strength) == (((0, 0, 0.5, 1),), 0.6)


async def test_a_call_tells_that_it_has_begun_when_its_turn_has_come(
    remote: Remote, images: ImageStore, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", "of-this-test=1")
    remote.abilities, begun = replace(ABLE, provider="of-this-test"), asyncio.Event()
    tool = make_generate_image(remote, images, ledger, begun=begun.set)
    async with turn("of-this-test"):
        waiting = asyncio.create_task(paint(tool, key="k"))
        await asyncio.sleep(0.1)
        assert not begun.is_set()
        assert remote.asked == []
    assert (await waiting)["image"]
    assert begun.is_set()


async def test_progress_is_passed_on(remote: Remote, images: ImageStore, ledger: Ledger) -> None:
    steps: list[tuple[int, int]] = []
    await paint(make_generate_image(remote, images, ledger, lambda step, of: steps.append((step, of))))
    assert steps == [(1, 2)]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"guidance": 4.0}, "does not honour guidance"),
        ({"negative_prompt": "text"}, "does not honour negative_prompt"),
        ({"width": 64}, "give both"),
        ({"boxes": [[0, 0, 1, 1]]}, "source"),
        ({"strength": 0.5}, "source"),
        ({"source": "a" * 64}, "no picture"),
        ({"source": "../../etc/passwd"}, "not a sha256"),
    ],
)
async def test_what_cannot_be_done_is_refused_before_anything_is_paid(
    args: dict[str, Any], message: str, tool: BaseTool, remote: Remote
) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        await paint(tool, **args)
    assert "\n" not in str(caught.value)
    assert remote.asked == []


@pytest.mark.parametrize(
    ("edit", "boxes", "message"),
    [(None, [], "cannot start"), ("instruct", [[0, 0, 1, 1]], "boxes"), ("mask", [[0.5, 0, 0.5, 1]], "empty")],
)
async def test_an_edit_the_painter_cannot_do_is_refused(
    edit: Any, boxes: Any, message: str, remote: Remote, images: ImageStore, ledger: Ledger, draw: Draw
) -> None:
    source = await images.save(draw((20, 20, 8, "red")))
    remote.abilities = Abilities(edit=edit)
    with pytest.raises(BadInput, match=message):
        await paint(make_generate_image(remote, images, ledger), source=source["sha256"], boxes=boxes)
    assert remote.asked == []


@pytest.mark.parametrize(
    "args",
    [
        {"prompt": ""},
        {"prompt": "half a character \ud83d"},
        {"seed": -1},
        {"seed": "seven"},
        {"width": 10**6, "height": 64},
        {"boxes": [[0, 0, 64, 64]]},
        {"boxes": [[0, 0, 1]]},
        {"strength": 2},
        {"steps": 0},
        {"colour": "red"},
        {"prompt": "x" * (LONGEST_PROMPT + 1)},
    ],
)
async def test_arguments_out_of_bounds_are_refused(args: dict[str, Any], tool: BaseTool, remote: Remote) -> None:
    with pytest.raises(ValidationError):
        await paint(tool, **args)
    assert remote.asked == []


async def test_a_blocked_request_is_kept_and_not_asked_again(images: ImageStore, ledger: Ledger) -> None:
    async def answer(request: PaintRequest) -> PaintResult:
        return PaintResult("blocked", notes=("content policy",))

    remote = Remote(answer)
    tool = make_generate_image(remote, images, ledger)
    for painted in (True, False):
        painting = await paint(tool, key="k")
        assert (painting["outcome"], painting["reason"], painting["image"]) == (
            "blocked",
            "remote:test blocked it: content policy",
            None,
        )
        assert painting["painted"] is painted
    assert len(remote.asked) == 1
    assert "blocked" in (await tool.ainvoke(call(key="k"))).content


@pytest.mark.parametrize("data", [None, b"", b"<html>502</html>", b"\x89PNG\r\n\x1a\n broken off"])
async def test_an_answer_that_is_no_picture_is_an_error_of_this_candidate(
    data: bytes | None, images: ImageStore, ledger: Ledger
) -> None:
    async def answer(request: PaintRequest) -> PaintResult:
        return PaintResult("ok", data, params={"dtype": object, "nan": float("nan")})

    painting = await paint(make_generate_image(Remote(answer), images, ledger))
    assert (painting["outcome"], painting["image"]) == ("error", None)
    assert "remote:test sent no usable picture" in painting["reason"]


async def test_a_fault_is_raised_and_the_next_attempt_may_paint(remote: Remote, tool: BaseTool) -> None:
    works = remote.answer

    async def fails(request: PaintRequest) -> PaintResult:
        raise ProviderFault("remote:test is busy: try again", retryable=True)

    remote.answer = fails
    with pytest.raises(ProviderFault, match="busy") as caught:
        await paint(tool, key="k")
    assert caught.value.retryable
    remote.answer = works
    assert (await paint(tool, key="k"))["outcome"] == "ok"


async def cut_off(tool: BaseTool, remote: Remote) -> None:
    """Cancel a call while the provider is at work; afterwards it works again."""
    works, begun = remote.answer, asyncio.Event()

    async def hangs(request: PaintRequest) -> PaintResult:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError

    remote.answer = hangs
    task = asyncio.create_task(paint(tool, key="k"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    remote.answer = works


async def test_a_paid_request_that_was_cut_off_is_never_silently_paid_again(tool: BaseTool, remote: Remote) -> None:
    await cut_off(tool, remote)
    for _ in range(2):
        painting = await paint(tool, key="k")
        assert (painting["outcome"], painting["image"], painting["painted"]) == ("unknown", None, False)
        assert painting["usd"] == 0.04
    assert len(remote.asked) == 1


async def test_what_a_picture_really_cost_goes_before_its_declared_price(
    tool: BaseTool, remote: Remote, draw: Draw
) -> None:
    async def cheap(request: PaintRequest) -> PaintResult:
        return PaintResult("ok", draw((20, 20, 8, "red"), size=(64, 64)), usd=0.011)

    remote.answer = cheap
    assert (await paint(tool, key="k"))["usd"] == 0.011


async def test_a_free_request_that_was_cut_off_is_simply_repeated(tool: BaseTool, remote: Remote) -> None:
    remote.abilities = Abilities(free=True, price_usd=0.0)
    await cut_off(tool, remote)
    assert (await paint(tool, key="k"))["outcome"] == "ok"
    assert len(remote.asked) == 2


async def test_an_error_nobody_foresaw_may_have_been_paid_for(tool: BaseTool, remote: Remote) -> None:
    async def breaks(request: PaintRequest) -> PaintResult:
        raise KeyError("data")

    remote.answer = breaks
    with pytest.raises(KeyError):
        await paint(tool, key="k")
    assert (await paint(tool, key="k"))["outcome"] == "unknown"


async def test_a_picture_that_came_is_kept_even_when_the_call_is_cancelled(
    tool: BaseTool, remote: Remote, images: ImageStore
) -> None:
    works = remote.answer

    async def comes_as_the_call_is_cancelled(request: PaintRequest) -> PaintResult:
        asyncio.get_running_loop().call_soon(task.cancel)
        return await works(request)

    remote.answer = comes_as_the_call_is_cancelled
    task = asyncio.create_task(paint(tool, key="k"))
    with pytest.raises(asyncio.CancelledError):
        await task
    painting = await paint(tool, key="k")
    assert (painting["outcome"], painting["painted"]) == ("ok", False)
    assert len(remote.asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_cancelled_while_claiming_leaves_the_request_free_and_unpaid(
    times: int, tool: BaseTool, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = Ledger._claim

    def slow(ledger: Ledger, key: str, request: str, run: str | None) -> Claim:
        won = claim(ledger, key, request, run)
        time.sleep(0.2)
        return won

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_claim", slow)
        task = asyncio.create_task(paint(tool, key="k"))
        for _ in range(times):
            await asyncio.sleep(0.05)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not remote.asked
    assert (await asyncio.wait_for(paint(tool, key="k"), 5))["outcome"] == "ok"


async def test_a_picture_that_finds_no_room_is_not_silently_paid_again(
    remote: Remote, ledger: Ledger, tiny_disk: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overpaint.tools.images.ROOM", 0)

    async def answer(request: PaintRequest) -> PaintResult:
        return PaintResult("ok", draw((20, 20, 8, "red"), size=(200, 200), compress_level=0))

    tool = make_generate_image(Remote(answer), ImageStore(tiny_disk), ledger)
    with pytest.raises(BadInput, match="disk is full"):
        await paint(tool, key="k")
    assert (await paint(tool, key="k"))["outcome"] == "unknown"


async def test_without_room_for_a_picture_nothing_is_paid(
    tool: BaseTool, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overpaint.tools.images.ROOM", 10**18)
    with pytest.raises(BadInput, match="none was asked for: free some space") as caught:
        await paint(tool, key="k")
    assert "\n" not in str(caught.value)
    assert remote.asked == []
    monkeypatch.setattr("overpaint.tools.images.ROOM", 1)
    assert (await paint(tool, key="k"))["painted"]
    monkeypatch.setattr("overpaint.tools.images.ROOM", 10**18)
    assert (await paint(tool, key="k"))["outcome"] == "ok"
    remote.abilities = Abilities(free=True)
    assert (await paint(tool))["painted"]


class Gone:
    """A ledger whose database is gone from the moment a picture comes, until it is `back`."""

    def __init__(self, ledger: Ledger, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("overpaint.tools.claiming._PAUSES", (0.02, 0.1))
        self.ledger, self.there, self.works = ledger, ledger.database, remote.answer
        self.gone = asyncio.Event()
        remote.answer = self.answer

    async def answer(self, request: PaintRequest) -> PaintResult:
        self.ledger.database = open_database("sqlite:////missing/overpaint.db")
        self.gone.set()
        return await self.works(request)

    def back(self) -> None:
        self.ledger.database = self.there


async def test_a_database_that_is_gone_for_a_while_costs_no_picture(
    tool: BaseTool, remote: Remote, images: ImageStore, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Gone(ledger, remote, monkeypatch)
    painting = asyncio.create_task(paint(tool, key="k"))
    await gone.gone.wait()
    while not list(images.root.rglob("*.png")):
        assert not painting.done()
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert not painting.done()
    gone.back()
    assert (await painting)["outcome"] == "ok"
    assert not (await paint(tool, key="k"))["painted"]
    assert len(remote.asked) == 1


async def test_a_database_that_stays_away_leaves_the_picture_on_disk_and_says_where(
    tool: BaseTool, remote: Remote, images: ImageStore, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Gone(ledger, remote, monkeypatch)
    monkeypatch.setattr("overpaint.tools.claiming.PATIENCE_SECONDS", 0.1)
    with pytest.raises(BadInput, match=r"cannot use the database .* is kept: ") as caught:
        await paint(tool, key="k")
    (file,) = images.root.rglob("*.png")
    assert str(file) in str(caught.value)
    gone.back()
    monkeypatch.setattr("overpaint.tools.claiming.PATIENCE_SECONDS", 60)
    remote.abilities = Abilities(free=True)
    with pytest.raises(BadInput):  # what costs nothing is not waited for
        await asyncio.wait_for(paint(tool, key="free"), 5)


async def test_cancelled_while_the_database_is_gone_leaves_the_picture_on_disk(
    tool: BaseTool, remote: Remote, images: ImageStore, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Gone(ledger, remote, monkeypatch)
    painting = asyncio.create_task(paint(tool, key="k"))
    await gone.gone.wait()
    painting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(painting, 5)
    assert len(list(images.root.rglob("*.png"))) == 1


async def test_a_picture_is_on_disk_while_the_database_is_held_by_another(
    tool: BaseTool, remote: Remote, images: ImageStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overpaint.tools.generate_image.NAMING_SECONDS", 0.02)
    works, other = remote.answer, sqlite3.connect(home / "overpaint.db", isolation_level=None)

    async def answer(request: PaintRequest) -> PaintResult:
        other.execute("BEGIN IMMEDIATE")
        return await works(request)

    remote.answer = answer
    painting = asyncio.create_task(paint(tool, key="k"))
    while not list(images.root.rglob("*.png")):
        assert not painting.done()
        await asyncio.sleep(0.01)
    other.execute("COMMIT")
    other.close()
    assert (await painting)["outcome"] == "ok"


@pytest.mark.slow
async def test_a_long_painting_keeps_its_claim(remote: Remote, images: ImageStore, ledger: Ledger) -> None:
    works = remote.answer
    ledger.lease_seconds = 0.3

    async def slow(request: PaintRequest) -> PaintResult:
        await asyncio.sleep(1)
        return await works(request)

    remote.answer = slow
    tool = make_generate_image(remote, images, ledger)
    paintings = await asyncio.gather(paint(tool, key="k"), paint(tool, key="k"))
    assert len(remote.asked) == 1
    assert [painting["outcome"] for painting in paintings] == ["ok", "ok"]


@pytest.mark.slow
async def test_a_claim_outlives_a_database_that_cannot_be_used_for_a_while(
    remote: Remote, images: ImageStore, ledger: Ledger, home: Path
) -> None:
    works, begun = remote.answer, asyncio.Event()
    ledger.lease_seconds = 0.6

    async def slow(request: PaintRequest) -> PaintResult:
        begun.set()
        there, ledger.database = ledger.database, open_database(f"sqlite:///{home}/missing/overpaint.db")
        await asyncio.sleep(0.3)
        ledger.database = there
        await asyncio.sleep(0.9)
        return await works(request)

    remote.answer = slow
    painting = asyncio.create_task(paint(make_generate_image(remote, images, ledger), key="k"))
    await begun.wait()
    waiting = Ledger(open_database(f"sqlite:///{home}/overpaint.db"))
    waited_for = await paint(make_generate_image(remote, images, waiting), key="k")
    assert ((await painting)["outcome"], waited_for["outcome"]) == ("ok", "ok")
    assert len(remote.asked) == 1


_KILLED = """
import asyncio, os, sys
from pathlib import Path
from overpaint.tools.database import open_database
from overpaint.tools.generate_image import make_generate_image
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.pacing import turn
from overpaint.tools.painters import Abilities
class Remote:
    name = "remote:test"
    abilities = Abilities(price_usd=0.04)
    async def paint(self, request, progress=None):
        os.kill(os.getpid(), 9)
home = Path(sys.argv[1])
tool = make_generate_image(Remote(), ImageStore(home / "images"), Ledger(open_database(f"sqlite:///{home}/overpaint.db")))
asyncio.run(tool.ainvoke({"prompt": "a red circle", "key": "k"}))
"""


@pytest.mark.slow
async def test_a_process_killed_while_paying_leaves_an_unknown(tool: BaseTool, remote: Remote, home: Path) -> None:
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", _KILLED, str(home)], timeout=60)
    assert killed.returncode == -9
    assert (await paint(tool, key="k"))["outcome"] == "unknown"
    assert remote.asked == []


class Scripted(GenericFakeChatModel):
    """A chat model that says what the test wrote down, and may be given tools."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


async def test_any_agent_can_use_it_and_no_bytes_are_traced(tool: BaseTool, images: ImageStore) -> None:
    said = AIMessage("", tool_calls=[{"id": "1", "name": "generate_image", "args": {"prompt": "a red circle"}}])
    agent = create_agent(Scripted(messages=iter([said, AIMessage("done")]), disable_streaming=True), [tool])
    events = [event async for event in agent.astream_events({"messages": [HumanMessage("paint")]}, version="v2")]
    (ended,) = (event for event in events if event["event"] == "on_tool_end")
    painting = ended["data"]["output"].artifact
    assert painting["outcome"] == "ok"
    assert ended["data"]["input"] == {"prompt": "a red circle"}
    traced = repr(events)
    assert "iVBOR" not in traced
    assert "PNG\\r" not in traced
    assert len(repr(ended)) < 2500
    assert await images.load(painting["image"]["sha256"])


async def test_the_event_loop_is_never_blocked(tool: BaseTool) -> None:
    with blockbuster_ctx():
        source = (await paint(tool, key="k"))["image"]
        assert source is not None
        await paint(tool, key="k")
        await paint(tool, source=source["sha256"])


def test_a_model_sees_what_it_may_set_and_no_more(tool: BaseTool) -> None:
    schema = tool.tool_call_schema.model_json_schema()  # type: ignore[union-attr]
    assert set(schema["properties"]) == {
        "prompt", "negative_prompt", "seed", "width", "height", "source", "boxes", "strength"
    }  # fmt: skip
    assert schema["required"] == ["prompt"]
    assert all("description" in each for each in schema["properties"].values())
    assert tool.name == "generate_image"
    assert "sha256" in tool.description
