"""A database in which what was met is gone at the next look, as if another process had removed it in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from overpaint.tools.database import Database, Transaction


class Removing:
    """A real database; before each of the next `times` SELECTs, the statement `sql` is run."""

    def __init__(self, database: Database, sql: str, times: int = 0) -> None:
        self._database, self.sql, self.times = database, sql, times
        self.url, self.shown, self.file = database.url, database.shown, database.file
        self.faults, self.close = database.faults, database.close

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction of the database."""
        with self._database.transaction() as transaction:
            yield _Transaction(transaction, self)


class _Transaction:
    changed = 0

    def __init__(self, transaction: Transaction, removing: Removing) -> None:
        self._transaction, self._removing = transaction, removing

    def execute(self, sql: str, /, **values: Any) -> list[dict[str, Any]]:
        if sql.startswith("SELECT") and self._removing.times:
            self._removing.times -= 1
            self._transaction.execute(self._removing.sql)
        rows = self._transaction.execute(sql, **values)
        self.changed = self._transaction.changed
        return rows
