"""A painter that fails: what is retried, what is recorded, and what is never lost or painted twice."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from PIL import Image

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread
from overpaint.graph.settings import Settings
from overpaint.run import arefine, stream
from overpaint.tools import painters
from overpaint.tools.backends.remote import SECONDS
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.home import current_home
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress

BRIEF = "a red circle above a blue square"

pytestmark = pytest.mark.slow


ABLE = Abilities(accepts=frozenset({"size"}), seeds=True, price_usd=0.04)


@dataclass
class Moody:
    """A remote painter's stand-in: it fails as told, by the number of the call, and else paints plain noise."""

    moods: dict[int, Any] = field(default_factory=dict)
    always: Any = None
    asked: list[PaintRequest] = field(default_factory=list)
    name: str = "moody"
    abilities: Abilities = ABLE

    async def check(self) -> None:
        """Nothing is needed."""

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        self.asked.append(request)
        mood = self.moods.get(len(self.asked) - 1, self.always)
        if isinstance(mood, Exception):
            raise mood
        if isinstance(mood, PaintResult):
            return mood
        picture = Image.effect_noise((64, 64), 90)
        data = io.BytesIO()
        picture.save(data, "PNG")
        return PaintResult(outcome="ok", data=data.getvalue(), seed=request.seed)


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Moody]:
    painter = Moody()
    monkeypatch.setitem(painters.BUILT_IN, "moody", f"{__name__}:unused")
    monkeypatch.setattr(painters, "_factory", lambda scheme: lambda model, **options: painter)
    painters.open_cached.cache_clear()
    yield painter
    painters.open_cached.cache_clear()


SETTINGS = {"painter": "moody", "seed": 1, "max_images": 2, "per_round": 2}


async def test_a_passing_weakness_is_retried(moody: Moody) -> None:
    moody.moods = {0: ProviderFault("rate limited (429)", retryable=True)}
    run = await arefine(BRIEF, settings=SETTINGS)
    assert {r["outcome"] for r in run.candidates} == {"ok"}
    assert len(moody.asked) == 3
    assert (run.receipt["images"], run.receipt["usd"]) == (2, 0.08)


@pytest.mark.parametrize(("spare", "tries", "outcome"), [(0.5, 1, "error"), (60.0, 2, "ok")])
async def test_a_paid_picture_is_tried_again_only_where_the_seconds_hold_another_try(
    moody: Moody, spare: float, tries: int, outcome: str
) -> None:
    class Slow(Moody):
        async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
            await asyncio.sleep(0.6)
            return await super().paint(request, progress)

    moody.__class__ = Slow
    moody.moods = {0: ProviderFault("overloaded (503)", retryable=True)}
    one = {"per_round": 1, "max_images": 1, "upsample": False, "max_seconds": SECONDS + spare}
    run = await arefine(BRIEF, settings={**SETTINGS, **one})
    assert (len(moody.asked), [r["outcome"] for r in run.candidates]) == (tries, [outcome])


async def test_one_dead_candidate_never_costs_its_siblings(moody: Moody) -> None:
    moody.moods = {0: ProviderFault("the prompt was refused")}
    run = await arefine(BRIEF, settings={**SETTINGS, "per_round": 3, "max_images": 3, "rounds": 1})
    outcomes = sorted(r["outcome"] for r in run.candidates)
    assert outcomes == ["error", "ok", "ok"]
    assert len(moody.asked) == 3
    dead = next(r for r in run.candidates if r["outcome"] == "error")
    assert dead["reason"] == "the prompt was refused"
    assert dead["prompt"]
    assert dead["verdict"] is None


async def test_a_provider_that_fails_for_good_ends_the_run_with_its_champion(moody: Moody) -> None:
    moody.moods = {i: ProviderFault("no credit left", fatal=True) for i in range(1, 9)}
    run = await arefine(BRIEF, settings={**SETTINGS, "max_images": 9})
    assert (run.status, run.stop_reason, run.why) == ("failed", "provider", "no credit left")
    assert run.champion is not None
    assert run.receipt["images"] == 1


async def test_a_painter_that_never_answers_stops_the_run(moody: Moody) -> None:
    moody.always = ProviderFault("gone")
    run = await arefine(BRIEF, preset="best-of-n", settings={**SETTINGS, "per_round": 1})
    assert (run.status, run.stop_reason, run.champion) == ("failed", "provider", None)
    assert len(moody.asked) == 1


async def test_a_silent_painter_is_given_up(moody: Moody, monkeypatch: pytest.MonkeyPatch) -> None:
    moody.always = TimeoutError()
    run = await arefine(BRIEF, settings=SETTINGS)
    assert {r["outcome"] for r in run.candidates} == {"unknown"}
    assert (run.receipt["images"], run.receipt["unknown"], run.receipt["usd"]) == (2, 2, 0.08)
    assert "cut off" in run.candidates[0]["reason"]
    assert len(moody.asked) == 2


async def test_a_blocked_picture_is_an_outcome_and_is_not_judged(moody: Moody) -> None:
    moody.always = PaintResult(outcome="blocked", notes=("content policy",))
    run = await arefine(BRIEF, settings=SETTINGS)
    assert {r["outcome"] for r in run.candidates} == {"blocked"}
    assert "content policy" in run.candidates[0]["reason"]
    assert run.receipt["images"] == 2
    assert run.champion is None
    assert run.status == "stopped"


async def test_what_the_gate_finds_is_never_sent_to_a_judge(moody: Moody) -> None:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(data, "PNG")
    moody.always = PaintResult(outcome="ok", data=data.getvalue())
    run = await arefine(BRIEF, settings=SETTINGS)
    assert {r["outcome"] for r in run.candidates} == {"blank"}
    assert run.receipt["calls"] == 2


async def test_a_fault_of_the_program_raises(moody: Moody) -> None:
    moody.always = KeyError("a bug")
    with pytest.raises(KeyError, match="a bug"):
        await arefine(BRIEF, settings=SETTINGS)


async def test_wrong_input_found_while_painting_leaves_no_run(moody: Moody) -> None:
    moody.always = BadInput("this painter paints no circles")
    with pytest.raises(BadInput, match="no circles"):
        await arefine(BRIEF, settings=SETTINGS)


async def test_a_cap_on_money_holds(moody: Moody) -> None:
    run = await arefine(BRIEF, settings={**SETTINGS, "max_images": 99, "max_usd": 0.21, "patience": None})
    assert run.stop_reason == "max_usd"
    assert len(moody.asked) == 5


async def test_a_cap_on_money_is_refused_where_prices_are_not_known(moody: Moody) -> None:
    moody.abilities = Abilities(accepts=frozenset(), price_usd=None)
    with pytest.raises(BadInput, match="max_usd"):
        await arefine(BRIEF, settings={**SETTINGS, "max_usd": 1.0})


async def test_a_setting_the_painter_lacks_is_refused_by_name(moody: Moody) -> None:
    with pytest.raises(BadInput, match="steps"):
        await arefine(BRIEF, settings={**SETTINGS, "steps": 9})


async def test_closing_the_stream_half_way_leaves_a_run_that_can_be_seen(moody: Moody) -> None:
    from overpaint.runs import load_run

    events = stream(BRIEF, settings={**SETTINGS, "max_images": 50, "stop_when_passed": False})
    async for event in events:
        if event["kind"] == "judged":
            break
    await events.aclose()
    assert (await load_run()).status == "interrupted"


async def test_two_streams_in_turn_keep_their_own_homes(moody: Moody, tmp_path: Path) -> None:
    before = current_home()
    one = stream(BRIEF, settings=SETTINGS, home=tmp_path / "one")
    two = stream("a blue star", settings=SETTINGS, home=tmp_path / "two")
    runs = {}
    for _ in range(200):
        for name, events in (("one", one), ("two", two)):
            event = await asyncio.wait_for(anext(events, None), 30)
            if event and event["kind"] == "done":
                runs[name] = event["run"]
        assert current_home() == before
        if len(runs) == 2:
            break
    assert {name: run.images for name, run in runs.items()} == {n: tmp_path / n / "images" for n in ("one", "two")}


async def test_a_picture_found_in_the_ledger_counts_against_the_cap(moody: Moody) -> None:
    graph, config = build_graph(InMemorySaver()), on_thread("t")
    context = Settings(painter="moody", seed=1, max_images=4, patience=None, actions=("reseed",))
    first = await graph.ainvoke({"brief": BRIEF}, config, context=context)
    history = [h async for h in graph.aget_state_history(config)]
    start = next(h for h in history if h.next == ("decide",) and not h.values["candidates"])
    again = await graph.ainvoke(None, start.config)
    assert again["receipt"]["images"] == first["receipt"]["images"] == 4
    assert len(moody.asked) == 4
