"""The ways of asking for structured output, from the strictest to plain words, and which of them each model takes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from overpaint.tools.references import source_of

Rung = Literal["schema", "tool", "json", "words"]
"""How an answer is asked for: held to a JSON schema, as a tool call, as any JSON object, or in words alone."""

IN_WORDS: tuple[Rung, ...] = ("json", "words")
"""The rungs on which the messages have to tell the schema."""

METHODS = {"schema": "json_schema", "tool": "function_calling", "json": "json_mode"}
"""What LangChain calls the rungs above words."""

_LADDER: tuple[Rung, ...] = ("schema", "tool", "json", "words")

PATIENCE = 2
"""How many questions in a row a server may ignore the schema that is sent, before it is told in words at once.

One bad answer says nothing of a server that can hold a model to a schema, and must not cost it that for all the runs of
the process; one that ignores what it is sent would cost a second call for every question.
"""

_first: dict[tuple[str, str | None], Rung] = {}
"""The rung each model of this process is asked on first, by its name and server: higher ones it refused or ignored."""

_ignored: dict[tuple[str, str | None], int] = {}
"""Answers in a row that did not fit, while the same model could answer in words."""


def rungs(model: BaseChatModel, schema: type[BaseModel]) -> Iterator[tuple[Rung, Runnable[Any, Any]]]:
    """The ways to ask a model, the one to begin with first; the last is always words.

    A class whose `with_structured_output` knows no `method` has one way of its own, which counts as "schema".
    """
    choosing = "method" in inspect.signature(type(model).with_structured_output).parameters
    first = _first.get(_key(model), "schema")
    for rung in _LADDER[_LADDER.index(first) : -1]:
        if rung == "schema" or choosing:
            bound = _bound(model, schema, **({"method": METHODS[rung]} if choosing else {}))
            if bound is not None:
                yield rung, bound
    yield "words", model


def remember(model: BaseChatModel, rung: Rung, *, ignored: bool = False) -> None:
    """Note how a model was asked and answered, as long as the process lives.

    What its server refused on the way to `rung` is not tried again. A rung that it took and ignored is left, for words,
    only after `PATIENCE` questions in a row; an answer that fits starts the count anew.

    Args:
        model: the model.
        rung: the highest that its server took.
        ignored: whether the answer did not fit, and one in words then did.
    """
    if source_of(model) is not None:
        key = _key(model)
        _ignored[key] = _ignored.get(key, 0) + 1 if ignored else 0
        _first[key] = "words" if _ignored[key] >= PATIENCE else rung


def worded(messages: Sequence[BaseMessage], rung: Rung, schema: type[BaseModel]) -> list[BaseMessage]:
    """The messages, with the schema in words where the rung does not send it along."""
    if rung not in IN_WORDS:
        return list(messages)
    return with_more(messages, f"Answer with one JSON object of this schema: {told(schema)}")


def with_more(messages: Sequence[BaseMessage], text: str) -> list[BaseMessage]:
    """The messages with a text added to what was said last by us: many servers take no two human messages in a row."""
    *before, last = messages
    if not isinstance(last, HumanMessage):
        return [*messages, HumanMessage(text)]
    if isinstance(last.content, str):
        return [*before, HumanMessage(f"{last.content}\n\n{text}")]
    return [*before, HumanMessage([*last.content, {"type": "text", "text": text}])]


def told(schema: type[BaseModel]) -> str:
    """A JSON schema as text."""
    return json.dumps(schema.model_json_schema(), separators=(",", ":"))


def _bound(model: BaseChatModel, schema: type[BaseModel], **method: Any) -> Runnable[Any, Any] | None:
    """The model bound to a schema; None where it cannot be, that way."""
    try:
        bound = model.with_structured_output(schema, **method)
    except (NotImplementedError, ValueError):
        return None
    # ChatNVIDIA would try three wordings of the request in a row, also after a wrong key or an unreadable answer.
    chains = getattr(bound, "chains", None)
    return chains[0] if chains else bound


def _key(model: BaseChatModel) -> tuple[str, str | None]:
    source = source_of(model)
    return (source.name, source.base_url) if source else ("", None)
