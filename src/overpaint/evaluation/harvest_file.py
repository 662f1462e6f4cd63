"""A harvest on disk: JSON Lines, one lesson each, written whole; read with care, since people edit such files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from overpaint.evaluation.datasets.json_tables import read_json_lines
from overpaint.evaluation.datasets.rows import checked_brief, checked_id, checked_text
from overpaint.evaluation.datasets.source import LARGEST
from overpaint.evaluation.datasets.tables import Entry, Unusable
from overpaint.evaluation.harvest import Lesson
from overpaint.evaluation.nouns import BadRow
from overpaint.graph.checklists import read_checklist
from overpaint.phrases import clean
from overpaint.shapes.scene import Spec
from overpaint.tools.faults import BadInput
from overpaint.tools.home import disk_faults


@dataclass(frozen=True)
class Taught:
    """What one line of a harvest says, as far as tuning needs it.

    `success` goes by the truth where the harvest knows it, else by the judge; None where neither knows.
    """

    run: str
    brief: str
    prompt: str
    category: str
    edits: int
    success: bool | None
    requirements: list[dict[str, Any]] | None
    truth: dict[str, Any] | None
    painter: str


@dataclass(frozen=True)
class HarvestFile:
    """A harvest that was read: its usable lines, the others with reasons, and the sha256 of the file."""

    path: Path
    digest: str
    lines: list[Taught]
    bad: list[BadRow]


class _Line(BaseModel):
    """The fields of a line and their types; `prompts`, `verdicts` and the rest are for people."""

    model_config = ConfigDict(strict=True)

    run: str
    brief: str
    prompt: str
    category: str = ""
    edits: int = Field(0, ge=0)
    passed: bool | None = None
    right: bool | None = None
    checklist: list[Any] | None = None
    truth: dict[str, Any] | None = None
    painter: str = ""


def write_harvest(path: Path, lessons: Sequence[Lesson]) -> None:
    """Write a harvest, whole or not at all; a file that is there is left alone.

    Raises:
        BadInput: another file of this name is there, or the disk refused.
    """
    data = "".join(f"{json.dumps(lesson, ensure_ascii=False)}\n" for lesson in lessons).encode()
    with disk_faults(path):
        if path.exists():
            if path.read_bytes() == data:
                return
            raise BadInput(f"{path} is there and differs: name another file with --to, or move it away")
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            half.write_bytes(data)
            half.rename(path)
        finally:
            half.unlink(missing_ok=True)


def read_harvest(path: Path) -> HarvestFile:
    """Read a harvest; lines that cannot be used are listed, and so is every line of a run but its first.

    Raises:
        BadInput: the file cannot be read, is too large, or has no usable line.
    """
    shown = clean(str(path), 200)
    data = _bytes(path, shown)
    table = read_json_lines(data.decode("utf-8-sig", "surrogateescape"))
    lines: dict[str, Taught] = {}
    places: dict[str, str] = {}
    bad = list(table.bad)
    for entry in table.entries:
        try:
            taught = _taught(entry)
            if taught.run in places:
                raise Unusable(f"it is of the same run as {places[taught.run]}")
        except Unusable as fault:
            bad.append(BadRow(where=entry.where, reason=str(fault)))
            continue
        lines[taught.run], places[taught.run] = taught, entry.where
    if not lines:
        first = f"the first is {bad[0]['where']}: {bad[0]['reason']}" if bad else "it is empty"
        raise BadInput(clean(f"the harvest {shown} has no usable line: {first}; make one with overpaint harvest", 500))
    return HarvestFile(path, hashlib.sha256(data).hexdigest(), list(lines.values()), bad)


def _bytes(path: Path, shown: str) -> bytes:
    if not path.is_file():
        raise BadInput(f"there is no harvest {shown}: make one with overpaint harvest --to FILE")
    with disk_faults(path), path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadInput(f"the harvest {shown} is larger than {LARGEST // 1_000_000} MB: split it")
    return data


def _taught(entry: Entry) -> Taught:
    try:
        line = _Line.model_validate(entry.values)
    except ValidationError as error:
        fault = error.errors()[0]
        raise Unusable(f"its {fault['loc'][0]} cannot be used: {fault['msg']}") from None
    prompt = checked_text(line.prompt, "prompt")
    if not prompt:
        raise Unusable("its prompt is empty")
    return Taught(
        run=checked_id(line.run),
        brief=checked_brief(line.brief),
        prompt=prompt,
        category=checked_text(line.category, "category"),
        edits=line.edits,
        success=line.passed if line.right is None else line.right,
        requirements=_checked_requirements(line.checklist),
        truth=_checked_truth(line.truth),
        painter=line.painter,
    )


def _checked_requirements(checklist: list[Any] | None) -> list[dict[str, Any]] | None:
    try:
        return [dict(item) for item in read_checklist(checklist)] if checklist else None
    except BadInput as fault:
        raise Unusable(f"its checklist cannot be used: {fault}") from None


def _checked_truth(truth: dict[str, Any] | None) -> dict[str, Any] | None:
    """The truth of a scene, whose parts are seen to be what the built-in world has."""
    if truth is None:
        return None
    try:
        spec = TypeAdapter(Spec).validate_python(truth)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise Unusable(f"its truth cannot be used: {where}: {fault['msg']}") from None
    if any(not 0 <= end < len(spec.groups) for link in spec.links for end in (link.subject, link.target)):
        raise Unusable("its truth cannot be used: a link leads to no group")
    return truth
