"""Runs as they stand in a home folder: the list of them, and each one whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from overpaint.graph.crowning import crowned, passes
from overpaint.graph.kept import Kept, find_run, kept_runs
from overpaint.graph.record import Record
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Plan, empty_receipt
from overpaint.phrases import counted
from overpaint.result import Run, Status
from overpaint.spending import spent_so_far
from overpaint.tools.database import open_database
from overpaint.tools.home import current_home, use_home
from overpaint.tools.leases import Leases
from overpaint.tools.ledger import Ledger
from overpaint.tools.records import RecordStore


@dataclass(frozen=True)
class RunSummary:
    """One line of the list of runs."""

    run: str
    thread: str
    status: Status
    brief: str
    images: int
    score: float | None
    updated: str


async def load_runs(home: Path | None = None) -> list[RunSummary]:
    """All runs in a home folder, latest first; each thread shows its latest run."""
    with use_home(home):
        return [_summarise(kept, await _stands(kept)) for kept in await kept_runs()]


async def load_run(run: str | None = None, home: Path | None = None) -> Run:
    """A run as it stands in the home folder, by id or the start of it; the latest when None.

    Raises:
        BadInput: there is no such run.
    """
    with use_home(home):
        kept = await find_run(run)
        return replace(await restore(kept, strict=False), status=await _stands(kept))


async def _stands(kept: Kept) -> Status:
    """How a run stands, and whether another process works on it right now."""
    status = status_of(kept)
    return "running" if status == "interrupted" and await worker_on(kept) is not None else status


async def worker_on(kept: Kept) -> str | None:
    """The living process that works on a run, None when none is known.

    Who uses the graph without a lease is seen while it makes a request.
    """
    database = open_database()
    holder = await Leases(database).holder(kept.thread)
    return holder or await Ledger(database).worked_on(kept.values["run"])


async def restore(kept: Kept, error: str = "", *, strict: bool = True) -> Run:
    """The run that a thread's newest checkpoint and its records tell of.

    Lost records of older rounds, which nothing that is still to be done reads, are left out, and `Run.error` says so.

    Args:
        kept: the newest checkpoint.
        error: why it broke off just now.
        strict: whether the records that the state itself names must be there, since going on needs them.

    Raises:
        BadInput: one of those is missing or damaged.
    """
    values, home = kept.values, current_home()
    heads = [c["record"] for c in values.get("candidates", {}).values()]
    heads += [best["record"]] if (best := values.get("champion")) else []
    records, lost = await _reached(RecordStore(home / "records"), heads, strict=strict)
    faults = [said for said in (error, _loss(lost)) if said]
    champion, plan = _champion(kept), values.get("plan")
    sheet = home / "reports" / values["run"] / "sheet.html"
    return Run(
        run=values["run"],
        thread=kept.thread,
        status="failed" if error else status_of(kept),
        stop_reason="provider" if error else values.get("ended"),
        why=error or (_why(plan, records) if plan and not due(kept) else "it can be seen as far as it came"),
        brief=values["asked"]["text"],
        checklist=values.get("checklist", []),
        candidates=records,
        champion=next((r for r in records if champion and r["id"] == champion["id"]), None),
        receipt=await spent_so_far(values) if due(kept) else values.get("receipt", empty_receipt()),
        settings=values["settings"],
        images=home / "images",
        report=sheet if sheet.exists() else None,
        error="; ".join(faults) or None,
        requests=[interrupt.value for interrupt in kept.interrupts],
        critique=values.get("critique"),
        forked_from=dict(origin) if (origin := values.get("forked_from")) else None,
        stopped_at=values.get("stopped_at"),
        unrendered=None if due(kept) else values.get("unrendered"),
    )


def _why(plan: Plan, records: list[Record]) -> str:
    """Why a run stopped; where no picture of its last round could be painted, in the painter's words too."""
    failed = records[-1]["reason"] if plan["stop"] == "provider" and records else ""
    return plan["why"] if not failed or failed in plan["why"] else f"{plan['why']}: {failed}"


async def _reached(store: RecordStore, heads: list[str], *, strict: bool) -> tuple[list[Record], set[str]]:
    """The records that heads name and those before them, and which of them cannot be read."""
    lost: set[str] = set()
    records = await store.walk(heads, lost=lost)
    for head in lost.intersection(heads) if strict else ():
        await store.read(head)  # says which file it is, and what to do
    return [cast(Record, record) for record in records], lost


def _loss(lost: set[str]) -> str:
    if not lost:
        return ""
    return f"shown without {counted(len(lost), 'lost record')} and what only they lead to: see overpaint verify"


def _champion(kept: Kept) -> Candidate | None:
    """The champion; of a run that stopped just before a decision, the one that decision will crown."""
    if "decide" not in kept.next or "round" not in kept.values:
        return kept.values.get("champion")
    return crowned(kept.values, Settings.model_validate(kept.values["settings"]))


def due(kept: Kept) -> tuple[str, ...]:
    """The nodes that the run itself has yet to go through: none for a message after it that was refused."""
    return () if kept.next in (("intake",), ("reply",)) else kept.next


def status_of(kept: Kept) -> Status:
    """How a run stands, from its newest checkpoint."""
    if kept.waiting:
        return "waiting"
    if due(kept) or kept.values.get("ended") is None:
        return "interrupted"
    if passes(kept.values.get("champion")):
        return "passed"
    return "failed" if kept.values.get("ended") == "provider" else "stopped"


def _summarise(kept: Kept, status: Status) -> RunSummary:
    values, champion = kept.values, _champion(kept)
    return RunSummary(
        run=values["run"],
        thread=kept.thread,
        status=status,
        brief=values["asked"]["text"],
        images=values.get("receipt", empty_receipt())["images"],
        score=champion["score"] if champion else None,
        updated=kept.updated,
    )
