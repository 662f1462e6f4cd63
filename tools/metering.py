"""What is heard of the model calls of one question: how many, what they cost, what was answered."""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from overpaint.tools.budget import Worst
from overpaint.tools.call_log import CallLog, Spent
from overpaint.tools.faults import BadInput
from overpaint.tools.provider_errors import http_status, scrubbed, was_unsent
from overpaint.tools.references import source_of


class Used(NamedTuple):
    """The tokens of one call, as its provider counted them; those from its cache are part of those sent."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int


NOTHING = Used(0, 0, 0)

CUT_OFF = frozenset({"length", "max_tokens"})
"""What ended an answer early, in the words of OpenAI and Ollama, and of Anthropic and Google."""

REFUSED = frozenset({"content_filter", "refusal", "safety", "prohibited_content"})
"""What kept a model from answering, in the words of OpenAI, Anthropic and Google."""


class Meter(AsyncCallbackHandler):
    """Hears every call of one question, counts what it costs, and notes it in a log if there is one.

    A refused request (an HTTP status from 400 on) costs nothing. Where a provider does not say how many tokens it used,
    or no answer came, the worst case is counted, in tokens and in money: it may have been paid for.

    Args:
        chat: the model that is asked.
        log: where calls are noted. What it is given holds pictures by reference: their bytes are added below.
    """

    # A call that cannot be noted is not made: LangChain then raises what `on_chat_model_start` raised.
    raise_error = True

    def __init__(self, chat: BaseChatModel, log: CallLog | None = None) -> None:
        self.source = source_of(chat)
        self.sums = Spent(calls=0, tokens=0, cached=0, seconds=0.0, usd=0.0)
        self._model, self._log = self.source.name if self.source else type(chat).__name__, log
        self._open: dict[UUID, tuple[int | None, float]] = {}
        self.begin("", Worst(0, 0.0))

    def begin(self, name: str, worst: Worst, *, one_token: bool = False) -> None:
        """Forget the answer, keep the count.

        Args:
            name: what the call that follows is called.
            worst: what it may cost at most.
            one_token: it is wanted to end after a token, so that is no fault.
        """
        self.name, self.worst, self.one_token = name, worst, one_token
        self.message: AIMessage | None = None
        self.raw = ""
        self.trouble: str | None = None
        self.cut_off = False
        self.status: int | None = None

    async def spent(self) -> Spent:
        """What counts against the room of a task: all that its log has, crashed tries included, else what was heard."""
        return self.sums if self._log is None else await self._log.spent()

    async def give_up(self, reason: str) -> None:
        """Note that no answer was waited for any longer."""
        for run_id in list(self._open):
            await self._end(run_id, None, error=reason)

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Note the call, and what it may cost, before it is made."""
        noted = None
        if self._log is not None:
            noted = await self._log.begin(
                self._model, self.name, messages[0], reserved_tokens=self.worst.tokens, usd=self.worst.usd
            )
        self._open[run_id] = noted, time.monotonic()

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Note what went wrong."""
        # What a client raised is the context of the ProviderFault that was made of it.
        causes = [e for e in (error, error.__context__) if isinstance(e, Exception)]
        self.status = next((status for e in causes if (status := http_status(e))), None)
        unpaid = self.status is not None or was_unsent(error) or isinstance(error, BadInput)
        await self._end(run_id, NOTHING if unpaid else None, error=str(error) or type(error).__name__)

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Read the answer and what it cost, and note both."""
        generation = response.generations[0][0]
        if not isinstance(generation, ChatGeneration) or not isinstance(generation.message, AIMessage):
            await self._end(run_id, None)
            return
        self.message = generation.message
        self.raw, self.trouble = _said(self.message), self._found_wrong(self.message)
        await self._end(run_id, _used(self.message), reply=self.raw, error=self.trouble)

    def _found_wrong(self, message: AIMessage) -> str | None:
        """Whether the answer was refused or cut off."""
        finish, refusal = _finish(message), message.additional_kwargs.get("refusal")
        if refusal or finish in REFUSED:
            return f"the model refused: {scrubbed(str(refusal or 'its answer was filtered'))}"
        self.cut_off = finish in CUT_OFF and not self.one_token
        if self.cut_off:
            return "the answer was cut off at the token limit: ask less at once, or allow more tokens"
        return None

    async def _end(self, run_id: UUID, used: Used | None, **told: Any) -> None:
        noted, started = self._open.pop(run_id, (None, time.monotonic()))
        seconds, usd = time.monotonic() - started, self._cost(used)
        self.sums = Spent(
            calls=self.sums.calls + 1,
            tokens=self.sums.tokens + (self.worst.tokens if used is None else used.input_tokens + used.output_tokens),
            cached=self.sums.cached + (used.cached_tokens if used else 0),
            seconds=self.sums.seconds + seconds,
            usd=None if self.sums.usd is None or usd is None else self.sums.usd + usd,
        )
        if self._log is not None and noted is not None:
            counts = used._asdict() if used else {}
            await self._log.end(noted, seconds=seconds, usd=usd, **counts, **told)

    def _cost(self, used: Used | None) -> float | None:
        if used is None:
            return self.worst.usd
        if used is NOTHING or (self.source and self.source.free):
            return 0.0
        return self.source.price.cost(*used) if self.source and self.source.price else None


def hearing(chat: BaseChatModel, meter: Meter) -> BaseChatModel:
    """A copy of a model that the meter hears."""
    callbacks = chat.callbacks
    others = callbacks if isinstance(callbacks, list) else getattr(callbacks, "handlers", [])
    # Parsed whole, an answer need not be streamed; one that breaks off in a stream takes its text and usage along.
    return chat.model_copy(update={"disable_streaming": True, "callbacks": [*others, meter]})


def _finish(message: AIMessage) -> str:
    """Why an answer ended, in small letters: Google has capitals."""
    told = message.response_metadata
    return str(told.get("finish_reason") or told.get("stop_reason") or told.get("done_reason") or "").lower()


def _used(message: AIMessage) -> Used | None:
    """None where the provider did not count, or not in earnest: no answer takes no tokens, or fewer."""
    usage = message.usage_metadata
    if not usage or min(usage["input_tokens"], usage["output_tokens"]) < 0:
        return None
    if not usage["input_tokens"] + usage["output_tokens"]:
        return None
    details: dict[str, Any] = {**usage.get("input_token_details", {})}
    # Some service tiers have a prefix of their own, such as priority_cache_read.
    cached = sum(count or 0 for name, count in details.items() if name.endswith("cache_read"))
    return Used(usage["input_tokens"], usage["output_tokens"], min(max(0, cached), usage["input_tokens"]))


def _said(message: AIMessage) -> str:
    if message.tool_calls:
        return json.dumps(message.tool_calls[0]["args"])
    if message.invalid_tool_calls:
        return message.invalid_tool_calls[0]["args"] or ""
    return message.text
