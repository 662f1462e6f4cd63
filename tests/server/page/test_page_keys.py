"""The page of a server with keys: it asks for one, keeps it in the tab, and shows its owner's runs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.server.page.conftest import serving
from tests.server.page.steps import ended, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Visits = Callable[..., Page]
ANN, BOB = "ann-has-a-long-secret", "bob-has-another-secret"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("keys"), {"OVERPAINT_API_KEYS": f"ann:{ANN},bob:{BOB}"}) as url:
        yield url


def give(page: Page, key: str) -> None:
    page.get_by_role("dialog", name="Key").get_by_label("Key").fill(key)
    page.get_by_role("dialog", name="Key").get_by_role("button", name="Go on").click()


def test_a_key_is_asked_for_and_opens_its_own_runs(visit: Visits) -> None:
    page = visit()
    give(page, "wrong")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("not accepted")
    give(page, ANN)
    place = start(page, "a red circle", seed=1, max_images=1)
    ended(page)
    expect(page.locator(".card img")).to_have_js_property("naturalWidth", 64)
    with page.expect_download():
        page.get_by_role("button", name="Contact sheet").click()
    assert ANN not in page.url
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    page.reload()
    expect(page.locator(".card")).to_be_visible()

    other = visit(place)
    give(other, BOB)
    expect(other.get_by_role("alert")).to_be_visible()
    assert "red circle" not in other.locator("main").inner_text()


def test_whoever_has_no_key_is_told(visit: Visits) -> None:
    page = visit()
    page.get_by_role("dialog", name="Key").get_by_role("button", name="Close").click()
    expect(page.get_by_role("alert")).to_contain_text("This server needs a key.")
