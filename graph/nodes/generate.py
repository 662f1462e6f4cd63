"""generate: paint one candidate through the generate_image tool, then hold it against the free gate."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from langgraph.errors import NodeError
from langgraph.runtime import Runtime
from langgraph.types import Command

from overpaint.graph.attempt import Attempt, CandidateState, Draft
from overpaint.graph.settings import Settings
from overpaint.graph.state import Outcome, Receipt, empty_receipt
from overpaint.graph.toolbox import Toolbox, open_toolbox, use_tool
from overpaint.tools.faults import ProviderFault
from overpaint.tools.gate import gate
from overpaint.tools.generate_image import Painting, make_generate_image
from overpaint.tools.ledger import request_key
from overpaint.tools.painters import Progress

IDLE_SECONDS = 900.0
"""How long a painter may be silent: loading a large model for the first time downloads gigabytes."""


async def generate(state: CandidateState, runtime: Runtime[Settings]) -> CandidateState:
    """Paint one candidate. What fails the gate keeps its picture and its reason, and is never sent to a paid judge."""
    attempt = state["attempt"]
    toolbox = await open_toolbox(attempt["settings"])
    prompt = await _prompt(attempt, toolbox)
    painting = await _painting(attempt, prompt, toolbox, _progress(attempt["id"], runtime))
    outcome, reason = await _gated(painting, attempt, toolbox)
    image, receipt = painting["image"], _receipt(attempt, painting)
    runtime.stream_writer({"kind": "painted", "candidate": attempt["id"], "outcome": outcome, "image": image})
    draft = Draft(
        prompt=prompt,
        seed=painting["seed"],
        outcome=outcome,
        reason=reason,
        image=image,
        params=painting["params"],
        notes=list(painting["notes"]),
        spent=receipt,
    )
    return {"draft": draft, "receipt": receipt}


async def record_fault(state: CandidateState, error: NodeError) -> Command[Literal["judge"]]:
    """A painter that failed for good costs one candidate, never its siblings. A fault of the program still raises."""
    fault, attempt = error.error, state["attempt"]
    if not isinstance(fault, (ProviderFault, TimeoutError)):
        raise fault
    draft = Draft(
        prompt=await _prompt(attempt, await open_toolbox(attempt["settings"])),
        seed=attempt["seed"],
        outcome="error",
        reason=str(fault) or f"the painter was silent for {IDLE_SECONDS:.0f} seconds",
        image=None,
        params={},
        notes=[],
        spent=empty_receipt(),
    )
    fatal = str(fault) if isinstance(fault, ProviderFault) and fault.fatal else ""
    return Command(update={"draft": draft, "fatal": fatal}, goto="judge")


def worth_retrying(fault: Exception) -> bool:
    """True for a provider's passing weakness; anything else would only fail again."""
    return isinstance(fault, ProviderFault) and fault.retryable


async def _prompt(attempt: Attempt, toolbox: Toolbox) -> str:
    if attempt["prompt"] or attempt["base"] is None:
        return attempt["prompt"] or ""
    return str((await toolbox.records.read(attempt["base"]))["prompt"])


async def _painting(attempt: Attempt, prompt: str, toolbox: Toolbox, progress: Progress) -> Painting:
    if attempt["action"] == "given":
        return _given(attempt)
    tool = make_generate_image(await toolbox.painter(), toolbox.images, toolbox.ledger, progress)
    request = _request(attempt, prompt, toolbox.settings)
    painting: Painting = await use_tool(tool, **request, key=request_key(attempt["run"], attempt["id"], 0, request))
    return painting


def _request(attempt: Attempt, prompt: str, settings: Settings) -> dict[str, Any]:
    wanted: dict[str, Any] = {"prompt": prompt, "seed": attempt["seed"]}
    wanted |= {k: v for k, v in settings.picture.items() if k in ("steps", "guidance", "negative_prompt")}
    if settings.pixels:
        wanted["width"], wanted["height"] = settings.pixels
    if attempt["source"]:
        wanted["source"], wanted["boxes"] = attempt["source"]["sha256"], attempt["boxes"]
    return wanted


def _given(attempt: Attempt) -> Painting:
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
    earlier = [await toolbox.images.load(sha) for sha in attempt["earlier"]]
    data = await toolbox.images.load(painting["image"]["sha256"])
    wanted = None if attempt["action"] == "given" else toolbox.settings.pixels
    return await asyncio.to_thread(gate, data, wanted=wanted, earlier=earlier)


def _receipt(attempt: Attempt, painting: Painting) -> Receipt:
    """A picture found in the ledger counts too: this run paid for it, in a step whose checkpoint was lost or left."""
    images = int(attempt["action"] != "given")
    return Receipt(images=images, calls=0, tokens=0, seconds=painting["seconds"], usd=painting["usd"])


def _progress(candidate: str, runtime: Runtime[Settings]) -> Progress:
    def report(step: int, steps: int) -> None:
        runtime.heartbeat()
        runtime.stream_writer({"kind": "step", "candidate": candidate, "step": step, "steps": steps})

    return report
