"""JSON Lines and JSON lists as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from overpaint.evaluation.datasets.tables import Entry, Table, Unusable, lines_of
from overpaint.evaluation.nouns import BadRow


def read_json_lines(text: str) -> Table:
    """One JSON object a line; blank lines are left out."""
    lines = enumerate(lines_of(text), start=1)
    return _table((f"line {number}", line) for number, line in lines if line.strip())


def read_json_list(items: Iterable[Any]) -> Table:
    """A list of objects, or of briefs."""
    return _table((f"entry {n}", {"brief": i} if isinstance(i, str) else i) for n, i in enumerate(items, start=1))


def parse(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        Unusable: it is no JSON, or nested too deep.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        raise Unusable(f"it is no JSON: {fault.msg} (character {fault.pos + 1})") from None
    except (ValueError, RecursionError):
        raise Unusable("it is no JSON that can be read: nested too deep, or a number too long") from None


def _table(items: Iterable[tuple[str, Any]]) -> Table:
    columns: dict[str, None] = {}
    entries, bad = [], []
    for where, item in items:
        try:
            values = parse(item) if isinstance(item, str) else item
            if not isinstance(values, dict):
                raise Unusable("it is no JSON object")
        except Unusable as fault:
            bad.append(BadRow(where=where, reason=str(fault)))
            continue
        columns.update(dict.fromkeys(values))
        entries.append(Entry(where, values))
    return Table(list(columns), entries, bad)
