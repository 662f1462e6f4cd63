"""How results are said, with the same words on a terminal, in a pipe and on the contact sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from overpaint.graph.record import Record
    from overpaint.graph.state import Receipt
    from overpaint.result import Run


MARKS = {"yes": "✓", "no": "✗", "unsure": "?"}
"""The mark of each answer a judge can give."""
LETTERS = {"y": "yes", "n": "no", "u": "unsure"}
"""The answer behind each letter of a candidate's `beliefs`."""

ACTIONS = {
    "start": "first round",
    "given": "given by you",
    "rejudge": "judged anew",
    "edit": "edit",
    "revise": "revise",
    "restart": "restart",
    "reseed": "reseed",
}
OUTCOMES = {
    "ok": "painted",
    "blank": "blank picture",
    "blocked": "blocked by the provider",
    "duplicate": "duplicate",
    "error": "failed",
    "unknown": "sent, never answered",
}

_UNSAFE = dict.fromkeys((*range(32), *range(127, 160), *range(8234, 8239), *range(8294, 8298)), " ")


def clean(text: str, limit: int = 0) -> str:
    """Make foreign text fit for one line of a terminal.

    Control characters and text-direction overrides become spaces, so that a brief can neither colour the terminal
    nor rewrite what is printed around it.

    Args:
        text: what a user or a model wrote.
        limit: cut after this many characters, with an ellipsis; 0 keeps all.
    """
    line = " ".join(text.translate(_UNSAFE).split())
    return f"{line[: limit - 1].rstrip()}…" if limit and len(line) > limit else line


def percent(score: float | None) -> str:
    """A score of 0 to 1 as a whole percentage; a dash when there is none. Only a full score says 100%."""
    if score is None:
        return "-"
    return "99%" if 0.99 <= score < 1 else f"{score:.0%}"


def money(usd: float | None) -> str:
    """US dollars: free, unknown, or the sum to a hundredth of a cent."""
    if usd is None:
        return "price unknown"
    return "free" if usd == 0 else f"${usd:.4f}" if usd < 1 else f"${usd:,.2f}"


def seconds(value: float) -> str:
    """A duration, given in seconds, with the precision a reader can use."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where due."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def receipt_line(receipt: Receipt) -> str:
    """What a run spent, on one line."""
    counts = (("image", receipt["images"]), ("call", receipt["calls"]), ("token", receipt["tokens"]))
    parts = [counted(number, noun) for noun, number in counts]
    if lost := receipt.get("unknown", 0):
        parts[0] += f" ({lost} perhaps paid for and never seen)"
    return " · ".join([*parts, seconds(receipt["seconds"]), money(receipt["usd"])])


def score_of(record: Record) -> float | None:
    """A candidate's score; None when it was not judged."""
    verdict = record["verdict"]
    return None if verdict is None else verdict["score"]


def passed_of(record: Record) -> bool | None:
    """Whether a candidate passed; None when it was not judged."""
    verdict = record["verdict"]
    return None if verdict is None else verdict["passed"]


def unjudged_why(record: Record) -> str:
    """Why a candidate has no verdict; empty when it has one."""
    if record["outcome"] != "ok":
        said = OUTCOMES[record["outcome"]]
        return f"{said}: {record['reason']}" if record["reason"] else said
    verdict = record["verdict"]
    if verdict is None:
        return "not judged"
    return f"not judged: {verdict['fault']}" if verdict["fault"] else ""


def making_lines(record: Record, picture: Path | None) -> list[str]:
    """A candidate's picture, what the critic had said, and what was proposed where a person edited that."""
    lines = [f"picture: {picture}"] if picture else []
    lines += [f"critic: {clean(record['feedback'], 300)}"] if record["feedback"] else []
    if "suggested" in record:
        lines += [f"suggested: {clean(record['suggested'])}", f"edited to: {clean(record['prompt'])}"]
    return lines


def summary(run: Run) -> list[tuple[str, str]]:
    """What a run came to, as (name, value) pairs: the end of every refine and the start of every show."""
    said = f"{run.status}: {run.why}" if run.why else run.status
    rows = [("run", run.run), ("brief", clean(run.brief, 200)), ("status", clean(said))]
    if run.error:
        rows.append(("error", clean(run.error)))
    if run.stopped_at is not None:
        rows.append(("stop", f"in round {run.stopped_at}, and painted on for analysis (mode=full)"))
    if run.champion is not None:
        rows.append(("champion", f"{run.champion['id']}, score {percent(score_of(run.champion))}"))
        rows.append(("picture", str(run.image_path(run.champion) or "-")))
    if run.unrendered is not None:
        rows.append(("revision", f"never painted: {clean(run.unrendered)}"))
    if run.forked_from is not None:
        start = f"{run.forked_from['candidate']} of " if run.forked_from["candidate"] else ""
        rows.append(("forked", f"from {start}{run.forked_from['run']}"))
    if run.report is not None:
        rows.append(("sheet", str(run.report)))
    return [*rows, ("receipt", receipt_line(run.receipt))]


def way_on(run: Run) -> str:
    """How to go on with a run that can go on; empty when it came to its end, or when a process is at it."""
    if run.status == "waiting":
        return f"answer with: overpaint resume {run.run} --answer approve"
    onward = f"go on with: overpaint resume {run.run}"
    return {"interrupted": onward, "failed": f"once that is mended, {onward}"}.get(run.status, "")
