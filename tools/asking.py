"""One structured question to a chat model: an answer that fits the schema, or what was wrong with it. Never a guess."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

from overpaint.tools.budget import NoRoom, Room
from overpaint.tools.call_log import CallLog
from overpaint.tools.calling import call, worst_call
from overpaint.tools.faults import ProviderFault
from overpaint.tools.ladder import IN_WORDS, Rung, remember, rungs, told, with_more, worded
from overpaint.tools.metering import Meter, hearing
from overpaint.tools.provider_errors import provider_fault, scrubbed

T = TypeVar("T", bound=BaseModel)
Repair = Callable[[str, str], str]
"""Writes the message that asks again, from the answer that could not be read and what was wrong with it."""

ATTEMPTS = 200
"""How many opening braces are tried, so that a text of nothing but braces is soon given up."""

SHOWN = 4000
"""How many characters of an unreadable answer its author is shown again."""


@dataclass(frozen=True)
class Reply(Generic[T]):
    """What came of a question, and what it cost.

    Args:
        value: the answer; None when there is none that can be read.
        fault: why there is no value, in words; None when there is one.
        raw: what the model said last, as text.
        calls: model calls made; refused ones and a repair included.
        tokens: tokens used, in and out; at worst, where the provider did not count them.
        cached: how many of them the provider had in its cache.
        seconds: wall time.
        usd: 0.0 for a model that runs here, None for one whose price is not known.
    """

    value: T | None
    fault: str | None
    raw: str
    calls: int
    tokens: int
    cached: int
    seconds: float
    usd: float | None


async def ask(
    chat: BaseChatModel,
    schema: type[T],
    messages: Sequence[BaseMessage],
    *,
    name: str,
    repair: Repair | None = None,
    log: CallLog | None = None,
    room: Room | None = None,
) -> Reply[T]:
    """Ask once for an answer that fits `schema`.

    The model is held to the schema as strictly as its server can: by JSON schema, else by a tool call, else to any JSON
    object, else in words (`ladder`); how it could be asked is remembered. An answer that is not plain JSON of the
    schema is looked through for one that is (prose around it, code fences). Where there is none, the model is shown
    what it said and what was wrong, once and with the schema in words, if `repair` is given. A model that refused, or
    was cut off at its token limit, is not asked again: of a refusal nothing counts, of a cut-off text only an answer
    that it had come to the end of (models held to JSON may go on with blanks for ever).

    Args:
        chat: the model, best from `get_chat`.
        schema: what to answer with. Its required fields decide what counts as an answer.
        messages: the question.
        name: what the traced run is called.
        repair: writes the message that asks again; without it an unreadable answer is a fault at once.
        log: where every call is noted, before it is made and when it has ended.
        room: what the task that is logged may spend. Without a log it holds for this question.

    Raises:
        NoRoom: no answer came, since a call might have gone past a cap. After an answer that could not be read, no
            room to ask again leaves it at that.
        ProviderFault: no answer came: the provider failed or refused the request.
        BadInput: the model cannot be asked this at all, or the call cannot be noted; then it is not made.
    """
    started, meter = time.monotonic(), Meter(chat, log)
    question = _Question(hearing(chat, meter), schema, meter, room)
    value, wrong, rung = await question.ask(messages, name)
    ignored = False
    if value is None and repair is not None and meter.trouble is None:
        said = [AIMessage(meter.raw[:SHOWN])] if meter.raw.strip() else []
        again = with_more([*messages, *said], repair(meter.raw, wrong))
        value, wrong = await question.repaired(again, f"{name} again", wrong)
        ignored = bool(said)  # an empty answer says nothing of how the model likes to be asked
    if value is not None:
        remember(chat, rung, ignored=ignored)
    return Reply(
        value=value,
        fault=None if value is not None else wrong,
        raw=meter.raw,
        calls=meter.sums.calls,
        tokens=meter.sums.tokens,
        cached=meter.sums.cached,
        seconds=time.monotonic() - started,
        usd=meter.sums.usd,
    )


def find_answer(raw: str, schema: type[T], *, at_end: bool = False) -> tuple[T | None, str]:
    """The last JSON object in a text that fits a schema, or what keeps the best one from fitting.

    The last, since models think aloud before they answer.

    Args:
        raw: the text.
        schema: what to look for. A JSON schema is no answer, though its `title` and `description` may look like one:
            models repeat the one they were told.
        at_end: only an object with nothing but blanks and the end of a code fence after it counts.
    """
    found, wrong = None, "it holds no JSON object" if raw.strip() else "it was empty"
    for candidate, rest in _objects(raw):
        if at_end and rest.strip("` \r\n\t"):
            continue
        if _is_schema(candidate):
            wrong = "it is the schema and no answer of it"
            continue
        try:
            found = schema.model_validate(candidate)
        except ValidationError as error:
            wrong = _complaint(error)
    return found, wrong


@dataclass(frozen=True)
class _Question(Generic[T]):
    """A model that hears itself, and what it is to answer with."""

    model: BaseChatModel
    schema: type[T]
    meter: Meter
    room: Room | None

    async def ask(self, messages: Sequence[BaseMessage], name: str) -> tuple[T | None, str, Rung]:
        """Go down the ladder until the server takes the request: what was answered, what was wrong, and the rung."""
        for rung, way in rungs(self.model, self.schema):
            try:
                return *await self._put(way, rung, messages, name), rung
            except ProviderFault as fault:
                refused = self.meter.status is not None and not fault.retryable and not fault.fatal
                if rung == "words" or not refused:
                    raise
        raise AssertionError  # words are the last rung

    async def repaired(self, messages: Sequence[BaseMessage], name: str, wrong: str) -> tuple[T | None, str]:
        """Ask again in words; without room for it, what was wrong before still is."""
        try:
            return await self._put(self.model, "words", messages, name)
        except NoRoom as full:
            return None, f"{wrong}; there was no room to ask again ({full.cap})"

    async def _put(
        self, way: Runnable[Any, Any], rung: Rung, messages: Sequence[BaseMessage], name: str
    ) -> tuple[T | None, str]:
        """One call, and what can be read of its answer."""
        asked = worded(messages, rung, self.schema)
        worst = worst_call(self.model, asked, "" if rung in IN_WORDS else told(self.schema))
        try:
            await call(way, asked, self.meter, name=name, worst=worst, room=self.room)
        except NoRoom:
            raise
        except Exception as error:  # noqa: BLE001  once the model was heard, it is a parser that complains
            if self.meter.message is None:
                raise provider_fault(error, name) from None
        return self._read()

    def _read(self) -> tuple[T | None, str]:
        """What the model said. LangChain's parsers are not asked: some close the brackets of half an answer."""
        trouble, raw = self.meter.trouble, self.meter.raw
        if trouble is None:
            value, wrong = find_answer(raw, self.schema)
            return value, f"the answer could not be read: {wrong}"
        return find_answer(raw, self.schema, at_end=True)[0] if self.meter.cut_off else None, trouble


def _objects(raw: str) -> Iterator[tuple[Any, str]]:
    """The outermost JSON objects in a text, in order, each with the text after it."""
    decoder, place = json.JSONDecoder(), 0
    for _ in range(ATTEMPTS):
        place = raw.find("{", place)
        if place < 0:
            return
        try:
            value, place = decoder.raw_decode(raw, place)
            yield value, raw[place:]
        except (ValueError, RecursionError):
            place += 1


def _is_schema(value: dict[str, Any]) -> bool:
    """Whether an object is the JSON schema of an object, bare or in the wrapping of a tool or a response format."""
    parts = (value, value.get("parameters"), value.get("schema"))
    return any(isinstance(part, dict) and {"properties", "type"} <= part.keys() for part in parts)


def _complaint(error: ValidationError) -> str:
    wrongs = [f"{'.'.join(map(str, e['loc'])) or 'the object'}: {e['msg']}" for e in error.errors()[:5]]
    return scrubbed("; ".join(wrongs))
