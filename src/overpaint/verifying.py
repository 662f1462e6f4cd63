"""Looking for damage in a home folder: every picture, record and checkpoint is read, and none is changed.

The database is opened as for any command, which sets up or brings up to date the tables of one that can be written.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from overpaint.graph.persistence import open_checkpointer, threads_of
from overpaint.marking import Named, image_file, ledger_rows, marks_of, record_file
from overpaint.sweeping import files_in, stored
from overpaint.tools.database import database_url, open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.files import is_leftover, read_checked
from overpaint.tools.home import current_home, use_home

Kind = Literal["damaged", "missing", "database", "stray"]
"""Strays are no damage."""

_DATABASE = "restore a copy of it, or move it away (with its -wal and -shm) to begin a new one"
_RECORD = (
    "restore it from a backup; until then runs are shown without it, and one that needs it to go on can only be forked"
    " from a candidate or checkpoint before it"
)
_IMAGE = "restore it from a backup; without it only that candidate is lost: where a run needs it, fork from another one"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: which file, and what is wrong and can be done."""

    kind: Kind
    path: Path | str
    said: str


@dataclass
class Verified:
    """What was found, and how many pictures and records there are."""

    findings: list[Finding] = field(default_factory=list)
    images: int = 0
    records: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged or missing."""
        return all(finding.kind == "stray" for finding in self.findings)


async def verify(home: Path | None = None) -> Verified:
    """Hash every picture and record, ask the database whether it is whole, and look for what runs refer to.

    Args:
        home: the home folder; OVERPAINT_HOME, or .overpaint in the current folder, when None.

    Raises:
        BadInput: the home folder cannot be used.
    """
    with use_home(home):
        folder = await asyncio.to_thread(current_home)
        told = Verified()
        named = await _examine_database(folder, told)
        await asyncio.to_thread(_examine_files, folder, told, named)
        return told


async def _examine_database(home: Path, told: Verified) -> Named:
    """What all runs and requests refer to, as far as the database can be read."""
    named, url = Named(), database_url(home)
    if url.startswith("sqlite:///"):
        file = Path(url.removeprefix("sqlite:///"))
        if not await asyncio.to_thread(file.exists):
            return named
        if fault := await asyncio.to_thread(_quick_check, file):
            told.findings.append(Finding("database", file, fault))
            return named
    try:
        async with open_checkpointer() as saver:
            for thread in await threads_of(saver):
                marks = await marks_of(saver, thread)
                named.images |= marks.named.images
                named.records |= marks.named.records
        for row in await asyncio.to_thread(lambda: list(ledger_rows(open_database()))):
            named.images |= row.named.images
    except BadInput as fault:
        said = f"{fault} What runs refer to was not checked."
        told.findings.append(Finding("database", open_database().shown, said))
    return named


def _quick_check(file: Path) -> str:
    """What is wrong with an SQLite file, and what to do; empty when it is whole."""
    try:
        with open_database().faults():
            said = _asked(file)
    except BadInput as fault:
        return str(fault)
    return "" if said == ["ok"] else f"{'; '.join(said)}: {_DATABASE}"


def _asked(file: Path) -> list[str]:
    try:
        return _answered(file, "mode=ro")
    except sqlite3.OperationalError:
        # On a full or read-only disk SQLite cannot make what it keeps beside the file; without a log it needs none.
        log = file.with_name(f"{file.name}-wal")
        if log.exists() and log.stat().st_size:
            raise
        return _answered(file, "immutable=1")


def _answered(file: Path, how: str) -> list[str]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True, timeout=30)) as connection:
        return [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]


def _examine_files(home: Path, told: Verified, named: Named) -> None:
    images, records = home / "images", home / "records"
    for file in stored(records):
        told.records += 1
        if (data := _read(file, told, _RECORD)) is not None:
            named.add(json.loads(data))
    for file in stored(images):
        told.images += 1
        _read(file, told, _IMAGE)
    told.findings += _missing(images, records, named)
    for folder in (images, records):
        told.findings += _strays(folder)


def _read(file: Path, told: Verified, remedy: str) -> bytes | None:
    try:
        return read_checked(file)
    except BadInput as fault:
        wrong = str(fault).partition(": ")[0].removeprefix(f"{file} is damaged, ")
        told.findings.append(Finding("damaged", file, f"{wrong}: {remedy}"))
        return None


def _missing(images: Path, records: Path, named: Named) -> Iterator[Finding]:
    for sha256 in sorted(named.records):
        if not record_file(records, sha256).exists():
            yield Finding("missing", record_file(records, sha256), f"a run refers to it: {_RECORD}")
    for name in sorted(named.images):
        if not image_file(images, name).exists():
            yield Finding("missing", image_file(images, name), f"a run refers to it: {_IMAGE}")


def _strays(folder: Path) -> Iterator[Finding]:
    ours = set(stored(folder))
    for file in files_in(folder):
        if is_leftover(file):
            yield Finding("stray", file, "half a file that a crash left: overpaint prune removes it after a day")
        elif file not in ours:
            yield Finding("stray", file, "none of overpaint's: move it away if it is not wanted")
