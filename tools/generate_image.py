"""The tool that paints: one picture per call, kept in the image store, asked of the provider at most once per key."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from overpaint.tools.backends.remote import alive
from overpaint.tools.bad_call import bad_calls
from overpaint.tools.claiming import claimed, finished, given_back, insisted, renewed
from overpaint.tools.decoding import BadPicture
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageRef, ImageStore
from overpaint.tools.ledger import Claim, Ledger
from overpaint.tools.pacing import turn
from overpaint.tools.painters import Painter, PaintRequest, PaintResult, Progress
from overpaint.tools.painting import DESCRIPTION, Arguments, Painting, PaintingOutcome, unknown_painting
from overpaint.tools.paying import CUT_OFF, MaybePaid, Payment
from overpaint.tools.refusals import refuse_request

__all__ = ["Painting", "make_generate_image"]

NAMING_SECONDS = 2.0
"""How long a picture that came waits in memory for the ledger to note its name."""


def make_generate_image(
    painter: Painter,
    images: ImageStore,
    ledger: Ledger,
    progress: Progress | None = None,
    begun: Callable[[], None] = lambda: None,
) -> BaseTool:
    """Make the tool `generate_image` over a painter.

    Agents use it like any tool; with `handle_tool_error` set, what cannot be painted is an answer, and they carry on:

        paint = make_generate_image(painter, images, ledger)
        paint.handle_tool_error = True
        agent = create_agent(model, tools=[paint])

    Code calls it with a tool call, whose `args` may hold `key` (from `request_key`; calls with one key share one
    picture, across crashes and processes), `run` (whose it is), `steps` and `guidance`, and reads the message's
    `artifact`, a Painting. No picture bytes are in arguments, content or artifact.

    Args:
        painter: what paints.
        images: where sources are read and pictures are kept.
        ledger: where requests are recorded.
        progress: called as a picture is painted, where the painter can tell.
        begun: called when the provider's turn has come; until then nothing is claimed, and a call can be cut off.

    Returns:
        A tool that raises BadInput (BadCall) for what cannot be done or a full disk, ProviderFault for a failed one.
    """
    return StructuredTool.from_function(
        coroutine=_Easel(painter, images, ledger, progress, begun).generate,
        name="generate_image",
        description=DESCRIPTION,
        args_schema=Arguments,
        response_format="content_and_artifact",
    )


@dataclass(frozen=True)
class _Easel:
    painter: Painter
    images: ImageStore
    ledger: Ledger
    progress: Progress | None
    begun: Callable[[], None]

    async def generate(self, **given: Any) -> tuple[str, Painting]:
        with bad_calls():
            painting = await self._painted(given)
        return _line(painting), painting

    async def _painted(self, given: dict[str, Any]) -> Painting:
        asked = {name: value for name, value in given.items() if value is not None and value != []}
        key, run = asked.pop("key", None) or uuid.uuid4().hex, asked.pop("run", None)
        request = await self._request(key, asked)
        async with self._turn() as leave:
            self.begun()
            return await self._claimed(key, run, asked, request, leave)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Callable[[], None]]:
        """The provider's turn, taken before the claim: whoever dies while it waits has asked for nothing."""
        provider = self.painter.abilities.provider
        async with AsyncExitStack() as held:
            async with alive(self.progress if provider else None):
                leave = await held.enter_async_context(turn(provider))
            yield leave

    async def _claimed(
        self, key: str, run: str | None, asked: dict[str, Any], request: PaintRequest, leave: Callable[[], None]
    ) -> Painting:
        claim = await claimed(self.ledger, key, {"painter": self.painter.name, **asked}, run)
        if claim.state == "stored":
            return Painting(**{**claim.details, "image": claim.image, "painted": False})  # type: ignore[typeddict-item]
        if not claim.mine:
            return unknown_painting(self.painter.abilities.price(request.size), claim.reason or CUT_OFF)
        return await self._arrived(key, claim) or await self._paid(key, claim, request, leave)

    async def _arrived(self, key: str, claim: Claim) -> Painting | None:
        """The picture of an earlier try that was put on disk and not noted any more."""
        image = claim.image
        if not claim.interrupted or image is None or not await self.images.holds(image):
            return None
        await self.ledger.stored(key, image, claim.details)
        return Painting(**{**claim.details, "image": image, "painted": False})  # type: ignore[typeddict-item]

    async def _paid(self, key: str, claim: Claim, request: PaintRequest, leave: Callable[[], None]) -> Painting:
        """Get the picture of a claim that is mine, and keep it."""
        await self._need_room(key, claim)
        try:
            async with renewed(self.ledger, key):
                result = await Payment(self.painter, self.ledger, key, self.progress, leave).result(claim, request)
                usd = self.painter.abilities.price(request.size) if result.usd is None else result.usd
                return await self._kept(key, replace(result, usd=usd))
        except MaybePaid as unknown:
            return unknown_painting(self.painter.abilities.price(request.size), str(unknown))

    async def _request(self, key: str, asked: dict[str, Any]) -> PaintRequest:
        source = asked.get("source")
        request = PaintRequest(
            prompt=asked["prompt"],
            negative_prompt=asked.get("negative_prompt"),
            seed=asked.get("seed"),
            size=_size(asked),
            steps=asked.get("steps"),
            guidance=asked.get("guidance"),
            source=await self.images.load(source) if source else None,
            boxes=tuple((left, top, right, bottom) for left, top, right, bottom in asked.get("boxes", [])),
            strength=asked.get("strength"),
            key=key,
        )
        refuse_request(self.painter, request)
        return request

    async def _need_room(self, key: str, claim: Claim) -> None:
        """Refuse to pay for a picture that would find no room."""
        if self.painter.abilities.free:
            return
        try:
            await self.images.need_room()
        except BaseException as fault:
            with suppress(BadInput):  # where the database is gone too, what happened first is told
                await finished(given_back(self.ledger, key, claim, str(fault)))
            raise

    async def _kept(self, key: str, result: PaintResult) -> Painting:
        """Keep what may have been paid for. The file comes first, and the ledger's database is waited for."""
        try:
            painting, fault = await finished(self._keep(key, result))
            if fault is not None and self.painter.abilities.free:
                raise fault
            if fault is not None:
                await insisted(lambda: finished(self._note(key, painting)))
        except BaseException:
            with suppress(BadInput):
                await finished(self.ledger.release(key))
            raise
        return painting

    async def _keep(self, key: str, result: PaintResult) -> tuple[Painting, BadInput | None]:
        """Put a picture on disk, then into the ledger; the fault, where the ledger's database cannot be used."""
        painting = await self._painting(result)
        if painting["image"] is not None:
            await self._on_disk(key, painting["image"], painting, result.data or b"")
        try:
            await self._note(key, painting)
        except BadInput as fault:
            return painting, fault
        return painting, None

    async def _on_disk(self, key: str, image: ImageRef, painting: Painting, data: bytes) -> None:
        """Put a picture on disk, named in the ledger before unless its database is slow: it is only in memory yet."""
        naming = asyncio.ensure_future(self._name(key, image, painting))
        await asyncio.wait([naming], timeout=NAMING_SECONDS)
        try:
            await self.images.keep(image, data)
        finally:
            await naming

    async def _name(self, key: str, image: ImageRef, painting: Painting) -> None:
        if not self.painter.abilities.free:
            with suppress(BadInput):  # `_note` says the same, and more, and is tried again
                await self.ledger.arriving(key, image, _details(painting))

    async def _note(self, key: str, painting: Painting) -> bool:
        try:
            return await self.ledger.stored(key, painting["image"], _details(painting))
        except BadInput as fault:
            if (image := painting["image"]) is None:
                raise
            kept = f"The picture could not be noted, but is kept: {self.images.path(image)}."
            raise BadInput(f"{fault} {kept}") from fault

    async def _painting(self, result: PaintResult) -> Painting:
        outcome: PaintingOutcome = result.outcome
        image, reason = None, ""
        if outcome == "blocked":
            reason = ": ".join([f"{self.painter.name} blocked it", *result.notes])
        else:
            try:
                image = await self.images.name(result.data or b"")
            except BadPicture as fault:
                outcome = "error"
                why = fault if result.data or not result.notes else result.notes[0]
                reason = f"{self.painter.name} sent no usable picture: {why}"
        return Painting(
            image=image,
            outcome=outcome,
            reason=reason,
            seed=result.seed,
            # Read back from JSON, so that a painter's odd value (a dtype, a NaN) costs no picture.
            params=json.loads(json.dumps(result.params, default=str, skipkeys=True), parse_constant=str),
            notes=list(result.notes),
            seconds=result.seconds,
            painted=True,
            usd=result.usd,
        )


def _details(painting: Painting) -> dict[str, Any]:
    """What the ledger keeps beside the picture."""
    return {name: value for name, value in painting.items() if name not in ("image", "painted")}


def _size(asked: dict[str, Any]) -> tuple[int, int] | None:
    if ("width" in asked) != ("height" in asked):
        raise BadInput("only one of width and height was given: give both, or neither.")
    return (asked["width"], asked["height"]) if "width" in asked else None


def _line(painting: Painting) -> str:
    """Say in one line what a model needs to know."""
    image = painting["image"]
    if image is None:
        return f"No picture ({painting['outcome']}): {painting['reason'].rstrip('.')}."
    seed = "" if painting["seed"] is None else f", seed {painting['seed']}"
    return f"Painted picture {image['sha256']} ({image['width']}x{image['height']}{seed})."
