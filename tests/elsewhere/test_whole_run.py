"""A whole run against three servers that nobody here wrote, and its receipt against their own journals."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from overpaint.graph.waiting import TRIES
from overpaint.run import arefine
from overpaint.tools.copy_limits import _SERVERS_OF_ONES_OWN, copy_limit
from overpaint.tools.decoding import decode
from tests.elsewhere.aimock import Aimock
from tests.elsewhere.scripted import (
    BRIEF,
    CALLS,
    KEYS,
    MODELS,
    PAINTED,
    SEEDS,
    SIDE,
    TEMPERATURES,
    noise,
    script,
    settings,
)
from tests.elsewhere.wire import Wire, passed_on, wire
from tests.servers import Request

pytestmark = pytest.mark.slow

DATA_URI = re.compile(rb"data:image/\w+;base64,([A-Za-z0-9+/=]+)")
CHAT = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)


@pytest.fixture
def wires(aimocks: list[Aimock]) -> Iterator[list[Wire]]:
    """A line to each server, on which everything is kept."""
    with ExitStack() as lines:
        yield [lines.enter_context(wire(passed_on(mock.root))) for mock in aimocks]


def direct(aimocks: list[Aimock]) -> dict[str, Any]:
    return settings(*(mock.base_url for mock in aimocks))


def journal(aimocks: list[Aimock], path: str) -> list[dict[str, Any]]:
    return [entry for mock in aimocks for entry in mock.journal(path)]


def check_receipt(receipt: dict[str, Any], aimocks: list[Aimock]) -> None:
    """The receipt says what the servers' own journals say."""
    chats = journal(aimocks, "/chat/completions")
    assert {entry["response"]["status"] for entry in chats} == {200}
    counted = [entry["response"]["fixture"]["response"]["usage"]["total_tokens"] for entry in chats]
    assert receipt["calls"] == len(chats) == CALLS
    assert receipt["tokens"] == sum(counted)
    assert receipt["images"] == len(journal(aimocks, "/images/")) == PAINTED
    assert receipt["unknown"] == 0
    assert receipt["usd"] is None, "nobody has told what these servers cost"


async def test_a_run_ends_with_a_champion_and_the_receipt_of_the_servers(aimocks: list[Aimock]) -> None:
    script(aimocks, noise(1), noise(2))
    run = await arefine(BRIEF, settings=direct(aimocks))
    assert (run.status, run.stop_reason) == ("passed", "passed")
    assert run.champion is not None
    assert (run.champion["id"], run.champion["action"], run.champion["parent"]) == ("1.0", "edit", "0.0")
    check_receipt(dict(run.receipt), aimocks)
    assert [entry["path"] for entry in aimocks[0].journal("/images/")] == ["/v1/images/generations", "/v1/images/edits"]


def test_the_command_line_does_the_same(aimocks: list[Aimock], home: Path) -> None:
    script(aimocks, noise(1), noise(2))
    pairs = [part for name, value in direct(aimocks).items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "overpaint", "refine", BRIEF, "--json", *pairs]
    done = subprocess.run(command, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["champion"]["passed"]
    assert Path(told["champion"]["image"]).is_file()
    assert Path(told["report"]).is_relative_to(home)
    check_receipt(told["receipt"], aimocks)


async def test_what_goes_over_the_wire(
    aimocks: list[Aimock], wires: list[Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The critic's server is taken for NVIDIA's own, which takes less than those of its users.
    monkeypatch.setitem(_SERVERS_OF_ONES_OWN, "nvidia", copy_limit("nvidia", vendor=True))
    script(aimocks, noise(1, SIDE), noise(2, SIDE))
    run = await arefine(BRIEF, settings=settings(*(line.base_url for line in wires)))
    assert run.status == "passed"
    _each_role_asks_its_own_server(wires)
    for line in wires:
        assert line.requests
        for request in line.requests:
            assert not [name for name, key in KEYS.items() if key.encode() in request.raw + request.path.encode()]
    _pictures_are_within_limits(wires)


def _each_role_asks_its_own_server(wires: list[Wire]) -> None:
    """URL, model, temperature, seed and key of every request."""
    keys = {"writer": "OPENAI_API_KEY", "critic": "NVIDIA_API_KEY", "judge": "JUDGE_KEY"}
    asked: dict[str, list[Request]] = {}
    for role, line in zip(("writer", "critic", "judge"), wires, strict=True):
        asked[role] = [r for r in line.requests if r.path == CHAT]
        for request in asked[role]:
            body = request.json
            assert f"{MODELS[role].partition(':')[0]}:{body['model']}" == MODELS[role]
            assert (body["temperature"], body["seed"]) == (TEMPERATURES[role], SEEDS[role])
            assert request.headers["authorization"] == f"Bearer {KEYS[keys[role]]}"
    assert {role: len(requests) for role, requests in asked.items()} == {"writer": 2, "critic": 1, "judge": 4}
    painted = [r for r in wires[0].requests if r.path != CHAT]
    assert [r.path for r in painted] == ["/v1/images/generations", "/v1/images/edits"]
    assert {r.headers["authorization"] for r in painted} == {f"Bearer {KEYS['OPENAI_API_KEY']}"}
    assert not [r.path for line in wires[1:] for r in line.requests if r.path != CHAT]


def _pictures_are_within_limits(wires: list[Wire]) -> None:
    """What the critic and the judge were shown is smaller than what was painted, and no larger than they take."""
    encoded = {"nvidia": 180_000, "openai": copy_limit("openai", vendor=False).size * 4 / 3}
    for most, line, shown in ((encoded["nvidia"], wires[1], 1), (encoded["openai"], wires[2], 4)):
        pictures = [each for request in line.requests for each in DATA_URI.findall(request.raw)]
        assert len(pictures) == shown
        assert all(1000 < len(picture) <= most for picture in pictures)
        assert all(max(decode(base64.b64decode(picture)).size) <= SIDE for picture in pictures)
        assert len(noise(1, SIDE)) * 4 / 3 > most


async def test_a_rate_limit_costs_one_request_more(aimocks: list[Aimock]) -> None:
    script(aimocks, noise(1), noise(2))
    aimocks[1].fail_once(429)
    run = await arefine(BRIEF, settings=direct(aimocks))
    assert run.status == "passed"
    assert [entry["response"]["status"] for entry in aimocks[1].journal()] == [429, 200]
    assert len(journal(aimocks, "/v1/")) == PAINTED + CALLS + 1


async def test_a_server_that_is_down_is_asked_as_often_as_a_step_is_tried_and_no_more(aimocks: list[Aimock]) -> None:
    script(aimocks, noise(1), noise(2))
    aimocks[2].chaos(dropRate=1)
    run = await arefine(BRIEF, settings=direct(aimocks))
    assert (run.status, run.stop_reason) == ("failed", "provider")
    assert len(aimocks[2].journal()) == TRIES
    assert len(journal(aimocks, "/images/")) == 1
