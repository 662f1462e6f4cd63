"""Edits over OpenAI's images API: the picture and the mask that are sent, and what is made of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from overpaint.tools.backends.masking import Rectangle, paste_back, rectangles
from overpaint.tools.decoding import BadPicture, decode
from overpaint.tools.painters import Box

if TYPE_CHECKING:
    from PIL.Image import Image

Size = tuple[int, int]


@dataclass(frozen=True)
class Edit:
    """One edit, from the source to the picture.

    Args:
        source: RGB, of the size the picture will have.
        inside: where to repaint it; empty means anywhere.
        notes: what a user should know of the source.
    """

    source: Image
    inside: tuple[Rectangle, ...]
    notes: tuple[str, ...]

    def files(self) -> dict[str, Any]:
        """The files to send, each (name, PNG, type): the image, and a mask where there are boxes."""
        files = {"image": ("image.png", _png(self.source), "image/png")}
        if self.inside:
            files["mask"] = ("mask.png", _png(_mask(self.source.size, self.inside)), "image/png")
        return files

    def finished(self, data: bytes) -> tuple[bytes, tuple[str, ...]]:
        """The picture made of what came, of the source's size and its pixels outside the boxes, and notes on it.

        Bytes that need no change, or are no picture, are given back as they came.
        """
        try:
            painted = decode(data)
        except BadPicture:
            return data, self.notes
        notes = self.notes
        if painted.size != self.source.size:
            notes = (*notes, f"it came as {_named(painted.size)} and was resized to {_named(self.source.size)}")
            painted = _resized(painted, self.source.size)
        elif not self.inside:
            return data, notes
        if self.inside:
            painted = paste_back(self.source, painted, self.inside)
        return _png(painted), notes


def prepared(source: bytes, boxes: Sequence[Box], size: Size | None) -> Edit:
    """Make an edit ready.

    Args:
        source: an encoded picture.
        boxes: where to repaint it, as fractions; empty means anywhere.
        size: width and height of the picture that is wanted; None means the source's.

    Raises:
        BadInput: the source cannot be decoded, or a box is none.
    """
    image, notes = decode(source), tuple[str, ...]()
    if size is not None and image.size != size:
        notes = (f"the source was resized from {_named(image.size)} to {_named(size)}",)
        image = _resized(image, size)
    return Edit(image, tuple(rectangles(boxes, image.size)), notes)


def _mask(size: Size, inside: Sequence[Rectangle]) -> Image:
    """RGBA, transparent where to repaint, as OpenAI reads it, and white there for those who read its colour."""
    from PIL import Image

    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    for rectangle in inside:
        mask.paste((255, 255, 255, 0), rectangle)
    return mask


def _resized(image: Image, size: Size) -> Image:
    from PIL.Image import Resampling

    return image.resize(size, Resampling.LANCZOS)


def _png(image: Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _named(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
