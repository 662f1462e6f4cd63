"""What a person does on the page."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

EIGHT = (
    "a red circle in the top left, a blue star at the top, a green square in the top right, a small red square on the "
    "left, a small black star in the center, a yellow diamond in the bottom left, a purple triangle at the bottom and "
    "an orange cross in the bottom right"
)
"""A brief whose first picture (seed 1) lacks three things, and whose second has them."""
OVER = ".head .status:is(.passed, .stopped, .failed)"


def start(page: Page, brief: str, **settings: object) -> str:
    """Start a run by typing; the address of the run after the `#`."""
    page.get_by_label("Brief", exact=True).fill(brief)
    page.get_by_text("Further settings").click()
    for name, value in settings.items():
        control = page.locator(f"[name={name}]")
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(str(value))
        else:
            control.fill(str(value))
    page.get_by_role("button", name="Paint it").click()
    page.wait_for_url("**/#/run/*")
    return place_of(page)


def place_of(page: Page) -> str:
    """Where a page is, after the `#`."""
    return "#" + page.url.partition("#")[2]


def stands_at(page: Page, place: str) -> None:
    """Wait until a page is at a place; it goes there after a dialog has closed, not in the same instant."""
    expect(page).to_have_url(re.compile(f"{re.escape(place)}$"))


def ended(page: Page) -> str:
    """Wait until a run is over; its status."""
    return page.locator(OVER).inner_text(timeout=60_000)
