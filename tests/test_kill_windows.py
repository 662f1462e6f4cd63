"""Runs killed deliberately in each window between asking for a picture and keeping it, and taken up each time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.accounts import account, essence
from tests.killing import HERE, KINDS, Cut, Struck, Trial, served, told

pytestmark = [HERE, pytest.mark.slow, pytest.mark.timeout(300)]

LEDGER = "overpaint.tools.ledger:Ledger"
SAVER = "langgraph.checkpoint.sqlite.aio:AsyncSqliteSaver"

BEFORE: dict[str, Cut | Struck] = {
    "in intake": Cut("overpaint.graph.nodes.intake:painter_facts"),
    "before the first checkpoint": Cut(f"{SAVER}.aput", when="before"),
    "the writer answered": Cut("overpaint.tools.call_log:CallLog.end"),
    "decided": Cut("overpaint.graph.nodes.decide:plan"),
}
PAYING: dict[str, Cut | Struck] = {
    "between intent and acceptance": Cut(f"{LEDGER}.claim"),
    "asked, not accepted": Struck("asked"),
    "accepted, not recorded": Struck("accepted"),
    "the id is recorded": Cut(f"{LEDGER}.submitted"),
    "while it is painted": Struck("status"),
    "during the download": Struck("downloading"),
    "named, not on disk": Cut(f"{LEDGER}.arriving"),
    "on disk, not in the ledger": Cut(f"{LEDGER}.stored", when="before"),
}
AFTER: dict[str, Cut | Struck] = {
    "stored, no checkpoint": Cut(f"{LEDGER}.stored"),
    "stored, a later picture": Cut(f"{LEDGER}.stored", nth=2),
    "judged, not recorded": Cut("overpaint.tools.records:RecordStore.write", when="before"),
    "judged, no checkpoint": Cut("overpaint.tools.records:RecordStore.write"),
    "a model answered, no checkpoint": Cut("overpaint.tools.call_log:CallLog.end", nth=2),
    "the critic answered, no checkpoint": Cut("overpaint.graph.critics.targeted:_settle"),
}
STEPS: dict[str, Cut | Struck] = {
    **{f"{n} steps noted": Cut(f"{SAVER}.aput_writes", nth=n) for n in (1, 2, 3, 4)},
    **{f"{n} checkpoints written": Cut(f"{SAVER}.aput", nth=n) for n in (1, 2, 3, 4)},
}
"""These do not depend on the painter."""

ENDING: dict[str, Cut | Struck] = {
    "in deliver": Cut("overpaint.graph.nodes.deliver:bill"),
    "in the contact sheet": Cut("overpaint.driving:write_report", when="before"),
}
QUEUED = ("the id is recorded", "while it is painted")
"""Windows that only a queue has."""

UNKNOWN: dict[str, tuple[str, ...]] = {
    "keyed": (),
    "plain": (
        "between intent and acceptance",
        "asked, not accepted",
        "accepted, not recorded",
        "during the download",
        "named, not on disk",
    ),
    "fal": ("between intent and acceptance", "asked, not accepted", "accepted, not recorded"),
}
"""Where a kill makes a picture unknown: the table of docs/providers.md."""


@pytest.mark.parametrize("kind", KINDS)
def test_killed_in_every_window(kind: str, tmp_path: Path) -> None:
    began = time.monotonic()
    windows = {**BEFORE, **PAYING, **AFTER, **(STEPS if kind == "keyed" else {}), **ENDING}
    if kind != "fal":
        windows = {name: point for name, point in windows.items() if name not in QUEUED}
    with served(kind, answer_with="url") as server:
        trial = Trial(server, KINDS[kind], tmp_path / "home")
        for point in windows.values():
            trial.killed_at(point)
        trial.ends()
        run = account(trial.home, server)
    assert run.receipt["unknown"] == len(UNKNOWN[kind])
    if not UNKNOWN[kind]:
        with served(kind, answer_with="url") as server:
            Trial(server, KINDS[kind], tmp_path / "whole").ends()
            assert essence(run) == essence(account(tmp_path / "whole", server))
    told(f"{kind}, {len(windows)} windows", began, [trial], run)
