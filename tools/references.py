"""Pictures by reference: the block that names a picture in a message, and the chat model that looks it up when called."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from overpaint.tools.decoding import crop, judge_copy
from overpaint.tools.painters import Box
from overpaint.tools.provider_errors import provider_fault

MAX_BYTES = 3_500_000
"""Largest copy of a picture that is sent, unless a provider takes less."""

_REFERENCE = re.compile(r"sha256:([0-9a-f]{64})(?:#crop=([\d.,]+))?")


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


def by_reference(
    model: BaseChatModel, images: ImageReader, *, name: str, free: bool = False, max_bytes: int = MAX_BYTES
) -> BaseChatModel:
    """Teach `model` to look up `picture` blocks, below everything that is traced; returns the same object.

    The model gets a subclass of its own class, so that binding of tools, structured output and LangSmith's parameters stay
    what its package made them. What its client raises becomes a ProviderFault, since errors are traced as well and
    servers quote the request in them.

    Args:
        model: a chat model. It stays usable for everything it was.
        images: where pictures are read from.
        name: "provider:model", to say who failed.
        free: whether calls cost nothing.
        max_bytes: largest size of the encoded copy that is sent; the picture is scaled down to it.
    """
    private = dict(model.__pydantic_private__ or {})
    private |= {"_images": images, "_known_as": name, "_is_free": free, "_max_bytes": max_bytes}
    # Pydantic guards neither of the two; every chat model is a plain heap type, for which Python allows it.
    object.__setattr__(model, "__class__", _referring(type(model)))
    object.__setattr__(model, "__pydantic_private__", private)
    return model


def is_free(model: BaseChatModel) -> bool:
    """Whether calls of a model from `by_reference` cost nothing."""
    return bool(getattr(model, "_is_free", False))


@cache
def _referring(cls: type[BaseChatModel]) -> type[BaseChatModel]:
    """The subclass of `cls` that looks pictures up. It streams only if `cls` does: LangChain looks at the methods."""

    class Referring(cls):  # type: ignore[misc, valid-type]
        _images: ImageReader = PrivateAttr()
        _known_as: str = PrivateAttr()
        _is_free: bool = PrivateAttr()
        _max_bytes: int = PrivateAttr()

        async def _agenerate(
            self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            shown = await _shown(messages, self._images, self._max_bytes)
            try:
                return await super()._agenerate(shown, stop=stop, run_manager=run_manager, **kwargs)  # type: ignore[no-any-return]
            except Exception as error:
                return _salvaged(error, self._known_as)

        def _generate(
            self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            shown = _awaited(_shown(messages, self._images, self._max_bytes))
            try:
                return super()._generate(shown, stop=stop, run_manager=run_manager, **kwargs)  # type: ignore[no-any-return]
            except Exception as error:
                return _salvaged(error, self._known_as)

        if cls._astream is not BaseChatModel._astream or cls._stream is not BaseChatModel._stream:

            async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
                shown = await _shown(messages, self._images, self._max_bytes)
                try:
                    async for chunk in super()._astream(shown, *args, **kwargs):
                        yield chunk
                except Exception as error:
                    raise provider_fault(error, self._known_as) from None

        if cls._stream is not BaseChatModel._stream:

            def _stream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
                shown = _awaited(_shown(messages, self._images, self._max_bytes))
                try:
                    yield from super()._stream(shown, *args, **kwargs)
                except Exception as error:
                    raise provider_fault(error, self._known_as) from None

        if hasattr(cls, "available_models"):
            # ChatNVIDIA lists a server's models, blocking, before it binds a schema; whoever named the model knows it.
            @property
            def available_models(self) -> list[Any]:
                return [SimpleNamespace(id=self.model, supports_structured_output=True)]

    Referring.__name__, Referring.__qualname__, Referring.__module__ = cls.__name__, cls.__qualname__, cls.__module__
    return Referring


def _awaited[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine for a synchronous caller, whose thread may have an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
