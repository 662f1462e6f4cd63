"""What answers tell a browser."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from overpaint.server.headers import DOCS, PAGE, SHEET
from overpaint.server.protection import protect
from tests.server.echoing import HERE, client, keys

__all__ = ["client", "keys"]


@pytest.mark.parametrize(
    ("path", "policy"), [("/", PAGE), ("/threads", PAGE), ("/docs", DOCS), ("/overpaint/threads/x/sheet", SHEET)]
)
def test_answers_say_what_a_browser_may_do_with_them(client: TestClient, path: str, policy: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_pictures_may_be_shown_by_other_sites_and_refusals_have_headers_too(client: TestClient) -> None:
    assert "cross-origin-resource-policy" not in client.get("/images/x").headers
    assert client.get("/", headers={"host": "evil"}).headers["x-content-type-options"] == "nosniff"


async def test_a_route_that_has_a_say_of_its_own_keeps_it() -> None:
    async def own(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", headers={"cache-control": "max-age=1", "content-security-policy": "x"})

    made = Starlette(routes=[Route("/", own)])
    protect(made)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url=HERE) as client:
        headers = (await client.get("/")).headers
    assert (headers["cache-control"], headers["content-security-policy"]) == ("max-age=1", "x")
