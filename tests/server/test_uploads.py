"""Pictures that are sent: kept by their content, granted to who sent them, and refused where they are none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from overpaint.server.allowed import granted
from overpaint.server.keys import Caller
from tests.face.homes import png
from tests.server.app_client import app_client

PNG = {"content-type": "image/png"}


async def send(data: bytes, headers: dict[str, str], key: str = "") -> httpx.Response:
    async with app_client(key) as client:
        return await client.post("/overpaint/pictures", content=data, headers=headers)


async def test_a_picture_is_kept_by_its_content_and_can_be_fetched(home: Path) -> None:
    answer = await send(png(1), PNG)
    ref = answer.json()
    assert answer.status_code == 201
    assert (ref["mime"], ref["width"], ref["height"]) == ("image/png", 8, 8)
    assert ref["sha256"] == hashlib.sha256(png(1)).hexdigest()
    async with app_client() as client:
        assert (await client.get(ref["url"])).content == png(1)
        assert (await client.get(ref["thumb"])).status_code == 200
    assert (await send(png(1), {"content-type": "IMAGE/webp"})).json()[
        "mime"
    ] == "image/png"  # its bytes say what it is


async def test_the_grant_is_for_who_sent_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder,bob:builder")
    told = (await send(png(1), PNG, "wonder")).json()
    ref = {name: told[name] for name in ("sha256", "mime", "width", "height")}
    assert granted(Caller("alice", "alice"), ref, told["grant"])  # type: ignore[arg-type]
    assert not granted(Caller("bob", "bob"), ref, told["grant"])  # type: ignore[arg-type]
    assert (await send(png(1), PNG)).status_code == 401


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"GIF89a" + bytes(20), "broken"),
        (png(1)[:40], "broken"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 1000, "broken"),
    ],
)
async def test_what_is_no_picture_is_refused_and_not_kept(home: Path, data: bytes, said: str) -> None:
    answer = await send(data, PNG)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert not list(home.rglob("images/*/*"))


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json", "multipart/form-data; boundary=x", "imagepng"])
async def test_a_body_that_is_not_sent_as_a_picture_is_refused(kind: str) -> None:
    answer = await send(png(1), {"content-type": kind} if kind else {})
    assert answer.status_code == 400
    assert "Content-Type" in answer.json()["error"]["message"]
