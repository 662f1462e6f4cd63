"""Review in the terminal: what is shown, what each line typed answers, and what an editor gives back."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from overpaint.editor import edited
from overpaint.graph.people import KINDS, read_answer
from overpaint.graph.state import Critique
from overpaint.result import Run
from overpaint.reviewing import request_lines, review
from overpaint.tools.faults import BadInput

Reader = Callable[[str], str]
Editor = Callable[[str], None]
ITEM = {"text": "a red circle", "question": "Is it red?", "kind": "object", "expected": "yes", "weight": 1.0}
ASKS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "paint": ({"prompt": "a big\nred\x1b[31m circle", "boxes": [[0.1, 0.2, 0.5, 0.75]]}, KINDS),
    "deliver": ({"candidate": "1.0", "image": "0" * 64, "score": 0.8}, ("approve", "reject", "respond")),
    "use_checklist": ({"checklist": [ITEM, {**ITEM, "text": "a star"}]}, ("approve", "edit", "reject")),
    "paint_again": ({"candidate": "1.0", "prompt": "a red circle"}, ("approve", "reject")),
}


def request(name: str, count: int = 1, **more: Any) -> dict[str, Any]:
    args, allowed = ASKS[name]
    action = {"name": name, "args": args, "description": "Picture 1.0: it was accepted and never seen."}
    configs = [{"action_name": name, "allowed_decisions": list(allowed)}]
    return {"action_requests": [action] * count, "review_configs": configs, **more}


@pytest.fixture
def waits(told: Run) -> Callable[..., Run]:
    def make(*requests: dict[str, Any]) -> Run:
        return replace(told, status="waiting", champion=told.candidates[1], requests=list(requests))

    return make


def typing(*lines: str) -> tuple[Reader, list[str]]:
    """A person who types these lines, and what was asked before each."""
    left, asked = list(lines), []

    def read(question: str) -> str:
        asked.append(question)
        if not left:
            raise EOFError
        return left.pop(0)

    return read, asked


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Makes $EDITOR a shell script over the file $1."""

    def make(script: str) -> None:
        file = tmp_path / "my editor"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(file.stat().st_mode | stat.S_IEXEC)
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"'{file}'")

    return make


@pytest.mark.parametrize(
    ("name", "typed", "answered"),
    [
        ("paint", "a", {"type": "approve"}),
        ("paint", " Approve ", {"type": "approve"}),
        ("paint", "s", {"type": "stop"}),
        ("paint", "make it larger", {"type": "respond", "message": "make it larger"}),
        ("deliver", "yes", {"type": "approve"}),
        ("deliver", "g", {"type": "reject"}),
        ("deliver", "go on", {"type": "reject"}),
        ("use_checklist", "stop", {"type": "stop"}),
        ("paint_again", "no", {"type": "reject"}),
    ],
)
def test_a_line_is_an_answer_that_the_run_understands(
    name: str, typed: str, answered: dict[str, str], waits: Callable[..., Run]
) -> None:
    answer = review(waits(request(name)), typing(typed)[0])
    assert answer == {"decisions": [answered]}
    read = read_answer(answer, 1, ASKS[name][1])  # type: ignore[arg-type]
    assert [decision.kind for decision in read] == [answered["type"]]


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("paint", "[a] paint it  [e] edit  [s] stop, or say what to change: "),
        ("deliver", "[a] deliver it  [g] go on painting  [s] stop, or say what to change: "),
        ("use_checklist", "[a] use it  [e] edit  [s] stop before anything is painted: "),
        ("paint_again", "[a] paint it again  [g] go on without it  [s] stop: "),
    ],
)
def test_only_what_is_allowed_is_offered(name: str, offered: str, waits: Callable[..., Run]) -> None:
    read, asked = typing("a")
    review(waits(request(name)), read)
    assert asked == [offered]


@pytest.mark.parametrize(
    ("name", "typed"), [("deliver", "e"), ("paint", "g"), ("paint_again", "larger"), ("paint", "x")]
)
def test_what_is_not_offered_is_asked_again(
    name: str, typed: str, waits: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    assert review(waits(request(name)), typing(typed, "", "a")[0]) == {"decisions": [{"type": "approve"}]}
    out = capsys.readouterr().out
    assert f"'{typed}' is no answer here" in out
    assert "nothing was decided yet" in out


def test_several_prompts_are_asked_one_after_the_other(
    waits: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    read, asked = typing("a", "g", "too dark")
    assert review(waits(request("paint", 3)), read) == {
        "decisions": [{"type": "approve"}, {"type": "reject"}, {"type": "respond", "message": "too dark"}]
    }
    assert "[g] go on without it" in asked[0]
    assert "next prompt 3 of 3:" in capsys.readouterr().out


def test_stop_asks_nothing_more(waits: Callable[..., Run]) -> None:
    assert review(waits(request("paint", 3)), typing("a", "s")[0]) == {"decisions": [{"type": "stop"}] * 3}


def test_branches_that_ask_side_by_side_are_answered_apart(waits: Callable[..., Run]) -> None:
    read, asked = typing("g", "a")
    decisions = [{"type": "reject"}, {"type": "approve"}]
    assert review(waits(request("paint_again"), request("paint_again")), read) == {"decisions": decisions}
    assert len(asked) == 2


@pytest.mark.parametrize("left", [EOFError, KeyboardInterrupt, OSError])
def test_leaving_answers_nothing(left: type[BaseException], waits: Callable[..., Run]) -> None:
    def read(_: str) -> str:
        raise left

    assert review(waits(request("paint")), read) is None


def test_the_champion_and_what_it_lacks_are_shown(
    waits: Callable[..., Run], told: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    review(waits(request("paint", fault="the remark\nis too long")), typing("a")[0])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "the answer could not be used: the remark is too long",
        f"champion 0.1, score 67%: {told.image_path(told.candidates[1])}",
        "  lacks: a blue square in the top right",
        "  lacks: a yellow star in the right",
        "next prompt:",
    ]
    assert lines[5:] == ["  a big red [31m circle", "  only here: from 10% to 50% across, 20% to 75% down"]


def with_idea(run: Run, idea: str | None, *, offered: bool) -> Run:
    """A run whose critic has an idea, which a person may add to the prompt or not."""
    (asked,) = run.requests
    (action,) = asked["action_requests"]
    args = action["args"] | ({"use_idea": False} if offered else {})
    critique = Critique(action="revise", feedback="The star is\x1b[2J pale.", proposals=[], fault=None, idea=idea)
    return replace(run, requests=[{**asked, "action_requests": [{**action, "args": args}]}], critique=critique)


def test_i_paints_the_prompt_with_the_idea(waits: Callable[..., Run], capsys: pytest.CaptureFixture[str]) -> None:
    read, asked = typing("i")
    answer = review(with_idea(waits(request("paint")), "mist over\nthe water", offered=True), read)
    assert answer == {"decisions": [{"type": "edit", "edited_action": {"name": "paint", "args": {"use_idea": True}}}]}
    assert read_answer(answer, 1, KINDS)[0].args == {"use_idea": True}
    assert "[i] paint it with the idea" in asked[0]
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("next prompt:") - 2 :][:2] == [
        "critic: The star is [2J pale.",
        "idea: mist over the water",
    ]


def test_an_idea_that_cannot_be_added_is_shown_and_not_offered(
    waits: Callable[..., Run], capsys: pytest.CaptureFixture[str]
) -> None:
    read, asked = typing("i", "a")
    run = with_idea(waits(request("paint")), "mist", offered=False)
    assert review(run, read) == {"decisions": [{"type": "approve"}]}
    assert "[i]" not in asked[0]
    out = capsys.readouterr().out
    assert "idea: mist" in out
    assert "'i' is no answer here" in out


def test_an_older_critique_is_not_told_with_a_new_champion(waits: Callable[..., Run]) -> None:
    run = with_idea(waits(request("deliver")), "mist", offered=False)
    assert not any(line.startswith(("critic", "idea")) for line in request_lines(run))


def test_a_checklist_is_numbered_and_a_lost_picture_explained(waits: Callable[..., Run]) -> None:
    assert request_lines(waits(request("use_checklist")))[-3:] == [
        "checklist:", "  1. a red circle · Is it red? (yes)", "  2. a star · Is it red? (yes)",
    ]  # fmt: skip
    assert "Picture 1.0: it was accepted and never seen." in request_lines(waits(request("paint_again")))


def test_e_opens_the_prompt_in_the_editor(waits: Callable[..., Run], editor: Editor) -> None:
    editor('grep -q "^a big$" "$1" && echo "a small\nred circle" > "$1"')
    args = {"prompt": "a small\nred circle"}
    edit = {"type": "edit", "edited_action": {"name": "paint", "args": args}}
    assert review(waits(request("paint")), typing("e")[0]) == {"decisions": [edit]}


def test_e_opens_the_checklist_as_yaml(waits: Callable[..., Run], editor: Editor) -> None:
    editor('grep -q "^#.*edit, add and remove" "$1" && sed -i "s/a star/a moon/" "$1"; echo "- a cross" >> "$1"')
    answer = review(waits(request("use_checklist")), typing("e")[0])
    assert answer is not None
    written = answer["decisions"][0]["edited_action"]["args"]["checklist"]
    assert [item["text"] for item in written] == ["a red circle", "a moon", "a cross"]
    assert written[0] == ITEM


@pytest.mark.parametrize(
    ("name", "script", "said"),
    [
        ("paint", "exit 3", "ended with code 3"),
        ("paint", "true", "nothing was changed"),
        ("paint", 'echo > "$1"', "the prompt is empty"),
        ("paint", 'rm "$1"', "cannot be read"),
        ("paint", "printf '\\377' > \"$1\"", "cannot be read"),
        ("use_checklist", 'echo "- [a" > "$1"', "is no YAML: line"),
        ("use_checklist", 'echo "- weight: 1" > "$1"', "requirement 1 of the checklist cannot be used"),
    ],
)
def test_an_edit_that_fails_is_said_and_asked_again(
    name: str, script: str, said: str, waits: Callable[..., Run], editor: Editor, capsys: pytest.CaptureFixture[str]
) -> None:
    editor(script)
    assert review(waits(request(name)), typing("e", "a")[0]) == {"decisions": [{"type": "approve"}]}
    assert said in capsys.readouterr().out


def test_a_checklist_with_a_fault_is_opened_again_as_it_was_left(waits: Callable[..., Run], editor: Editor) -> None:
    editor('grep -q broken "$1" && echo "- mended" > "$1" || echo "- [broken" > "$1"')
    answer = review(waits(request("use_checklist")), typing("e", "e")[0])
    assert answer is not None
    assert [i["text"] for i in answer["decisions"][0]["edited_action"]["args"]["checklist"]] == ["mended"]


@pytest.mark.parametrize(
    ("command", "said"), [("", "no editor is set"), ("/nowhere/vi", "cannot open the editor"), ("a 'b", "cannot open")]
)
def test_an_editor_that_is_not_there_is_said(command: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", command)
    monkeypatch.delenv("EDITOR", raising=False)
    with pytest.raises(BadInput, match=said):
        edited("text", ".txt")


def test_visual_comes_before_editor_and_may_have_arguments(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    editor("exit 1")
    monkeypatch.setenv("VISUAL", "sed -i s/text/other/")
    assert edited("text\n", ".txt") == "other\n"


def test_the_header_of_an_edited_checklist_is_only_comment() -> None:
    from overpaint.checklist_files import HEADER

    assert yaml.safe_load(HEADER) is None
