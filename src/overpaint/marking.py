"""What refers to which pictures and records: told by checkpoints, records and the ledger, down to the last one.

Two answers. `Named` is what a run must have, read from the places where it belongs. `hashes_in` is all that may be a
name, wherever it stands: what housekeeping must spare.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Send

from overpaint.graph.persistence import on_thread
from overpaint.tools.database import Database
from overpaint.tools.faults import BadInput
from overpaint.tools.files import read_checked
from overpaint.tools.images import SUFFIXES

# Looked for at every place, so that no name is missed for a hex digit that happens to stand before it.
_HASH = re.compile(rb"(?=([0-9a-f]{64}))")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ROWS = """
SELECT key, run, image, request, details, expires FROM overpaint_requests WHERE key > :after ORDER BY key LIMIT 1000
"""


def hashes_in(data: bytes) -> set[str]:
    """Everything in the bytes that may be the sha256 of a picture or record."""
    return {match.decode() for match in _HASH.findall(data)}


@dataclass
class Named:
    """What a run must have: the file name of each picture, and the sha256 of each record."""

    images: set[str] = field(default_factory=set)
    records: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Add what a value of a checkpoint, or a record, names in the places made for it."""
        if isinstance(value, Send):
            self.add(value.arg)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self.add(item)
        elif isinstance(value, dict):
            self._add_fields(value)
            for item in value.values():
                self.add(item)

    def _add_fields(self, value: dict[str, Any]) -> None:
        sha256, suffix = value.get("sha256"), SUFFIXES.get(str(value.get("mime")))
        if _is_hash(sha256) and suffix:
            self.images.add(f"{sha256}{suffix}")
        previous = value.get("previous")
        records = [value.get("record"), value.get("base"), *(previous if isinstance(previous, list) else [])]
        self.records.update(record for record in records if _is_hash(record))


@dataclass
class ThreadMarks:
    """What one thread refers to, over all its checkpoints, since each of them can be forked.

    `runs` are the ids of the runs it holds; `named` what they must have; `hashes` all that may be a name.
    """

    runs: set[str] = field(default_factory=set)
    named: Named = field(default_factory=Named)
    hashes: set[str] = field(default_factory=set)


async def marks_of(saver: BaseCheckpointSaver[str], thread: str) -> ThreadMarks:
    """Read every checkpoint of a thread, those of its candidates and what was written after each included."""
    marks = ThreadMarks()
    async for kept in saver.alist(on_thread(thread)):
        values = kept.checkpoint["channel_values"]
        writes = [value for _, _, value in kept.pending_writes or ()]
        runs = [values.get("run"), *(value for _, channel, value in kept.pending_writes or () if channel == "run")]
        marks.runs.update(run for run in runs if isinstance(run, str))
        for value in (values, writes):
            marks.named.add(value)
            marks.hashes |= hashes_in(JsonPlusSerializer().dumps_typed(value)[1])
    return marks


@dataclass(frozen=True)
class LedgerRow:
    """What one paid request refers to; `run` is None when an agent made it, `expires` when its last claim ran out."""

    run: str | None
    expires: float
    named: Named
    hashes: set[str]


def ledger_rows(database: Database) -> Iterator[LedgerRow]:
    """What every paid request refers to, read in short transactions; blocks."""
    after: str | None = ""
    while after is not None:
        with database.transaction() as transaction:
            rows = transaction.execute(_ROWS, after=after)
        for row in rows:
            named = Named()
            named.add(json.loads(row["image"] or "null"))
            texts = (row["image"], row["request"], row["details"])
            yield LedgerRow(
                row["run"], float(row["expires"]), named, hashes_in("\n".join(text or "" for text in texts).encode())
            )
        after = rows[-1]["key"] if rows else None


def record_file(folder: Path, sha256: str) -> Path:
    """Where a record lies."""
    return folder / sha256[:2] / f"{sha256}.json"


def image_file(folder: Path, name: str) -> Path:
    """Where a picture of this file name lies."""
    return folder / name[:2] / name


def follow(folder: Path, hashes: Iterable[str], *, strict: bool = True) -> tuple[set[str], Named]:
    """Go from records to what they refer to, and on from there; blocks.

    Args:
        folder: that of the records.
        hashes: where to begin; those that are no record here are kept as they are.
        strict: whether a damaged record is a fault; else it refers to nothing.

    Returns:
        All that may be a name, the beginning included, and what the records met must have.

    Raises:
        BadInput: a record is damaged.
    """
    reached, named = set(hashes), Named()
    waiting = list(reached)
    while waiting:
        file = record_file(folder, waiting.pop())
        data = _read(file, strict=strict)
        if data is None:
            continue
        named.add(json.loads(data))
        fresh = hashes_in(data) - reached
        reached |= fresh
        waiting.extend(fresh)
    return reached, named


def _read(file: Path, *, strict: bool) -> bytes | None:
    try:
        return read_checked(file) if file.exists() else None
    except BadInput:
        if strict:
            raise
        return None


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None
