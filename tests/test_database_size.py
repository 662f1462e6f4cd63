"""Checkpoints stay small: the whole database of a long run, write-ahead log included, whatever the pictures weigh."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from overpaint.graph.flow import build_graph
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.graph.settings import Settings
from overpaint.tools import painters
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress

BRIEF = (
    "two small red circles above a large blue square, a green star left of the square, a black cross below the square"
)


class Gradient:
    """A remote painter's stand-in for pictures of any size: a colour ramp that differs with the seed."""

    name = "gradient"
    abilities = Abilities(accepts=frozenset({"size"}), edit="mask", seeds=True, free=True, price_usd=0.0)

    async def check(self) -> None:
        """Nothing is needed."""

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        assert request.seed is not None
        colour = (request.seed % 256, request.seed // 256 % 256, request.seed // 65536 % 256)
        ramp = Image.linear_gradient("L").rotate(request.seed % 360)
        picture = Image.composite(Image.new("RGB", ramp.size, colour), Image.new("RGB", ramp.size, "white"), ramp)
        data = io.BytesIO()
        picture.resize(request.size or (64, 64)).save(data, "PNG", compress_level=1)
        return PaintResult(outcome="ok", data=data.getvalue(), seed=request.seed)


def open_gradient(model: str, **options: Any) -> Gradient:
    return Gradient()


async def run_of(images: int, size: str) -> dict[str, Any]:
    context = Settings(painter="gradient", size=size, max_images=images, stop_when_passed=False, seed=1)
    async with open_checkpointer() as saver:
        graph = build_graph(saver)
        return await graph.ainvoke({"brief": BRIEF}, on_thread("t"), context=context, durability="sync")


@pytest.mark.parametrize(
    ("images", "size", "most"),
    [
        pytest.param(16, "64x64", 1_000_000, marks=pytest.mark.slow),
        pytest.param(64, "64x64", 4_000_000, marks=pytest.mark.slow),
        pytest.param(16, "2048x2048", 1_000_000, marks=[pytest.mark.slow, pytest.mark.long]),
    ],
)
async def test_a_run_keeps_its_database_small(
    images: int, size: str, most: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(painters.BUILT_IN, "gradient", f"{__name__}:open_gradient")
    ended = await run_of(images, size)
    assert ended["receipt"]["images"] == images
    files = {p.name: p.stat().st_size for p in home.glob("overpaint.db*")}
    assert sum(files.values()) - logged(home) < most


def logged(home: Path) -> int:
    """Bytes of the call log, which lies in the same file but in no checkpoint: what was said, once."""
    said = "SELECT SUM(LENGTH(messages) + LENGTH(reply)) FROM overpaint_calls"
    with closing(sqlite3.connect(home / "overpaint.db")) as database:
        (found,) = database.execute(said).fetchone()
    return int(found)
