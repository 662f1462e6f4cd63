"""Traces without pictures, for graphs that others invoke: a chat client sends pictures inline, as base64.

Our own graph stores them before LangGraph records anything (graph/lean.py). A graph that embeds ours is traced as it
was invoked, unless by `traced`, by a `langsmith.Client(anonymizer=without_pictures)`, or by LANGSMITH_HIDE_INPUTS=true.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from functools import cache
from typing import Any

from langchain_core.tracers import LangChainTracer
from langsmith import Client
from langsmith.utils import tracing_is_enabled

from overpaint.graph.flow import graph
from overpaint.graph.kept import Graph

_WORD = r"(?<!{0}){0}{{200,}}={{0,2}}(?![\w+/-])"
_LINES = r"(?<![\w+/-])(?:[\w+/-]{60,}\s+){2,}[\w+/-]+={0,2}"
_INLINE = re.compile(
    r"data:[\w.+/-]*(?:;[\w=.-]+)*;base64,(?P<url>[\w+/-]*(?:(?<=[\w+/-]{60})\s+[\w+/-]+)*={0,2})"
    rf"|(?P<bare>{_LINES}|{_WORD.format('[A-Za-z0-9+/]')}|{_WORD.format('[A-Za-z0-9_-]')})",
    re.ASCII,
)
"""Data as base64, the usual or that for URLs: after a data: URL's head, lines nearly as long as base64 is broken
at, or a word too long for any language or file name (a path of many short names has letters of both kinds)."""

_USUAL = str.maketrans("-_", "+/")
"""Letters of base64 for URLs, as base64 has them."""


def agent() -> Graph:
    """The graph that langgraph.json serves; without pictures in its traces where tracing is on."""
    return traced(graph)


def traced(served: Graph) -> Graph:
    """A graph whose LangSmith traces name pictures that were sent inline by their hash.

    For graphs that embed ours as well: LangSmith's tracer of the outermost graph is that of all within.

    Args:
        served: the graph that is invoked; returned as it is where tracing is off.
    """
    return served.with_config(callbacks=[_tracer()]) if tracing_is_enabled() else served


def without_pictures(value: Any) -> Any:
    """JSON with all base64 in its texts replaced by `sha256:` and the hash of the data, as in our own references."""
    if isinstance(value, str):
        return _INLINE.sub(_reference, value)
    if isinstance(value, dict):
        return {key: without_pictures(held) for key, held in value.items()}
    if isinstance(value, list):
        return [without_pictures(held) for held in value]
    return value


@cache
def _tracer() -> LangChainTracer:
    """One for the process, since each client has a thread of its own."""
    return LangChainTracer(client=Client(anonymizer=without_pictures))


def _reference(found: re.Match[str]) -> str:
    data = "".join((found["url"] or found["bare"] or "").split()).translate(_USUAL)
    unpadded = "=" * (-len(data) % 4) if "=" not in data else ""
    try:
        return f"sha256:{hashlib.sha256(base64.b64decode(data + unpadded, validate=True)).hexdigest()}"
    except binascii.Error:
        return "[data]"
