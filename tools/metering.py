"""What is heard of the model calls of one question: how many, what they cost, what was answered."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from overpaint.tools.call_log import CallLog
from overpaint.tools.provider_errors import scrubbed
from overpaint.tools.references import is_free


class Meter(AsyncCallbackHandler):
    """Hears every call of one question, and notes it in a log if there is one.

    Args:
        chat: the model that is asked.
        log: where calls are noted. What it is given holds pictures by reference: their bytes are added below.
    """

    # A call that cannot be noted is not made: LangChain then raises what `on_chat_model_start` raised.
    raise_error = True

    def __init__(self, chat: BaseChatModel, log: CallLog | None = None) -> None:
        self.calls = self.tokens = 0
        self.price = 0.0 if is_free(chat) else None
        self._model, self._log = _named(chat), log
        self._open: dict[UUID, tuple[int, float]] = {}
        self.begin("")

    def begin(self, name: str) -> None:
        """Forget the answer, keep the count; what follows is called `name`."""
        self.name, self.heard, self.raw = name, False, ""
        self.refusal: str | None = None
        self.trouble: str | None = None

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Note the call before it is made."""
        if self._log is not None:
            noted = await self._log.begin(self._model, self.name, messages[0], usd=self.price)
            self._open[run_id] = noted, time.monotonic()
        self.calls += 1

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Note what went wrong."""
        await self._end(run_id, error=str(error) or type(error).__name__)

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Read the answer and what it cost, and note both."""
        generation = response.generations[0][0]
        if not isinstance(generation, ChatGeneration) or not isinstance(generation.message, AIMessage):
            await self._end(run_id)
            return
        message = generation.message
        usage = message.usage_metadata
        self.heard, self.raw = True, _said(message)
        self.tokens += usage["total_tokens"] if usage else 0
        self._notice(message)
        used = {"input_tokens": usage["input_tokens"], "output_tokens": usage["output_tokens"]} if usage else {}
        await self._end(run_id, reply=self.raw, error=self.trouble, **used)

    def _notice(self, message: AIMessage) -> None:
        """Whether the answer was refused or cut off."""
        finish = message.response_metadata.get("finish_reason")
        refusal = message.additional_kwargs.get("refusal")
        if refusal or finish == "content_filter":
            self.refusal = scrubbed(str(refusal or "its answer was filtered"))
            self.trouble = f"the model refused: {self.refusal}"
        elif finish == "length":
            self.trouble = "the answer was cut off at the token limit: ask less at once, or allow more tokens"

    async def _end(self, run_id: UUID, **told: Any) -> None:
        noted, started = self._open.pop(run_id, (0, 0.0))
        if self._log is not None and noted:
            await self._log.end(noted, seconds=time.monotonic() - started, usd=self.price, **told)


def _named(chat: BaseChatModel) -> str:
    """The model as `provider:model` where `by_reference` was told so."""
    return str(getattr(getattr(chat, "_source", None), "name", type(chat).__name__))


def _said(message: AIMessage) -> str:
    if message.tool_calls:
        return json.dumps(message.tool_calls[0]["args"])
    if message.invalid_tool_calls:
        return message.invalid_tool_calls[0]["args"] or ""
    return message.text
