"""From what a table holds to rows of a dataset, each checked; what fails a check is a bad row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from overpaint.evaluation.datasets.tables import Entry, Unusable
from overpaint.evaluation.nouns import BadRow, Row
from overpaint.graph.nodes.intake import LONGEST_BRIEF

LONGEST_ID = 200
"""Characters."""


class Placed(Protocol):
    """Anything that a row can be built from."""

    @property
    def where(self) -> str:
        """Where it stands in its source."""
        ...


Part = TypeVar("Part", bound=Placed)


def collect(parts: Iterable[Part], build: Callable[[Part], Row]) -> tuple[list[Row], list[BadRow]]:
    """Every part as a row, or as a bad row where `build` raises Unusable or the id was there before."""
    rows: list[Row] = []
    bad: list[BadRow] = []
    first: dict[str, str] = {}
    for part in parts:
        try:
            row = build(part)
            if row["id"] in first:
                raise Unusable(f"it has the same id as {first[row['id']]}: {row['id']}")
        except Unusable as fault:
            bad.append(BadRow(where=part.where, reason=str(fault)))
            continue
        first[row["id"]] = part.where
        rows.append(row)
    return rows, bad


def row_of(entry: Entry, columns: Mapping[str, str], pictures: Callable[[Any], list[str]]) -> Row:
    """A row from the columns that `columns` names for brief, id, category, image and caption.

    Args:
        entry: what was read. Where the brief is a list, its first text is the brief and the others are captions.
        columns: column by what it holds; brief is always there.
        pictures: the files that the value of the image column names.

    Raises:
        Unusable: a value is missing or cannot be used.
    """
    brief, *others = _texts(_value(entry, columns, "brief"), "brief") or [""]
    return Row(
        id=checked_id(_value(entry, columns, "id")) if "id" in columns else entry.where.replace(" ", "-"),
        brief=checked_brief(brief),
        category=_category(_value(entry, columns, "category")),
        requirements=None,
        pictures=pictures(_value(entry, columns, "image")),
        captions=others + _texts(_value(entry, columns, "caption"), "caption"),
        truth=None,
    )


def checked_text(value: Any, what: str) -> str:
    """A text without surrounding space.

    Raises:
        Unusable: it is none, or holds what no database and no UTF-8 file can keep.
    """
    if not isinstance(value, str):
        raise Unusable(f"it has no {what}" if value is None else f"its {what} is no text")
    if "\0" in value:
        raise Unusable(f"its {what} has a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unusable(f"its {what} is no valid UTF-8") from None
    return value.strip()


def checked_brief(value: Any) -> str:
    """A brief as a run takes it.

    Raises:
        Unusable: it is no text, empty or too long.
    """
    brief = checked_text(value, "brief")
    if not brief:
        raise Unusable("its brief is empty")
    if len(brief) > LONGEST_BRIEF:
        raise Unusable(f"its brief has {len(brief):,} characters, more than {LONGEST_BRIEF:,}")
    return brief


def checked_id(value: Any) -> str:
    """An id of a row, from a text or a whole number.

    Raises:
        Unusable: it is neither, empty or too long.
    """
    name = checked_text(str(value) if type(value) is int else value, "id")
    if not 1 <= len(name) <= LONGEST_ID:
        raise Unusable("its id is empty" if not name else f"its id is longer than {LONGEST_ID} characters")
    return name


def _value(entry: Entry, columns: Mapping[str, str], what: str) -> Any:
    value = entry.values.get(columns[what]) if what in columns else None
    if value is None and what in ("brief", "id") and what in columns:
        raise Unusable(f"it has no {columns[what]}")
    return value


def _category(value: Any) -> str:
    return "" if value is None else checked_text(str(value) if isinstance(value, (int, float)) else value, "category")


def _texts(value: Any, what: str) -> list[str]:
    found = value if isinstance(value, list) else [] if value is None else [value]
    return [text for item in found if (text := checked_text(item, what))]
