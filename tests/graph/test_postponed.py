"""A step that cannot be done now waits: its siblings go on, nothing paid is lost or asked for twice, and resume does it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from overpaint.continuing import aresume
from overpaint.graph import waiting
from overpaint.run import arefine
from overpaint.runs import load_run
from overpaint.shapes.chat import ShapesChat
from overpaint.tools import chat, painters
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress

pytestmark = pytest.mark.slow

BRIEF = "a red circle above a blue square"
SETTINGS = {"painter": "till", "seed": 1, "max_images": 3, "per_round": 3, "rounds": 1}


@dataclass
class Till:
    """A painter that is paid by the picture, and counts; as a queue it hands out a job first."""

    queue: bool = False
    ready: bool = True
    seconds: float = 0.0
    paid: list[PaintRequest] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    name: str = "till"

    @property
    def abilities(self) -> Abilities:
        return Abilities(seeds=True, price_usd=0.04, jobs="collect" if self.queue else None)

    async def check(self) -> None:
        """Nothing is needed."""

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        self.paid.append(request)
        place = len(self.paid) - 1
        try:
            await asyncio.sleep(self.seconds * place)
        except asyncio.CancelledError:
            self.ended.append("cut off")
            raise
        self.ended.append("ok")
        return noise(place)

    async def submit(self, request: PaintRequest) -> str:
        self.paid.append(request)
        return f"job{len(self.paid)}"

    async def collect(self, job: str, progress: Progress | None = None) -> PaintResult:
        if not self.ready:
            raise ProviderFault("the job is not done in time", retryable=True)
        return noise(int(job.removeprefix("job")))


def noise(place: int) -> PaintResult:
    data = io.BytesIO()
    Image.effect_noise((64 + 8 * place, 64), 90).save(data, "PNG")
    return PaintResult("ok", data.getvalue())


class Refusing(ShapesChat):
    """A judge whose credit is used up."""

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        raise ProviderFault("no credit", fatal=True)


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    painter = Till()
    monkeypatch.setitem(painters.BUILT_IN, "till", f"{__name__}:unused")
    monkeypatch.setitem(chat.BUILT_IN, "refusing", f"{__name__}:Refusing")
    monkeypatch.setattr(painters, "_factory", lambda scheme: lambda model, **options: painter)
    painters.open_cached.cache_clear()
    yield painter
    painters.open_cached.cache_clear()


async def books(run: str) -> tuple[int, int, int]:
    totals = await Ledger(open_database()).totals(run)
    return totals.asked, totals.stored, totals.open


async def test_a_judge_without_credit_leaves_the_pictures_beside_it_alone(till: Till) -> None:
    till.seconds = 0.3
    run = await arefine(BRIEF, settings={**SETTINGS, "judge": "refusing"})
    assert (run.status, run.error) == ("failed", "no credit")
    assert till.ended == ["ok", "ok", "ok"]
    again = await aresume(settings={"judge": "shapes"})
    assert [c["outcome"] for c in again.candidates] == ["ok", "ok", "ok"]
    assert all(c["verdict"] and c["verdict"]["score"] is not None for c in again.candidates)
    assert {c["models"]["judge"] for c in again.candidates} == {"shapes"}
    assert (len(till.paid), again.receipt["images"], again.receipt["unknown"]) == (3, 3, 0)


async def test_a_full_disk_keeps_the_candidate_and_asks_for_nothing_twice(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = ImageStore.keep

    async def full(self: ImageStore, ref: Any, data: bytes) -> None:
        if ref["width"] == 64:
            raise BadInput("the disk is full")
        await keep(self, ref, data)

    with monkeypatch.context() as patch:
        patch.setattr(ImageStore, "keep", full)
        with pytest.raises(BadInput, match=r"the disk is full.*The run is kept"):
            await arefine(BRIEF, settings=SETTINGS)
    run = await load_run()
    assert run.status == "interrupted"
    run = await aresume()
    assert [c["id"] for c in run.candidates] == ["0.0", "0.1", "0.2"]
    # The answer was in memory only, and this provider cannot be asked for it again.
    assert sorted(c["outcome"] for c in run.candidates) == ["ok", "ok", "unknown"]
    assert (len(till.paid), run.receipt["images"], run.receipt["unknown"]) == (3, 3, 1)
    assert await books(run.run) == (3, 2, 0)


async def test_a_job_that_takes_too_long_is_collected_by_the_next_resume(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "TRIES", 1)
    till.queue, till.ready = True, False
    run = await arefine(BRIEF, settings={**SETTINGS, "per_round": 1, "max_images": 1})
    assert (run.status, run.error) == ("failed", "the job is not done in time")
    assert await books(run.run) == (1, 0, 1)
    assert (await aresume()).status == "failed"
    till.ready = True
    run = await aresume()
    assert [(c["id"], c["outcome"]) for c in run.candidates] == [("0.0", "ok")]
    assert (len(till.paid), run.receipt["images"]) == (1, 1)
    assert await books(run.run) == (1, 1, 0)
