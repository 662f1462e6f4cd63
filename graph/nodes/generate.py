"""generate: paint one candidate through the generate_image tool, then hold it against the free gate."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from langgraph.runtime import Runtime

from overpaint.graph.attempt import Attempt, CandidateState, Draft
from overpaint.graph.effective import overlaid
from overpaint.graph.fitting import unread_part
from overpaint.graph.minting import SHOWN
from overpaint.graph.people import paint_again
from overpaint.graph.settings import Settings
from overpaint.graph.state import Outcome, Receipt, add_receipts, empty_receipt
from overpaint.graph.toolbox import Toolbox, open_toolbox, use_tool
from overpaint.graph.waiting import Pulse, is_last_try, postponing, watched
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
    painter, spent, spare = await toolbox.painter(), empty_receipt(), attempt.get("spare", 0)
    # Only a picture that costs nothing is cut off: see graph/allowance.py.
    seconds = attempt.get("room", {}).get("seconds") if painter.abilities.free else None
    for number in range(1 + spare):
        try:
            async with asyncio.timeout(seconds):
                painting = await _one(attempt, prompt, number, painter, toolbox, runtime)
        except TimeoutError:
            stopped = ProviderFault("it was stopped, since it might have gone past max_seconds")
            return _failed(attempt, stopped), {**spent, "seconds": seconds or 0.0}, ""
        except ProviderFault as fault:
            if (fault.retryable and not is_last_try(runtime)) or (fault.unsure and not painter.abilities.free):
                raise
            return _failed(attempt, fault), spent, str(fault) if fault.fatal else ""
        spent = add_receipts(spent, _receipt(painting))
        if painting["outcome"] != "unknown" or number == spare:
            break
        if not _again(toolbox.settings, attempt["id"], prompt, painting["reason"]):
            break
    return painting, spent, ""


async def _one(
    attempt: Attempt, prompt: str, number: int, painter: Painter, toolbox: Toolbox, runtime: Runtime[Settings]
) -> Painting:
    """One request, made or found. A painter that falls silent is asked again, which settles what came of it."""
    pulse, able = Pulse(), painter.abilities
    tool = make_generate_image(painter, toolbox.images, toolbox.ledger, _progress(attempt["id"], runtime, pulse))
    request = _request(attempt, prompt, toolbox.settings)
    key = request_key(attempt["run"], attempt["id"], number, {"painter": painter.name, **request})
    async with toolbox.paced():
        work = use_tool(tool, **request, key=key, run=attempt["run"])
        # A picture that costs nothing can be painted anew, and a job in a queue is found again: neither holds up a
        # drain. Any other request is waited for, since its answer could not be asked for again.
        leave = able.free or bool(able.jobs)
        try:
            painting: Painting = await watched(work, runtime, leave=leave, pulse=pulse, silence=IDLE_SECONDS)
        except TimeoutError as late:
            told = str(late) or f"{painter.name} was silent for {IDLE_SECONDS:.0f} seconds"
            raise ProviderFault(told, retryable=True, unsure=not able.free) from late
    return painting


def _failed(attempt: Attempt, fault: ProviderFault) -> Painting:
    return Painting(
        image=None,
        outcome="error",
        reason=str(fault),
        seed=attempt["seed"],
        params={},
        notes=[],
        seconds=0.0,
        painted=True,
        usd=0.0,
    )


def _again(settings: Settings, candidate: str, prompt: str, reason: str) -> bool:
    if settings.on_unknown == "ask":
        return paint_again(candidate, prompt, reason)
    return settings.on_unknown == "retry"


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
