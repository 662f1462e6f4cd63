"""What a server prints of runs that failed."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from overpaint.server.server_log import shortened, untold
from overpaint.tools.faults import DatabaseFault

FORESEEN = "Traceback (most recent call last):\n  …\noverpaint.tools.faults.BadInput: no\n"
OTHER = "Traceback (most recent call last):\n  …\nKeyError: 'x'\noverpaint.tools.faults.BadInput: quoted by it"


def record(**fields: Any) -> logging.LogRecord:
    return logging.LogRecord("langgraph_api.worker", logging.ERROR, "", 0, fields, None, None)


@pytest.mark.parametrize("note", ["", "During task with name 'upsample' and id '1'\n"])
def test_a_fault_that_is_told_comes_without_a_traceback(note: str) -> None:
    told = record(event="Background run failed. no", run_id="1", run_exec_ms=3, exception=FORESEEN + note)
    assert shortened(told)
    assert told.msg == {"event": "Background run failed. no", "run_id": "1"}


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    told: Any = record(event="Background run failed", exception=OTHER)
    assert shortened(told)
    assert told.msg["exception"] == OTHER


def test_what_another_line_says_too_is_not_printed() -> None:
    assert not shortened(record(event="Run encountered an error in graph: …", exception=OTHER))
    assert not shortened(record(event="RETRYING"))


def test_where_a_database_is_only_the_log_says(caplog: pytest.LogCaptureFixture) -> None:
    assert "/secret/place" not in untold(DatabaseFault("cannot use the database /secret/place"))
    assert "/secret/place" in caplog.text


def test_other_records_are_left_alone() -> None:
    assert shortened(logging.LogRecord("x", logging.INFO, "", 0, "plain", None, None))
