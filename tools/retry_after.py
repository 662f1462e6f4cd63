"""How long a provider asks to be left alone, as HTTP says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str] | None, now: datetime | None = None) -> float | None:
    """Read the wait that an answer asks for (RFC 9110, 10.2.3; `retry-after-ms` is OpenAI's finer form).

    Args:
        headers: of the answer; names in lower case where the mapping tells cases apart.
        now: what a date is counted from; the clock's time when left out.

    Returns:
        Seconds, 0 where the moment has passed; None where nothing readable is asked.
    """
    given = headers or {}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = str(given.get(name) or given.get(name.title()) or "").strip()
        seconds = _number(value, unit)
        if seconds is None and name == "retry-after":
            seconds = _until(value, now)
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _number(value: str, unit: float) -> float | None:
    try:
        seconds = float(value) * unit
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _until(value: str, now: datetime | None) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (zoned - (now or datetime.now(UTC))).total_seconds()
