"""The full record of every candidate: immutable JSON files beside the pictures, linked by hash to the round before."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from overpaint.tools.faults import BadInput
from overpaint.tools.files import checked_sha256, read_checked, write_once


def canonical(value: Mapping[str, Any]) -> bytes:
    """Spell a JSON object in the one canonical way: keys sorted, no spaces, UTF-8.

    Raises:
        TypeError, ValueError: a value is not JSON (NaN included).
        BadInput: a text holds half a surrogate pair, which UTF-8 cannot say.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        broken = text[max(0, error.start - 20) : error.start]
        raise BadInput(f"the text after {broken!r} holds half a character (a lone surrogate): remove it.") from error


class RecordStore:
    """Records in a folder, each at `<first two letters of its sha256>/<sha256>.json`; may be the image store's folder.

    Args:
        root: the folder; made when the first record is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    async def write(self, record: Mapping[str, Any]) -> str:
        """Keep a record and return its sha256; when this returns, it is on disk.

        Raises:
            BadInput: the disk refused it, or a text in it cannot be written.
        """
        data = canonical(record)
        sha256 = hashlib.sha256(data).hexdigest()
        await asyncio.to_thread(write_once, self._file(sha256), data)
        return sha256

    async def read(self, sha256: str) -> dict[str, Any]:
        """Read a record by its sha256.

        Raises:
            BadInput: no such record, its file was changed, or the name is no sha256.
        """
        return await asyncio.to_thread(self._read, sha256)

    async def walk(self, heads: Iterable[str], *, lost: set[str] | None = None) -> list[dict[str, Any]]:
        """Read the records that `heads` names and all before them, each once, by (round, place in the round).

        Args:
            heads: sha256 of records, usually those of a run's newest round.
            lost: takes the sha256 of records that are missing or damaged, which are then left out.

        Raises:
            BadInput: a record of the chain is missing or damaged, and `lost` was not given.
        """
        return await asyncio.to_thread(self._walk, list(heads), lost)

    def _file(self, sha256: str) -> Path:
        return self.root / checked_sha256(sha256)[:2] / f"{sha256}.json"

    def _read(self, sha256: str) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(read_checked(self._file(sha256)))
        return record

    def _walk(self, heads: list[str], lost: set[str] | None) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        waiting = heads
        while waiting:
            sha256 = waiting.pop()
            if sha256 in found or sha256 in (lost or ()):
                continue
            try:
                found[sha256] = self._read(sha256)
            except BadInput:
                if lost is None:
                    raise
                lost.add(sha256)
            else:
                waiting.extend(found[sha256]["previous"])
        return sorted(found.values(), key=_birth)


def _birth(record: dict[str, Any]) -> tuple[int, int]:
    round_, _, place = record["id"].partition(".")
    return int(round_), int(place)
