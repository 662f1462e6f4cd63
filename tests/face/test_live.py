"""The live view, on a recorded terminal."""

import io
import os
import pty
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

import pytest
from rich.console import Console

from overpaint.live import LiveView, print_run
from overpaint.plain import Lasting, PlainView, lines_of, say
from overpaint.result import Run


def watch(events: list[dict[str, Any]], height: int = 40, stop_at: str = "") -> str:
    console = Console(file=io.StringIO(), force_terminal=True, width=110, height=height, record=True, color_system=None)
    with LiveView(console) as view:
        for event in events:
            view.on(event)
            if stop_at and event["kind"] == stop_at:
                view._live.refresh()
                break
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_it_shows_rounds_scores_and_reasons(events: list[dict[str, Any]]) -> None:
    shown = watch(events)
    for said in (
        "→ round 1: revise from 0.1, 3 pictures: two of six are wrong all over: revise",
        "critic Only the star is wrong",
        "0.1 ✓✗✓?✓✓",
        "67%",
        "duplicate",
        "best so far: 2.1",
        "✓ a yellow star in the right",
    ):
        assert said in shown
    assert "★ 2.1" in shown


def test_a_bar_follows_the_painter(events: list[dict[str, Any]]) -> None:
    shown = watch(events, stop_at="step")
    assert "1/12" in shown
    assert "━" in shown


def test_finished_rounds_stay_in_the_scrollback_of_a_low_terminal(events: list[dict[str, Any]]) -> None:
    shown = watch(events, height=8)
    for candidate in ("0.0", "1.2", "2.1"):
        assert f" {candidate} " in shown


def test_a_brief_cannot_inject_markup_or_control_codes(events: list[dict[str, Any]]) -> None:
    events[0]["brief"] = "[bold red]x[/] \x1b]0;owned\x07"
    shown = watch(events)
    assert "[bold red]x[/]" in shown
    assert "\x1b]0;" not in shown


def test_an_unknown_event_is_no_error(events: list[dict[str, Any]]) -> None:
    assert "67%" in watch([{"kind": "weather"}, *events])


def test_the_screen_is_given_back_when_a_run_breaks(events: list[dict[str, Any]]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    view = LiveView(console)
    view.__enter__()
    view.on(events[0])
    view.__exit__(RuntimeError, RuntimeError(), None)
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().rstrip("\r\n").endswith("\x1b[?25h")


def test_the_end_names_picture_sheet_and_receipt(told: Run) -> None:
    console = Console(file=io.StringIO(), width=200)
    print_run(console, told)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert told.champion is not None
    for said in (str(told.image_path(told.champion)), str(told.report), "7 images", "passed: 2.1 holds"):
        assert said in shown


def test_a_run_that_waited_goes_on_in_the_same_view(events: list[dict[str, Any]]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=110, height=40, color_system=None)
    view, waiting = LiveView(console), {"kind": "waiting", "run": "r7k2", "requests": []}
    with view:
        for event in [*events[:3], waiting]:
            view.on(event)
    with view:
        for event in [events[0], *events[2:]]:
            view.on(event)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert shown.count("brief  ") == 1
    assert "★ 2.1" in shown
    assert not view._live.is_started


def test_a_run_taken_up_again_shows_what_its_champion_holds(events: list[dict[str, Any]]) -> None:
    champion = {"kind": "champion", "id": "1.0", "score": 0.8, "beliefs": "yyynyy"}
    shown = watch([events[0], events[2], champion], stop_at="champion")
    assert "best so far: 1.0" in shown
    assert "✗ a yellow star in the right" in shown


def test_a_plain_run_says_that_it_waits() -> None:
    event = {"kind": "waiting", "run": "r", "requests": [{"action_requests": [{}, {}]}]}
    assert lines_of(event) == ["waiting for a person: 2 things to decide"]


def test_an_idea_is_told_with_the_critique(events: list[dict[str, Any]]) -> None:
    critique: dict[str, Any] = {"feedback": "Pale.", "proposals": [], "fault": None, "idea": "mist over\nthe water"}
    event = {"kind": "critique", "critique": critique}
    assert lines_of(event) == ["critic: Pale.", "idea: mist over the water"]
    assert "idea mist over the water" in watch([events[0], event], stop_at="critique")


@pytest.fixture
def closed() -> Iterator[TextIO]:
    """A terminal that somebody closed."""
    master, slave = pty.openpty()
    with open(slave, "w", encoding="utf-8") as out:  # noqa: PTH123  a descriptor
        assert out.isatty()
        os.close(master)
        yield out


def test_a_terminal_that_closes_is_no_fault(events: list[dict[str, Any]], closed: TextIO) -> None:
    with pytest.raises(OSError, match="Input/output"):
        print("x", file=closed, flush=True)
    console = Console(file=cast(TextIO, Lasting(closed)), force_terminal=True, width=80)
    with LiveView(console) as view:
        for event in events:
            view.on(event)
        view._live.refresh()
        say("overpaint: interrupted", sys.stderr)


def test_plain_lines_to_a_closed_terminal_are_no_fault(events: list[dict[str, Any]], closed: TextIO) -> None:
    with PlainView(closed) as view:
        for event in events:
            view.on(event)
    closed.flush()


def test_a_disk_that_refuses_is_not_taken_for_a_closed_terminal() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        with pytest.raises(OSError, match="No space"):
            say("a line", full)
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
