"""Pictures by reference: the block that names one in a message, and the chat model that looks it up when called."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace, new_class
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from overpaint.tools.copy_limits import USUAL, CopyLimit
from overpaint.tools.decoding import crop, judge_copy
from overpaint.tools.painters import Box
from overpaint.tools.prices import ChatPrice
from overpaint.tools.provider_errors import provider_fault
from overpaint.tools.salvage import salvaged

_REFERENCE = re.compile(r"sha256:([0-9a-f]{64})(?:#crop=([01]\.[0-9]{4}(?:,[01]\.[0-9]{4}){3}))?")


class ImageReader(Protocol):
    """Where pictures are read from."""

    async def load(self, sha256: str) -> bytes:
        """The encoded bytes of a picture.

        Raises:
            BadInput: no such picture.
        """
        ...


def picture(sha256: str, box: Box | None = None) -> dict[str, Any]:
    """A message's content block that stands for a stored picture: LangChain's v1 image block, some 100 bytes long.

    Args:
        sha256: the picture's name, 64 hex digits.
        box: show this place alone, enlarged.
    """
    place = "" if box is None else "#crop=" + ",".join(f"{edge:.4f}" for edge in box)
    return {"type": "image", "url": f"sha256:{sha256}{place}"}


@dataclass(frozen=True)
class Source:
    """What is known of a model, and where its pictures come from.

    Args:
        images: where pictures are read from.
        name: "provider:model", to say who failed.
        free: whether calls cost nothing.
        limit: the largest copy of a picture that is sent; larger pictures are scaled down to it.
        provider: whose limits it shares with other models and painters; None for what runs on this machine.
        base_url: its server; None where that is the provider's default.
        price: what it costs; None where that is not known.
    """

    images: ImageReader
    name: str
    free: bool = False
    limit: CopyLimit = USUAL
    provider: str | None = None
    base_url: str | None = None
    price: ChatPrice | None = None


def by_reference(model: BaseChatModel, images: ImageReader, *, name: str, **known: Any) -> BaseChatModel:
    """Teach `model` to look up `picture` blocks, below everything that is traced; returns the same object.

    The model gets a subclass of its own class, so that its tool binding, structured output and LangSmith parameters
    stay what its package made them. What its client raises becomes a ProviderFault, since errors are traced as well and
    servers quote the request in them.

    Args:
        model: a chat model. It stays usable for everything it was.
        images: where pictures are read from.
        name: "provider:model", to say who failed.
        known: what else of `Source` is known.
    """
    model.__class__ = _referring(type(model))
    model._source = Source(images, name, **known)  # type: ignore[attr-defined]
    return model


def source_of(model: BaseChatModel) -> Source | None:
    """What is known of a model from `by_reference`; None for any other."""
    source = getattr(model, "_source", None)
    return source if isinstance(source, Source) else None


@cache
def _referring(cls: type[BaseChatModel]) -> type[BaseChatModel]:
    """The subclass of `cls` that looks pictures up, under the same name: traces and serialisation show it."""
    bases: list[type] = [_Answering]
    # LangChain takes a model to stream if its class defines these methods, so none is added to one that does not.
    if cls._stream is not BaseChatModel._stream:
        bases += [_Streaming, _AsyncStreaming]
    elif cls._astream is not BaseChatModel._astream:
        bases.append(_AsyncStreaming)
    if hasattr(cls, "available_models"):
        bases.append(_Vouching)
    namespace = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    private = {"__annotations__": {"_source": Source}, "_source": PrivateAttr()}
    return new_class(cls.__name__, (*bases, cls), exec_body=lambda body: body.update(namespace | private))


class _Answering:
    """Looks pictures up for a whole answer. The mix-ins annotate nothing: pydantic would make fields of it."""

    async def _agenerate(
        self: Any, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        shown = await _shown(messages, self._source)
        try:
            return await super()._agenerate(shown, stop, run_manager, **kwargs)  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001  every client has its own kinds
            return salvaged(error, self._source.name)

    def _generate(
        self: Any, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Any:
        shown = _shown_to_sync(messages, self._source)
        try:
            return super()._generate(shown, stop, run_manager, **kwargs)  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001  every client has its own kinds
            return salvaged(error, self._source.name)


class _AsyncStreaming:
    """Looks pictures up for a streamed answer."""

    async def _astream(self: Any, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        shown = await _shown(messages, self._source)
        try:
            async with aclosing(super()._astream(shown, *args, **kwargs)) as chunks:  # type: ignore[misc]
                async for chunk in chunks:
                    yield chunk
        except Exception as error:  # noqa: BLE001  every client has its own kinds
            raise provider_fault(error, self._source.name) from None


class _Streaming:
    """Looks pictures up for an answer streamed to a synchronous caller."""

    def _stream(self: Any, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Iterator[Any]:
        shown = _shown_to_sync(messages, self._source)
        try:
            yield from super()._stream(shown, *args, **kwargs)  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001  every client has its own kinds
            raise provider_fault(error, self._source.name) from None


class _Vouching:
    """Spares ChatNVIDIA a blocking listing of all models before it binds a schema: whoever named the model knows it."""

    @property
    def available_models(self: Any) -> list[Any]:
        return [SimpleNamespace(id=self.model, supports_structured_output=True)]


async def _shown(messages: list[BaseMessage], source: Source) -> list[BaseMessage]:
    """The messages with every picture block replaced by its bytes; the ones given are left as they are."""
    size = source.limit.of_each(sum(map(_references, messages)))
    return [await _shown_in(message, source, size) if _references(message) else message for message in messages]


async def _shown_in(message: BaseMessage, source: Source, size: int) -> BaseMessage:
    content = []
    for block in message.content:
        found = _reference(block)
        content.append(block if found is None else await _inline(found, source, size))
    return message.model_copy(update={"content": content})


async def _inline(found: re.Match[str], source: Source, size: int) -> dict[str, Any]:
    data = await source.images.load(found[1])
    if found[2] is not None:
        left, top, right, bottom = (float(edge) for edge in found[2].split(","))
        data = await asyncio.to_thread(crop, data, (left, top, right, bottom))
    copy, mime = await asyncio.to_thread(judge_copy, data, max_edge=source.limit.edge, max_bytes=size)
    encoded = base64.b64encode(copy).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{encoded}"}}


def _reference(block: Any) -> re.Match[str] | None:
    """What a block refers to. LangChain turns v1 image blocks into `image_url` ones in places, so both are read."""
    if not isinstance(block, dict):
        return None
    url = block.get("url")
    if isinstance(block.get("image_url"), dict):
        url = block["image_url"].get("url")
    return _REFERENCE.fullmatch(url) if isinstance(url, str) else None


def _references(message: BaseMessage) -> int:
    """How many pictures a message refers to."""
    content = message.content if isinstance(message.content, list) else []
    return sum(_reference(block) is not None for block in content)


def _shown_to_sync(messages: list[BaseMessage], source: Source) -> list[BaseMessage]:
    """`_shown` for a synchronous caller, whose thread may have an event loop of its own."""
    if not any(map(_references, messages)):
        return messages
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _shown(messages, source)).result()
