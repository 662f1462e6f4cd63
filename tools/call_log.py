"""The call log: every model call of a run, kept outside its checkpoints, without keys and without picture bytes."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from overpaint.tools.database import Database
from overpaint.tools.faults import BadInput
from overpaint.tools.provider_errors import redacted

_BEGIN = """
INSERT INTO overpaint_calls (run, node, task, model, name, started, messages, reserved_tokens, usd)
VALUES (:run, :node, :task, :model, :name, {now}, :messages, :reserved_tokens, :usd) RETURNING id
"""
_END = """
UPDATE overpaint_calls SET seconds = :seconds, reply = :reply, error = :error, input_tokens = :input_tokens,
    output_tokens = :output_tokens, cached_tokens = :cached_tokens, usd = :usd
WHERE id = :id
"""
_SPENT_BY_RUN = """
SELECT COUNT(*) AS calls, COALESCE(SUM(COALESCE(input_tokens + output_tokens, reserved_tokens, 0)), 0) AS tokens,
    COALESCE(SUM(cached_tokens), 0) AS cached, COALESCE(SUM(seconds), 0) AS seconds,
    COUNT(usd) AS priced, COALESCE(SUM(usd), 0) AS usd
FROM overpaint_calls WHERE run = :run
"""
_SPENT = f"{_SPENT_BY_RUN} AND task = :task"
_LAST = "SELECT * FROM overpaint_calls WHERE run = :run ORDER BY id DESC LIMIT :last"

_DATA_URL = re.compile(r"data:\w+/[\w.+-]+[^,\s]*,[^\s\"')]*")
_DATA = "[data]"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """One call of a chat model.

    Args:
        id: in the order in which calls were begun.
        run, node, task: for what it was made.
        model: "provider:model".
        name: what was asked.
        started: seconds since 1970.
        seconds: how long it took; None while it has not ended, as when its process died.
        messages: what was sent, each with `role` and `content`; pictures by reference.
        reply: what was answered, as text; None when nothing was.
        error: what went wrong.
        input_tokens, output_tokens: as the provider counted; None where it did not.
        cached_tokens: how many of the input tokens it had in its cache.
        reserved_tokens: how many tokens it could take at most; they count where the provider did not.
        usd: what it cost, until it has ended what it may cost at most; None where that is not known.
    """

    id: int
    run: str
    node: str
    task: str
    model: str
    name: str
    started: float
    seconds: float | None
    messages: list[dict[str, Any]]
    reply: str | None
    error: str | None
    input_tokens: int | None
    output_tokens: int | None
    usd: float | None
    cached_tokens: int | None = None
    reserved_tokens: int | None = None


@dataclass(frozen=True)
class Spent:
    """What calls came to. One that has not ended, or whose tokens nobody counted, is in it with its worst case.

    Args:
        calls: how many, refused ones included.
        tokens: in and out.
        cached: those of them that a provider had in its cache.
        seconds: of model time.
        usd: None if the price of one is not known.
    """

    calls: int
    tokens: int
    cached: int
    seconds: float
    usd: float | None


@dataclass(frozen=True)
class CallLog:
    """Where the calls of one task of a run are noted; each note is one short transaction.

    Args:
        database: from `open_database`.
        run: the run's id.
        node: who asks.
        task: what is worked on, the same when it is tried again after a crash.
    """

    database: Database
    _: KW_ONLY
    run: str
    node: str
    task: str

    async def begin(
        self,
        model: str,
        name: str,
        messages: Sequence[BaseMessage],
        *,
        reserved_tokens: int | None = None,
        usd: float | None = None,
    ) -> int:
        """Note a call before it is made.

        Args:
            model: "provider:model".
            name: what is asked.
            messages: what is sent, pictures by reference.
            reserved_tokens: how many tokens it takes at most.
            usd: what it costs at most, None where that is not known. Both count should nobody live to note the truth.

        Returns:
            The id of the note, for `end`.

        Raises:
            BadInput: the database cannot be used; the call should not be made.
        """
        return await asyncio.to_thread(self._begin, model, name, messages, reserved_tokens, usd)

    async def end(
        self,
        call: int,
        *,
        seconds: float,
        reply: str | None = None,
        error: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached_tokens: int | None = None,
        usd: float | None = None,
    ) -> None:
        """Note what came of a call. The answer was paid for, so a database that fails now does not lose it.

        Without tokens those that were reserved go on counting; `usd` takes the place of what was noted before.
        """
        told = {
            "seconds": seconds,
            "reply": None if reply is None else _clean(reply),
            "error": None if error is None else _clean(error),
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cached_tokens": cached_tokens,
            "usd": usd,
        }
        try:
            await asyncio.to_thread(_execute, self.database, _END, id=call, **told)
        except BadInput as fault:
            # Not a warning: the checkpoint that follows needs the same database, and says so to the user.
            _logger.info("the end of call %s was not noted: %s", call, fault)

    async def spent(self) -> Spent:
        """Sum up all calls begun for this run and task, those of a try that crashed included.

        Raises:
            BadInput: the database cannot be used.
        """
        return _summed(await asyncio.to_thread(_execute, self.database, _SPENT, run=self.run, task=self.task))

    def _begin(
        self, model: str, name: str, messages: Sequence[BaseMessage], reserved_tokens: int | None, usd: float | None
    ) -> int:
        rows = _execute(
            self.database,
            _BEGIN,
            run=self.run,
            node=self.node,
            task=self.task,
            model=model,
            name=name,
            messages=json.dumps([{"role": m.type, "content": _kept(m.content)} for m in messages]),
            reserved_tokens=reserved_tokens,
            usd=usd,
        )
        return int(rows[0]["id"])


async def spent_by_run(database: Database, run: str) -> Spent:
    """Sum up all calls begun for a run, by whatever process; raises BadInput where the database cannot be used."""
    return _summed(await asyncio.to_thread(_execute, database, _SPENT_BY_RUN, run=run))


def _summed(rows: list[dict[str, Any]]) -> Spent:
    row = rows[0]
    return Spent(
        calls=row["calls"],
        tokens=int(row["tokens"]),
        cached=int(row["cached"]),
        seconds=float(row["seconds"]),
        usd=float(row["usd"]) if row["priced"] == row["calls"] else None,
    )


async def read_calls(database: Database, run: str, last: int) -> list[Call]:
    """The last calls of a run, oldest first.

    Args:
        database: from `open_database`.
        run: the run's id.
        last: how many, at most.

    Raises:
        BadInput: the database cannot be used.
    """
    rows = await asyncio.to_thread(_execute, database, _LAST, run=run, last=max(0, last))
    return [Call(**{**row, "messages": json.loads(row["messages"])}) for row in reversed(rows)]


def _execute(database: Database, sql: str, **values: Any) -> list[dict[str, Any]]:
    with database.transaction() as transaction:
        return transaction.execute(sql, **values)


def _kept(content: Any) -> Any:
    """A message's content as JSON without keys and bytes."""
    if isinstance(content, str):
        return _clean(content)
    if isinstance(content, dict):
        return {
            str(key): _DATA if key in ("base64", "data") and isinstance(value, str) else _kept(value)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [_kept(part) for part in content]
    return content if content is None or isinstance(content, bool | int | float) else _DATA


def _clean(text: str) -> str:
    return redacted(_DATA_URL.sub(_DATA, text))
