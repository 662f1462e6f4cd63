"""The command line: exit codes, the one JSON object, plain lines, faults in one line, and Ctrl-C, over told runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from overpaint.cli import main
from overpaint.commands import candidate_lines, runs_lines
from overpaint.phrases import way_on
from overpaint.result import Run
from overpaint.run_commands import Stream, answer_from
from overpaint.tools.faults import BadInput, ProviderFault

Teller = Callable[..., Stream]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def tell(events: list[dict[str, Any]]) -> Teller:
    """A stream that tells the recorded events, with another end or a fault, and notes what it was asked."""

    def make(end: Run | None = None, fault: BaseException | None = None, asked: dict[str, Any] | None = None) -> Stream:
        async def stream(given: str | None, /, *, control: RunControl, **rest: Any) -> AsyncIterator[dict[str, Any]]:
            assert not control.drain_requested
            if asked is not None:
                asked.update(rest, given=given)
            for event in events[:-1]:
                yield event
            if fault is not None:
                raise fault
            yield {"kind": "done", "run": end or events[-1]["run"]}

        return stream

    return make


def test_json_is_exactly_one_object_of_the_promised_shape(
    tell: Teller, told: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refine", told.brief, "--json"], stream=tell()) == 0
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert list(said) == [
        "run", "status", "stop_reason", "brief", "checklist", "champion", "candidates", "receipt", "report",
    ]  # fmt: skip
    assert list(said["champion"]) == ["id", "image", "sha256", "prompt", "score", "passed"]
    assert set(said["candidates"][0]) == {
        "id", "parent", "round", "action", "prompt", "seed", "outcome", "score", "passed", "image",
    }  # fmt: skip
    assert set(said["receipt"]) == {"images", "unknown", "calls", "tokens", "seconds", "usd"}
    assert Path(said["champion"]["image"]).is_file()
    assert (said["champion"]["passed"], said["candidates"][2]["passed"], said["candidates"][2]["image"]) == (
        True, None, None,
    )  # fmt: skip
    assert "round 1: revise" in err


@pytest.mark.parametrize(
    ("status", "code"), [("passed", 0), ("stopped", 1), ("failed", 3), ("waiting", 4), ("interrupted", 130)]
)
def test_the_exit_code_says_how_it_ended(status: Any, code: int, tell: Teller, told: Run) -> None:
    assert main(["refine", "b", "--quiet"], stream=tell(replace(told, status=status))) == code


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_painted(
    folder: Path, tell: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("in the way")
    asked: dict[str, Any] = {}
    assert main(["refine", "b", "--out", "file/out"], stream=tell(asked=asked)) == 2
    assert asked == {}
    assert "cannot write file/out" in capsys.readouterr().err


def test_quiet_prints_the_path_of_the_champion_and_nothing_else(
    tell: Teller, told: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refine", "b", "--quiet"], stream=tell()) == 0
    assert told.champion is not None
    assert capsys.readouterr() == (f"{told.image_path(told.champion)}\n", "")
    assert main(["refine", "b", "--quiet"], stream=tell(replace(told, champion=None, status="stopped"))) == 1
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_it_says_plain_lines(tell: Teller, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refine", "b"], stream=tell()) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert not any(ord(character) < 32 for character in out.replace("\n", ""))
    for said in ("run r7k2: ", "  1.1 duplicate", "  2.1 100% ✓✓✓✓✓✓", "critic: Only the star", "stop: 2.1 holds"):
        assert said in out
    assert "1.0 83% ✓✓✓✗✓✓  lacks: a yellow star in the right" in out
    assert out.endswith("receipt:  7 images · 19 calls · 2,840 tokens · 14.2 s · free\n")


def test_a_hostile_brief_cannot_colour_the_terminal(
    tell: Teller, events: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    events[0]["brief"] = "red\x1b[31m\u202e circle\n\rrun: fake"
    main(["refine", "b"], stream=tell())
    assert capsys.readouterr().out.splitlines()[0] == "run r7k2: red [31m circle run: fake"


def test_options_reach_the_run(tell: Teller) -> None:
    asked: dict[str, Any] = {}
    argv = ["refine", "a=b", "--preset", "one-shot", "--set", "rounds=4", "--set", "size=64x64", "--image", "x.png"]
    assert main([*argv, "--out", "o", "--quiet"], stream=tell(asked=asked)) == 0
    assert asked == {
        "given": "a=b", "preset": "one-shot", "settings": {"rounds": 4, "size": "64x64"}, "image": Path("x.png"),
        "out": Path("o"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["refine"], "nothing to paint"),
        (["refine", "b", "--set", "rounds"], "'rounds' is not key=value"),
        (["refine", "b", "--set", "=4"], "is not key=value"),
        (["refine", "b", "--colour"], "unrecognized arguments: --colour; see overpaint"),
        (["refine", "b", "--js"], "unrecognized arguments: --js"),
        (["paint"], "invalid choice: 'paint'"),
        ([], "required: COMMAND"),
        (["resume", "--answer", " "], "the answer is empty"),
        (["fork"], "required: RUN"),
        (["fork", "r", "--checklist", "nowhere.txt"], "cannot read the checklist nowhere.txt"),
        (["show", "--calls", "-1"], "'-1' is not a whole number"),
        (["show", "--calls", "many"], "'many' is not a whole number"),
        (["prune"], "required: --keep-days"),
        (["prune", "--keep-days=-1"], "'-1' is not a whole number of 0 or more"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    argv: list[str], said: str, tell: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv, stream=tell()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("overpaint: ")
    assert said in err


@pytest.mark.parametrize(("fault", "code"), [(BadInput("no such\npreset"), 2), (ProviderFault("bad key"), 3)])
def test_faults_are_told_once_as_a_line_and_once_as_json(
    fault: Exception, code: int, tell: Teller, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refine", "b", "--json", "--quiet"], stream=tell(fault=fault)) == code
    out, err = capsys.readouterr()
    assert json.loads(out) == {"status": "failed", "error": " ".join(str(fault).split())}
    assert err == f"overpaint: {' '.join(str(fault).split())}\n"


def test_ctrl_c_says_how_to_go_on(tell: Teller, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["refine", "b", "--quiet"], stream=tell(fault=KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "overpaint: interrupted; go on with: overpaint resume r7k2\n")


def test_a_run_that_drained_says_how_to_go_on_and_gives_its_object(
    tell: Teller, told: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resume", "--json", "--quiet"], stream=tell(replace(told, status="interrupted"))) == 130
    out, err = capsys.readouterr()
    assert (json.loads(out)["run"], json.loads(out)["status"]) == ("r7k2", "interrupted")
    assert err == "overpaint: interrupted; go on with: overpaint resume r7k2\n"


def test_a_run_that_a_provider_failed_says_how_to_go_on(
    tell: Teller, told: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "overpaint: the key is wrong; once that is mended, go on with: overpaint resume r7k2\n"
    ends = (
        replace(told, status="failed", error="the key is wrong."),
        replace(told, status="failed", why="the key is wrong"),
    )
    for end in ends:
        assert main(["refine", "b", "--quiet"], stream=tell(end)) == 3
        assert capsys.readouterr().err == said
    assert way_on(replace(told, status="stopped")) == ""


def test_a_run_drained_before_it_began_has_nothing_to_go_on_with(
    tell: Teller, events: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    del events[:-1]
    assert main(["refine", "b", "--json"], stream=tell(fault=GraphDrained("SIGINT"))) == 130
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"run": None, "status": "interrupted"}, "overpaint: interrupted\n")


ASKED = {
    "action_requests": [{"name": "deliver", "args": {"candidate": "2.1", "image": "0", "score": 1.0}}],
    "review_configs": [{"action_name": "deliver", "allowed_decisions": ["approve", "reject", "respond"]}],
}


def test_without_a_terminal_a_run_that_waits_says_what_it_asks_and_how_to_answer(
    tell: Teller, told: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = replace(told, status="waiting", requests=[{**ASKED, "fault": "it was empty"}])
    assert main(["refine", "b"], stream=tell(waits)) == 4
    out, err = capsys.readouterr()
    assert "deliver candidate 2.1?" in out
    assert err.splitlines() == [
        "overpaint: the answer could not be used: it was empty",
        "overpaint: waiting for you; answer with: overpaint resume r7k2 --answer approve",
    ]
    assert main(["refine", "b", "--json"], stream=tell(waits)) == 4
    said = json.loads(capsys.readouterr().out)
    assert (said["status"], said["requests"]) == ("waiting", waits.requests)


def test_options_reach_a_run_that_is_taken_up_again(tell: Teller) -> None:
    asked: dict[str, Any] = {}
    argv = ["resume", "r7", "--set", "max_images=32", "--answer", '{"decisions": ["approve"]}', "--out", "o", "--quiet"]
    assert main(argv, stream=tell(asked=asked)) == 0
    answer = {"decisions": ["approve"]}
    assert asked == {"given": "r7", "settings": {"max_images": 32}, "answer": answer, "out": Path("o")}
    assert main(["resume", "--quiet"], stream=tell(asked=asked)) == 0
    assert asked == {"given": None, "settings": {}, "answer": None, "out": None}


def test_options_reach_a_fork(folder: Path, tell: Teller) -> None:
    (folder / "c.txt").write_text("one thing\nanother")
    asked: dict[str, Any] = {}
    argv = ["fork", "r7", "--from", "1.0", "--prompt", "p", "--brief", "b", "--checklist", "c.txt", "--set", "seed=2"]
    assert main([*argv, "--quiet"], stream=tell(asked=asked)) == 0
    assert asked == {
        "given": "r7", "brief": "b", "start": "1.0", "prompt": "p", "checklist": ["one thing", "another"], "settings": {"seed": 2},
        "out": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("approve", "approve"), ("make it 2 times larger", "make it 2 times larger"), ("3", "3"), ('"a"', '"a"'),
        ('[{"type": "stop"}]', [{"type": "stop"}]), ("{not json", "{not json"), ("[" * 9999, "[" * 9999),
    ],
)  # fmt: skip
def test_an_answer_is_text_or_json(text: str, answer: Any) -> None:
    assert answer_from(text) == answer


WAITS = """
import asyncio, sys
from overpaint.cli import main
async def stream(brief, **rest):
    yield {"kind": "started", "run": "r1", "brief": brief, "settings": {}}
    await asyncio.sleep(60)
sys.exit(main(["refine", "b"], stream=stream))
"""


@pytest.mark.slow
def test_two_real_ctrl_cs_end_with_130_and_no_traceback() -> None:
    child = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == "run r1: b\n"
    child.send_signal(signal.SIGINT)
    assert child.stderr.readline() == "overpaint: finishing the step at work; once more to stop now\n"
    time.sleep(0.4)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (130, "overpaint: interrupted; go on with: overpaint resume r1\n")


TALKS = """
import asyncio, sys
from overpaint.cli import main
async def stream(brief, **rest):
    for number in range(2000):
        yield {"kind": "champion", "id": "0.0", "score": 0.5}
    from overpaint.tools.faults import ProviderFault
    raise ProviderFault("the run went on to its end")
sys.exit(main(["refine", "b"], stream=stream))
"""


@pytest.mark.slow
def test_a_reader_that_leaves_early_does_not_stop_the_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", TALKS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr is not None
    assert (child.stderr.read(), child.wait(timeout=20)) == ("overpaint: the run went on to its end\n", 3)
    child.stderr.close()


@pytest.mark.slow
def test_help_is_fast_because_it_loads_no_framework() -> None:
    code = (
        "import sys, overpaint.cli as c; c.parser(); print([m for m in sys.modules if m.startswith(('lang','torch'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_env_file_is_read_and_never_overrides(folder: Path, tell: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERPAINT_TEST_SET", "kept")
    monkeypatch.delenv("OVERPAINT_TEST_NEW", raising=False)
    (folder / ".env").write_text("OVERPAINT_TEST_SET=lost\nOVERPAINT_TEST_NEW=read\n")
    main(["refine", "b", "--quiet"], stream=tell())
    assert (os.environ["OVERPAINT_TEST_SET"], os.environ.pop("OVERPAINT_TEST_NEW")) == ("kept", "read")


def test_an_env_file_that_is_no_text_is_named(folder: Path, tell: Teller, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").write_bytes(b"A=\xff\xfe")
    assert main(["refine", "b"], stream=tell()) == 2
    assert str(folder / ".env") in capsys.readouterr().err


def test_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("overpaint ")


def test_show_lists_every_candidate_and_stars_the_champion(told: Run) -> None:
    everything = candidate_lines(told)
    lines = [line for line in everything if not line.startswith(" " * 8)]
    assert len(lines) == len(told.candidates)
    assert [line for line in everything if "picture: " in line] == [
        f"        picture: {told.image_path(record)}" for record in told.candidates if record["image"]
    ]
    assert [line for line in lines if line.startswith("*")] == [lines[-1]]
    assert "from 1.0" in lines[-1]
    assert "the same picture as 1.0" in lines[4]


def test_an_empty_home_says_how_to_start() -> None:
    assert "overpaint refine" in runs_lines([])[0]
