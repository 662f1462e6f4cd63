"""One structured question to a chat model: an answer that fits the schema, or what was wrong with it. Never a guess."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

from overpaint.tools.call_log import CallLog
from overpaint.tools.faults import ProviderFault
from overpaint.tools.metering import Meter
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
        calls: model calls made, a repair included.
        tokens: tokens used, in and out, as far as the provider told.
        seconds: wall time.
        usd: 0.0 for a model that runs here, None for one whose price is not known.
    """

    value: T | None
    fault: str | None
    raw: str
    calls: int
    tokens: int
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
) -> Reply[T]:
    """Ask once for an answer that fits `schema`.

    An answer that is not plain JSON of the schema is looked through for one that is (prose around it, code fences).
    Where there is none, the model is shown what it said and what was wrong, once, if `repair` is given. A model or
    server that cannot be bound to a schema is asked that way from the start, with the schema in words.

    Args:
        chat: the model, best from `get_chat`.
        schema: what to answer with. Its required fields decide what counts as an answer.
        messages: the question.
        name: what the traced run is called.
        repair: writes the message that asks again; without it an unreadable answer is a fault at once.
        log: where every call is noted, before it is made and when it has ended.

    Raises:
        ProviderFault: no answer came: the provider failed or refused the request.
        BadInput: the model cannot be asked this at all, or the call cannot be noted; then it is not made.
    """
    started, meter = time.monotonic(), Meter(chat, log)
    # Parsed whole, an answer need not be streamed; one that breaks off in a stream takes its text and usage along.
    model = chat.model_copy(update={"disable_streaming": True, "callbacks": [*_handlers(chat), meter]})
    way = _bound(model, schema)
    value, wrong = await _look(way, schema, messages, name, meter, lenient=repair is not None)
    if value is None and repair is not None and meter.refusal is None:
        said = [AIMessage(meter.raw[:SHOWN])] if meter.raw else []
        again = [*messages, *said, HumanMessage(repair(meter.raw, wrong))]
        value, wrong = await _look(way if meter.heard else model, schema, again, f"{name} again", meter)
    return Reply(
        value=value,
        fault=None if value is not None else wrong,
        raw=meter.raw,
        calls=meter.calls,
        tokens=meter.tokens,
        seconds=time.monotonic() - started,
        usd=meter.price,
    )


def find_answer(raw: str, schema: type[T]) -> tuple[T | None, str]:
    """The last JSON object in a text that fits a schema, or what keeps the best one from fitting.

    The last, since models think aloud before they answer.
    """
    found, wrong = None, "it holds no JSON object" if raw.strip() else "it was empty"
    for candidate in _objects(raw):
        try:
            found = schema.model_validate(candidate)
        except ValidationError as error:
            wrong = _complaint(error)
    return found, wrong


async def _look(
    way: Runnable[Any, Any],
    schema: type[T],
    messages: Sequence[BaseMessage],
    name: str,
    meter: Meter,
    *,
    lenient: bool = False,
) -> tuple[T | None, str]:
    """One call, and what can be read of its answer. `lenient` takes a refused request for a refused schema."""
    meter.begin(name)
    try:
        answer = await way.ainvoke(list(messages), {"run_name": name})
    except Exception as error:  # noqa: BLE001  once the model was heard, it is a parser that complains; read below
        if not meter.heard:
            fault = provider_fault(error, name)
            if not (lenient and isinstance(fault, ProviderFault) and not fault.retryable and not fault.fatal):
                raise fault from None
            return None, f"the server took no schema. Answer with one JSON object of this schema: {_told(schema)}"
        answer = None
    if isinstance(answer, dict):
        answer, wrong = find_answer(json.dumps(answer), schema)
    if isinstance(answer, schema):
        return answer, ""
    value, wrong = find_answer(meter.raw, schema)
    return value, meter.trouble or f"the answer could not be read: {wrong}"


def _bound(model: BaseChatModel, schema: type[BaseModel]) -> Runnable[Any, Any]:
    """The model bound to a schema, or as it is when it cannot be."""
    try:
        bound = model.with_structured_output(schema)
    except NotImplementedError:
        return model
    # ChatNVIDIA would try three wordings of the request in a row, also after a wrong key or an unreadable answer.
    chains = getattr(bound, "chains", None)
    return chains[0] if chains else bound


def _handlers(chat: BaseChatModel) -> list[Any]:
    callbacks = chat.callbacks
    return list(callbacks) if isinstance(callbacks, list) else list(getattr(callbacks, "handlers", []))


def _objects(raw: str) -> Iterator[Any]:
    """The outermost JSON objects in a text, in order."""
    decoder, place = json.JSONDecoder(), 0
    for _ in range(ATTEMPTS):
        place = raw.find("{", place)
        if place < 0:
            return
        try:
            value, place = decoder.raw_decode(raw, place)
            yield value
        except (ValueError, RecursionError):
            place += 1


def _complaint(error: ValidationError) -> str:
    wrongs = [f"{'.'.join(map(str, e['loc'])) or 'the object'}: {e['msg']}" for e in error.errors()[:5]]
    return scrubbed("; ".join(wrongs))


def _told(schema: type[BaseModel]) -> str:
    return json.dumps(schema.model_json_schema(), separators=(",", ":"))
