"""Hostile requests to our own routes, in this process: no 500, nothing from outside the store, nothing of another key's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.internal.conjecture.utils as conjecture
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests import Request
from schemathesis import GenerationMode

from overpaint.server.app import app
from tests.server.hostile import BOB, KEYS, Asked, Prey, in_process, prey, problems
from tests.server.hostile_requests import requests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

FEW, MANY = 150, 2500
"""Requests of each kind, in the suite and in the long form."""

PHASES = (Phase.generate,)


@pytest.fixture(scope="module")
def hunted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prey]:
    """A home with a run of Alice's, and both keys."""
    home = tmp_path_factory.mktemp("hostile") / "home"
    with pytest.MonkeyPatch.context() as patched:
        _surround(patched, home)
        yield asyncio.run(prey(home))


@pytest.fixture(autouse=True)
def surrounded(home: Path, hunted: Prey, monkeypatch: pytest.MonkeyPatch) -> None:
    """What every test begins with empties the environment, so it is set again; and only the module's home is used."""
    _surround(monkeypatch, Path(next(iter(hunted.kept()))).parent / "home")


def _surround(patched: pytest.MonkeyPatch, home: Path) -> None:
    patched.setenv("OVERPAINT_HOME", str(home))
    patched.setenv("OVERPAINT_API_KEYS", KEYS)
    patched.setenv("OVERPAINT_RATE", "off")
    patched.setenv("OVERPAINT_SECRET", "0123456789abcdef")


def _throw(hunted: Prey, number: int) -> list[str]:
    found: list[str] = []
    before = hunted.kept()

    @settings(max_examples=number, phases=PHASES, suppress_health_check=list(HealthCheck), database=None)
    @given(requests(hunted, langgraph=False))
    def throw(asked: Asked) -> None:
        status, answer = asyncio.run(in_process(app, asked))
        found.extend(f"{problem}: {asked} {asked.body[:200]!r}" for problem in problems(asked, status, answer, hunted))

    throw()
    assert hunted.kept() == before
    return found


def _from_the_schema(hunted: Prey, number: int) -> list[str]:
    """What the app's own description says may be sent, and what it says may not."""
    described: Any = schemathesis.openapi.from_dict(app.openapi())
    operations = [result.ok() for result in described.get_all_operations()]
    jsonlike = [operation for operation in operations if operation.path != "/overpaint/pictures"]  # that takes bytes
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    strategies: list[Any] = [each.as_strategy(generation_mode=mode) for each in jsonlike for mode in modes]
    found: list[str] = []

    @settings(max_examples=number, phases=PHASES, suppress_health_check=list(HealthCheck), database=None)
    @given(st.one_of(strategies))
    def send(case: Any) -> None:
        asked = _as_sent(case)
        status, answer = asyncio.run(in_process(app, asked))
        found.extend(f"{problem}: {asked} {asked.body[:200]!r}" for problem in problems(asked, status, answer, hunted))

    send()
    return found


def _as_sent(case: Any) -> Asked:
    sent = Request(**case.as_transport_kwargs(base_url="http://127.0.0.1", headers={"x-api-key": BOB})).prepare()
    body: Any = sent.body or b""
    headers = {name.lower(): value for name, value in sent.headers.items()}
    encoded = [(name.encode(), str(value).encode("utf-8", "replace")) for name, value in headers.items()]
    kept = tuple(pair for pair in encoded if pair[0] not in (b"content-length", b"host"))
    return Asked(str(sent.method), sent.path_url.encode(), kept, body if isinstance(body, bytes) else body.encode())


def _more(self: Any) -> bool:
    """What hypothesis-jsonschema 0.23 calls, and Hypothesis no longer has."""
    if self._depth is None:
        self.steps = iter(self.__enter__())
    return next(self.steps, self) is None


def test_hostile_requests(hunted: Prey) -> None:
    assert _throw(hunted, FEW) == []


def test_requests_made_from_the_schema(hunted: Prey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conjecture.many, "more", _more, raising=False)
    assert _from_the_schema(hunted, FEW) == []


@pytest.mark.long
def test_many_hostile_requests(hunted: Prey) -> None:
    assert _throw(hunted, MANY) == []


@pytest.mark.long
def test_many_requests_made_from_the_schema(hunted: Prey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conjecture.many, "more", _more, raising=False)
    assert _from_the_schema(hunted, MANY) == []
