"""judge_method=score: think aloud, then a score from 0 to 1, then correct or incorrect; quality apart from it."""

from __future__ import annotations

from overpaint.graph.judges.subject import Subject, overall, unjudged
from overpaint.graph.method_schemas import Scored
from overpaint.graph.record import Verdict
from overpaint.graph.toolbox import Toolbox
from overpaint.prompts import load

PROMPTS = ("judge.score",)


async def by_score(subject: Subject, toolbox: Toolbox) -> Verdict:
    """Ask for a score. One that contradicts its own verdict is asked for once more, and then counts as none."""
    reply = await toolbox.consult(
        "judge", load("judge.score"), Scored, shown=subject.image["sha256"], values={"brief": subject.brief}
    )
    if reply.value is None:
        return unjudged(reply.fault or "the judge gave no answer")
    said, correct = reply.value, reply.value.verdict == "correct"
    return Verdict(
        beliefs=overall(subject, correct, said.verdict, said.thoughts),
        score=round(said.score, 4),
        passed=correct,
        quality=said.quality,
        flaws=[],
        fault=None,
    )
