"""generate: paint one candidate through the generate_image tool, then hold it against the free gate."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Literal

from langgraph.errors import NodeError
from langgraph.runtime import Runtime
from langgraph.types import Command

from overpaint.graph.attempt import Attempt, CandidateState, Draft
from overpaint.graph.minting import SHOWN
from overpaint.graph.people import paint_again
from overpaint.graph.settings import Settings
from overpaint.graph.state import Outcome, Receipt, add_receipts, empty_receipt
from overpaint.graph.toolbox import Toolbox, open_toolbox, use_tool
from overpaint.graph.waiting import unless_drained
from overpaint.tools.faults import BadInput, ProviderFault
from overpaint.tools.gate import gate
from overpaint.tools.generate_image import Painting, make_generate_image
from overpaint.tools.ledger import request_key
from overpaint.tools.painters import Painter, Progress

IDLE_SECONDS = 900.0
"""How long a painter may be silent: loading a large model for the first time downloads gigabytes."""


async def generate(state: CandidateState, runtime: Runtime[Settings]) -> CandidateState:
    """Paint one candidate. What fails the gate keeps its picture and its reason, and is never sent to a paid judge."""
    attempt = state["attempt"]
    toolbox = await open_toolbox(attempt["settings"], runtime=runtime)
    prompt = await _prompt(attempt, toolbox)
    painting, spent = await _painting(attempt, prompt, toolbox, runtime)
    outcome, reason = await _gated(painting, attempt, toolbox)
    image = painting["image"]
    runtime.stream_writer({"kind": "painted", "candidate": attempt["id"], "outcome": outcome, "image": image})
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
    return {"draft": draft, "receipt": spent}


async def record_fault(state: CandidateState, error: NodeError) -> Command[Literal["judge"]]:
    """A painter that failed for good costs one candidate, never its siblings. A fault of the program still raises."""
    fault, attempt = error.error, state["attempt"]
    if not isinstance(fault, (ProviderFault, TimeoutError)):
        raise fault
    toolbox = await open_toolbox(attempt["settings"])
    able = (await toolbox.painter()).abilities
    # Cut off in the middle of a request, nobody knows whether the provider was paid.
    unknown = isinstance(fault, TimeoutError) and not able.free
    spent: Receipt = getattr(fault, "spent", None) or empty_receipt()
    if unknown:
        spent = add_receipts(spent, Receipt(**{**empty_receipt(), "images": 1, "unknown": 1, "usd": able.price_usd}))
    draft = Draft(
        prompt=await _prompt(attempt, toolbox),
        seed=attempt["seed"],
        outcome="unknown" if unknown else "error",
        reason=str(fault) or f"the painter was silent for {IDLE_SECONDS:.0f} seconds",
        image=None,
        params={},
        notes=[],
        spent=spent,
    )
    fatal = str(fault) if isinstance(fault, ProviderFault) and fault.fatal else ""
    return Command(update={"draft": draft, "fatal": fatal, "receipt": draft["spent"]}, goto="judge")


def worth_retrying(fault: Exception) -> bool:
    """True for a provider's passing weakness; anything else would only fail again."""
    return isinstance(fault, ProviderFault) and fault.retryable


async def _prompt(attempt: Attempt, toolbox: Toolbox) -> str:
    if attempt["prompt"] or attempt["base"] is None:
        return attempt["prompt"] or ""
    return str((await toolbox.records.read(attempt["base"]))["prompt"])


async def _painting(
    attempt: Attempt, prompt: str, toolbox: Toolbox, runtime: Runtime[Settings]
) -> tuple[Painting, Receipt]:
    """The picture and what was spent on it; again, where it may have been paid for unseen and the settings say so."""
    if attempt["action"] in SHOWN:
        return _shown(attempt), empty_receipt()
    painter, spent = await toolbox.painter(), empty_receipt()
    for number in range(1 + attempt["spare"]):
        try:
            painting = await _one(attempt, prompt, number, painter, toolbox, runtime)
        except (ProviderFault, TimeoutError) as fault:
            fault.spent = spent  # type: ignore[union-attr]  # on tries before this one, for record_fault
            raise
        spent = add_receipts(spent, _receipt(painting))
        if painting["outcome"] != "unknown" or number == attempt["spare"]:
            break
        if not _again(toolbox.settings, attempt["id"], prompt, painting["reason"]):
            break
    return painting, spent


async def _one(
    attempt: Attempt, prompt: str, number: int, painter: Painter, toolbox: Toolbox, runtime: Runtime[Settings]
) -> Painting:
    tool = make_generate_image(painter, toolbox.images, toolbox.ledger, _progress(attempt["id"], runtime))
    request = _request(attempt, prompt, toolbox.settings)
    key = request_key(attempt["run"], attempt["id"], number, {"painter": painter.name, **request})
    async with toolbox.paced():
        work = use_tool(tool, **request, key=key, run=attempt["run"])
        # A picture that costs nothing can be painted anew, and a job in a queue is found again: neither holds up a
        # drain. Any other request is waited for, since its answer could not be asked for again.
        able = painter.abilities
        painting: Painting = await unless_drained(work, runtime, leave=able.free or bool(able.jobs))
    return painting


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
    return await asyncio.to_thread(gate, data, wanted=wanted, earlier=earlier)


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


def _progress(candidate: str, runtime: Runtime[Settings]) -> Progress:
    def report(step: int, steps: int) -> None:
        runtime.heartbeat()
        runtime.stream_writer({"kind": "step", "candidate": candidate, "step": step, "steps": steps})

    return report
