"""Which key a thread belongs to: written down before anything of the thread is, and never changed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager

from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.server.keys import LOCAL, Caller, first_owner
from overpaint.tools.database import Database, Transaction
from overpaint.tools.home import open_home

_CLAIM = """
INSERT INTO overpaint_owners (thread, owner, created) VALUES (:thread, :owner, {now})
ON CONFLICT (thread) DO NOTHING
"""
_READ = "SELECT thread, owner FROM overpaint_owners WHERE thread = :thread"
_READ_ALL = "SELECT thread, owner FROM overpaint_owners"
_SINGLY = 100
"""Threads up to which each is asked for: beyond, one statement for all is faster."""

_AT_WORK = """
SELECT l.thread FROM overpaint_leases l JOIN overpaint_owners o ON o.thread = l.thread
WHERE o.owner = :owner AND l.expires > {now}
"""


class Owners:
    """The owners in a database.

    A thread that nobody claimed, such as one of the command line, belongs to the first key; so does one that was made
    before there were keys.

    Args:
        database: from `open_database`.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    async def claim(self, thread: str, owner: str) -> str:
        """Write down who owns a thread; the first claim holds, whichever way its id is spelled.

        Returns:
            Whose it is: not the claimant's where another was first, or where somebody else's run has begun in it.

        Raises:
            BadInput: the database cannot be used.
        """
        thread = canonical(thread)
        if owner != first_owner() and (await self._unclaimed(thread)) and await self._begun(thread):
            return first_owner()
        return await asyncio.to_thread(self._claim, thread, owner)

    async def of(self, threads: Sequence[str]) -> dict[str, str]:
        """Whose each of some threads is.

        Raises:
            BadInput: the database cannot be used.
        """
        names = {thread: canonical(thread) for thread in threads}
        claimed = await asyncio.to_thread(self._claimed, list(names.values()))
        return {thread: _whose(claimed.get(name, LOCAL.owner)) for thread, name in names.items()}

    async def may(self, caller: Caller, thread: str) -> bool:
        """Whether a thread is the caller's; without keys every thread is.

        Raises:
            BadInput: the database cannot be used.
        """
        return caller == LOCAL or (await self.of([thread]))[thread] == caller.owner

    async def at_work(self, owner: str) -> set[str]:
        """The threads of an owner that some process drives now.

        Raises:
            BadInput: the database cannot be used.
        """
        return await asyncio.to_thread(self._at_work, owner)

    async def _unclaimed(self, thread: str) -> bool:
        return not await asyncio.to_thread(self._claimed, [thread])

    async def _begun(self, thread: str) -> bool:
        async with open_checkpointer(self.database.url) as saver:
            return await saver.aget_tuple(on_thread(thread)) is not None

    def _transaction(self) -> AbstractContextManager[Transaction]:
        open_home()  # the first request to a new home comes before its first run
        return self.database.transaction()

    def _claim(self, thread: str, owner: str) -> str:
        with self._transaction() as transaction:
            transaction.execute(_CLAIM, thread=thread, owner=owner)
            return _whose(str(transaction.execute(_READ, thread=thread)[0]["owner"]))

    def _claimed(self, threads: Sequence[str]) -> dict[str, str]:
        with self._transaction() as transaction:
            if len(threads) > _SINGLY:
                rows = transaction.execute(_READ_ALL)
            else:
                rows = [row for thread in threads for row in transaction.execute(_READ, thread=thread)]
        return {str(row["thread"]): str(row["owner"]) for row in rows}

    def _at_work(self, owner: str) -> set[str]:
        with self._transaction() as transaction:
            return {str(row["thread"]) for row in transaction.execute(_AT_WORK, owner=owner)}


def canonical(thread: str) -> str:
    """The id of a thread as LangGraph writes it: it takes a UUID in any spelling."""
    try:
        return str(uuid.UUID(thread))
    except ValueError:
        return thread


def _whose(owner: str) -> str:
    return first_owner() if owner == LOCAL.owner else owner
