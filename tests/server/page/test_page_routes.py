"""The page's files: what they are, when they are sent, and that nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from overpaint.server import page_routes
from overpaint.server.keys import NotThere

FILES = sorted(path.name for path in (Path(page_routes.__file__).parent / "page").iterdir())


@pytest.fixture
async def client() -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(page_routes.router)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=True), base_url="http://page")


async def test_every_file_is_sent_as_what_it_is(client: httpx.AsyncClient) -> None:
    for name in FILES:
        got = await client.get(f"/page/{name}")
        assert got.status_code == 200
        assert got.headers["content-type"] == page_routes.TYPES[Path(name).suffix]
        assert got.headers["cache-control"] == "no-cache"
        again = await client.get(f"/page/{name}", headers={"If-None-Match": got.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_page_names_only_files_of_its_own(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    named = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert {f"page/{name}" for name in ("app.js", "base.css", "run.css", "icon.svg")} == set(named)
    assert not re.search(r"<style|style=|<script>|javascript:|\son\w+=|https?://", page)
    for name in FILES:
        text = (await client.get(f"/page/{name}")).text
        for imported in re.findall(r'from "\./([^"]+)"', text):
            assert imported in FILES


@pytest.mark.parametrize(
    "name", ["../page_routes.py", "..%2fpage_routes.py", "page_routes.py", "app.js%00", "%2e%2e/x", "nothing.js"]
)
async def test_nothing_else_is_sent(client: httpx.AsyncClient, name: str) -> None:
    try:
        got = await client.get(f"/page/{name}")
    except NotThere:
        return
    assert got.status_code == 404


def test_files_are_small_and_write_no_markup() -> None:
    for path in (Path(page_routes.__file__).parent / "page").glob("*.js"):
        text = path.read_text("utf-8")
        assert text.count("\n") <= 250, path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            path.name
        )
