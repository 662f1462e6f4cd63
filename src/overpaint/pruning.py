"""Dropping old runs, and the pictures and records that nothing refers to any more."""

from __future__ import annotations

import asyncio
import math
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver

from overpaint.graph.flow import build_graph
from overpaint.graph.kept import Kept, kept_runs, read_thread
from overpaint.graph.persistence import open_checkpointer, threads_of
from overpaint.marking import ThreadMarks, follow, marks_of
from overpaint.runs import status_of, worker_on
from overpaint.sweeping import DAY, HOUR, Sweep, Swept, note, noted
from overpaint.tools.database import Database, database_url, open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home, use_home
from overpaint.tools.leases import Held, Leases
from overpaint.tools.ledger import Ledger

_CALLS = "DELETE FROM overpaint_calls WHERE id IN (SELECT id FROM overpaint_calls WHERE run = :run LIMIT 500)"
_REQUESTS = (
    "DELETE FROM overpaint_requests WHERE key IN (SELECT key FROM overpaint_requests WHERE run = :run LIMIT 500)"
)

_AGENTS = """
DELETE FROM overpaint_requests WHERE key IN (
    SELECT key FROM overpaint_requests WHERE run IS NULL AND expires < :before LIMIT 500
)
"""
_LATEST = """
SELECT run, MAX(expires) AS latest FROM overpaint_requests WHERE run IS NOT NULL GROUP BY run
UNION ALL SELECT run, MAX(started) AS latest FROM overpaint_calls GROUP BY run
"""


@dataclass(frozen=True)
class Pruned:
    """What was dropped, or would be.

    Args:
        runs: how many runs were dropped; `waiting` and `interrupted` say how many of them had not ended.
        running: how many are old enough, but somebody works on them: they stay.
        kept: how many runs are left, those included.
        images, records, leftovers: how many files were removed: pictures, records, and halves left by a crash.
        bytes: what these files took.
        young: files nothing refers to that were written or used too lately to be removed; a later prune does.
    """

    runs: int = 0
    waiting: int = 0
    interrupted: int = 0
    running: int = 0
    kept: int = 0
    images: int = 0
    records: int = 0
    leftovers: int = 0
    bytes: int = 0
    young: int = 0


@dataclass(frozen=True)
class _Going:
    """A run to drop, and what it refers to."""

    kept: Kept
    marks: ThreadMarks


async def prune(
    keep_days: float, dry_run: bool = False, home: Path | None = None, *, now: float | None = None
) -> Pruned:
    """Drop runs that took their last step long ago: checkpoints, ledger, logged calls, reports; then what they leave.

    A run that another process works on stays. So does every picture and record that a run left, a fork for one, or a
    request in the ledger still refers to. Requests and calls of runs that have no checkpoint any more, and requests
    that an agent made outside of any run, count as long as runs do, and an hour at least. Records of runs that this
    database does not know stay with their pictures: another database may hold them.

    Args:
        keep_days: how many days ago the last step may be; may be a fraction.
        dry_run: change nothing, and say what would be dropped.
        home: the home folder; OVERPAINT_HOME, or .overpaint in the current folder, when None.
        now: what to take for now, in seconds since 1970.

    Raises:
        BadInput: the number is none, the database or a disk cannot be used, or a run that stays lacks a record, so that
            it is not known what it needs. Nothing was dropped then.
    """
    if not (math.isfinite(keep_days) and keep_days >= 0):
        raise BadInput(f"the number of days is {keep_days:g} and must be 0 or more: give --keep-days 30, for example")
    now = time.time() if now is None else now
    with use_home(home):
        if not await asyncio.to_thread(_has_database):
            return Pruned()
        async with open_checkpointer() as saver:
            return await _Pruning(saver, open_database(), current_home(), now, keep_days * DAY).done(dry_run)


def _has_database() -> bool:
    """Whether there is one: without it nothing is known of any picture, and nothing is pruned."""
    url = database_url(current_home())
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


@dataclass(frozen=True)
class _Pruning:
    saver: BaseCheckpointSaver[str]
    database: Database
    home: Path
    now: float
    age: float

    async def done(self, dry_run: bool) -> Pruned:
        found = await kept_runs()
        old = [kept for kept in found if self._is_old(kept)]
        free = [kept for kept in old if await self._is_free(kept)]
        going = [_Going(kept, await marks_of(self.saver, kept.thread)) for kept in free]
        doomed = await asyncio.to_thread(self._doomed, going)
        # Fails, before anything is changed, where it is not known what the other runs need.
        others = await self._others(going)
        orphans = await asyncio.to_thread(self._orphans, _runs([*others, *(one.marks for one in going)]))
        swept = await self._swept(going, others, orphans, doomed, dry_run=True)
        if not dry_run:
            going = await self._dropped(going, others, doomed)
            await asyncio.to_thread(self._drop_strays, orphans)
            # Read again, since a fork may have begun meanwhile.
            swept = await self._swept(going, await self._others(going), orphans, doomed, dry_run=False)
        states = [status_of(one.kept) for one in going]
        return Pruned(
            runs=len(going),
            waiting=states.count("waiting"),
            interrupted=states.count("interrupted"),
            running=len(old) - len(going),
            kept=len(found) - len(going),
            **vars(swept),
        )

    def _is_old(self, kept: Kept) -> bool:
        return bool(kept.updated) and datetime.fromisoformat(kept.updated).timestamp() < self.now - self.age

    async def _is_free(self, kept: Kept) -> bool:
        return await worker_on(kept) is None

    def _orphans(self, known: set[str]) -> set[str]:
        """Runs without a checkpoint that spent something long ago: never begun, or a prune died between the two."""
        latest: dict[str, float] = {}
        with self.database.transaction() as transaction:
            for row in transaction.execute(_LATEST):
                latest[row["run"]] = max(float(row["latest"]), latest.get(row["run"], 0.0))
        return {run for run, when in latest.items() if when < self._before} - known

    @property
    def _before(self) -> float:
        return self.now - max(HOUR, self.age)

    def _doomed(self, going: list[_Going]) -> set[str]:
        doomed = noted(self.home)
        for one in going:
            doomed |= follow(self.home / "records", one.marks.hashes, strict=False)[0]
        return doomed

    async def _dropped(self, going: list[_Going], others: list[ThreadMarks], doomed: set[str]) -> list[_Going]:
        """Drop the runs, those apart that somebody has taken up meanwhile."""
        await asyncio.to_thread(note, self.home, doomed)
        gone = [one for one in going if await self._drop(one.kept)]
        staying = [*others, *(one.marks for one in going if one not in gone)]
        for run in sorted(_runs(one.marks for one in gone) - _runs(staying)):
            await asyncio.to_thread(self._drop_rows, run)
            await asyncio.to_thread(_drop_report, self.home, run)
        return gone

    async def _drop(self, kept: Kept) -> bool:
        try:
            async with Leases(self.database).held(kept.thread, lambda: None):
                newest = await read_thread(build_graph(self.saver), kept.thread)
                working = await Ledger(self.database).worked_on(kept.values["run"])
                if newest.checkpoint != kept.checkpoint or working is not None:
                    return False
                await self.saver.adelete_thread(kept.thread)
        except Held:
            return False
        return True

    def _drop_rows(self, run: str) -> None:
        for statement in (_CALLS, _REQUESTS):
            self._delete(statement, run=run)

    def _drop_strays(self, orphans: set[str]) -> None:
        """Drop the rows of runs without a checkpoint, and those of agents."""
        for run in sorted(orphans):
            self._drop_rows(run)
            _drop_report(self.home, run)
        self._delete(_AGENTS, before=self._before)

    def _delete(self, statement: str, **given: str | float) -> None:
        """Delete some rows at a time, so that nobody waits long."""
        changed = 1
        while changed:
            with self.database.transaction() as transaction:
                transaction.execute(statement, **given)
                changed = transaction.changed

    async def _swept(
        self, going: list[_Going], others: list[ThreadMarks], orphans: set[str], doomed: set[str], *, dry_run: bool
    ) -> Swept:
        dropped = _runs(one.marks for one in going) - _runs(others) | orphans
        sweep = Sweep(self.home, self.database, dropped, doomed, self.now, self.age)
        swept = await asyncio.to_thread(sweep.over, others, dry_run)
        if not dry_run:
            await asyncio.to_thread(note, self.home, sweep.left)
        return swept

    async def _others(self, going: list[_Going]) -> list[ThreadMarks]:
        """What every other thread refers to."""
        without = {one.kept.thread for one in going}
        threads = [thread for thread in await threads_of(self.saver) if thread not in without]
        return [await marks_of(self.saver, thread) for thread in threads]


def _runs(threads: Iterable[ThreadMarks]) -> set[str]:
    return {run for marks in threads for run in marks.runs}


def _drop_report(home: Path, run: str) -> None:
    if Path(run).name == run:  # an id is never a path
        shutil.rmtree(home / "reports" / run, ignore_errors=True)
