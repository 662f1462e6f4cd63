"""What a painter is: the protocol every image model is used through, its request and its result, and the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol

from overpaint.tools.faults import BadInput

Box = tuple[float, float, float, float]
"""(left, top, right, bottom) as fractions of width and height, 0 to 1, origin in the top left corner."""

Outcome = Literal["ok", "blocked"]
Progress = Callable[[int, int], None]
"""Called with (step, steps) as a picture is painted; always on the event loop's thread."""


@dataclass(frozen=True)
class PaintRequest:
    """One picture to paint. A field left at None means the painter's own default.

    Args:
        prompt: the text to paint from.
        negative_prompt: what to keep out.
        seed: makes a painter that can be seeded repeat itself.
        size: width and height in pixels.
        steps: denoising steps.
        guidance: classifier-free guidance scale.
        source: encoded picture to start from (image-to-image, edit).
        boxes: where to repaint `source`; pixels outside stay identical. Empty: anywhere.
        strength: how far to leave `source`, 0 (not at all) to 1 (freely).
    """

    prompt: str
    negative_prompt: str | None = None
    seed: int | None = None
    size: tuple[int, int] | None = None
    steps: int | None = None
    guidance: float | None = None
    source: bytes | None = field(default=None, repr=False)
    boxes: tuple[Box, ...] = ()
    strength: float | None = None


@dataclass(frozen=True)
class PaintResult:
    """What came back: an encoded picture, or the notes that say why there is none.

    `params` are the JSON-able values really used (model, size, steps, guidance, scheduler, dtype, batch, versions);
    `notes` are things a user should know (the part of the prompt that was cut off, a resized source).
    """

    outcome: Outcome
    data: bytes | None = field(default=None, repr=False)
    seed: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Abilities:
    """What a painter can do, declared before anything is paid.

    Args:
        accepts: the picture settings it honours, of: size, steps, guidance, negative_prompt, device, dtype, offload.
        sides: the widths and heights it can paint, in pixels; None when it takes sizes of other kinds, or any.
        edit: "mask" repaints inside boxes, "instruct" follows an edit instruction, None cannot edit.
        seeds: True when the same request with the same seed gives the same picture.
        free: True when painting again costs nothing (local models), so an interrupted request is simply repeated.
        token_limit: how many tokens of a prompt its text encoder reads; None when unknown.
        price_usd: what one picture costs; None when unknown. Local models cost 0.
    """

    accepts: frozenset[str] = frozenset()
    sides: range | None = None
    edit: Literal["mask", "instruct"] | None = None
    seeds: bool = False
    free: bool = False
    token_limit: int | None = None
    price_usd: float | None = None


class Painter(Protocol):
    """An image model. Implementations inherit nothing and import their SDK only when used."""

    name: str

    @property
    def abilities(self) -> Abilities:
        """What this painter can do; cheap, loads no weights."""
        ...

    async def check(self) -> None:
        """Find what this machine lacks for it (a device, say); may import its SDK, loads no weights.

        Raises:
            BadInput: it cannot run here as it is set up.
        """
        ...

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture.

        Raises:
            ProviderFault: the model failed; says whether a retry may help.
            BadInput: the request asks for something this painter cannot do.
        """
        ...


BUILT_IN = {
    "shapes": "overpaint.shapes.painter:open_painter",
    "diffusers": "overpaint.tools.backends.diffusers_:open_painter",
}
"""Scheme of a painter's name -> dotted name of its factory, imported when first asked for.

A factory is `open_painter(model, *, device, dtype, offload) -> Painter`; it refuses by name what it cannot use.
"""
ENTRY_POINTS = "overpaint.painters"
"""The entry point group in which other packages register factories, each under its scheme."""


@cache
def get_painter(
    name: str, *, device: str | None = None, dtype: str | None = None, offload: str | None = None
) -> Painter:
    """Open a painter by name; the same arguments give the same painter.

    It looks at files of the model, so async code calls it in a thread. No weights are loaded.

    Args:
        name: "shapes", or "<scheme>:<model>" such as "diffusers:./my-model".
        device: where to run a local model.
        dtype: in what precision to run it.
        offload: what of it to keep out of the GPU's memory.

    Raises:
        BadInput: no such painter, or it cannot use what is given.
    """
    scheme, _, model = name.partition(":")
    painter: Painter = _factory(scheme)(model, device=device, dtype=dtype, offload=offload)
    return painter


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
    """Refuse a size (width, height) that the painter cannot paint.

    Raises:
        BadInput: naming the size, the painter and the sides it has.
    """
    sides = painter.abilities.sides
    if size is not None and sides is not None and not all(side in sides for side in size):
        wanted = f"{size[0]}x{size[1]}"
        reach = f"{sides[0]} to {sides[-1]} pixels in steps of {sides.step}"
        raise BadInput(f"{painter.name} cannot paint size {wanted}: choose width and height from {reach}")


def _factory(scheme: str) -> Callable[..., Painter]:
    if scheme in BUILT_IN:
        module, _, attribute = BUILT_IN[scheme].partition(":")
        factory: Callable[..., Painter] = getattr(import_module(module), attribute)
        return factory
    registered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if scheme not in registered:
        there = ", ".join(sorted({*BUILT_IN, *registered}))
        raise BadInput(f"there is no painter {scheme!r}: use one of {there}, as in diffusers:<folder or hub id>")
    try:
        loaded: Callable[..., Painter] = registered[scheme].load()
    except (ImportError, AttributeError) as error:
        raise BadInput(f"the painter {scheme!r} of another package cannot be imported ({error}): mend it") from error
    return loaded
