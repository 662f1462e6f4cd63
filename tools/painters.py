"""What a painter is: the protocol every image model is used through, its request and its result, and the registry."""

from __future__ import annotations

import inspect
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol, runtime_checkable

from overpaint.tools.faults import BadInput
from overpaint.tools.home import current_home

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
        key: names the request, the same on every try, for providers that pay for one key once. It says nothing about
            the picture, so requests that differ in it alone are equal.
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
    key: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class PaintResult:
    """What came back: an encoded picture, or the notes that say why there is none.

    `params` are the JSON-able values really used (model, size, steps, guidance, scheduler, dtype, batch, versions);
    `notes` are things a user should know (the part of the prompt that was cut off, a resized source). `usd` is what the
    picture cost where the provider's answer tells; None leaves it at the price the painter declares.
    """

    outcome: Outcome
    data: bytes | None = field(default=None, repr=False)
    seed: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    usd: float | None = None


@dataclass(frozen=True)
class Abilities:
    """What a painter can do, declared before anything is paid.

    Args:
        accepts: what it honours, of the settings of a picture (size, steps, guidance, negative_prompt, strength) and
            of the options it is opened with.
        sides: the widths and heights it can paint, in pixels; None when it takes sizes of other kinds, or any.
        ratios: the aspect ratios (width, height) of a painter that takes one in place of a size and chooses the pixels
            itself; None where sizes are exact.
        edit: "mask" repaints inside boxes, "instruct" follows an edit instruction, None cannot edit.
        seeds: True when the same request with the same seed gives the same picture.
        free: True when painting again costs nothing (local models), so an interrupted request is simply repeated.
        token_limit: how many tokens of a prompt its text encoder reads; None when unknown.
        prompt_characters: the longest prompt it takes, in characters; None when there is no such limit.
        price_usd: what one picture costs at most; None when unknown. Local models cost 0.
        megapixel_usd: what each begun megapixel of a size that is asked for costs, where the size decides.
        client_key: True when the same request sent again with the same key is paid once.
        jobs: "collect" when a request gets a job id to ask for its picture with (`Queue`); "find" when the job can
            also be looked up by the request's key (`FindingQueue`); None when a request is one call.
        provider: whose limits it shares with other painters and chat models; None for what runs on this machine.
    """

    accepts: frozenset[str] = frozenset()
    sides: range | None = None
    ratios: tuple[tuple[int, int], ...] | None = None
    edit: Literal["mask", "instruct"] | None = None
    seeds: bool = False
    free: bool = False
    token_limit: int | None = None
    prompt_characters: int | None = None
    price_usd: float | None = None
    megapixel_usd: float | None = None
    client_key: bool = False
    jobs: Literal["collect", "find"] | None = None
    provider: str | None = None

    def price(self, size: tuple[int, int] | None) -> float | None:
        """What one picture of a size (width, height) costs at most, in dollars; None: the painter's own size."""
        if self.megapixel_usd is None or size is None:
            return self.price_usd
        return math.ceil(size[0] * size[1] / 1_000_000) * self.megapixel_usd


class Painter(Protocol):
    """An image model. Implementations inherit nothing and import their SDK only when used."""

    name: str

    @property
    def abilities(self) -> Abilities:
        """What this painter can do; cheap, loads no weights."""
        ...

    async def check(self) -> None:
        """Raise BadInput for what it lacks to run here (a device, a key); may import its SDK, loads no weights."""
        ...

    async def paint(self, request: PaintRequest, progress: Progress | None = None) -> PaintResult:
        """Paint one picture.

        Raises:
            ProviderFault: the model failed; says whether a retry may help.
            BadInput: the request asks for something this painter cannot do.
        """
        ...


class Queue(Painter, Protocol):
    """A painter that takes a request first and gives the picture later, by the id of a job."""

    async def submit(self, request: PaintRequest) -> str:
        """Hand in a request, which is then paid for, and get its job's id, to `collect` with from any process.

        Raises:
            ProviderFault: refused, or `unsure` where the answer was lost.
        """
        ...

    async def collect(self, job: str, progress: Progress | None = None) -> PaintResult:
        """Wait for a job's picture and fetch it; free, and may be called again.

        Raises:
            ProviderFault: retryable or fatal while the job may still end well.
        """
        ...


class FindingQueue(Queue, Protocol):
    """A queue that can look jobs up by the key of the request."""

    async def find(self, key: str) -> str | None:
        """The id of the job of the request with this key; None when it never came. Raises ProviderFault if not told."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A painter that can tell what its text encoder will not read, before anything is paid."""

    async def unread(self, prompt: str) -> str:
        """The end of a prompt that the model will not see; empty when it sees all. Loads tokenizers, no weights."""
        ...


BUILT_IN = {
    "shapes": "overpaint.shapes.painter:open_painter",
    "diffusers": "overpaint.tools.backends.diffusers_:open_painter",
    "openai": "overpaint.tools.backends.openai_:open_painter",
    "fal": "overpaint.tools.backends.fal:open_painter",
    "nvidia": "overpaint.tools.backends.nvidia:open_painter",
    "stability": "overpaint.tools.backends.stability:open_painter",
    "hf": "overpaint.tools.backends.hf:open_painter",
}
"""Scheme of a painter's name -> dotted name of its factory, imported when first asked for.

A factory is `open_painter(model, *, ...) -> Painter`, with a keyword for each option that it knows; it is given only
what the user set, and refuses by name what it cannot use.
"""
ENTRY_POINTS = "overpaint.painters"
"""The entry point group in which other packages register factories, each under its scheme."""


def get_painter(name: str, **options: Any) -> Painter:
    """Open a painter by name; the same arguments give the same painter, for one home folder and one environment.

    It looks at files of the model and of prices, so async code calls it in a thread. No weights are loaded.

    Args:
        name: "shapes", or "<scheme>:<model>" such as "diffusers:./my-model" or "fal:fal-ai/flux/dev".
        options: what its factory has a keyword for, JSON only: device and dtype of a local painter, timeout and
            base_url of a remote one. None leaves an option out.

    Raises:
        BadInput: no such painter, or it cannot use what is given.
    """
    given = {option: value for option, value in options.items() if value is not None}
    return open_cached(name, json.dumps(given, sort_keys=True), _surroundings(name.partition(":")[0]))


def _surroundings(scheme: str) -> tuple[str | None, ...]:
    """What a remote painter's server and price depend on beside its options; both are settled when it is made."""
    if scheme in ("shapes", "diffusers"):
        return ()  # weights are loaded once, whatever the home
    return (str(current_home()), os.environ.get("OVERPAINT_PRICES"), os.environ.get(f"{scheme.upper()}_BASE_URL"))


@cache
def open_cached(name: str, options: str, surroundings: tuple[str | None, ...]) -> Painter:
    """The same, with the options as canonical JSON. `surroundings` only tells painters apart."""
    scheme, _, model = name.partition(":")
    factory, given = _factory(scheme), json.loads(options)
    known = inspect.signature(factory).parameters
    takes_all = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in known.values())
    for option, value in given.items():
        if option not in known and not takes_all:
            raise BadInput(f"the painter {name} does not honour {option}={value!r}: leave it out")
    return factory(model, **given)


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
