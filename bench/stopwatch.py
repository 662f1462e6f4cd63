"""Seconds spent in named parts of a run, each without the parts inside it."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

from overpaint.graph import looking, toolbox
from overpaint.graph.nodes import generate
from overpaint.tools import inspect_image
from overpaint.tools.call_log import CallLog
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.tools.records import RecordStore

PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "ledger": ((Ledger, "claim"), (Ledger, "stored")),
    "images": ((ImageStore, "name"), (ImageStore, "keep"), (ImageStore, "load")),
    "records": ((RecordStore, "write"), (RecordStore, "read")),
    "call log": ((CallLog, "begin"), (CallLog, "end"), (CallLog, "spent")),
    "models": ((toolbox, "ask"), (inspect_image, "ask"), (toolbox.Toolbox, "chat")),
    "tool": ((generate, "use_tool"), (looking, "use_tool"), (toolbox.Toolbox, "painter")),
    "gate": ((generate, "_gated"),),
}  # fmt: skip

_inside: ContextVar[list[float] | None] = ContextVar("inside", default=None)


@contextmanager
def running() -> Iterator[dict[str, float]]:
    """Time all parts while the block runs; the seconds of each are there when it ends."""
    spent = dict.fromkeys(PARTS, 0.0)
    with ExitStack() as patches:
        for name, places in PARTS.items():
            for owner, attribute in places:
                timed = _timed(getattr(owner, attribute), name, spent)
                patches.enter_context(patch.object(owner, attribute, timed))
        yield spent


def _timed(work: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    @functools.wraps(work)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        around, within = _inside.get(), [0.0]
        token = _inside.set(within)
        started = time.perf_counter()
        try:
            return await work(*args, **kwargs)
        finally:
            took = time.perf_counter() - started
            _inside.reset(token)
            spent[name] += took - within[0]
            if around is not None:
                around[0] += took

    return timed
