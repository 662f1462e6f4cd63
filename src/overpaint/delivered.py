"""What a run delivers to whoever called it as a tool: a short text that shows the picture, and the facts beside it."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from overpaint.graph.state import Receipt
from overpaint.graph.telling import escaped
from overpaint.phrases import clean, passed_of, receipt_line, score_of, unjudged_why
from overpaint.result import Run
from overpaint.tools.faults import ProviderFault
from overpaint.tools.images import ImageRef
from overpaint.tools.links import picture_link


class Delivered(TypedDict):
    """The facts, JSON only and small. `verdict` is None where nothing was judged; `lacks` names what does not hold."""

    image: ImageRef
    url: str
    run: str
    thread: str
    status: str
    verdict: dict[str, Any] | None
    receipt: Receipt


def delivered(run: Run) -> tuple[str, Delivered]:
    """What to say of a run that ended: Markdown with the picture, why it stopped and what it spent; and the facts.

    Blocks as `picture_link` does.

    Raises:
        ProviderFault: it made no picture.
    """
    champion = run.champion
    if champion is None or (image := champion["image"]) is None:
        raise ProviderFault(f"no picture was made: {clean(run.error or run.why)}")
    url = picture_link(image, run.images)
    lines = [
        f"![{escaped(run.brief, 80)}]({url})",
        f"Picture {image['sha256']}, {image['width']}x{image['height']} pixels. {_verdict_text(run)}",
        receipt_line(run.receipt),
    ]
    facts = Delivered(
        image=image,
        url=url,
        run=run.run,
        thread=run.thread,
        status=run.status,
        verdict=_verdict(run),
        receipt=run.receipt,
    )
    return "\n\n".join(lines), facts


def lacking(run: Run) -> list[str]:
    """What the champion lacks, in the words of the checklist."""
    verdict = run.champion["verdict"] if run.champion else None
    texts = {requirement["id"]: requirement["text"] for requirement in run.checklist}
    found = verdict["beliefs"] if verdict else []
    return [texts.get(b["requirement"], b["requirement"]) for b in found if b["answer"] != "yes"]


def _verdict(run: Run) -> dict[str, Any] | None:
    if run.champion is None or score_of(run.champion) is None:
        return None
    return {"passed": passed_of(run.champion), "score": score_of(run.champion), "lacks": lacking(run)}


def _verdict_text(run: Run) -> str:
    verdict, champion = _verdict(run), run.champion
    ended = f"Stopped: {escaped((run.error or run.why).rstrip('.'))}."
    if verdict is None:
        said = unjudged_why(champion) if champion else ""
        return f"It was {escaped(said) or 'not judged'}. {ended}"
    if verdict["passed"]:
        return "It shows everything that was asked."
    return f"It lacks: {escaped('; '.join(verdict['lacks']), 500) or 'nothing that was named'}. {ended}"
