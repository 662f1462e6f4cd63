"""The files that a prune takes: only those that nothing refers to, and that nobody has used lately."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from overpaint import sweeping
from overpaint.graph.persistence import open_checkpointer
from overpaint.marking import image_file, record_file
from overpaint.pruning import prune
from overpaint.runs import load_runs
from overpaint.sweeping import refresh_all
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from overpaint.tools.ledger import Ledger
from tests.face.homes import Written, ages, everything, in_100_days, png, written


async def test_young_files_wait_for_a_later_prune(home: Path) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "quick", [1])
    first = await prune(0, now=time.time() + 5)
    assert (first.runs, first.images, first.young) == (1, 0, 2)
    assert len(everything(home)) == 2
    second = await prune(0, now=time.time() + 7200)
    assert (second.runs, second.images, second.records, second.young) == (0, 1, 1, 0)
    assert everything(home) == set()
    assert not (home / "pruning.json").exists()


async def test_a_prune_that_died_half_way_is_made_good(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "cut", [1, 2])
        # What `prune` does first, and then its process ends.
        (home / "pruning.json").write_text(json.dumps([*made.records.values()]))
        await saver.adelete_thread(made.thread)
    told = await prune(30, now=in_100_days())
    assert (told.runs, told.records, told.images) == (0, 2, 2)


async def test_a_prune_whose_disk_fails_half_way_is_made_good(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "old", [1, 2])

    def refuse(path: Path, before: float) -> bool:
        raise BadInput(f"cannot use {path}")

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "remove_if_old", refuse)
        with pytest.raises(BadInput, match="cannot use"):
            await prune(30, now=in_100_days())
    assert await load_runs() == []
    assert len(everything(home)) == 4
    told = await prune(30, now=in_100_days())
    assert (told.images, told.records) == (2, 2)
    assert everything(home) == set()


async def test_young_pictures_of_agents_and_those_of_other_databases_stay(home: Path) -> None:
    async with open_checkpointer() as saver:
        gone = await written(saver, home, "gone", [1])
        elsewhere = await written(saver, home, "elsewhere", [2])
        await saver.adelete_thread(elsewhere.thread)  # its checkpoints are another server's
        alone = Written(saver, home, "agent")
        alone.images["0.0"] = await ImageStore(home / "images").save(png(3))
        await alone.pay(Ledger(open_database()), "0.0")
    told = await prune(0, now=time.time() + 3500)
    assert (told.runs, told.images, told.records, told.young) == (1, 0, 0, 2)
    ages(home)
    told = await prune(0, now=time.time() + 3500)
    assert (told.runs, told.images, told.records) == (0, 1, 1)
    assert await ImageStore(home / "images").load(elsewhere.images["0.0"]["sha256"])
    assert await ImageStore(home / "images").load(alone.images["0.0"]["sha256"])
    assert not record_file(home / "records", gone.records["0.0"]).exists()


async def test_a_picture_used_again_just_now_stays(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "old", [1])
    ages(home)
    await ImageStore(home / "images").save(png(1))
    told = await prune(0, now=time.time() + 60)
    assert (told.images, told.records, told.young) == (0, 1, 1)
    assert await ImageStore(home / "images").load(made.images["0.0"]["sha256"])


async def test_a_fork_at_work_keeps_what_it_starts_from(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "old", [1, 2])
    ages(home)
    refresh_all(home, {"candidates": made.candidates})
    told = await prune(0, now=time.time() + 60)
    assert (told.runs, told.images, told.records, told.young) == (1, 0, 0, 4)


def lose(file: Path, harm: str) -> None:
    file.unlink() if harm == "missing" else file.write_bytes(b"{}")


@pytest.mark.parametrize("harm", ["missing", "damaged"])
async def test_a_fork_needs_the_records_it_names_and_its_champions_picture_alone(harm: str, home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "old", [1, 2, 3])
    state = {"candidates": {"2.0": made.candidates["2.0"]}, "champion": made.candidates["2.0"]}
    lose(record_file(home / "records", made.records["0.0"]), harm)
    lose(image_file(home / "images", f"{made.images['1.0']['sha256']}.png"), harm)
    ages(home)
    refresh_all(home, state)
    middle = record_file(home / "records", made.records["1.0"])
    assert middle.stat().st_mtime > 1  # what is there is spared, needed or not
    needed = [
        image_file(home / "images", f"{made.images['2.0']['sha256']}.png"),
        record_file(home / "records", made.records["2.0"]),
    ]
    for file in needed:
        whole = file.read_bytes()
        lose(file, harm)
        with pytest.raises(BadInput, match=f"{file}.*overpaint verify"):
            refresh_all(home, state)
        file.write_bytes(whole)
    refresh_all(home, state)


async def test_a_fork_before_any_picture_needs_that_of_the_brief(home: Path) -> None:
    ref = await ImageStore(home / "images").save(png(1))
    asked = {"asked": {"text": "a", "image": ref}, "candidates": {}, "champion": None}
    refresh_all(home, asked)
    image_file(home / "images", f"{ref['sha256']}.png").unlink()
    with pytest.raises(BadInput, match=f"{ref['sha256']}.*overpaint verify"):
        refresh_all(home, asked)


async def test_leftovers_of_a_day_ago_go(home: Path) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "new", [1])
    folder = next((home / "images").iterdir())
    (folder / ".writing-old").write_bytes(b"x")
    (folder / ".writing-new").write_bytes(b"x")
    os.utime(folder / ".writing-old", (1, 1))
    assert (await prune(30)).leftovers == 1
    assert (folder / ".writing-new").exists()
    assert not (folder / ".writing-old").exists()
