from __future__ import annotations

import sys

import pytest

from overpaint.evaluation.extras import extra
from overpaint.evaluation.intervals import interval
from overpaint.tools.faults import BadInput


@pytest.mark.slow
def test_what_is_installed_is_given() -> None:
    assert extra("scipy.stats", "an interval").__name__ == "scipy.stats"


def test_what_is_missing_is_told_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(BadInput, match=r"an interval needs overpaint\[eval\]: pip install 'overpaint\[eval\]'"):
        interval([1.0])
