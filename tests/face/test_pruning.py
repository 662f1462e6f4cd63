"""prune: what is old goes, what anybody still needs stays, whatever happens in between."""

from __future__ import annotations

import json
import os
import random
import subprocess
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from overpaint import pruning
from overpaint.graph.persistence import on_thread, open_checkpointer
from overpaint.marking import image_file, ledger_rows, marks_of, record_file
from overpaint.pruning import Pruned, prune
from overpaint.runs import load_run, load_runs
from overpaint.tools.call_log import CallLog, read_calls
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.images import ImageStore
from overpaint.tools.leases import Leases
from overpaint.tools.ledger import Ledger
from overpaint.tools.owner import this_process
from overpaint.upkeep import prune as prune_command
from overpaint.upkeep import pruned_lines
from tests.face.homes import Written, ages, asking, everything, in_100_days, png, written


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "postgres":
        monkeypatch.setenv("OVERPAINT_DATABASE", request.getfixturevalue("postgres_database"))
    return str(request.param)


@pytest.mark.slow
async def test_an_old_run_goes_and_its_fork_stays_whole(anywhere: str, home: Path) -> None:
    async with open_checkpointer() as saver:
        parent = await written(saver, home, "parent", [1, 2, 3])
        at = await parent.end()
        fork = await parent.fork("1.0", at, "fork")
        await fork.paint("2.0", "1.0", 9)
        await fork.end()
        ledger, log = Ledger(open_database()), CallLog(open_database(), run="parent", node="judge", task="t")
        for id_ in parent.images:
            await parent.pay(ledger, id_, "parent")
        await log.begin("shapes:shapes", "judge", [])
    report = home / "reports" / "parent"
    report.mkdir(parents=True)
    (report / "sheet.html").write_text("x")
    before = await load_run("fork")
    ages(home)
    # The parent's last step is as old as the fork's, so all but the fork are dropped by holding the fork.
    leases = Leases(open_database())
    assert await leases.take(fork.thread) is None
    dry = await prune(30, True, now=in_100_days())
    assert [run.run for run in await load_runs()] == ["fork", "parent"]
    assert len(everything(home)) == 8
    told = await prune(30, now=in_100_days())
    assert told == dry
    assert (told.runs, told.running, told.kept, told.images, told.records) == (1, 1, 1, 1, 1)
    assert [run.run for run in await load_runs()] == ["fork"]
    assert await load_run("fork") == before
    for record in before.candidates:
        assert record["image"] is not None
        assert await ImageStore(home / "images").load(record["image"]["sha256"])
    assert not image_file(home / "images", f"{parent.images['2.0']['sha256']}.png").exists()
    assert not report.exists()
    assert await read_calls(open_database(), "parent", 9) == []
    assert (await ledger.totals("parent")).asked == 0
    await leases.release(fork.thread)
    last = await prune(30, now=in_100_days())
    assert (last.runs, last.images, last.records, last.young) == (1, 3, 3, 0)
    assert everything(home) == set()
    open_database().close()


async def test_what_ran_lately_stays(home: Path) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "new", [1])
    ages(home)
    assert await prune(1) == Pruned(kept=1)
    assert len(everything(home)) == 2


@pytest.mark.slow
async def test_waiting_and_interrupted_runs_are_counted(home: Path) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "half", [1])
        await (await written(saver, home, "whole", [2])).end()
    await asking(home)
    told = await prune(30, now=in_100_days())
    assert (told.runs, told.interrupted, told.waiting) == (3, 1, 1)
    assert pruned_lines(told, dry_run=False)[0] == (
        "dropped 3 runs (of them 1 run waiting for a person, 1 run interrupted), kept 0"
    )


async def test_a_run_taken_up_again_meanwhile_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "old", [1])

        async def moved_on(*given: Any) -> Any:
            marks = await marks_of(*given)
            if "1.0" not in made.images:
                await made.paint("1.0", "0.0", 2)
            return marks

        monkeypatch.setattr(pruning, "marks_of", moved_on)
        told = await prune(30, now=in_100_days())
    assert (told.runs, told.running, told.kept, told.images) == (0, 1, 1, 0)
    assert len((await load_run("old")).candidates) == 2


async def paid(home: Path, run: str, shade: int, row: str | None) -> Written:
    """A paid picture and a logged call of a run that no thread knows."""
    alone = Written(None, home, run)  # type: ignore[arg-type]
    alone.images["0.0"] = await ImageStore(home / "images").save(png(shade))
    await alone.pay(Ledger(open_database()), "0.0", row)
    await CallLog(open_database(), run=run, node="intake", task="t").begin("shapes:shapes", "caption", [])
    return alone


async def rows(run: str) -> tuple[int, int]:
    return (await Ledger(open_database()).totals(run)).asked, len(await read_calls(open_database(), run, 9))


@pytest.mark.slow
async def test_what_runs_without_a_checkpoint_and_agents_paid_for_goes_when_it_is_old(
    anywhere: str, home: Path
) -> None:
    async with open_checkpointer() as saver:
        stays = await written(saver, home, "stays", [1])
        await stays.pay(Ledger(open_database()), "0.0", "stays")
    await paid(home, "killed", 2, "killed")
    await paid(home, "agent", 3, None)
    leases = Leases(open_database())
    assert await leases.take(stays.thread) is None
    assert (await prune(30)).images == 0
    assert (await prune(0)).images == 0  # an hour at least
    assert await rows("killed") == (1, 1)
    ages(home)
    dry = await prune(30, True, now=in_100_days())
    assert (dry.images, await rows("killed")) == (2, (1, 1))
    assert await prune(30, now=in_100_days()) == dry
    assert await rows("killed") == (0, 0)
    assert [row.run for row in ledger_rows(open_database())] == ["stays"]
    assert everything(home) == {f"{stays.images['0.0']['sha256']}.png", f"{stays.records['0.0']}.json"}
    await leases.release(stays.thread)
    open_database().close()


async def test_a_prune_that_died_between_checkpoints_and_rows_is_made_good(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "cut", [1])
        await made.pay(Ledger(open_database()), "0.0", "cut")
        (home / "pruning.json").write_text(json.dumps([*made.records.values()]))
        await saver.adelete_thread(made.thread)
    told = await prune(30, now=in_100_days())
    assert (told.images, told.records, await rows("cut")) == (1, 1, (0, 0))
    assert everything(home) == set()


async def test_a_run_that_a_server_works_on_stays(home: Path) -> None:
    """`langgraph dev` takes no lease: its claim on a request tells of it."""
    async with open_checkpointer() as saver:
        await written(saver, home, "served", [1])
    ledger = Ledger(open_database())
    await ledger.claim("key", {}, run="served")
    assert (await load_run("served")).status == "running"
    told = await prune(0, now=in_100_days())
    assert (told.runs, told.running, told.kept) == (0, 1, 1)
    await ledger.release("key")
    assert (await load_run("served")).status == "interrupted"
    assert (await prune(0, now=in_100_days())).runs == 1


async def test_a_run_whose_server_died_or_whose_claim_ran_out_is_free(home: Path) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "served", [1])
    ended = subprocess.Popen(["true"])
    ended.wait()
    host, _, place = this_process().rsplit(":", 2)
    ledger, quick = Ledger(open_database()), Ledger(open_database(), lease_seconds=0.0)
    await ledger.claim("dead", {}, run="served")
    with open_database().transaction() as transaction:
        transaction.execute("UPDATE overpaint_requests SET owner = :owner", owner=f"{host}:{ended.pid}:{place}")
    await quick.claim("late", {}, run="served")
    assert await ledger.worked_on("served") is None
    await ledger.claim("alive", {}, run="served")
    assert await ledger.worked_on("served") == this_process()
    assert await ledger.worked_on("another") is None


async def test_a_run_that_a_server_takes_up_meanwhile_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "served", [1])

    async def taken_up(*given: Any) -> Any:
        await Ledger(open_database()).claim("key", {}, run="served")
        return await marks_of(*given)

    monkeypatch.setattr(pruning, "marks_of", taken_up)
    assert (await prune(30, now=in_100_days())).running == 1
    assert len((await load_run("served")).candidates) == 1


async def test_an_intake_whose_checkpoint_is_still_to_come_is_known(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = await written(saver, home, "first", [1])
        config = (await saver.aget_tuple(on_thread(made.thread))).config  # type: ignore[union-attr]
        await saver.aput_writes(config, [("run", "second")], "task")
        assert (await marks_of(saver, made.thread)).runs == {"first", "second"}


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["missing", "damaged"])
async def test_without_a_record_of_a_run_that_stays_nothing_is_pruned(harm: str, home: Path) -> None:
    async with open_checkpointer() as saver:
        await written(saver, home, "old", [1, 2])
        stays = await written(saver, home, "stays", [3, 4])
    file = record_file(home / "records", stays.records["0.0"])
    file.unlink() if harm == "missing" else file.write_text("{}")
    assert await Leases(open_database()).take(stays.thread) is None
    before = everything(home)
    with pytest.raises(BadInput, match=rf"{file}.*Nothing was pruned.*overpaint verify"):
        await prune(30, now=in_100_days())
    assert everything(home) == before
    assert len(await load_runs()) == 2


async def test_without_a_database_nothing_is_known_and_nothing_goes(home: Path) -> None:
    path = ImageStore(home / "images").path(await ImageStore(home / "images").save(png(1)))
    os.utime(path, (1, 1))
    assert await prune(0, now=in_100_days()) == Pruned()
    assert path.exists()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_what_stays_never_lacks_anything(seed: int, home: Path) -> None:
    """Random runs that share pictures, forks of forks, some held: after each prune every run left is as it was."""
    dice = random.Random(seed)
    async with open_checkpointer() as saver:
        runs = [await written(saver, home, f"run{i}", [dice.randrange(6) for _ in range(3)]) for i in range(3)]
        for i in range(4):
            parent = dice.choice(runs)
            fork = await parent.fork(dice.choice(list(parent.images)), "c", f"fork{i}")
            await fork.paint("7.0", None, dice.randrange(6))
            runs.append(fork)
    leases = Leases(open_database())
    while runs:
        stay = dice.sample(runs, len(runs) - 1 - dice.randrange(min(2, len(runs))))
        for one in stay:
            await leases.take(one.thread)
        before = {one.run: await load_run(one.run) for one in stay}
        await prune(1, now=in_100_days())
        assert {run.run for run in await load_runs()} == before.keys()
        for run, told in before.items():
            assert await load_run(run) == told
            for record in told.candidates:
                assert record["image"] is not None
                assert await ImageStore(home / "images").load(record["image"]["sha256"])
        for one in stay:
            await leases.release(one.thread)
        runs = stay
    assert everything(home) == set()


@pytest.mark.parametrize("days", [-1.0, float("nan"), float("inf")])
async def test_a_number_of_days_that_is_none_is_refused(days: float) -> None:
    with pytest.raises(BadInput, match="--keep-days"):
        await prune(days)


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert prune_command(Namespace(keep_days=30.0, dry_run=True, json=False)) == 0
    assert "would drop 0 runs" in capsys.readouterr().out
    assert prune_command(Namespace(keep_days=30.0, dry_run=False, json=True)) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == 0
