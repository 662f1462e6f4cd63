"""verify: every kind of damage is found and named, and nothing is changed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from argparse import Namespace
from pathlib import Path

import pytest

from overpaint.graph.persistence import open_checkpointer
from overpaint.marking import image_file, record_file
from overpaint.tools.database import open_database
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from overpaint.upkeep import verify as verify_command
from overpaint.verifying import verify
from tests.face.homes import Written, png


async def one_run(home: Path) -> Written:
    async with open_checkpointer() as saver:
        made = Written(saver, home, "run")
        await made.start()
        await made.paint("0.0", None, 1)
        await made.paint("1.0", "0.0", 2)
        await made.end()
    return made


def picture(home: Path, made: Written, id_: str) -> Path:
    return image_file(home / "images", f"{made.images[id_]['sha256']}.png")


def contents(home: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file() and ".db" not in path.name
    }


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "postgres":
        monkeypatch.setenv("OVERPAINT_DATABASE", request.getfixturevalue("postgres_database"))
    return str(request.param)


@pytest.mark.slow
async def test_a_whole_home_is_whole(anywhere: str, home: Path) -> None:
    made = await one_run(home)
    await made.pay(Ledger(open_database()), "0.0", "run")
    told = await verify()
    assert (told.ok, told.findings, told.images, told.records) == (True, [], 2, 2)
    open_database().close()


async def test_an_empty_home_is_whole_and_is_not_made(home: Path) -> None:
    assert (await verify()).ok
    assert not home.exists()


async def test_every_damage_is_named_and_nothing_is_changed(home: Path) -> None:
    made = await one_run(home)
    cut, gone, broken = picture(home, made, "0.0"), picture(home, made, "1.0"), record_file(home / "records", made.records["1.0"])  # fmt: skip
    cut.write_bytes(cut.read_bytes()[:40])
    gone.unlink()
    broken.write_text('{"id": "1.0"}')
    before = contents(home)
    told = await verify()
    assert {(f.kind, f.path) for f in told.findings} == {("damaged", cut), ("missing", gone), ("damaged", broken)}
    assert all("restore it from a backup" in f.said for f in told.findings)
    assert not told.ok
    assert contents(home) == before


async def test_a_record_that_only_another_record_names_is_missed(home: Path) -> None:
    made = await one_run(home)
    record_file(home / "records", made.records["0.0"]).unlink()
    async with open_checkpointer() as saver:  # no checkpoint names it any more
        await saver.adelete_thread(made.thread)
    assert [(f.kind, f.path.name) for f in (await verify()).findings if isinstance(f.path, Path)] == [
        ("missing", f"{made.records['0.0']}.json")
    ]


async def test_a_paid_picture_that_no_run_names_is_missed(home: Path) -> None:
    alone = Written(None, home, "agent")  # type: ignore[arg-type]
    alone.images["0.0"] = await ImageStore(home / "images").save(png(3))
    await alone.pay(Ledger(open_database()), "0.0")
    assert (await verify()).ok
    picture(home, alone, "0.0").unlink()
    assert [f.kind for f in (await verify()).findings] == ["missing"]


async def test_strays_are_told_and_are_no_damage(home: Path) -> None:
    await one_run(home)
    (home / "images" / "note.txt").write_text("x")
    (home / "records" / ".writing-abc").write_text("x")
    told = await verify()
    assert told.ok
    assert [(f.kind, Path(f.path).name) for f in told.findings] == [("stray", "note.txt"), ("stray", ".writing-abc")]


@pytest.mark.parametrize("harm", ["no database at all", "cut off", "garbage inside"])
async def test_a_corrupt_database_is_told_and_the_files_are_checked_all_the_same(harm: str, home: Path) -> None:
    made = await one_run(home)
    file = home / "overpaint.db"
    data = file.read_bytes()
    file.write_bytes({
        "no database at all": b"x" * 9000,
        "cut off": data[: len(data) // 2],
        "garbage inside": data[:4096] + b"\xff" * (len(data) - 4096),
    }[harm])  # fmt: skip
    picture(home, made, "0.0").write_bytes(b"")
    before = file.read_bytes()
    told = await verify()
    assert [(f.kind, f.path) for f in told.findings] == [("database", file), ("damaged", picture(home, made, "0.0"))]
    assert "estore a copy" in told.findings[0].said
    assert file.read_bytes() == before
    assert (told.images, told.records) == (2, 2)


async def test_a_server_that_is_gone_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await one_run(home)
    monkeypatch.setenv("OVERPAINT_DATABASE", "postgresql://user:secret@127.0.0.1:9/none")
    told = await verify()
    assert [f.kind for f in told.findings] == ["database"]
    assert "secret" not in told.findings[0].said + str(told.findings[0].path)


def test_the_command_exits_1_on_damage_and_says_each_on_one_line(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = asyncio.run(one_run(home))
    assert verify_command(Namespace(json=False)) == 0
    assert capsys.readouterr().out == "2 pictures and 2 records checked: everything is whole\n"
    file = picture(home, made, "0.0")
    file.unlink()
    assert verify_command(Namespace(json=False)) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"missing: {file}: a run refers to it")
    assert last == "1 picture and 2 records checked: not everything is whole"
    assert verify_command(Namespace(json=True)) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["images"], said["records"], len(said["findings"])) == (False, 1, 2, 1)
    assert said["findings"][0]["path"] == str(file)
