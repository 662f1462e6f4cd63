"""Interrupted, hung up on, forked, asked and answered: the command as a user meets it, in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from overpaint.cli import main
from tests.image_servers import openai_images
from tests.servers import Request
from tests.terminals import Terminal

pytestmark = pytest.mark.slow

BRIEF = "two red circles above a blue square"
HARD = (
    "a red circle in the top left, a blue star at the top, a green square in the top right, a small red square on the "
    "left, a small black star in the center, a yellow diamond in the bottom left, a purple triangle at the bottom and "
    "an orange cross in the bottom right"
)
FOUR = [
    "refine", BRIEF, "--set", "seed=5", "--set", "stop_when_passed=false", "--set", "patience=null",
    "--set", "max_images=4",
]  # fmt: skip
PIPE = subprocess.PIPE
OVERPAINT = [sys.executable, "-m", "overpaint"]
FIRST = "overpaint: finishing the step at work; once more to stop now"


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "OVERPAINT_HOME": str(home), "OMP_NUM_THREADS": "1"}


def pictures(told: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The candidates with the names of their pictures, which are hashes of their bytes."""
    return [(c["id"], c["parent"], c["seed"], c["score"], Path(c["image"]).name) for c in told["candidates"]]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    home = tmp_path_factory.mktemp("uninterrupted")
    done = subprocess.run([*OVERPAINT, *FOUR, "--json"], env=environment(home), capture_output=True, check=True)
    found = pictures(json.loads(done.stdout))
    assert len(found) == 4
    return found


@contextmanager
def painting(home: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The four pictures, begun: the first is painted."""
    command = [*OVERPAINT, *FOUR, "--json", *more]
    with subprocess.Popen(command, env=environment(home), stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stderr is not None
        while "0.0 painted" not in process.stderr.readline():
            assert process.poll() is None
        yield process


def resumed(home: Path, *more: str) -> dict[str, Any]:
    # In a process like the one that was interrupted: the number of threads shows in the last bits of a picture.
    command = [*OVERPAINT, "resume", "--json", *more]
    done = subprocess.run(command, env=environment(home), stdout=PIPE, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])  # SIGHUP: the closed terminal, below
@pytest.mark.long
def test_a_signal_finishes_the_step_and_the_resumed_run_paints_the_same(
    number: signal.Signals, home: Path, uninterrupted: list[tuple[Any, ...]]
) -> None:
    with painting(home) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    told = json.loads(out)
    assert (process.returncode, told["status"]) == (130, "interrupted")
    assert FIRST in err
    assert err.endswith(f"overpaint: interrupted; go on with: overpaint resume {told['run']}\n")
    assert len(told["candidates"]) < 4
    again = resumed(home, told["run"])
    assert (again["run"], pictures(again)) == (told["run"], uninterrupted)
    assert again["receipt"]["images"] == 4


def test_a_second_one_stops_at_once(home: Path) -> None:
    with openai_images() as server:
        accepted, let_go = threading.Event(), threading.Event()

        def hold(_: Request) -> None:
            accepted.set()
            let_go.wait(60)

        server.hooks["accepted"] = hold
        env = {**environment(home), "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-of-this-test-alone"}
        command = [*OVERPAINT, "refine", BRIEF, "--set", "painter=openai:m", "--set", "judge_method=none", "--json"]
        with subprocess.Popen(command, env=env, stdout=PIPE, stderr=PIPE, text=True) as process:
            assert accepted.wait(60)
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            while FIRST not in process.stderr.readline():  # the request is paid for, so its answer is waited for
                assert process.poll() is None
            time.sleep(0.4)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            out, err = process.communicate(timeout=60)
            took = time.monotonic() - began
        let_go.set()
    told = json.loads(out)
    assert (process.returncode, told["status"]) == (130, "interrupted")
    assert err.endswith(f"overpaint: interrupted; go on with: overpaint resume {told['run']}\n")
    assert took < 5  # under a second on a machine that is not busy


@pytest.mark.long
def test_a_closed_terminal_drains_the_run(
    home: Path, uninterrupted: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    with Terminal(FOUR, environment(home)) as terminal:
        terminal.read_until("0.0")
        terminal.read_until("round 1")
        terminal.close()
        assert terminal.process.wait(timeout=60) == 130
    assert main(["show", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "interrupted"
    assert 1 <= len(told["candidates"]) < 4
    assert pictures(resumed(home)) == uninterrupted


@pytest.mark.long
def test_a_person_reviews_everything_in_the_terminal(home: Path, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "a red circle in the top left" > "$1"\n')
    editor.chmod(0o700)
    env = {**environment(home), "EDITOR": str(editor)}
    settings = ["--set", "seed=1", "--set", "review=both", "--set", "review_checklist=true"]
    with Terminal(["refine", HARD, *settings], env) as terminal:
        assert "  2. a blue star at the top" in terminal.read_until("[a] use it  [e] edit  [s] stop")
        terminal.type("a")
        shown = terminal.read_until("[a] deliver it  [g] go on painting")
        assert "champion 0.0" in shown
        assert ".png" in shown
        assert "lacks: " in shown
        terminal.type("g")
        assert "next prompt" in terminal.read_until("[a] paint it  [e] edit")
        terminal.type("x")
        terminal.read_until("'x' is no answer here")
        terminal.read_until("[a] paint it  [e] edit")
        terminal.type("e")
        terminal.read_until("[a]")
        terminal.type("s")
        assert terminal.wait() in (0, 1)
    assert "Traceback" not in terminal.seen


@pytest.mark.parametrize("key", [b"\x04"], ids=["Ctrl-D"])
@pytest.mark.long
def test_a_review_can_be_left_for_later(key: bytes, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal(["refine", BRIEF, "--set", "review_checklist=true"], environment(home)) as terminal:
        terminal.read_until("[s] stop")
        terminal.press(key)
        terminal.read_until("go on with: overpaint resume ")
        assert terminal.wait() == 4
    assert main(["resume", "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["requests"][0]["action_requests"][0]["name"]) == ("waiting", "use_checklist")
    assert resumed(home, "--answer", "approve")["status"] == "passed"


def test_an_answer_that_cannot_be_used_is_said_and_the_run_still_waits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refine", BRIEF, "--set", "review_checklist=true", "--json"]) == 4
    capsys.readouterr()
    assert main(["resume", "--set", "max_images=3"]) == 4
    assert capsys.readouterr().err.endswith(" --answer approve, and --set again\n")
    assert main(["resume", "--answer", "make it larger"]) == 4
    assert "overpaint: the answer could not be used: 'respond' is no answer here" in capsys.readouterr().err
    assert main(["resume", "--answer", '{"type": "edit", "args": {"checklist": ["a blue square"]}}', "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [item["text"] for item in told["checklist"]] == ["a blue square"]


@pytest.mark.long
def test_two_processes_on_one_run_are_told_apart(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with painting(home) as process:
        assert main(["resume"]) == 2
        told = capsys.readouterr().err
        assert main(["show", "--json"]) == 0
        status = json.loads(capsys.readouterr().out)["status"]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert len(told.splitlines()) == 1
    assert f"process {process.pid} " in told
    assert status == "running"


def test_faults_of_resume_and_fork_are_one_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("- [a")
    (tmp_path / "odd.yaml").write_text("- 3\n")
    assert main(["resume"]) == 2
    assert "there is no run yet" in capsys.readouterr().err
    assert main(["refine", BRIEF, "--set", "seed=1", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    for argv, said in (
        (["resume", "nobody"], "there is no run 'nobody'"),
        (["resume", run, "--set", "seed=3"], "seed is fixed when a run starts"),
        (["resume", run, "--set", "colour=3"], "there is no setting 'colour'"),
        (["resume", run, "--answer", "approve"], "this run asks nothing"),
        (["fork", "nobody"], "there is no run 'nobody'"),
        (["fork", run, "--from", "9.9"], "there is no candidate or checkpoint '9.9'"),
        (["fork", run, "--prompt", " "], "the prompt must be a text"),
        (["fork", run, "--checklist", str(tmp_path / "bad.yaml")], "is no YAML: line"),
        (["fork", run, "--checklist", str(tmp_path / "odd.yaml")], "requirement 1 of the checklist cannot be used"),
    ):
        assert main(argv) == 2, argv
        told = capsys.readouterr()
        assert (told.out, len(told.err.splitlines())) == ("", 1), argv
        assert said in told.err


def test_a_fork_is_a_new_run_from_an_old_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FOUR, "--json"]) == 0
    parent = json.loads(capsys.readouterr().out)
    (tmp_path / "two.txt").write_text("1. a blue square\n2. two red circles\n")
    checklist = ["--checklist", str(tmp_path / "two.txt"), "--set", "stop_when_passed=true"]
    assert main(["fork", parent["run"], "--from", "0.0", *checklist, "--json"]) in (0, 1)
    forked = json.loads(capsys.readouterr().out)
    assert forked["run"] != parent["run"]
    assert (forked["forked_from"]["run"], forked["forked_from"]["candidate"]) == (parent["run"], "0.0")
    assert [item["text"] for item in forked["checklist"]] == ["a blue square", "two red circles"]
    assert main(["show", parent["run"], "--json"]) == 0
    assert pictures(json.loads(capsys.readouterr().out)) == pictures(parent)


@pytest.mark.long
def test_settings_given_to_a_run_that_waits_count_once_it_is_answered(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refine", BRIEF, "--set", "review_checklist=true", "--json"]) == 4
    capsys.readouterr()
    more = ["--set", "max_images=1", "--set", "stop_when_passed=false"]
    with Terminal(["resume", *more], environment(home)) as terminal:
        terminal.read_until("[s] stop")
        terminal.type("a")
        assert terminal.wait() in (0, 1)
    assert main(["show", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stop_reason"], told["receipt"]["images"]) == ("max_images", 1)
