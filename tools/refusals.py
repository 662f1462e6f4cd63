"""What a painter would have to ignore is refused by name, before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from overpaint.tools.faults import BadInput
from overpaint.tools.painters import Painter, PaintRequest

SAME_SHAPE = 1.04
"""Up to which factor two aspect ratios count as one: 1344x768 is what providers call 16:9 (1.75 for 1.78)."""


@runtime_checkable
class Choosy(Protocol):
    """A painter that cannot do everything that its abilities allow, and can tell before anything is paid."""

    def refuse(self, request: PaintRequest) -> None:
        """Raise BadInput for a request that would only be refused later; asks nobody, reads no files."""
        ...


def refuse_unaccepted(painter: Painter, **settings: Any) -> None:
    """Refuse the first setting that is given (not None) but that the painter does not honour.

    Raises:
        BadInput: naming the setting, the painter and what it does accept.
    """
    accepts = painter.abilities.accepts
    for setting, value in settings.items():
        if value is not None and setting not in accepts:
            honoured = ", ".join(sorted(accepts)) or "none"
            raise BadInput(f"{painter.name} does not honour {setting}={value!r}: leave it out (it honours {honoured})")


def refuse_size(painter: Painter, size: tuple[int, int] | None) -> None:
    """Refuse a size (width, height) that the painter cannot paint, or only in another shape.

    Raises:
        BadInput: naming the size, the painter and what it has.
    """
    if size is None:
        return
    sides, ratios, wanted = painter.abilities.sides, painter.abilities.ratios, f"{size[0]}x{size[1]}"
    if sides is not None and not all(side in sides for side in size):
        reach = f"{sides[0]} to {sides[-1]} pixels in steps of {sides.step}"
        raise BadInput(f"{painter.name} cannot paint size {wanted}: choose width and height from {reach}")
    if ratios is not None and not any(same_shape(size, ratio) for ratio in ratios):
        there = ", ".join(f"{width}:{height}" for width, height in ratios)
        raise BadInput(f"{painter.name} paints ratios, and {wanted} is none of them: choose a size of {there}")


def refuse_settings(painter: Painter, picture: Mapping[str, Any], size: tuple[int, int] | None) -> None:
    """Refuse the settings of a run of which the painter would have to ignore one, or which it would refuse later.

    Args:
        painter: what paints.
        picture: the settings of the picture and the painter's options, as far as they are given.
        size: the size among them (width, height).

    Raises:
        BadInput: naming what, and what to do.
    """
    refuse_unaccepted(painter, **picture)
    refuse_size(painter, size)
    if isinstance(painter, Choosy):
        steps, guidance, negative = (picture.get(name) for name in ("steps", "guidance", "negative_prompt"))
        painter.refuse(PaintRequest("any", negative_prompt=negative, size=size, steps=steps, guidance=guidance))


def refuse_request(painter: Painter, request: PaintRequest) -> None:
    """Refuse a request of which the painter would have to ignore something.

    Raises:
        BadInput: naming what, and what to do.
    """
    able = painter.abilities
    longest, length = able.prompt_characters, len(request.prompt)
    if longest is not None and length > longest:
        raise BadInput(f"the prompt has {length:,} characters and {painter.name} takes {longest:,}: say it shorter.")
    if request.source is None and (request.boxes or request.strength is not None):
        raise BadInput("boxes and strength say how to change a source picture: give its sha256 as source.")
    settings = ("size", "steps", "guidance", "negative_prompt", "strength")
    refuse_unaccepted(painter, **{name: getattr(request, name) for name in settings})
    if request.source is not None and able.edit is None and "strength" not in able.accepts:
        raise BadInput(f"the painter {painter.name} cannot start from a picture: leave out source, or choose another.")
    if request.boxes and able.edit != "mask":
        raise BadInput(f"the painter {painter.name} cannot repaint boxes: leave them out, or choose another painter.")
    if any(not (left < right and top < bottom) for left, top, right, bottom in request.boxes):
        raise BadInput("a box is empty: each must be [left, top, right, bottom] with left < right and top < bottom.")
    if isinstance(painter, Choosy):
        painter.refuse(request)


def same_shape(left: tuple[int, int], right: tuple[int, int], factor: float = SAME_SHAPE) -> bool:
    """Whether two sizes or ratios (width, height) are one shape, up to a factor between them."""
    return max(left[0] * right[1], left[1] * right[0]) <= factor * min(left[0] * right[1], left[1] * right[0])
