"""The live view, on a recorded terminal."""

import io
from typing import Any

from rich.console import Console

from overpaint.live import LiveView, print_run
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
