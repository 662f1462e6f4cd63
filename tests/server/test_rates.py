"""How often a key may ask, and how many runs it may have at work."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from overpaint.server.keys import Caller, TooMany
from overpaint.server.owners import Owners
from overpaint.server.rates import Rates, Room, allowed_rate, room_for_run
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.home import open_home
from overpaint.tools.leases import Leases
from tests.server.echoing import HERE, KEY, app, client, keys

__all__ = ["client", "keys"]


def test_a_bucket_fills_again_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_RATE", "2/minute")
    rates = Rates(app())
    assert [rates.wait("alice", 0.0), rates.wait("alice", 0.0), rates.wait("alice", 0.0)] == [0, 0, 30]
    assert rates.wait("bob", 0.0) == 0
    assert rates.wait("alice", 29.0) == pytest.approx(1)
    assert rates.wait("alice", 31.0) == 0
    assert rates.wait("alice", 31.0) > 0
    assert [rates.wait("alice", 1e6) for _ in range(3)] == [0, 0, 30]


@pytest.mark.usefixtures("keys")
def test_each_key_and_each_address_without_one_has_its_own_rate(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERPAINT_RATE", "2/hour")
    assert [client.get("/page/x", headers=KEY).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/page/x", headers={"x-api-key": "two"}).status_code == 200
    wrong = [client.get("/page/x", headers={"x-api-key": f"guess {i}"}) for i in range(3)]
    assert [answer.status_code for answer in wrong] == [200, 200, 429]
    assert 1700 < int(wrong[-1].headers["retry-after"]) <= 1800
    assert client.get("/ok").status_code == 200


def test_without_keys_there_is_no_rate(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_RATE", "1/hour")
    assert {client.get("/x").status_code for _ in range(3)} == {200}


@pytest.mark.parametrize(("text", "rate"), [("", (600, 60.0)), ("off", None), ("5/second", (5, 1.0))])
def test_a_rate_is_read(text: str, rate: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_RATE", text)
    assert allowed_rate() == rate


@pytest.mark.parametrize("text", ["0/minute", "5", "5/day", "-1/second", "1e3/hour"])
def test_what_is_no_rate_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_RATE", text)
    with pytest.raises(BadInput, match=r"OVERPAINT_RATE is .* 120/minute"):
        allowed_rate()


@pytest.mark.usefixtures("keys")
async def test_a_key_has_so_many_runs_at_work_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_RUNS_PER_KEY", "2")
    open_home()
    bob, database = Caller("bob", "bob"), open_database()
    leases = Leases(database)
    for thread in ("a", "b"):
        async with room_for_run(bob, thread):
            await Owners(database).claim(thread, "bob")
            await leases.take(thread)
    with pytest.raises(TooMany, match="this key has 2 runs at work and may have 2"):
        await _begin(bob)
    await _begin(Caller("alice", "alice"))
    await leases.release("a")
    await _begin(bob)
    monkeypatch.setenv("OVERPAINT_RUNS_PER_KEY", "no")
    with pytest.raises(BadInput, match="OVERPAINT_RUNS_PER_KEY is 'no'"):
        await _begin(bob)


async def _begin(caller: Caller, *, seconds: float = 0) -> None:
    async with room_for_run(caller, str(uuid.uuid4())):
        await asyncio.sleep(seconds)


@pytest.mark.usefixtures("keys")
async def test_what_is_asked_at_once_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_RUNS_PER_KEY", "2")
    bob = Caller("bob", "bob")
    asked = [_begin(caller, seconds=0.2) for caller in (bob, bob, bob, bob, Caller("alice", "alice"))]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [type(None), type(None), TooMany, TooMany, type(None)]
    await _begin(bob)


@pytest.mark.usefixtures("keys")
async def test_a_run_of_langgraphs_counts_until_its_request_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_RUNS_PER_KEY", "1")

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        await JSONResponse({})(scope, receive, send)

    transport = httpx.ASGITransport(Room(slow))
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers={"x-api-key": "two"}) as made:
        for end in ("", "/stream", "/wait"):
            told = await asyncio.gather(*(made.post(f"/threads/{i}/runs{end}") for i in range(3)))
            assert sorted(answer.status_code for answer in told) == [200, 429, 429]
            refused = max(told, key=lambda answer: answer.status_code)
            assert refused.headers["retry-after"] == "10"
            assert refused.json()["error"]["message"].startswith("this key has 1 runs at work")
        assert (await made.post("/threads/a/runs/b/cancel")).status_code == 200
