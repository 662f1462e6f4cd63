"""Whose requests are answered: those to a name of this server, and of pages that it trusts."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.server.echoing import HERE, client, keys

__all__ = ["client", "keys"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:2024", "localhost", "[::1]:2024", "LOCALHOST:1", "me.localhost", "127.9.9.9"]
)
def test_without_keys_loopback_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/threads", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "192.168.0.7", "127.0.0.1.evil.example", "localhost.evil", "", "[", "0.0.0.0"]
)
def test_without_keys_other_names_are_not(client: TestClient, host: str) -> None:
    answer = client.get("/threads", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        421,
        "this server is not called so: name it in OVERPAINT_HOSTS",
    )


def test_an_operator_names_further_hosts(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_HOSTS", "paint.example, other.example")
    monkeypatch.setenv("OVERPAINT_URL", "https://front.example/")
    for host in ("paint.example", "other.example:8443", "front.example", "localhost"):
        assert client.get("/ok", headers={"host": host}).status_code == 200
    assert client.get("/ok", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.usefixtures("keys")
def test_under_keys_any_name_will_do_unless_some_are_listed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/ok", headers={"host": "paint.example"}).status_code == 200
    monkeypatch.setenv("OVERPAINT_HOSTS", "paint.example")
    assert client.get("/ok", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "http://[", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    ],
)
def test_pages_of_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = client.request(method, "/threads/search", headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": HERE}, {"origin": HERE, "sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}],
)
def test_our_own_page_and_programs_are_answered(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/threads/search", headers=headers).status_code == 200


def test_links_are_followed_and_pictures_shown_from_anywhere(client: TestClient) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    shown = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/images/x", headers=shown).status_code == 200
    assert client.post("/", headers=link).status_code == 403
    assert client.post("/images/x", headers=shown).status_code == 403


def test_a_listed_origin_may_call(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_CORS_ORIGINS", "http://localhost:3000,https://chat.example/")
    asked = {"origin": "https://chat.example", "access-control-request-method": "POST"}
    preflight = client.options("/threads", headers={**asked, "access-control-request-headers": "x-api-key"})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-headers"] == "x-api-key"
    answer = client.post("/threads", headers={"origin": "http://localhost:3000", "sec-fetch-site": "same-site"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert client.post("/threads", headers={"origin": "http://evil.example"}).status_code == 403


def test_a_websocket_of_another_site_is_closed(client: TestClient) -> None:
    with client.websocket_connect("/x", headers={"host": "127.0.0.1:2024", "origin": HERE}):
        pass
    with (
        pytest.raises(WebSocketDisconnect) as caught,
        client.websocket_connect("/x", headers={"origin": "http://evil"}),
    ):
        pass
    assert caught.value.code == 1008
