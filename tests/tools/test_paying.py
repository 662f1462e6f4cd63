"""Whatever is cut off where: a picture that may have been paid for is collected, asked for by its key, or unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.generate_image import make_generate_image
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Claim, Ledger
from overpaint.tools.pacing import turn
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress
from overpaint.tools.painting import Painting
from tests.image_servers import blocks

KINDS = {
    "plain": Abilities(),
    "keyed": Abilities(client_key=True),
    "collect": Abilities(jobs="collect"),
    "find": Abilities(jobs="find"),
    "free": Abilities(free=True),
}


class Provider:
    """A provider of any kind, that counts what it was paid for; `moods` says what goes wrong at each moment, once."""

    name = "provider:test"

    def __init__(self, kind: str) -> None:
        self.abilities = KINDS[kind]
        self.moods: dict[str, Callable[[], Any]] = {}
        self.paid: list[str | None] = []
        self.looked_up = 0

    async def check(self) -> None:
        """Nothing is needed."""

    async def at(self, moment: str) -> None:
        mood = self.moods.pop(moment, None)
        if mood is not None:
            await mood()

    async def accept(self, request: PaintRequest) -> str:
        await self.at("asked")
        if not (self.abilities.client_key and request.key in self.paid):
            self.paid.append(request.key)
        job = f"job-{len(self.paid)}"
        await self.at("accepted")
        return job

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        await self.accept(request)
        await self.at("downloading")
        return PaintResult("ok", blocks(request.prompt))

    async def submit(self, request: PaintRequest) -> str:
        return await self.accept(request)

    async def collect(self, job: str, progress: Progress | None = None) -> PaintResult:
        await self.at("collecting")
        await self.at("downloading")
        return PaintResult("ok", blocks(job))

    async def find(self, key: str) -> str | None:
        self.looked_up += 1
        await self.at("finding")
        return f"job-{self.paid.index(key) + 1}" if key in self.paid else None


class Killed(BaseException):
    """The process dies here: nothing that would tidy up runs after it."""


class Desk:
    """One home: each `paint` is a process of its own, which may be killed at a moment."""

    def __init__(self, home: Path, kind: str) -> None:
        home.mkdir()
        self.provider = Provider(kind)
        self.images = ImageStore(home / "images")
        self.database = open_database(f"sqlite:///{home}/overpaint.db")

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.database)

    async def paint(self, **args: Any) -> Painting:
        tool = make_generate_image(self.provider, self.images, self.ledger)
        call = {"prompt": "a red circle", "key": "k", "run": "r", **args}
        message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": call})
        painting: Painting = message.artifact
        return painting

    async def killed(self, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Paint, die at a moment, and leave the ledger as a dead process does: claimed, by nobody that lives."""

        async def die() -> None:
            raise Killed

        self.provider.moods[moment] = die
        with monkeypatch.context() as patch:
            for tidying in ("failed", "unknown"):
                patch.setattr(Ledger, tidying, self._nothing)
            with pytest.raises(Killed):
                await self.paint()

    async def _nothing(self, *args: Any) -> bool:
        return False

    async def state(self) -> Claim:
        claim = await self.ledger.claim("k")
        if claim.mine:
            await self.ledger.release("k")
        return claim


@pytest.fixture
def at(home: Path) -> Callable[[str], Desk]:
    return lambda kind: Desk(home, kind)


OUTCOMES = {
    # kind: (between intent and acceptance, accepted but no id noted, mid-download), each (outcome, paid)
    "plain": (("unknown", 0), ("unknown", 1), ("unknown", 1)),
    "keyed": (("ok", 1), ("ok", 1), ("ok", 1)),
    "collect": (("unknown", 0), ("unknown", 1), ("ok", 1)),
    "find": (("ok", 1), ("ok", 1), ("ok", 1)),
    "free": (("ok", 1), ("ok", 2), ("ok", 2)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("window", "moment"), list(enumerate(["asked", "accepted", "downloading"])))
async def test_a_kill_in_each_window_ends_as_promised(
    kind: str, window: int, moment: str, at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = at(kind)
    await desk.killed(moment, monkeypatch)
    painting = await desk.paint()
    outcome, paid = OUTCOMES[kind][window]
    assert (painting["outcome"], len(desk.provider.paid)) == (outcome, paid)
    again = await desk.paint()
    assert (again["outcome"], again["image"], again["painted"]) == (outcome, painting["image"], False)
    assert len(desk.provider.paid) == paid
    totals = await desk.ledger.totals("r")
    assert (totals.asked, totals.stored, totals.unknown) == (1, int(outcome == "ok"), int(outcome == "unknown"))


async def die(*args: Any) -> bool:
    raise Killed


@pytest.mark.parametrize("kind", ["plain", "keyed", "collect", "find"])
async def test_killed_with_the_picture_on_disk_and_not_in_the_ledger(
    kind: str, at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = at(kind)
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "stored", die)
        with pytest.raises(Killed):
            await desk.paint()
    kept = [file.stem for file in desk.images.root.rglob("*.png")]
    painting = await desk.paint()
    assert (painting["outcome"], painting["painted"]) == ("ok", False)
    assert painting["image"] is not None
    assert [painting["image"]["sha256"]] == kept
    assert len(desk.provider.paid) == 1
    assert (await desk.ledger.totals("r")).stored == 1


@pytest.mark.parametrize(
    ("kind", "outcome"), [("plain", "unknown"), ("keyed", "ok"), ("collect", "ok"), ("find", "ok")]
)
async def test_killed_with_the_picture_named_and_not_on_disk(
    kind: str, outcome: str, at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = at(kind)
    with monkeypatch.context() as patch:
        patch.setattr(ImageStore, "keep", die)
        with pytest.raises(Killed):
            await desk.paint()
    assert not list(desk.images.root.rglob("*.png"))
    assert (await desk.paint())["outcome"] == outcome
    assert len(desk.provider.paid) == 1


@pytest.mark.parametrize("kind", ["collect", "find"])
async def test_cancelled_while_a_job_is_accepted_its_id_is_noted(kind: str, at: Callable[[str], Desk]) -> None:
    desk = at(kind)

    async def slowly() -> None:
        task.cancel()
        await asyncio.sleep(0.05)

    desk.provider.moods["accepted"] = slowly
    task = asyncio.create_task(desk.paint())
    with pytest.raises(asyncio.CancelledError):
        await task
    claim = await desk.state()
    assert (claim.state, claim.job) == ("submitted", "job-1")
    assert (await desk.paint())["outcome"] == "ok"
    assert len(desk.provider.paid) == 1


async def raised(desk: Desk, moment: str, fault: Exception) -> Any:
    """Paint once with a fault at a moment: the painting, or what was raised."""

    async def fail() -> None:
        raise fault

    desk.provider.moods[moment] = fail
    try:
        return await desk.paint()
    except (ProviderFault, BadInput) as caught:
        return caught


@pytest.mark.parametrize(
    ("kind", "moment", "fault", "state", "retryable", "job"),
    [
        ("plain", "asked", {"retryable": True}, "failed", True, None),
        ("plain", "asked", {}, "failed", False, None),
        ("plain", "accepted", {"unsure": True, "retryable": True}, "unknown", None, None),
        ("free", "accepted", {"unsure": True}, "failed", False, None),
        ("keyed", "accepted", {"unsure": True}, "intent", True, None),
        ("keyed", "asked", {"fatal": True}, "failed", False, None),
        ("collect", "asked", {"retryable": True}, "failed", True, None),
        ("collect", "accepted", {"unsure": True, "retryable": True}, "unknown", None, None),
        ("find", "accepted", {"unsure": True}, "intent", True, None),
        ("collect", "collecting", {"retryable": True}, "submitted", True, "job-1"),
        ("collect", "collecting", {"fatal": True}, "submitted", False, "job-1"),
        ("collect", "collecting", {"unsure": True}, "unknown", None, "job-1"),
        ("collect", "collecting", {}, "failed", False, None),
        ("collect", "downloading", {"unsure": True, "retryable": True}, "submitted", True, "job-1"),
    ],
)
async def test_what_a_fault_leads_to(
    kind: str, moment: str, fault: dict[str, bool], state: str, retryable: bool | None, job: str | None,
    at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    desk = at(kind)
    noted: list[str] = []
    failed = Ledger.failed

    async def note(ledger: Ledger, key: str, reason: str) -> bool:
        noted.append(reason)
        return await failed(ledger, key, reason)

    monkeypatch.setattr(Ledger, "failed", note)
    ended = await raised(desk, moment, ProviderFault("it broke", retry_after=2.0, **fault))
    assert noted == (["it broke"] if state == "failed" else [])
    if retryable is None:
        assert (ended["outcome"], ended["reason"], ended["painted"]) == ("unknown", "it broke", False)
    else:
        assert isinstance(ended, ProviderFault)
        assert (ended.retryable, ended.retry_after) == (retryable, 2.0)
    claim = await desk.state()
    assert (claim.state, claim.job) == ("intent" if state == "failed" else state, job)
    assert claim.interrupted == (state in ("intent", "submitted"))
    if retryable is not None and kind != "free":
        assert ended.unsure == claim.interrupted  # what may be paid for is still to be had
        assert ended.fatal == fault.get("fatal", False)


async def test_what_is_in_doubt_stays_so_when_the_next_try_is_refused(
    at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = at("keyed")
    await desk.killed("accepted", monkeypatch)
    refused = await raised(desk, "asked", ProviderFault("429", retryable=True))
    assert isinstance(refused, ProviderFault)
    assert refused.unsure
    assert (await desk.state()).interrupted
    assert isinstance(await raised(desk, "asked", BadInput("no key")), BadInput)
    assert (await desk.state()).interrupted


async def test_a_provider_that_cannot_say_is_asked_again_later(
    at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = at("find")
    await desk.killed("accepted", monkeypatch)
    assert isinstance(await raised(desk, "finding", ProviderFault("503", retryable=True)), ProviderFault)
    assert (await desk.paint())["outcome"] == "ok"
    assert (len(desk.provider.paid), desk.provider.looked_up) == (1, 2)


async def test_a_job_is_kept_where_the_painter_cannot_be_asked(at: Callable[[str], Desk]) -> None:
    desk = at("collect")
    assert isinstance(await raised(desk, "collecting", BadInput("set FAL_KEY")), BadInput)
    assert (await desk.paint())["outcome"] == "ok"
    assert len(desk.provider.paid) == 1


def hide(desk: Desk, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Take the database away as the job is accepted, for so long."""
    monkeypatch.setattr("overpaint.tools.claiming._PAUSES", (0.02, 0.1))
    ledger, there = desk.ledger, desk.database
    monkeypatch.setattr(Desk, "ledger", ledger)

    async def gone() -> None:
        ledger.database = open_database("sqlite:////missing/overpaint.db")
        asyncio.get_running_loop().call_later(seconds, setattr, ledger, "database", there)

    desk.provider.moods["accepted"] = gone


async def test_the_id_of_a_job_is_noted_as_soon_as_the_database_is_back(
    at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = at("collect")
    hide(desk, monkeypatch, 0.1)

    async def die() -> None:
        raise Killed

    desk.provider.moods["collecting"] = die
    with pytest.raises(Killed):
        await desk.paint()
    assert (await desk.state()).job == "job-1"
    assert (await desk.paint())["outcome"] == "ok"
    assert len(desk.provider.paid) == 1


async def test_the_id_of_a_job_that_could_not_be_noted_is_told(
    at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = at("collect")
    hide(desk, monkeypatch, 60)
    monkeypatch.setattr("overpaint.tools.claiming.PATIENCE_SECONDS", 0.1)
    with pytest.raises(BadInput, match=r"cannot use the database.*job at provider:test, job-1, could not") as caught:
        await desk.paint()
    assert "\n" not in str(caught.value)


async def test_the_key_goes_to_the_provider_and_the_run_to_the_ledger(at: Callable[[str], Desk]) -> None:
    desk = at("plain")
    await desk.paint()
    assert desk.provider.paid == ["k"]
    assert (await desk.ledger.totals("r")).stored == 1
    await desk.paint(key=None)
    assert desk.provider.paid[1] not in (None, "k")


@pytest.mark.parametrize("kind", ["plain", "collect"])
async def test_a_request_waits_for_its_turn_alive_and_before_it_is_claimed(
    kind: str, at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", f"turns-{kind}=1")
    desk = at(kind)
    desk.provider.abilities = replace(KINDS[kind], provider=f"turns-{kind}")
    steps: list[tuple[int, int]] = []
    tool = make_generate_image(desk.provider, desk.images, desk.ledger, lambda *step: steps.append(step))
    call = {"type": "tool_call", "id": "1", "name": tool.name, "args": {"prompt": "p", "key": "k"}}
    async with turn(f"turns-{kind}"):
        painting = asyncio.create_task(tool.ainvoke(call))
        while not steps:
            await asyncio.sleep(0.01)
        assert desk.provider.paid == []
        assert (await desk.ledger.totals("r")).asked == 0, "who is killed here has asked for nothing"
    assert (await painting).artifact["outcome"] == "ok"
    assert len(desk.provider.paid) == 1


async def test_one_who_gives_up_while_waiting_for_a_turn_has_paid_nothing(
    at: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_LIMITS", "patience=1")
    desk = at("collect")
    desk.provider.abilities = replace(KINDS["collect"], provider="patience")
    async with turn("patience"):
        painting = asyncio.create_task(desk.paint())
        await asyncio.sleep(0.1)
        painting.cancel()
        await asyncio.gather(painting, return_exceptions=True)
    assert desk.provider.paid == []
    assert (await desk.paint())["outcome"] == "ok"
    assert len(desk.provider.paid) == 1


async def test_a_provider_that_asks_for_time_is_left_alone_by_others_too(at: Callable[[str], Desk]) -> None:
    desk = at("plain")
    desk.provider.abilities = replace(KINDS["plain"], provider="asked-for-time")

    async def limited() -> None:
        raise ProviderFault("429", retryable=True, retry_after=0.3)

    desk.provider.moods["asked"] = limited
    with pytest.raises(ProviderFault, match="429"):
        await desk.paint()
    started = asyncio.get_running_loop().time()
    async with turn("asked-for-time"):
        assert asyncio.get_running_loop().time() - started > 0.2
