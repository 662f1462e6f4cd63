from __future__ import annotations

import stopwatch


def test_every_part_that_is_timed_is_there() -> None:
    with stopwatch.running() as spent:
        assert set(spent) == set(stopwatch.PARTS)
