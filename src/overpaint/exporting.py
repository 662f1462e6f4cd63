"""`overpaint export`: pictures as files to give away, each with its provenance inside and beside it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.commands import say_json
from overpaint.plain import say
from overpaint.provenance import embedded, parameters, provenance
from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from overpaint.graph.record import Record
    from overpaint.result import Run

FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "original": None}

_CANDIDATE = re.compile(r"\d+\.\d+")
_PICTURE = re.compile(r"[0-9a-f]{8,64}")
_SIGNED = (
    "it carries content credentials (C2PA), which any change would break, so it was copied byte for byte;"
    " what overpaint knows of it is in its .json alone"
)
_BARE_GIF = "a GIF was copied as it is, with whatever it says beside its pixels; --format png leaves that out"
_PLAIN_GIF = "a GIF was copied as it is; what overpaint knows of it is in its .json alone"
_CUT = "its history is too long for a JPEG, and is in its .json alone"
_NONE = "its prompt is too long for a JPEG; what overpaint knows of it is in its .json alone"


@dataclass(frozen=True)
class Exported:
    """A picture ready to be written. `note` says what is unusual about it; empty when nothing is."""

    data: bytes
    mime: str
    note: str = ""


def export(args: Namespace) -> int:
    """Write pictures of a run, with what is known of them."""
    run, records = asyncio.run(find(args.target, every=args.all))
    written = [_write(run, record, args) for record in records]
    if args.json:
        say_json({"run": run.run, "exported": written})
        return 0
    for one in written:
        say(one["file"])
        if one["note"]:
            say(f"overpaint: {one['candidate']}: {one['note']}", sys.stderr)
    return 0


async def find(target: str | None, *, every: bool = False) -> tuple[Run, list[Record]]:
    """The run and the candidates that a user names, each with a picture.

    Args:
        target: `RUN:2.0`, a picture's sha256 or its first 8 digits or more, `2.0` of the latest run, or a run's id or
            the start of it, for its champion; None for the champion of the latest run.
        every: all candidates of the run that passed the gate.

    Raises:
        BadInput: there is no such run, candidate or picture.
    """
    from overpaint.runs import load_run

    run_id, colon, candidate = (target or "").rpartition(":")
    if not colon and not _CANDIDATE.fullmatch(candidate):
        if target and (sha256 := await asyncio.to_thread(_picture, target)):
            return await _holder(sha256)
        run_id, candidate = candidate, ""
    run = await load_run(run_id or None)
    if candidate and every:
        raise BadInput(f"--all exports a whole run, and {target!r} names one candidate: leave out one of them")
    if every:
        return run, [record for record in run.candidates if record["outcome"] == "ok" and record["image"]]
    return run, [_named(run, candidate) if candidate else _champion(run)]


def exported(data: bytes, mime: str | None, document: dict[str, Any] | None) -> Exported:
    """Make the file of a picture.

    Args:
        data: the picture as it is stored; one with content credentials stays as it is, whatever else is asked.
        mime: the format to give it; None for its own. Only another format makes that its pixels are encoded again.
        document: what to write into it; None leaves it without any metadata.

    Raises:
        BadInput: the picture does not fit the format.
    """
    from overpaint.tools.picture_formats import converted
    from overpaint.tools.picture_metadata import WRITABLE, carries_c2pa, without_metadata
    from overpaint.tools.picture_parts import mime_of

    stored = mime_of(data)
    assert stored is not None
    mime = mime or stored
    if carries_c2pa(data):
        return Exported(data, stored, _SIGNED)
    if mime not in WRITABLE:
        return Exported(data, stored, _PLAIN_GIF if document else _BARE_GIF)
    if mime != stored:
        data = converted(data, mime)
    if document is None:
        return Exported(without_metadata(data), mime)
    return _told(data, mime, document)


def _told(data: bytes, mime: str, document: dict[str, Any]) -> Exported:
    from overpaint.tools.picture_metadata import with_texts

    short = {name: value for name, value in document.items() if name != "history"}
    for shown, note in ((document, ""), (short, _CUT)):
        told = with_texts(data, parameters(document), embedded(shown))
        if told is not None:
            return Exported(told, mime, note)
    return Exported(data, mime, _NONE)


def _write(run: Run, record: Record, args: Namespace) -> dict[str, Any]:
    from overpaint.tools.files import read_checked
    from overpaint.tools.images import SUFFIXES

    path = run.image_path(record)
    assert path is not None
    document = provenance(run, record)
    made = exported(read_checked(path), FORMATS[args.format], None if args.no_metadata else document)
    # Ids come from files; whatever they hold, a name is one name.
    stem = re.sub(r"[^0-9A-Za-z.-]", "_", f"{run.run[:8]}-{record['id']}")
    file, sidecar = args.to / f"{stem}{SUFFIXES[made.mime]}", args.to / f"{stem}.json"
    _place(file, made.data, force=args.force)
    _place(sidecar, f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode(), force=args.force)
    return {
        "candidate": record["id"],
        "file": str(file),
        "sidecar": str(sidecar),
        "original": document["image"]["sha256"],
        "note": made.note,
    }


def _place(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file; one that holds the same already is left, another one too unless `force`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if path.read_bytes() == data:
                return
            if not force:
                raise BadInput(f"{path} is there and differs: name another folder, or overwrite it with --force")
            path.unlink()
        _create(path, data)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}; name another folder") from error


def _create(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        try:
            file.write(data)
            file.flush()
        except OSError:
            path.unlink()
            raise


def _named(run: Run, candidate: str) -> Record:
    for record in run.candidates:
        if record["id"] == candidate:
            return _with_picture(record)
    raise BadInput(f"there is no candidate {candidate[:60]!r} in run {run.run}: see overpaint show {run.run}")


def _champion(run: Run) -> Record:
    if run.champion is None:
        raise BadInput(f"run {run.run} has no champion: name a candidate, as in {run.run}:0.0; see overpaint show")
    return _with_picture(run.champion)


def _with_picture(record: Record) -> Record:
    if record["image"] is None:
        raise BadInput(f"candidate {record['id']} has no picture ({record['outcome']}): name another one")
    return record


def _picture(digits: str) -> str | None:
    """The sha256 of the stored picture that begins so; None where none does."""
    from overpaint.tools.home import current_home

    if not _PICTURE.fullmatch(digits):
        return None
    found = sorted({path.stem for path in (current_home() / "images" / digits[:2]).glob(f"{digits}*")})
    if len(found) > 1:
        raise BadInput(f"{len(found)} pictures start with {digits!r}: give more of the sha256")
    return found[0] if found else None


async def _holder(sha256: str) -> tuple[Run, list[Record]]:
    """The latest run with a candidate of that picture, and the first such candidate."""
    from overpaint.graph.kept import kept_runs
    from overpaint.runs import restore

    for kept in await kept_runs():
        run = await restore(kept, strict=False)
        for record in run.candidates:
            if record["image"] and record["image"]["sha256"] == sha256:
                return run, [record]
    raise BadInput(f"no run has a candidate with the picture {sha256}: see overpaint runs")
