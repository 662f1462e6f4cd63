"""The painter of the bench: any weights with the settings of the built-in ones, and no picture computed twice.

Presets of one brief share seeds, so they often ask for the same picture. It still counts as painted in every receipt.
"""

from __future__ import annotations

from pathlib import Path

from overpaint.shapes.painter import DEFAULTS, LARGEST, WEIGHTS
from overpaint.shapes.scene import SIDE
from overpaint.tools import painters
from overpaint.tools.backends.diffusers_ import DiffusersPainter
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress

SCHEME = "bench"
_opened: list[Easel] = []


class Easel:
    """A painter that remembers what it painted until it is told to forget."""

    def __init__(self, painter: DiffusersPainter) -> None:
        self.name = painter.name
        self.computed, self.seconds = 0, 0.0
        self._painter = painter
        self._painted: dict[PaintRequest, PaintResult] = {}

    @property
    def abilities(self) -> Abilities:
        """Those of the painter behind it."""
        return self._painter.abilities

    async def check(self) -> None:
        """As the painter behind it."""
        await self._painter.check()

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint, or give back what the same request gave before."""
        if request not in self._painted:
            result = await self._painter.paint(request, progress)
            self._painted[request] = result
            self.computed, self.seconds = self.computed + 1, self.seconds + result.seconds
        return self._painted[request]

    def forget(self) -> None:
        """Forget all pictures."""
        self._painted.clear()


def register() -> None:
    """Make `bench:FOLDER` a painter that settings can name, in this process."""
    painters.BUILT_IN[SCHEME] = "easel:open_painter"


def named(weights: Path | None) -> str:
    """The setting `painter` for a folder of weights; the built-in ones when None."""
    return f"{SCHEME}:{(weights or WEIGHTS).resolve()}"


def open_painter(
    model: str, *, device: str | None = None, dtype: str | None = None, offload: str | None = None
) -> Easel:
    """Make the painter behind `bench:FOLDER`.

    Raises:
        BadInput: as DiffusersPainter.
    """
    sides = range(SIDE, LARGEST + 1, 8)
    painter = DiffusersPainter(model, device=device, dtype=dtype, offload=offload, defaults=DEFAULTS, sides=sides)
    _opened.append(Easel(painter))
    return _opened[-1]


def spent() -> tuple[int, float]:
    """How many pictures were computed in this process, and in how many seconds."""
    return sum(easel.computed for easel in _opened), sum(easel.seconds for easel in _opened)


def forget() -> None:
    """Forget all pictures of this process."""
    for easel in _opened:
        easel.forget()
