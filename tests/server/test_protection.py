"""An app behind all that a request passes, as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from overpaint.server.protection import check_environment, protect
from overpaint.tools.faults import BadInput
from tests.server.echoing import HERE, client, keys

__all__ = ["client", "keys"]


@pytest.mark.parametrize(
    ("variable", "wrong"),
    [
        ("OVERPAINT_API_KEYS", "alice:"),
        ("OVERPAINT_RATE", "fast"),
        ("OVERPAINT_RUNS_PER_KEY", "0"),
        ("OVERPAINT_MAX_USD", "-1"),
    ],
)
def test_a_mistake_of_the_operator_is_told_at_the_start(
    variable: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_environment()
    monkeypatch.setenv(variable, wrong)
    with pytest.raises(BadInput, match=variable):
        check_environment()


def test_the_app_may_begin_and_end() -> None:
    begun = []

    @asynccontextmanager
    async def lifespan(made: Starlette) -> AsyncIterator[None]:
        begun.append("begun")
        yield

    made = Starlette(lifespan=lifespan)
    protect(made)
    with TestClient(made, base_url=HERE):
        assert begun == ["begun"]
