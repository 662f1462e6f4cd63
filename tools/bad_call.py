"""What a tool was called with cannot be used: code gets the exception, an agent can get its message as the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from langchain_core.tools import ToolException

from overpaint.tools.faults import BadInput


class BadCall(BadInput, ToolException):
    """BadInput of a tool's call.

    Raised to whoever calls the tool, unless the tool's `handle_tool_error` is True: then LangChain answers the call
    with the message, so that an agent which made up a sha256 can mend its call and carry on.
    """


@contextmanager
def bad_calls() -> Iterator[None]:
    """Raise every BadInput of the block as BadCall.

    Raises:
        BadCall: in place of BadInput, with the same message.
    """
    try:
        yield
    except BadInput as fault:
        raise BadCall(str(fault)) from fault
