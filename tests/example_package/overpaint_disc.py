"""A painter for overpaint that paints one disc, in the first colour that the prompt names."""

import asyncio
from io import BytesIO

from PIL import Image, ImageColor, ImageDraw

from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Abilities, PaintRequest, PaintResult, Progress


class DiscPainter:
    """The painter behind "disc:<colour of the ground>"."""

    def __init__(self, ground: str) -> None:
        self.name = f"disc:{ground}"
        self.abilities = Abilities(accepts=frozenset({"size"}), seeds=True, free=True, price_usd=0.0)
        self._ground = ground

    async def check(self) -> None:
        """Find what is missing on this machine, such as a key or a device: here, nothing."""

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture; in a thread, since nothing may hold up the event loop."""
        colour = next((word for word in request.prompt.split() if word in ImageColor.colormap), "black")
        data = await asyncio.to_thread(self._painted, colour, request.size or (256, 256))
        return PaintResult("ok", data, seed=request.seed, params={"colour": colour})

    def _painted(self, colour: str, size: tuple[int, int]) -> bytes:
        image, file = Image.new("RGB", size, self._ground), BytesIO()
        radius = min(size) / 5
        ImageDraw.Draw(image).circle((size[0] / 2, size[1] / 2), radius, fill=colour)
        image.save(file, "PNG")
        return file.getvalue()


def open_painter(model: str) -> DiscPainter:
    """What the entry point names: gets the part of the painter's name after the colon."""
    ground = model or "whitesmoke"
    if ground not in ImageColor.colormap:
        raise BadInput(f"disc has no ground {ground[:40]!r}: write disc:whitesmoke, or another colour's CSS name")
    return DiscPainter(ground)
