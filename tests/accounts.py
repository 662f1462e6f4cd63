"""What a run says it made, held against what the image server was paid for."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from overpaint.result import Run
from overpaint.runs import load_run
from overpaint.shapes.drawing import draw
from overpaint.shapes.layout import place
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import COLOURS
from overpaint.tools.database import database_url, open_database
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger, Totals
from tests.image_servers import ImageServer, Paid, encoded

Row = dict[str, Any]


@functools.cache
def scene(prompt: str, seed: int | None = None) -> bytes:
    """A PNG of what a prompt asks for, most often with one thing in a wrong colour; a function of prompt and seed."""
    chance = random.Random(f"{prompt}|{seed}")
    things = place(parse(prompt), "scene")
    if chance.random() < 0.8:
        wrong = chance.randrange(len(things))
        colours = [colour for colour in COLOURS if colour != things[wrong].colour]
        things[wrong] = replace(things[wrong], colour=chance.choice(colours))
    return encoded(draw(things, chance.randrange(2**32)))


def essence(run: Run) -> dict[str, Any]:
    """What a run made, without what no two runs share: ids of runs, times, the calls of killed tries."""
    kept = ("id", "parent", "action", "prompt", "seed", "outcome", "image", "verdict", "feedback")
    return {
        "champion": run.champion["id"] if run.champion else None,
        "candidates": [{name: dict(record)[name] for name in kept} for record in run.candidates],
        "stop_reason": run.stop_reason,
    }


def account(home: Path, server: ImageServer) -> Run:
    """The run of a home, after it has been held against its server: nothing lost, and nothing paid for twice."""
    run = asyncio.run(load_run(None, home))
    rows = _rows("SELECT * FROM overpaint_requests WHERE run = :run", home, run=run.run)
    most = run.settings["max_images"]
    assert (run.stop_reason, run.receipt["images"], len(run.candidates)) == ("max_images", most, most)
    unknown = _unknown_are_named(run, rows)
    assert _totals(home, run.run) == Totals(asked=most, stored=most - unknown, unknown=unknown, failed=0, open=0)
    _paid_are_kept(run, rows, server)
    calls = _rows("SELECT COUNT(*) AS calls FROM overpaint_calls WHERE run = :run", home, run=run.run)
    assert calls[0]["calls"] == run.receipt["calls"], "a model call is missing from the receipt"
    return run


def _unknown_are_named(run: Run, rows: list[Row]) -> int:
    states = Counter(row["state"] for row in rows)
    outcomes = Counter(record["outcome"] for record in run.candidates)
    assert states["unknown"] == outcomes["unknown"] == run.receipt["unknown"]
    assert all(record["reason"] for record in run.candidates if record["outcome"] == "unknown")
    return run.receipt["unknown"]


def _paid_are_kept(run: Run, rows: list[Row], server: ImageServer) -> None:
    """Every piece of work is a request of the ledger, each at most once, and its picture is a candidate's, on disk."""
    named = Counter(record["image"]["sha256"] for record in run.candidates if record["image"])
    paid = Counter(_place(rows, work) for work in server.paid)
    assert set(paid.values()) == {1}, "paid for twice"
    stored = {place for place, row in enumerate(rows) if row["state"] == "stored"}
    assert stored <= set(paid), "a picture from nowhere"
    pictures = Counter(_sha256(server.bytes_of(work)) for work in server.paid if _place(rows, work) in stored)
    assert pictures == named, "a picture was lost"
    store = ImageStore(run.images)
    for sha256 in named:
        assert _sha256(asyncio.run(store.load(sha256))) == sha256
    assert {file.stem for file in run.images.glob("*/[0-9a-f]*")} == set(named)


def _place(rows: list[Row], work: Paid) -> int:
    """Which request of the ledger a piece of work is: by its key, or by prompt and seed where no key is sent."""
    asked = [json.loads(row["request"]) for row in rows]
    if work.key is not None:
        found = [place for place, row in enumerate(rows) if row["key"] == work.key]
    else:
        found = [i for i, each in enumerate(asked) if (each["prompt"], each["seed"]) == (work.prompt, work.seed)]
    assert len(found) == 1, "paid for, and not in the ledger"
    return found[0]


def _totals(home: Path, run: str) -> Totals:
    return asyncio.run(Ledger(open_database(database_url(home))).totals(run))


def _rows(sql: str, home: Path, **values: Any) -> list[Row]:
    with open_database(database_url(home)).transaction() as transaction:
        return transaction.execute(sql, **values)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
