"""judge_method=strict: whether the picture is what was asked for, and a revised prompt, in exactly one call."""

from __future__ import annotations

from overpaint.graph.judges.subject import Subject, overall, unjudged
from overpaint.graph.method_schemas import Matched
from overpaint.graph.record import Verdict
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load

PROMPTS = ("judge.strict",)


async def by_match(subject: Subject, toolbox: Toolbox) -> Verdict:
    """Ask once; the revision is kept with the verdict, where critique_method=fused finds it."""
    reply = await toolbox.consult(
        "judge",
        load("judge.strict"),
        Matched,
        shown=subject.image["sha256"],
        values={"brief": subject.brief, "prompt": subject.prompt},
    )
    if reply.value is None:
        return unjudged(reply.fault or "the judge gave no answer")
    said, matches = reply.value, reply.value.matches
    return Verdict(
        beliefs=overall(subject, matches, "yes" if matches else "no", said.feedback),
        score=float(matches),
        passed=matches,
        quality=None,
        flaws=[],
        fault=None,
        feedback=said.feedback,
        suggested=said.revised_prompt.strip(),
    )
