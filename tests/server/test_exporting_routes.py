"""A run to take away over HTTP: whole, without paths of the server, and for its owner alone."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from overpaint.graph.persistence import open_checkpointer
from tests.face.homes import Written, written
from tests.server.app_client import get

RUNS = "/overpaint/threads"
pytestmark = pytest.mark.slow


async def ended(home: Path) -> Written:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "run-of-two", [1, 2])
        await made.end()
    return made


async def test_the_zip_has_champion_sheet_and_json_and_no_path_of_the_server(home: Path) -> None:
    made = await ended(home)
    answer = await get(f"{RUNS}/{made.thread}/export")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="overpaint-run-of-t.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(files) == ["champion.png", "run.json", "sheet.html", "sheet.png"]
    assert b"prompt of 1.0" in files["champion.png"]
    with Image.open(io.BytesIO(files["sheet.png"])) as sheet:
        assert sheet.width > 1000
    told = json.loads(files["run.json"])
    assert (told["run"], told["champion"]["id"], told["report"]) == ("run-of-two", "1.0", "sheet.html")
    assert not any(str(home).encode() in data for data in files.values())


async def test_a_run_without_a_picture_has_no_champion_to_give(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = Written(saver, home, "run")
        await made.start()
    answer = await get(f"{RUNS}/{made.thread}/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == ["run.json", "sheet.html", "sheet.png"]


async def test_a_name_of_a_run_breaks_no_header(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, '"\r\nx: y', [1])
    answer = await get(f"{RUNS}/{made.thread}/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="overpaint-___x__y.zip"'


async def test_the_sheet_asks_nobody_for_anything(home: Path) -> None:
    made = await ended(home)
    answer = await get(f"{RUNS}/{made.thread}/sheet")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "data:image/png;base64" in answer.text
    assert not [word for word in ("<script", "http://", "https://") if word in answer.text]


@pytest.mark.parametrize("what", ["export", "sheet"])
async def test_what_is_anothers_is_not_there(home: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    made = await ended(home)
    assert (await get(f"{RUNS}/{uuid.uuid4()}/{what}")).status_code == 404
    assert (await get(f"{RUNS}/{made.thread}/{what}", run="another")).status_code == 404
    monkeypatch.setenv("OVERPAINT_API_KEYS", "alice:wonder,bob:builder")
    assert (await get(f"{RUNS}/{made.thread}/{what}", "wonder")).status_code == 200
    assert (await get(f"{RUNS}/{made.thread}/{what}", "builder")).status_code == 404
    assert (await get(f"{RUNS}/{made.thread}/{what}")).status_code == 401
