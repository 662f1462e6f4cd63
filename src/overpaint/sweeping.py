"""Removing the pictures and records that nothing refers to, without ever removing one that somebody needs.

A file is removed only when no checkpoint, record or paid request that stays refers to it, and nobody has written or
refreshed it for an hour: `write_once` refreshes a file that is there already, so a picture that is used again just now,
and not named anywhere yet, is young. An hour is far more than lies between keeping a picture and naming it (seconds),
and than clocks of machines that share a folder differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overpaint.marking import LedgerRow, Named, ThreadMarks, follow, image_file, ledger_rows, record_file
from overpaint.tools.database import Database
from overpaint.tools.faults import BadInput
from overpaint.tools.files import is_leftover, read_checked, refresh, remove_if_old
from overpaint.tools.home import disk_faults

HOUR, DAY = 3_600.0, 86_400.0
"""Seconds."""

_NAME = re.compile(r"([0-9a-f]{64})\.(png|jpg|webp|gif|json)")


@dataclass
class Swept:
    """How many files were removed, or would be, what they took, and how many were too young."""

    images: int = 0
    records: int = 0
    leftovers: int = 0
    bytes: int = 0
    young: int = 0


@dataclass(frozen=True)
class Sweep:
    """One round through a home folder; everything here blocks.

    Args:
        home: the home folder.
        database: where paid requests are.
        dropped: ids of the runs that are dropped: their requests keep no picture. Those of agents, which belong to no
            run, keep theirs until they are as old as runs that go.
        doomed: hashes that runs dropped now or earlier referred to.
        now: seconds since 1970.
        age: seconds; pictures that no run and no record ever named go when they are as old as runs that go.
    """

    home: Path
    database: Database
    dropped: set[str]
    doomed: set[str]
    now: float
    age: float
    told: Swept = field(default_factory=Swept)
    left: set[str] = field(default_factory=set)

    def over(self, threads: Iterable[ThreadMarks], dry_run: bool) -> Swept:
        """Remove what nothing refers to; `left` then holds the hashes of what is to go, but is too young.

        Args:
            threads: what the threads that stay refer to.
            dry_run: only count.

        Raises:
            BadInput: a record that a thread needs is missing or damaged, so nothing is removed; or the disk refused.
        """
        spared = self._spared(threads)
        for path in stored(self.home / "images"):
            self._image(path, spared, dry_run)
        for path in stored(self.home / "records"):
            if path.stem in self.doomed - spared:
                self._remove(path, HOUR, "records", dry_run)
        for path in leftovers(self.home):
            self._remove(path, DAY, "leftovers", dry_run)
        return self.told

    def _spared(self, threads: Iterable[ThreadMarks]) -> set[str]:
        seeds, needed = set(), set()
        for marks in threads:
            seeds |= marks.hashes
            needed |= marks.named.records
        for row in ledger_rows(self.database):
            if not self._is_dropped(row):
                seeds |= row.hashes
        spared = self._followed(seeds, needed)
        # Records of runs this database does not know may be another database's.
        unknown = {path.stem for path in stored(self.home / "records")} - spared - self.doomed
        return spared | follow(self.home / "records", unknown, strict=False)[0]

    def _is_dropped(self, row: LedgerRow) -> bool:
        return row.run in self.dropped if row.run is not None else row.expires < self.now - max(HOUR, self.age)

    def _followed(self, seeds: set[str], needed: set[str]) -> set[str]:
        records = self.home / "records"
        try:
            reached, named = follow(records, seeds)
        except BadInput as fault:
            raise BadInput(f"{fault} {_REFUSED}") from fault
        for sha256 in sorted(needed | named.records):
            if not record_file(records, sha256).exists():
                raise BadInput(f"there is no {record_file(records, sha256)}, which a run that stays needs. {_REFUSED}")
        return reached

    def _image(self, path: Path, spared: set[str], dry_run: bool) -> None:
        if path.stem not in spared:
            self._remove(path, HOUR if path.stem in self.doomed else max(HOUR, self.age), "images", dry_run)

    def _remove(self, path: Path, age: float, kind: str, dry_run: bool) -> None:
        with disk_faults(path):
            try:
                size, written = path.stat().st_size, path.stat().st_mtime
            except FileNotFoundError:
                return
        before = self.now - age
        if (written < before) if dry_run else remove_if_old(path, before):
            setattr(self.told, kind, getattr(self.told, kind) + 1)
            self.told.bytes += size
        elif kind != "leftovers":
            self.told.young += 1
            self.left.update({path.stem} & self.doomed)


_REFUSED = "Nothing was pruned: restore it from a backup, and see overpaint verify."


def stored(folder: Path) -> Iterator[Path]:
    """The pictures or records in a folder, by name: whatever else lies there is none of ours."""
    return (path for path in files_in(folder) if _NAME.fullmatch(path.name) and path.parent.name == path.name[:2])


def leftovers(home: Path) -> Iterator[Path]:
    """Halves of files that a crash left."""
    return (path for name in ("images", "records") for path in files_in(home / name) if is_leftover(path))


def files_in(folder: Path) -> list[Path]:
    """All files in a folder and below it, in order.

    Raises:
        BadInput: the disk refused.
    """
    with disk_faults(folder):
        return sorted(path for path in folder.rglob("*") if path.is_file())


def refresh_all(home: Path, values: Mapping[str, Any]) -> None:
    """Spare all that a state refers to from a prune at work, before the state is written anew elsewhere; blocks.

    Args:
        home: the home folder.
        values: the state, such as the beginning of a fork.

    Raises:
        BadInput: what going on from there needs is missing or damaged: a record that the state itself names, or the
            picture of its champion, or, before there is any, that of the brief.
    """
    named, needed = Named(), _needed(home, values)
    named.add(values)
    _, followed = follow(home / "records", named.records, strict=False)
    files = {record_file(home / "records", sha256) for sha256 in named.records | followed.records}
    files |= {image_file(home / "images", name) for name in named.images | followed.images}
    for path in sorted(files):
        if not refresh(path) and path in needed:
            raise BadInput(f"{path} is gone or may not be touched: check it and its folder")


def _needed(home: Path, values: Mapping[str, Any]) -> set[Path]:
    """The files without which a state cannot be gone on from, all of them there and whole."""
    records, champion = Named(), values.get("champion")
    for name in ("candidates", "champion"):
        records.add(values.get(name))
    start = Named()
    start.add({"image": champion["image"]} if champion else values.get("asked"))
    needed = {record_file(home / "records", sha256) for sha256 in records.records}
    needed |= {image_file(home / "images", name) for name in start.images}
    for path in sorted(needed):
        read_checked(path)
    return needed


def noted(home: Path) -> set[str]:
    """What runs dropped by earlier prunes referred to that could not be removed then."""
    file = _note(home)
    with disk_faults(file):
        if not file.exists():
            return set()
        try:
            return {str(sha256) for sha256 in json.loads(file.read_text("utf-8"))}
        except ValueError:
            return set()  # cut off by a crash: those files stay, which harms nobody


def note(home: Path, doomed: set[str]) -> None:
    """Note what is to be removed, so that a prune that dies half-way is made good by the next one.

    Raises:
        BadInput: the disk refused.
    """
    file = _note(home)
    with disk_faults(file):
        if doomed:
            file.write_text(json.dumps(sorted(doomed)), "utf-8")
        else:
            file.unlink(missing_ok=True)


def _note(home: Path) -> Path:
    return home / "pruning.json"
