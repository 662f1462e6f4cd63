"""`overpaint export`: the picture that is meant, whole, told of, and never over another file."""

from __future__ import annotations

import hashlib
import json
from argparse import Namespace
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from overpaint.exporting import _write, export, exported, find
from overpaint.graph.persistence import open_checkpointer
from overpaint.result import Run
from overpaint.runs import load_run
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from overpaint.tools.picture_metadata import carries_c2pa
from tests.face.homes import Written, png
from tests.tools.pictures import MIMES, encoded, opened, picture, same_pixels, signed

DOCUMENT: dict[str, Any] = {
    "prompt": "a fox", "seed": 7, "image": {"width": 24, "height": 16}, "models": {"painter": "shapes"},
    "params": {"steps": 3}, "settings": {}, "versions": {}, "history": [{"prompt": "a fox"}],
}  # fmt: skip
FIRST, SECOND = "aaaa1111-1111-4111-8111-111111111111", "bbbb2222-2222-4222-8222-222222222222"


@pytest.fixture
async def made(home: Path) -> AsyncIterator[dict[str, Written]]:
    """Two runs: the older with candidates 0.0, 1.0 and 2.0, the latest with 0.0 alone."""
    async with open_checkpointer() as saver:
        runs = {}
        for run, shades in ((FIRST, (1, 2, 3)), (SECOND, (9,))):
            runs[run] = Written(saver, home, run)
            await runs[run].start()
            for round_, shade in enumerate(shades):
                await runs[run].paint(f"{round_}.0", f"{round_ - 1}.0" if round_ else None, shade)
            await runs[run].end()
        yield runs


def asked(to: Path, **more: Any) -> Namespace:
    plain = {"target": None, "to": to, "format": "original", "no_metadata": False, "all": False, "force": False}
    return Namespace(**{**plain, "json": False, **more})


@pytest.mark.slow
async def test_every_way_to_name_a_picture(made: dict[str, Written]) -> None:
    sha256 = made[FIRST].images["1.0"]["sha256"]
    for target, run, candidate in (
        (None, SECOND, "0.0"),
        ("0.0", SECOND, "0.0"),
        ("aaaa", FIRST, "2.0"),
        (FIRST, FIRST, "2.0"),
        ("aaaa:1.0", FIRST, "1.0"),
        (":0.0", SECOND, "0.0"),
        (sha256, FIRST, "1.0"),
        (sha256[:8], FIRST, "1.0"),
    ):
        found, records = await find(target)
        assert (found.run, [record["id"] for record in records]) == (run, [candidate])
    found, records = await find("aaaa", every=True)
    assert [record["id"] for record in records] == ["0.0", "1.0", "2.0"]


async def test_what_is_not_there_is_said(made: dict[str, Written], home: Path) -> None:
    loose = await ImageStore(home / "images").save(png(77))
    first = made[FIRST].images["0.0"]["sha256"]
    (home / "images" / first[:2] / f"{first[:8]}{'0' * 56}.png").touch()
    for target, every, said in (
        ("cccc", False, "no run 'cccc'"),
        ("aaaa:7.0", False, "no candidate '7.0' in run aaaa"),
        ("5.5", False, "no candidate '5.5' in run bbbb"),
        ("aaaa:../x", False, "no candidate"),
        ("0" * 64, False, "no run '0000"),
        ("aaaa:1.0", True, "--all exports a whole run"),
        (loose["sha256"], False, "no run has a candidate with the picture"),
        (first[:8], False, "2 pictures start with"),
    ):
        with pytest.raises(BadInput, match=said):
            await find(target, every=every)


async def test_a_candidate_without_a_picture_is_said(told: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def load(run: str | None) -> Run:
        return replace(told, champion=None)

    monkeypatch.setattr("overpaint.runs.load_run", load)
    with pytest.raises(BadInput, match=r"0\.2 has no picture \(error\)"):
        await find("r7k2:0.2")
    with pytest.raises(BadInput, match="run r7k2 has no champion"):
        await find("r7k2")
    assert [r["id"] for r in (await find("r7k2", every=True))[1]] == ["0.0", "0.1", "1.0", "1.2", "2.0", "2.1"]


def test_a_picture_and_its_document_are_written(told: Run, tmp_path: Path) -> None:
    done = _write(told, told.candidates[3], asked(tmp_path / "new" / "out"))
    file = tmp_path / "new" / "out" / "r7k2-1.0.png"
    assert done["file"] == str(file)
    original = kept(told)
    assert same_pixels(file.read_bytes(), original)
    text = opened(file.read_bytes()).text
    assert text["parameters"].startswith(
        f"{told.candidates[3]['prompt']}\nSteps: 12, CFG scale: 4.0, Seed: 1234, Size: 64x64,"
    )
    beside = json.loads(file.with_suffix(".json").read_text("utf-8"))
    assert json.loads(text["overpaint"]) == beside
    assert beside["image"]["sha256"] == hashlib.sha256(original).hexdigest() == done["original"]
    assert [step["id"] for step in beside["history"]] == ["0.1"]


def test_another_file_is_never_overwritten_unasked(told: Run, tmp_path: Path) -> None:
    file = tmp_path / "r7k2-1.0.png"
    _write(told, told.candidates[3], asked(tmp_path))
    before = file.stat().st_mtime_ns
    _write(told, told.candidates[3], asked(tmp_path))
    assert file.stat().st_mtime_ns == before
    file.write_bytes(b"mine")
    with pytest.raises(BadInput, match=r"r7k2-1\.0\.png is there and differs"):
        _write(told, told.candidates[3], asked(tmp_path))
    assert file.read_bytes() == b"mine"
    _write(told, told.candidates[3], asked(tmp_path, force=True))
    assert same_pixels(file.read_bytes(), kept(told))


def test_a_folder_that_cannot_be_used_is_said(told: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(BadInput, match="cannot write"):
        _write(told, told.candidates[3], asked(tmp_path / "taken"))


def test_names_never_climb(told: Run, tmp_path: Path) -> None:
    told.candidates[3]["id"] = "../../../up"
    done = _write(replace(told, run="../" * 4), told.candidates[3], asked(tmp_path / "out"))
    assert [Path(done[name]).parent for name in ("file", "sidecar")] == [tmp_path / "out"] * 2
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_damaged_picture_is_said(told: Run, tmp_path: Path) -> None:
    path = told.image_path(told.candidates[3])
    assert path is not None
    path.write_bytes(b"damaged")
    with pytest.raises(BadInput, match="is damaged"):
        _write(told, told.candidates[3], asked(tmp_path))


def kept(told: Run) -> bytes:
    path = told.image_path(told.candidates[3])
    assert path is not None
    return path.read_bytes()


@pytest.mark.parametrize("encoder", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mime", [None, *MIMES.values()][:4])
@pytest.mark.parametrize("document", [None, DOCUMENT])
def test_a_signed_picture_is_copied_whatever_is_asked(encoder: str, mime: str | None, document: Any) -> None:
    made = exported(signed(encoder), mime, document)
    assert (made.data, made.mime) == (signed(encoder), MIMES[encoder])
    assert "C2PA" in made.note
    assert carries_c2pa(made.data)


@pytest.mark.parametrize("encoder", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("target", ["PNG", "JPEG", "WEBP"])
def test_formats_and_metadata_go_together(encoder: str, target: str) -> None:
    stored = encoded(picture(), encoder)
    told = exported(stored, MIMES[target], DOCUMENT)
    bare = exported(stored, MIMES[target], None)
    assert told.mime == bare.mime == MIMES[target]
    assert same_pixels(told.data, bare.data)
    assert encoder != target or same_pixels(told.data, stored)
    assert b"a fox" in told.data.replace(b"\0", b"")
    assert b"a fox" not in bare.data.replace(b"\0", b"")
    assert told.note == bare.note == ""


def test_a_gif_is_copied_or_made_something_else() -> None:
    gif = encoded(picture(), "GIF")
    told, bare = exported(gif, None, DOCUMENT), exported(gif, None, None)
    assert told.data == bare.data == gif
    assert "json alone" in told.note
    assert "--format png" in bare.note
    assert opened(exported(gif, "image/png", DOCUMENT).data).text["parameters"].startswith("a fox")


def test_what_does_not_fit_a_jpeg_is_left_to_the_document_beside_it() -> None:
    jpeg = encoded(picture(), "JPEG")
    long = exported(jpeg, None, {**DOCUMENT, "history": ["x" * 66_000]})
    assert "history is too long" in long.note
    own = opened(long.data).getexif().get_ifd(0x8769)[0x927C]
    assert json.loads(own) == {name: value for name, value in DOCUMENT.items() if name != "history"}
    endless = exported(jpeg, None, {**DOCUMENT, "prompt": "x" * 66_000})
    assert "prompt is too long" in endless.note
    assert endless.data == jpeg


def test_the_command_tells_what_it_wrote(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import asyncio

    asyncio.run(_signed_run(home))
    assert export(asked(tmp_path / "a", format="jpeg", target=FIRST)) == 0
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'a' / 'aaaa1111-0.0.png'}\n"
    assert err.startswith("overpaint: 0.0: it carries content credentials (C2PA)")
    assert err.count("\n") == 1
    assert (tmp_path / "a" / "aaaa1111-0.0.png").read_bytes() == signed("PNG")
    assert export(asked(tmp_path / "b", all=True, json=True)) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["run"] == FIRST
    (one,) = said["exported"]
    assert one["sidecar"] == str(tmp_path / "b" / "aaaa1111-0.0.json")
    assert one["original"] == hashlib.sha256(signed("PNG")).hexdigest()
    assert "C2PA" in one["note"]


async def _signed_run(home: Path) -> None:
    async with open_checkpointer() as saver:
        run = Written(saver, home, FIRST)
        await run.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.face.homes.png", lambda shade: signed("PNG"))
            await run.paint("0.0", None, 1)
        await run.end()
    assert (await load_run(FIRST)).champion
