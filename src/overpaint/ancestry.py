"""How one run came to be what it is: its candidates by parent, its checkpoints, where it began, and its forks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from overpaint.graph.flow import build_graph
from overpaint.graph.forking import ENTRIES
from overpaint.graph.kept import Kept, find_run, kept_runs, read_history
from overpaint.graph.persistence import open_checkpointer
from overpaint.graph.record import Record
from overpaint.graph.state import Origin
from overpaint.runs import status_of
from overpaint.tools.home import current_home, use_home
from overpaint.tools.records import RecordStore, canonical


@dataclass(frozen=True)
class Step:
    """One candidate.

    Args:
        sha256: its record's.
        record: all that is known of it.
        parent: the record's hash of the candidate it came from.
        checkpoint: the first one that knows it, from which a fork can begin; None when it is too old to be in a state.
        champion: whether the run delivers it.
    """

    sha256: str
    record: Record
    parent: str | None
    checkpoint: str | None
    champion: bool


@dataclass(frozen=True)
class Fork:
    """A run that began from this one, or from a fork of it, with its own forks."""

    run: str
    origin: Origin
    status: str
    forks: list[Fork]


@dataclass(frozen=True)
class Ancestry:
    """A run with all that came before and after.

    Args:
        newest: the run as it stands.
        history: its checkpoints, oldest first.
        branches: checkpoints that several others follow, with the ids of these: Studio forks within a thread.
        steps: its candidates and those it inherited, in the order they were minted.
        forks: the runs that began from it.
        digits: how much of a checkpoint's id is needed to tell it from the others of the thread.
        images: folder of the image store.
    """

    newest: Kept
    history: list[Kept]
    branches: dict[str, list[str]]
    steps: list[Step]
    forks: list[Fork]
    digits: int
    images: Path

    @property
    def forkable(self) -> list[Kept]:
        """The checkpoints from which a fork begins with another decision than the parent's."""
        return [kept for kept in self.history if not kept.next or ENTRIES & set(kept.next)]


async def read_ancestry(run: str | None = None, home: Path | None = None) -> Ancestry:
    """Read a run's thread once, its records, and which runs began from it.

    Args:
        run: its id or the start of it; the latest when None.
        home: the home folder; OVERPAINT_HOME, or .overpaint in the current folder, when None.

    Raises:
        BadInput: no such run, the database cannot be used, or a record is missing or damaged.
    """
    with use_home(home):
        newest = await find_run(run)
        async with open_checkpointer() as saver:
            everything = await read_history(build_graph(saver), newest.thread)
        history = [kept for kept in everything if kept.values.get("run") == newest.values["run"]]
        return Ancestry(
            newest=newest,
            history=history,
            branches=_branches(history),
            steps=await _steps(newest, history),
            forks=_forks(newest.values["run"], await kept_runs()),
            digits=needed_digits([kept.checkpoint for kept in everything]),
            images=await asyncio.to_thread(current_home) / "images",
        )


def needed_digits(ids: Sequence[str], least: int = 8) -> int:
    """The shortest length at which the beginnings of all ids differ."""
    longest = max(map(len, ids), default=least)
    return next((n for n in range(least, longest) if len({id_[:n] for id_ in ids}) == len(set(ids))), longest)


async def _steps(newest: Kept, history: Sequence[Kept]) -> list[Step]:
    first: dict[str, str] = {}
    for kept in history:
        for candidate in kept.values.get("candidates", {}).values():
            first.setdefault(candidate["record"], kept.checkpoint)
    home = await asyncio.to_thread(current_home)
    records = [cast(Record, record) for record in await RecordStore(home / "records").walk(first)]
    by_hash = {hashlib.sha256(canonical(record)).hexdigest(): record for record in records}
    champion = newest.values.get("champion")
    best = champion["record"] if champion else None
    return [
        Step(sha256, record, _parent(record, by_hash), first.get(sha256), sha256 == best)
        for sha256, record in by_hash.items()
    ]


def _parent(record: Record, by_hash: dict[str, Record]) -> str | None:
    """The candidate a record names as its parent, looked for in the rounds before it: branches number theirs alike."""
    seen: set[str] = set()
    round_ = list(record["previous"])
    while record["parent"] and round_:
        for sha256 in round_:
            if sha256 in by_hash and by_hash[sha256]["id"] == record["parent"]:
                return sha256
        seen.update(round_)
        before = {sha256 for one in round_ if one in by_hash for sha256 in by_hash[one]["previous"]}
        round_ = sorted(before - seen)
    return None


def _branches(history: Iterable[Kept]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {}
    for kept in history:
        if kept.parent is not None:
            children.setdefault(kept.parent, []).append(kept.checkpoint)
    return {parent: found for parent, found in children.items() if len(found) > 1}


def _forks(run: str, everything: Sequence[Kept], seen: frozenset[str] = frozenset()) -> list[Fork]:
    seen |= {run}
    found = []
    for kept in everything:
        origin = kept.values.get("forked_from")
        if origin and origin["run"] == run and kept.values["run"] not in seen:
            forks = _forks(kept.values["run"], everything, seen)
            found.append(Fork(kept.values["run"], origin, status_of(kept), forks))
    return found
