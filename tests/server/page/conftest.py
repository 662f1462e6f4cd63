"""A real Chromium on a real server, for the tests of the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.server.live import live_server

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
OWN = ("blob:", "data:")


@dataclass
class Visit:
    """A page of the browser, and what it did that it must not: errors, and requests to anybody else."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        # The browser itself notes each answer that is an error; tests that provoke one look for it on the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console {message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, *OWN)):
            self.faults.append(f"external request: {request.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: install it, or name it in CHROMIUM")
    expect.set_options(timeout=40_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@contextmanager
def serving(folder: Path, env: dict[str, str] | None = None) -> Iterator[str]:
    """The address of a server whose home is new."""
    home = folder / "home"
    home.mkdir()
    with live_server(home, env) as url:
        yield url


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Opens pages at an address after the `#`; at the end nothing may have gone wrong on any of them."""
    visits: list[Visit] = []

    def opened(place: str = "#/", **options: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        context.set_default_timeout(90_000)
        visits.append(Visit(context.new_page(), server))
        visits[-1].listen()
        visits[-1].page.goto(f"{server}/{place}")
        return visits[-1].page

    yield opened
    for one in visits:
        one.page.context.close()
    assert [fault for one in visits for fault in one.faults] == []
