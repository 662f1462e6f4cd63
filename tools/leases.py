"""Leases: which process may drive a thread (a run's checkpoints), so that two never work on one run."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from overpaint.tools.claiming import finished
from overpaint.tools.database import Database
from overpaint.tools.faults import BadInput
from overpaint.tools.owner import host_and_pid, is_living, this_process

_TAKE = """
INSERT INTO overpaint_leases AS old (thread, owner, token, expires) VALUES (:thread, :owner, :token, {now} + :lease)
ON CONFLICT (thread) DO UPDATE SET owner = excluded.owner, token = excluded.token, expires = excluded.expires
WHERE old.expires <= {now} OR old.owner = :dead
RETURNING owner
"""
_READ = "SELECT owner FROM overpaint_leases WHERE thread = :thread"
_TRIES = 10
_RENEW = "UPDATE overpaint_leases SET expires = {now} + :lease WHERE thread = :thread AND token = :token"
_RELEASE = "DELETE FROM overpaint_leases WHERE thread = :thread AND token = :token"


class Held(BadInput):
    """Another process, or another task of this one, is working on the thread."""


class Leases:
    """The leases in a database; what one object takes, it alone renews and releases.

    Args:
        database: from `open_database`.
        seconds: how long a lease holds without `renew`, should its owner be on another machine or hang.
    """

    def __init__(self, database: Database, seconds: float = 60.0) -> None:
        self.database = database
        self.seconds = seconds
        self._tokens: dict[str, str] = {}

    async def take(self, thread: str) -> str | None:
        """Ask to drive a thread; of any number of callers, one may.

        Returns:
            None when it is mine now, else the owner (`host:pid:…`): a living process whose lease has not run out.
            That may be this one, for another task.

        Raises:
            BadInput: the database cannot be used.
        """
        # A token for each time it is taken: after a lease ran out, two tasks of one process could not be told apart.
        token = f"{os.getpid()}:{uuid.uuid4().hex}"
        owner = await asyncio.to_thread(self._take, thread, token)
        if owner is None:
            self._tokens[thread] = token
        return owner

    async def renew(self, thread: str) -> bool:
        """Hold it for another `seconds`. False when it is no longer mine."""
        return await asyncio.to_thread(self._change, _RENEW, thread, lease=float(self.seconds))

    async def release(self, thread: str) -> None:
        """Let go of it, if it is mine."""
        await asyncio.to_thread(self._change, _RELEASE, thread)
        self._tokens.pop(thread, None)

    async def holder(self, thread: str) -> str | None:
        """The living process that drives a thread, None when there is none."""
        return await asyncio.to_thread(self._holder, thread)

    @asynccontextmanager
    async def held(self, thread: str, on_lost: Callable[[], None]) -> AsyncIterator[None]:
        """Hold a lease for the length of the block.

        Args:
            thread: what to drive.
            on_lost: called once, should the lease be another's, or run out because it could not be renewed in time.
                The block is not ended by this.

        Raises:
            Held: another works on the thread.
            BadInput: the database cannot be used.
        """
        mine = Leases(self.database, self.seconds)
        began = time.monotonic()
        try:
            # Threads run on: cut off here, one would take a lease that nobody knows of.
            owner = await finished(mine.take(thread))
            if owner is not None:
                raise Held(_told(owner))
            renewing = asyncio.create_task(mine._keep(thread, began, on_lost))
            try:
                yield
            finally:
                renewing.cancel()
                await asyncio.wait([renewing])
        finally:
            # Where the database is gone by now, the lease runs out by itself.
            with suppress(BadInput):
                await finished(mine.release(thread))

    async def _keep(self, thread: str, began: float, on_lost: Callable[[], None]) -> None:
        """Renew a lease taken at `began` (of `time.monotonic`) until it is lost."""
        kept = True
        while kept:
            asked = time.monotonic()
            with suppress(BadInput, TimeoutError):
                async with asyncio.timeout(max(0.0, began + self.seconds - asked)):
                    await asyncio.sleep(self.seconds / 3)
                    asked = time.monotonic()
                    kept = await self.renew(thread)
                    began = asked
            kept = kept and time.monotonic() < began + self.seconds
        on_lost()

    def _take(self, thread: str, token: str) -> str | None:
        wanted = {"thread": thread, "owner": this_process(), "token": token, "lease": float(self.seconds)}
        with self.database.transaction() as transaction:
            for _ in range(_TRIES):
                if transaction.execute(_TAKE, **wanted, dead=None):
                    return None
                held = transaction.execute(_READ, thread=thread)
                if not held:
                    continue  # released in between, but for the lock that PostgreSQL's ON CONFLICT keeps on the row
                owner = str(held[0]["owner"])
                # Compared again inside the statement: of several who find the owner dead, one takes its place.
                return None if not is_living(owner) and transaction.execute(_TAKE, **wanted, dead=owner) else owner
        raise BadInput(f"the lease on {thread[:60]!r} comes and goes too fast to be taken: try again.")

    def _change(self, sql: str, thread: str, **values: float) -> bool:
        token = self._tokens.get(thread, "")
        # A forked child has the tokens of its parent, but not its leases.
        if not token.startswith(f"{os.getpid()}:"):
            return False
        with self.database.transaction() as transaction:
            transaction.execute(sql, thread=thread, token=token, **values)
            return transaction.changed == 1

    def _holder(self, thread: str) -> str | None:
        with self.database.transaction() as transaction:
            held = transaction.execute(f"{_READ} AND expires > {{now}}", thread=thread)
        owner: str | None = held[0]["owner"] if held else None
        return owner if owner is not None and is_living(owner) else None


def _told(owner: str) -> str:
    if owner == this_process():
        return "another task of this process is working on this run: wait until it is done."
    host, pid = host_and_pid(owner)
    return (
        f"process {pid} on {host} is working on this run: wait until it is done, follow it with `overpaint watch`,"
        " or end that process and try again."
    )
