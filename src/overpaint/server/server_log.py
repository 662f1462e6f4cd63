"""What `overpaint serve` prints of its runs: one line for one that failed, and a traceback only for a fault of ours."""

from __future__ import annotations

import logging
import re
import warnings

from overpaint.tools.faults import DatabaseFault

_logger = logging.getLogger(__name__)

_LEVELS = {
    "langgraph_api.cli": logging.ERROR,
    "langgraph_api._checkpointer._adapter": logging.ERROR,
    "langgraph_api.graph": logging.CRITICAL,
    "langgraph_runtime_inmem.queue": logging.ERROR,
}
"""From where on loggers are heard that greet, warn of what is as it should be, or time what is slow but once."""
_TWICE = ("Run encountered an error", "RETRYING")
"""Lines of LangGraph's that say what another line says too."""
_FORESEEN = ("overpaint.tools.faults.", "overpaint.tools.leases.", "overpaint.graph.waiting.", "asyncio.exceptions.")
"""Where the errors come from that say all there is to say."""
_KEPT = ("event", "exception", "level", "logger", "run_id", "thread_id", "timestamp")


def quieten() -> None:
    """Have this process print less of what LangGraph's server logs."""
    warnings.filterwarnings("ignore", "Remove `format_exc_info`")  # structlog's, of how langgraph-api set it up
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("langgraph_api.worker").addFilter(shortened)


def untold(fault: DatabaseFault) -> str:
    """Log where and why a database failed, which is for the operator alone; what callers are told in its place."""
    _logger.error("%s", fault)
    return "the server cannot use its database at this moment: ask again later"


def shortened(record: logging.LogRecord) -> bool:
    """Whether a line about a run is printed; leaves of its fields those that help."""
    fields = record.msg
    if not isinstance(fields, dict):
        return True
    error = _error_in(str(fields.get("exception", "")))
    for name in list(fields):
        if name not in _KEPT or (name == "exception" and error.startswith(_FORESEEN)):
            del fields[name]
    return not str(fields.get("event", "")).startswith(_TWICE)


def _error_in(traceback: str) -> str:
    """The error that a traceback ends with; its frames are indented, and notes (PEP 678) may follow it."""
    return re.split(r"^ .*\n", f"{traceback}\n", flags=re.MULTILINE)[-1]
