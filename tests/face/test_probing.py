"""Probes over real HTTP: a key that is taken, one that is refused, a server that is not there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from overpaint.graph.settings import merge
from overpaint.probing import probe, servers_of
from overpaint.providers import Provider

GOOD = "good-key-of-this-test"


class Answering(BaseHTTPRequestHandler):
    seen: list[tuple[str, str | None]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        key = self.headers.get("Authorization")
        Answering.seen.append((self.path, key))
        if self.path == "/broken":
            status = 503
        elif self.path == "/elsewhere":
            status = 302
        else:
            status = 200 if key in (f"Bearer {GOOD}", f"Key {GOOD}") else 401
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/v1/models")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Answering.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


def provider(address: str, word: str = "Bearer") -> Provider:
    return Provider("one", None, None, ("ONE_KEY", "OTHER_KEY"), (address, word))


@pytest.mark.parametrize("word", ["Bearer", "Key"])
def test_a_key_that_is_taken(word: str, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", GOOD)
    [check] = probe([provider(f"{server}/v1/models", word)], {})
    assert check.ok
    assert Answering.seen == [("/v1/models", f"{word} {GOOD}")]


@pytest.mark.parametrize(
    ("path", "key", "found"),
    [("/v1/models", "wrong-key-of-this-test", "refused (401)"), ("/broken", GOOD, "answers 503")],
)
def test_what_is_wrong_is_said_without_the_key(
    path: str, key: str, found: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE_KEY", key)
    [check] = probe([provider(server + path)], {})
    assert not check.ok
    assert found in check.found
    assert check.todo
    assert key not in f"{check}"


def test_a_redirect_is_not_followed_with_the_key(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_KEY", GOOD)
    probe([provider(f"{server}/elsewhere")], {})
    assert [path for path, _ in Answering.seen] == ["/elsewhere"]


def test_providers_without_a_key_are_left_alone(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONE_KEY", raising=False)
    monkeypatch.delenv("OTHER_KEY", raising=False)
    assert probe([provider(server), Provider("shapes", "shapes", "shapes")], {}) == []
    assert Answering.seen == []


def test_servers_of_the_settings_are_asked_with_their_own_keys(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE_KEY", GOOD)
    settings = merge(
        {"judge_base_url": f"{server}/v1", "judge_api_key_env": "MINE_KEY", "painter_base_url": "http://127.0.0.1:9/v1"}
    )
    found = {check.name: check for check in probe([], servers_of(settings))}
    assert found[f"probe {server}/v1"].ok
    assert not found["probe http://127.0.0.1:9/v1"].ok
    assert "no answer" in found["probe http://127.0.0.1:9/v1"].found
    assert Answering.seen == [("/v1/models", f"Bearer {GOOD}")]


@pytest.mark.parametrize(("scheme", "path"), [("one", "/models"), ("fal", "/v1/models")])
def test_a_key_that_belongs_to_a_server_of_the_environment_goes_there_alone(
    scheme: str, path: str, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE_KEY", GOOD)
    monkeypatch.setenv(f"{scheme.upper()}_BASE_URL", server)
    elsewhere = Provider(scheme, None, None, ("ONE_KEY",), ("http://127.0.0.1:9/v1/models", "Bearer"))
    [check] = probe([elsewhere], {})
    assert check.ok
    assert Answering.seen == [(path, f"Bearer {GOOD}")]
