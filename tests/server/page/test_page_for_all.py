"""The page for everybody: keyboard alone, screen readers (axe), phones, the dark; and a picture to start from."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.server.page.conftest import serving
from tests.server.page.steps import ended, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Visits = Callable[..., Page]
SHOWN = {"home": "#brief", "run": ".card", "look": "dialog[open]", "two": "dialog[open]", "compare": ".beside"}
DROP = """([selector, data]) => {
  const held = new DataTransfer();
  held.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], "one.png", {type: "image/png"}));
  const area = document.querySelector(selector);
  area.dispatchEvent(new DragEvent("drop", {dataTransfer: held, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("page")) as url:
        yield url


@pytest.fixture(scope="module")
def places(browser: Browser, server: str) -> dict[str, str]:
    """Addresses after the `#`, of a run that waits for a person among them."""
    page = browser.new_page()
    made = []
    for settings in ({"stop_when_passed": "false"}, {"review": "champion"}):
        page.goto(f"{server}/#/")
        made.append(start(page, "two red circles above a blue square", seed=1, max_images=2, **settings))
        page.locator(".head .status:is(.passed, .stopped, .waiting)").wait_for(timeout=60_000)
    page.close()
    one, two = (place.rpartition("/")[2] for place in made)
    return {
        "home": "#/", "run": made[0], "waiting": made[1], "look": f"{made[0]}/0.0", "two": f"{made[0]}/0.0/vs/1.0",
        "compare": f"#/compare/{one}/{two}",
    }  # fmt: skip


def test_axe_finds_nothing_in_light_and_dark(visit: Visits, places: dict[str, str]) -> None:
    for name, place in places.items():
        page = visit(place)
        page.locator(SHOWN.get(name, ".review")).first.wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour on its way to another
            found = Axe().run(page)
            assert found.violations_count == 0, f"{name}, {scheme}: {found.generate_report()}"
        page.context.close()


def test_a_phone_needs_no_sideways_scroll(visit: Visits, places: dict[str, str]) -> None:
    for name, place in places.items():
        page = visit(place, viewport={"width": 360, "height": 740}, has_touch=True)
        page.locator(SHOWN.get(name, ".review")).first.wait_for()
        for part in ("documentElement", "querySelector('dialog')"):
            wide = page.evaluate(f"() => {{ const part = document.{part}; return part ? part.scrollWidth : 0; }}")
            assert wide <= 360, f"{name}: {part} is {wide} pixels wide"
        page.context.close()


def test_the_keyboard_is_enough(visit: Visits) -> None:
    page = visit()
    page.locator("#brief").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Brief", exact=True)).to_be_focused()
    page.keyboard.type("a red circle")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/#/run/*")
    assert ended(page) == "passed"
    expect(page.locator("h1")).to_have_count(1)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card a.id')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Candidate 0.0")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-candidate='0.0'] a.id")).to_be_focused()


def test_a_run_starts_from_a_picture_that_was_picked_or_dropped(visit: Visits) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(drawn, "PNG")
    page = visit()
    page.locator("input[type=file]").set_input_files(
        {"name": "one.png", "mimeType": "image/png", "buffer": drawn.getvalue()}
    )
    expect(page.get_by_alt_text("The picture to start from")).to_be_visible()
    page.get_by_role("button", name="Take it away").click()
    page.evaluate(DROP, ["form.start", base64.b64encode(drawn.getvalue()).decode()])
    expect(page.get_by_alt_text("The picture to start from")).to_be_visible()
    start(page, "a red circle", max_images=1)
    ended(page)
    expect(page.locator("[data-candidate='0.0']")).to_contain_text("given by you")
    page.goto(page.url.partition("#")[0])
    page.locator("input[type=file]").set_input_files(
        {"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page.locator(".drop").get_by_role("alert")).to_be_visible()
    expect(page).to_have_url(re.compile("/(#/?)?$"))
