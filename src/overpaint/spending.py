"""What a run has spent when it stands still half-way: its state lacks what the steps at work have paid for."""

from __future__ import annotations

from typing import Any

from overpaint.graph.state import Receipt, State, empty_receipt
from overpaint.tools.call_log import spent_by_run
from overpaint.tools.database import open_database
from overpaint.tools.ledger import Ledger


async def spent_so_far(values: State) -> Receipt:
    """The receipt of a run that is not at its end: what the ledger and the call log have of it.

    Of a picture that has not come, the price is the painter's; it may have been paid for.

    Args:
        values: the run's state.

    Raises:
        BadInput: the database cannot be used.
    """
    known, database = values.get("receipt", empty_receipt()), open_database()
    calls, price = await spent_by_run(database, values["run"]), values["painter"]["price_usd"]
    # A picture that costs nothing and has not come is simply painted anew.
    pictures = [p for p in await Ledger(database).billed(values["run"]) if p or price != 0]
    return Receipt(
        images=max(known["images"], len(pictures)),
        unknown=known.get("unknown", 0),
        calls=max(known["calls"], calls.calls),
        tokens=max(known["tokens"], calls.tokens),
        cached=max(known.get("cached", 0), calls.cached),
        seconds=max(known["seconds"], round(calls.seconds + _seconds(pictures), 3)),
        usd=_dearest(known["usd"], [calls.usd, *(p.get("usd", price) for p in pictures)]),
    )


def _dearest(known: float | None, parts: list[float | None]) -> float | None:
    """What the state knows or what the parts come to, whichever is more; None where a price is not known."""
    prices = [part for part in parts if part is not None]
    return None if known is None or len(prices) < len(parts) else max(known, sum(prices))


def _seconds(pictures: list[dict[str, Any]]) -> float:
    return sum(picture.get("seconds") or 0.0 for picture in pictures)
