"""judge_method=caption: the picture in words, and whether these words say what the brief asks for.

Models talk to each other in language alone (Socratic models, arXiv 2204.00598): who compares never sees the picture.
"""

from __future__ import annotations

from overpaint.graph.judges.subject import Subject, overall, unjudged
from overpaint.graph.method_schemas import Captioned, Similar
from overpaint.graph.record import Verdict
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load

PROMPTS = ("caption.describe", "caption.similar")


async def by_caption(subject: Subject, toolbox: Toolbox) -> Verdict:
    """Caption the picture, then ask whether the caption is like the brief; a caption alone leaves it unjudged."""
    seen = await toolbox.consult(
        "captioner", load("caption.describe"), Captioned, shown=subject.image["sha256"], values={}
    )
    if seen.value is None:
        return unjudged(f"the picture has no caption: {seen.fault}")
    caption = " ".join(seen.value.caption.split())  # of one line, as the lists that it will stand in
    prompt = toolbox.text("caption.similar")
    reply = await toolbox.consult("judge", prompt, Similar, values={"brief": subject.brief, "caption": caption})
    if reply.value is None:
        return {**unjudged(reply.fault or "the judge gave no answer"), "caption": caption}
    similar = reply.value.similar
    return Verdict(
        beliefs=overall(subject, similar, "yes" if similar else "no", f"{caption} ({reply.value.reasoning})"),
        score=float(similar),
        passed=similar,
        quality=None,
        flaws=[],
        fault=None,
        caption=caption,
    )
