"""The process that drives runs and is killed: a warm one that forks a fresh process for each order, as a script.

One order is a line of JSON on stdin, answered by the id of the new process. Imports take seconds, a fork milliseconds.
No thread runs and nothing is open when it forks.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

WARM = (
    "overpaint.continuing",
    "overpaint.run",
    "overpaint.runs",
    "overpaint.shapes.chat",
    "overpaint.shapes.inspector",
    "overpaint.tools.backends.fal",
    "overpaint.tools.backends.openai_",
    "overpaint.tools.database_postgres",
    "overpaint.tools.database_sqlite",
    "overpaint.sheet",
    "PIL.PngImagePlugin",
    "aiohttp",
    "anyio._backends._asyncio",
    "h11",
    "langchain_core.tools.simple",
    "langgraph.checkpoint.postgres.aio",
    "langgraph.checkpoint.sqlite.aio",
    "numpy",
    "openai.resources.images",
    "psycopg_pool",
)


def main() -> None:
    """Take orders until stdin ends."""
    for name in WARM:
        import_module(name)
    threads = len(list(Path("/proc/self/task").iterdir())) if Path("/proc/self/task").exists() else 1
    _tell({"threads": threads})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead, so that no one takes them for living
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _child(json.loads(line))
        _tell({"pid": pid})


def _tell(what: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _child(order: dict[str, Any]) -> None:
    """Do what is ordered, write what came of it to the file `said`, and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with Path(os.devnull).open("r+") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    os.environ.update(order["environment"])
    try:
        _prepare(order)
        said = asyncio.run(_drive(order))
    except BaseException as fault:  # noqa: BLE001  whatever it is, the test wants to see it
        said = {"fault": type(fault).__name__, "text": str(fault), "trace": traceback.format_exc()}
    Path(order["said"]).write_text(json.dumps(said), "utf-8")
    os._exit(0)


def _prepare(order: dict[str, Any]) -> None:
    from overpaint.tools.backends import fal
    from overpaint.tools.leases import Leases
    from overpaint.tools.ledger import Ledger

    fal.POLL_SECONDS = (0.02, 0.1)
    if order["lease"]:
        for kind in (Ledger, Leases):
            kind.__init__.__defaults__ = (order["lease"],)
    if order["cut"]:
        _cut(**order["cut"])


async def _drive(order: dict[str, Any]) -> dict[str, Any]:
    """Take the run of the home up, or start it where there is none so far."""
    from overpaint.continuing import aresume
    from overpaint.run import arefine
    from overpaint.runs import load_runs

    if await load_runs():
        run = await aresume()
    else:
        run = await arefine(order["brief"], settings=order["settings"])
    return {"run": run.run, "status": run.status}


def _cut(at: str, when: str, nth: int, number: int) -> None:
    """Have this process send itself a signal before, or after, the nth call of a function.

    Args:
        at: the function, `module:name` or `module:Class.method`.
        when: "before" or "after".
        nth: counted from 1.
        number: of the signal.
    """
    module, _, path = at.partition(":")
    owner: Any = import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def strike(moment: str) -> None:
        nonlocal calls
        calls += moment == when
        if moment == when and calls == nth:
            os.kill(os.getpid(), number)

    @functools.wraps(original)
    async def slow(*given: Any, **named: Any) -> Any:
        strike("before")
        result = await original(*given, **named)
        strike("after")
        return result

    @functools.wraps(original)
    def quick(*given: Any, **named: Any) -> Any:
        strike("before")
        result = original(*given, **named)
        strike("after")
        return result

    setattr(owner, name, slow if inspect.iscoroutinefunction(original) else quick)


if __name__ == "__main__":
    main()
