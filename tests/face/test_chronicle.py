"""history and show --calls: the tree of a run, where it can be forked, and what its models were told."""

from __future__ import annotations

import asyncio
import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from overpaint.ancestry import needed_digits, read_ancestry
from overpaint.call_lines import text_lines
from overpaint.chronicle import calls, history, history_json, history_lines
from overpaint.graph.flow import build_graph
from overpaint.graph.forking import Change, branch
from overpaint.graph.persistence import open_checkpointer
from overpaint.tools.call_log import CallLog
from overpaint.tools.database import open_database
from overpaint.tools.faults import BadInput
from overpaint.tools.references import picture
from tests.face.homes import Written


async def tree(home: Path) -> tuple[Written, dict[str, str]]:
    """0.0 with the children 1.0 and 1.1, and 2.0 from 1.0; the ids of the checkpoints that made each."""
    async with open_checkpointer() as saver:
        made = Written(saver, home, "tree")
        await made.start()
        parents = {"0.0": None, "1.0": "0.0", "1.1": "0.0", "2.0": "1.0"}
        at = {id_: await made.paint(id_, parent, i) for i, (id_, parent) in enumerate(parents.items())}
        at["end"] = await made.end()
    return made, at


async def test_candidates_stand_below_their_parents(home: Path) -> None:
    _, at = await tree(home)
    told = await read_ancestry("tree")
    lines = [line for line in history_lines(told) if "picture: " not in line]
    first = lines.index(next(line for line in lines if line.startswith("candidates"))) + 1
    shown = [line.split(":")[0] for line in lines[first : first + 4]]
    assert shown == [
        "  0.0 first round",
        "    1.0 reseed from 0.0",
        "*     2.0 reseed from 1.0",
        "    1.1 reseed from 0.0",
    ]
    assert all(
        at[id_][: told.digits] in line for id_, line in zip(("0.0", "1.0", "2.0", "1.1"), lines[first:], strict=False)
    )
    assert "prompt of 1.1" in lines[first + 3]


@pytest.mark.slow
async def test_json_holds_the_whole_tree(home: Path) -> None:
    made, at = await tree(home)
    said = json.loads(json.dumps(history_json(await read_ancestry())))
    assert (said["run"], said["thread"], said["forked_from"], said["forks"]) == ("tree", made.thread, None, [])
    assert [c["id"] for c in said["candidates"]] == ["0.0", "1.0", "1.1", "2.0"]
    assert [c["checkpoint"] for c in said["candidates"]] == [at[c["id"]] for c in said["candidates"]]
    assert [c["id"] for c in said["candidates"] if c["champion"]] == ["2.0"]
    assert said["checkpoints"][-1] == {
        "id": at["end"], "parent": said["checkpoints"][-2]["id"], "time": said["checkpoints"][-1]["time"], "round": 2,
        "next": [],
    }  # fmt: skip


@pytest.mark.slow
async def test_every_checkpoint_named_is_where_a_fork_begins(home: Path) -> None:
    made, _ = await tree(home)
    told = await read_ancestry()
    assert len(told.forkable) >= 5
    async with open_checkpointer() as saver:
        for kept in told.forkable:
            begun = await branch(build_graph(saver), made.thread, kept.checkpoint[: told.digits], Change())
            assert begun.values["forked_from"] is not None
            assert begun.values["forked_from"]["checkpoint"] == kept.checkpoint


@pytest.mark.slow
async def test_forks_of_forks_are_told_and_each_names_its_origin(home: Path) -> None:
    made, at = await tree(home)
    async with open_checkpointer() as saver:
        made.saver = saver
        child = await made.fork("1.0", at["1.0"], "child")
        await child.paint("2.0", "1.0", 50)
        await child.fork("2.0", "c0ffee00-1234", "grandchild")
        await made.fork("0.0", at["0.0"], "sister")
    told = history_json(await read_ancestry("tree"))["forks"]
    assert {fork["run"]: [one["run"] for one in fork["forks"]] for fork in told} == {
        "child": ["grandchild"],
        "sister": [],
    }
    lines = history_lines(await read_ancestry("child"))
    assert "forked from candidate 1.0 of run tree" in lines
    assert any("0.0 first round" in line and "inherited" in line for line in lines)
    assert any(line.startswith("*") and "2.0 reseed from 1.0" in line and "inherited" not in line for line in lines)
    assert "  grandchild from candidate 2.0: interrupted" in lines


@pytest.mark.slow
async def test_branches_of_one_thread_are_kept_apart(home: Path) -> None:
    made, at = await tree(home)
    async with open_checkpointer() as saver:
        made.saver = saver
        made.candidates.pop("2.0")
        again = await made.paint("2.0", "1.1", 77, checkpoint=at["1.1"])
    told = await read_ancestry("tree")
    assert told.branches == {at["1.1"]: [at["2.0"], again]}
    twice = [step for step in told.steps if step.record["id"] == "2.0"]
    assert {step.record["parent"] for step in twice} == {"1.0", "1.1"}
    assert {step.checkpoint for step in twice} == {at["2.0"], again}
    assert {step.parent for step in twice} == {made.records["1.0"], made.records["1.1"]}
    assert any(line.startswith(f"  {at['1.1'][: told.digits]} goes on as ") for line in history_lines(told))


async def test_nothing_a_model_wrote_reaches_the_terminal_raw(home: Path) -> None:
    async with open_checkpointer() as saver:
        made = Written(saver, home, "wild")
        await made.start(asked={"text": "red\x1b[2J\ncircle\u202e", "image": None})
        await made.paint("0.0", None, 1)
    lines = history_lines(await read_ancestry())
    assert lines[0] == "run wild: red [2J circle"
    assert all(line.isprintable() for line in lines)


@pytest.mark.slow
async def test_a_missing_record_is_named(home: Path) -> None:
    await tree(home)
    file = sorted((home / "records").rglob("*.json"))[0]
    file.unlink()
    with pytest.raises(BadInput, match=f"there is no {file}"):
        await read_ancestry()


async def test_without_a_run_it_says_how_to_start_one() -> None:
    with pytest.raises(BadInput, match="overpaint refine"):
        await read_ancestry()


@pytest.mark.slow
def test_the_command_prints_the_tree(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(tree(home))
    assert history(Namespace(run=None, json=False)) == 0
    assert capsys.readouterr().out.startswith("run tree: a red circle\nstatus: stopped\n")
    assert history(Namespace(run="tr", json=True)) == 0
    assert len(json.loads(capsys.readouterr().out)["candidates"]) == 4


@given(st.lists(st.uuids(version=1).map(str), min_size=1, unique=True))
def test_so_many_digits_tell_ids_apart(ids: list[str]) -> None:
    digits = needed_digits(ids)
    assert len({id_[:digits] for id_ in ids}) == len(ids)
    assert digits >= 8


async def logged(home: Path) -> None:
    await tree(home)
    log = CallLog(open_database(), run="tree", node="judge 0.0", task="t")
    for number in range(3):
        shown = HumanMessage([{"type": "text", "text": f"Question {number}:\n  is it \x1b[31mred?"}, picture("a" * 64)])
        call = await log.begin("shapes:shapes", "judge.checklist", [SystemMessage("You judge."), shown], usd=0.0)
        if number == 1:
            await log.end(call, seconds=0.5, error="cut\x07off", usd=0.0)
        if number == 2:
            await log.end(call, seconds=1.25, reply='{"yes": true}', input_tokens=30, output_tokens=4)


def test_the_last_calls_are_told_in_order(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(logged(home))
    assert calls(Namespace(run=None, calls=2, json=False)) == 0
    out = capsys.readouterr().out
    assert "call 1 " not in out
    first, second = out.split("call 3 ·")
    assert first.startswith("call 2 · ")
    assert "judge 0.0 · judge.checklist · shapes:shapes · 0.5 s · free" in first
    assert "  error:\n    cut off\n" in first
    assert "  system:\n    You judge.\n  human:\n    Question 2:\n      is it [31mred?\n" in second
    assert f"    [picture sha256:{'a' * 64}]\n" in second
    assert "30 tokens in, 4 out" in second
    assert '  reply:\n    {"yes": true}\n' in second
    assert "\x1b" not in out


@pytest.mark.slow
def test_calls_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(logged(home))
    assert calls(Namespace(run="tree", calls=9, json=True)) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["run"] == "tree"
    assert [(c["reply"], c["error"]) for c in said["calls"]] == [
        (None, None),
        (None, "cut\x07off"),
        ('{"yes": true}', None),
    ]


@pytest.mark.slow
def test_a_call_that_never_ended_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(logged(home))
    calls(Namespace(run=None, calls=3, json=False))
    assert "no reply yet, or its process died before one" in capsys.readouterr().out.split("call 2")[0]


def test_no_calls_at_all(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(tree(home))
    assert calls(Namespace(run=None, calls=3, json=False)) == 0
    assert capsys.readouterr().out == "run tree has made no model calls\n"
    with pytest.raises(BadInput, match="--calls 0"):
        calls(Namespace(run=None, calls=0, json=False))


@given(st.text())
def test_text_keeps_its_lines_and_nothing_else(text: str) -> None:
    lines = text_lines(text)
    assert len(lines) == len(text.expandtabs(4).splitlines())
    assert not any(character in line for line in lines for character in "\x1b\x07\r\n\u202e\x9b")
