"""Runs as they stand in a home folder, written step by step without painting: real checkpoints, records and pictures."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from PIL import Image

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Origin, PainterFacts, Plan, State, empty_receipt
from overpaint.tools.images import ImageRef, ImageStore
from overpaint.tools.ledger import Ledger, request_key
from overpaint.tools.records import RecordStore

BRIEF = "a red circle"
CHECKLIST: Any = [
    {"id": "r1", "text": "a red circle", "question": "Is it?", "kind": "object", "expected": "yes", "weight": 1.0}
]


def png(shade: int) -> bytes:
    """A small picture, another one for every number."""
    data = BytesIO()
    Image.new("RGB", (8, 8), (shade % 256, shade // 256 % 256, 7)).save(data, "PNG")
    return data.getvalue()


@dataclass
class Written:
    """One run being written: its thread, and the hashes of its pictures and records by candidate."""

    saver: BaseCheckpointSaver[str]
    home: Path
    run: str
    thread: str = field(default_factory=lambda: str(uuid.uuid4()))
    images: dict[str, ImageRef] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, Candidate] = field(default_factory=dict)

    async def update(self, values: Any, as_node: str, checkpoint: str | None = None) -> str:
        """Write one checkpoint and return its id."""
        graph = build_graph(self.saver)
        config = await graph.aupdate_state(on_thread(self.thread, checkpoint), values, as_node=as_node)
        return str(config["configurable"]["checkpoint_id"])

    async def start(self, origin: Origin | None = None, **more: Any) -> str:
        """The first checkpoint: a run that has its checklist."""
        values: State = {
            "run": self.run,
            "asked": {"text": BRIEF, "image": None},
            "seed": 1,
            "settings": Settings().model_dump(mode="json"),
            "painter": PainterFacts(edit="mask", token_limit=None, price_usd=0.0),
            "prompt": "a red circle, large",
            "checklist": CHECKLIST,
            "round": -1,
            "tried": [],
            "plan": Plan(action="stop", why="not begun", parent=None, count=0, targets=[], stop=None),
            "receipt": empty_receipt(),
            "forked_from": origin,
            **more,  # type: ignore[typeddict-item]
        }
        return await self.update(values, "specify")

    async def paint(self, id_: str, parent: str | None, shade: int, checkpoint: str | None = None) -> str:
        """A checkpoint in which one more candidate was painted, judged and crowned, as three of a real run."""
        ref = await ImageStore(self.home / "images").save(png(shade))
        round_ = int(id_.split(".")[0])
        before = [self.records[i] for i, c in self.candidates.items() if c["round"] == round_ - 1]
        record: Any = {
            "id": id_, "run": self.run, "round": round_, "action": "reseed" if parent else "start", "parent": parent,
            "previous": before, "prompt": f"prompt of {id_}", "boxes": [], "seed": shade, "feedback": "",
            "outcome": "ok", "reason": "", "image": ref, "params": {}, "notes": [], "models": {}, "prompts": {},
            "verdict": {"beliefs": [], "score": 0.5, "passed": False, "quality": None, "flaws": [], "fault": None},
            "spent": empty_receipt(), "created": "2026-01-01T00:00:00+00:00",
        }  # fmt: skip
        sha256 = await RecordStore(self.home / "records").write(record)
        small = Candidate(
            id=id_, parent=parent, round=round_, action=record["action"], depth=0, seed=shade, outcome="ok", image=ref,
            beliefs="n", score=0.5, record=sha256,
        )  # fmt: skip
        self.images[id_], self.records[id_], self.candidates[id_] = ref, sha256, small
        values: Any = {
            "candidates": {id_: small},
            "champion": small,
            "round": round_,
            "plan": Plan(action=record["action"], why=f"for {id_}", parent=parent, count=1, targets=[], stop=None),
            "receipt": {**empty_receipt(), "images": 1},
        }
        return await self.update(values, "candidate", checkpoint)

    async def end(self) -> str:
        """The last checkpoint."""
        plan = Plan(action="stop", why="enough", parent=None, count=0, targets=[], stop="max_images")
        await self.update({"plan": plan}, "candidate")
        return await self.update({"ended": "max_images"}, "deliver")

    async def pay(self, ledger: Ledger, id_: str, run: str | None = None) -> None:
        """A row of the ledger for a candidate's picture."""
        key = request_key(self.run, id_, 0, {})
        await ledger.claim(key, {"prompt": id_}, run=run)
        await ledger.stored(key, self.images[id_])

    async def fork(self, from_: str, checkpoint: str, run: str) -> Written:
        """A fork that starts from one candidate."""
        forked = Written(self.saver, self.home, run)
        kept = {id_: c for id_, c in self.candidates.items() if c["round"] < self.candidates[from_]["round"]}
        kept[from_] = self.candidates[from_]
        forked.candidates = kept
        forked.records = {id_: self.records[id_] for id_ in kept}
        forked.images = {id_: self.images[id_] for id_ in kept}
        origin = Origin(run=self.run, thread=self.thread, checkpoint=checkpoint, candidate=from_)
        await forked.start(origin, candidates=kept, champion=self.candidates[from_])
        return forked


async def asking(home: Path) -> None:
    """A run that waits for a person to look at a prompt."""
    async with open_checkpointer() as saver:
        made = Written(saver, home, "run")
        await made.start(settings=Settings(review="prompt").model_dump(mode="json"))
        await made.paint("0.0", None, 1)
        await build_graph(saver).ainvoke(None, on_thread(made.thread))


LATER = 100 * 86_400.0


def in_100_days() -> float:
    return time.time() + LATER


def everything(home: Path) -> set[str]:
    return {path.name for name in ("images", "records") for path in (home / name).rglob("*") if path.is_file()}


def ages(home: Path) -> None:
    """As if all files had been written long ago."""
    for path in home.rglob("*"):
        os.utime(path, (1, 1))


async def written(saver: Any, home: Path, run: str, shades: list[int]) -> Written:
    made = Written(saver, home, run)
    await made.start()
    for round_, shade in enumerate(shades):
        await made.paint(f"{round_}.0", f"{round_ - 1}.0" if round_ else None, shade)
    return made
