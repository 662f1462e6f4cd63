"""generate: paint one candidate through the generate_image tool, then hold it against the free gate."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from overpaint.graph.allowance import Need, Part, beyond, lowered, need_of
from overpaint.graph.attempt import Attempt, CandidateState, Draft
from overpaint.graph.costs import facts_of
from overpaint.graph.effective import overlaid
from overpaint.graph.fitting import unread_part
from overpaint.graph.minting import SHOWN
from overpaint.graph.people import paint_again
from overpaint.graph.settings import Settings
from overpaint.graph.state import Outcome, Receipt, StopReason, add_receipts, empty_receipt
from overpaint.graph.toolbox import Toolbox, open_toolbox, use_tool
from overpaint.graph.waiting import Postponed, Pulse, is_last_try, postponing, since_first_try, watched
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.gate import gate
from overpaint.tools.generate_image import Painting, make_generate_image
from overpaint.tools.ledger import request_key
from overpaint.tools.painters import Painter, Progress

IDLE_SECONDS = 900.0
"""How long a painter may be silent: loading a large model for the first time downloads gigabytes."""


async def generate(state: CandidateState, runtime: Runtime[Settings]) -> CandidateState:
    """Paint one candidate. What fails the gate keeps its picture and its reason, and is never sent to a paid judge.

    A painter that fails costs one candidate, never its siblings.

    Raises:
        Postponed: the provider still has what may have been paid for, or something must be mended first.
    """
    attempt = state["attempt"]
    async with postponing(runtime):
        toolbox = await open_toolbox(overlaid(attempt["settings"], runtime.context), runtime=runtime)
        prompt = await _prompt(attempt, toolbox)
        await _tell_unread(attempt, prompt, toolbox, runtime)
        painting, spent, fatal = await _painting(attempt, prompt, toolbox, runtime)
        outcome, reason = await _gated(painting, attempt, toolbox)
    image = painting["image"]
    told = {"candidate": attempt["id"], "outcome": outcome, "reason": reason, "image": image}
    runtime.stream_writer({"kind": "painted", **told})
    draft = Draft(
        prompt=prompt,
        seed=painting["seed"],
        outcome=outcome,
        reason=reason,
        image=image,
        params=painting["params"],
        notes=list(painting["notes"]),
        spent=spent,
    )
    done: CandidateState = {"draft": draft, "receipt": spent}
    return {**done, "fatal": fatal} if fatal else done


async def _prompt(attempt: Attempt, toolbox: Toolbox) -> str:
    if attempt["prompt"] or attempt["base"] is None:
        return attempt["prompt"] or ""
    return str((await toolbox.records.read(attempt["base"]))["prompt"])


async def _tell_unread(attempt: Attempt, prompt: str, toolbox: Toolbox, runtime: Runtime[Settings]) -> None:
    """Say before anything is paid what the painter will not see of a prompt."""
    unread = "" if attempt["action"] in SHOWN else await unread_part(prompt, toolbox)
    if unread:
        runtime.stream_writer({"kind": "unread", "candidate": attempt["id"], "text": unread})


async def _painting(
    attempt: Attempt, prompt: str, toolbox: Toolbox, runtime: Runtime[Settings]
) -> tuple[Painting, Receipt, str]:
    """The picture, what was spent on it, and whether the painter failed for good.

    Painted again where it may have been paid for unseen and the settings say so.
    """
    if attempt["action"] in SHOWN:
        return _shown(attempt), empty_receipt(), ""
    painter = await toolbox.painter()
    part = lowered(attempt.get("room", {}), attempt["settings"], toolbox.settings.kept)
    if cap := await _barred(attempt, prompt, 0, part, painter, toolbox):
        lack = f"it was not asked for: {cap} was lowered to {getattr(toolbox.settings, cap):g}, which may be used up"
        return _failed(attempt, lack), empty_receipt(), ""
    return await _asked(attempt, prompt, part, painter, toolbox, runtime)


async def _asked(
    attempt: Attempt, prompt: str, part: Part, painter: Painter, toolbox: Toolbox, runtime: Runtime[Settings]
) -> tuple[Painting, Receipt, str]:
    spent, spare = empty_receipt(), attempt.get("spare", 0)
    # Only a picture that costs nothing is cut off: see graph/allowance.py.
    seconds = part.get("seconds") if painter.abilities.free else None
    for number in range(1 + spare):
        try:
            async with asyncio.timeout(seconds):
                painting = await _one(attempt, prompt, number, painter, toolbox, runtime)
        except TimeoutError:
            stopped = "it was stopped, since it might have gone past max_seconds"
            return _failed(attempt, stopped), {**spent, "seconds": seconds or 0.0}, ""
        except ProviderFault as fault:
            if fault.retryable and not is_last_try(runtime) and await _in_time(part, painter, toolbox, runtime):
                raise
            if fault.unsure and not painter.abilities.free:
                raise Postponed(fault) from fault
            return _failed(attempt, str(fault)), spent, str(fault) if fault.fatal else ""
        spent = add_receipts(spent, _receipt(painting))
        if painting["outcome"] != "unknown" or number == spare:
            break
        if await _barred(attempt, prompt, number + 1, part, painter, toolbox):
            break
        if not _again(toolbox.settings, attempt["id"], prompt, painting["reason"]):
            break
    return painting, spent, ""


async def _barred(
    attempt: Attempt, prompt: str, number: int, part: Part, painter: Painter, toolbox: Toolbox
) -> StopReason | None:
    """The cap, lowered since the candidate was minted, under which a request has no room.

    One that was made already is not barred: its picture is paid for, and is to be had.
    """
    if part == attempt.get("room", {}):
        return None
    need = await _need(painter, toolbox)
    cap = beyond(part, replace(need, images=number + 1))
    key = _key(attempt, number, painter, _request(attempt, prompt, toolbox.settings))
    return None if cap is None or await toolbox.ledger.begun(key) else cap


async def _in_time(part: Part, painter: Painter, toolbox: Toolbox, runtime: Runtime[Settings]) -> bool:
    """Whether another try of a paid picture fits into the seconds that are left."""
    if painter.abilities.free or "seconds" not in part:
        return True
    return since_first_try(runtime) + (await _need(painter, toolbox)).seconds <= part["seconds"]


async def _need(painter: Painter, toolbox: Toolbox) -> Need:
    """What a picture and a look at it take at worst."""
    return need_of(await asyncio.to_thread(facts_of, painter, toolbox.settings), toolbox.settings, looks=1)


async def _one(
    attempt: Attempt, prompt: str, number: int, painter: Painter, toolbox: Toolbox, runtime: Runtime[Settings]
) -> Painting:
    """One request, made or found. A painter that falls silent is asked again, which settles what came of it."""
    pulse, able = Pulse(), painter.abilities
    begun, progress = asyncio.Event(), _progress(attempt["id"], runtime, pulse)
    tool = make_generate_image(painter, toolbox.images, toolbox.ledger, progress, begun.set)
    request = _request(attempt, prompt, toolbox.settings)
    key = _key(attempt, number, painter, request)
    async with toolbox.paced():
        work = use_tool(tool, **request, key=key, run=attempt["run"])
        # A picture that costs nothing can be painted anew, a job in a queue is found again, and before its turn nothing
        # was asked: none holds up a drain. Any other request is waited for; its answer could not be asked for again.
        leave = able.free or bool(able.jobs)
        try:
            painting: Painting = await watched(
                work, runtime, leave=lambda: leave or not begun.is_set(), pulse=pulse, silence=IDLE_SECONDS
            )
        except TimeoutError as late:
            told = str(late) or f"{painter.name} was silent for {IDLE_SECONDS:.0f} seconds"
            raise ProviderFault(told, retryable=True, unsure=not able.free) from late
    return painting


def _failed(attempt: Attempt, reason: str) -> Painting:
    failed: Painting = {**_shown(attempt), "image": None, "outcome": "error", "reason": reason}
    return {**failed, "seed": attempt["seed"], "painted": True}


def _again(settings: Settings, candidate: str, prompt: str, reason: str) -> bool:
    if settings.on_unknown == "ask":
        return paint_again(candidate, prompt, reason)
    return settings.on_unknown == "retry"


def _key(attempt: Attempt, number: int, painter: Painter, request: dict[str, Any]) -> str:
    return request_key(attempt["run"], attempt["id"], number, {"painter": painter.name, **request})


def _request(attempt: Attempt, prompt: str, settings: Settings) -> dict[str, Any]:
    wanted: dict[str, Any] = {"prompt": prompt, "seed": attempt["seed"]}
    wanted |= {k: v for k, v in settings.picture.items() if k in ("steps", "guidance", "negative_prompt")}
    if settings.pixels:
        wanted["width"], wanted["height"] = settings.pixels
    if attempt["source"]:
        wanted["source"], wanted["boxes"] = attempt["source"]["sha256"], attempt["boxes"]
        wanted |= {"strength": settings.strength} if settings.strength is not None else {}
    return wanted


def _shown(attempt: Attempt) -> Painting:
    return Painting(
        image=attempt["source"],
        outcome="ok",
        reason="",
        seed=None,
        params={},
        notes=[],
        seconds=0.0,
        painted=False,
        usd=0.0,
    )


async def _gated(painting: Painting, attempt: Attempt, toolbox: Toolbox) -> tuple[Outcome, str]:
    if painting["outcome"] != "ok" or painting["image"] is None:
        return painting["outcome"], painting["reason"]
    earlier = [data for sha in attempt["earlier"] if (data := await _still_there(sha, toolbox)) is not None]
    data = await toolbox.images.load(painting["image"]["sha256"])
    wanted = None if attempt["action"] in SHOWN else toolbox.settings.pixels
    exact = wanted is None or (await toolbox.painter()).abilities.ratios is None
    return await asyncio.to_thread(gate, data, wanted=wanted, earlier=earlier, exact=exact)


async def _still_there(sha256: str, toolbox: Toolbox) -> bytes | None:
    """An earlier picture to compare with; one that got lost since then must not stop the run."""
    with suppress(BadInput):
        return await toolbox.images.load(sha256)
    return None


def _receipt(painting: Painting) -> Receipt:
    """A picture found in the ledger counts too: this run paid for it, in a step whose checkpoint was lost or left."""
    unknown = int(painting["outcome"] == "unknown")
    seconds, usd = painting["seconds"], painting["usd"]
    return Receipt(images=1, unknown=unknown, calls=0, tokens=0, seconds=seconds, usd=usd)


def _progress(candidate: str, runtime: Runtime[Settings], pulse: Pulse) -> Progress:
    def report(step: int, steps: int) -> None:
        pulse.beat()
        runtime.heartbeat()
        runtime.stream_writer({"kind": "step", "candidate": candidate, "step": step, "steps": steps})

    return report
