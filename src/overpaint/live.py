"""A run on a terminal, live: the checklist, a bar for each picture being painted, scores as they land, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from overpaint.phrases import LETTERS, MARKS, OUTCOMES, clean, percent, summary
from overpaint.plain import plan_words, unread_words
from overpaint.result import Run

STYLES = {"yes": "green", "no": "red", "unsure": "yellow"}
LISTED = 10
"""Checklists up to this long are shown line by line; longer ones as a row of marks."""
BAR = 24
"""Width of a painter's bar, in characters."""


@dataclass
class Row:
    """One candidate as it is made. `beliefs` stays empty until it is judged."""

    id: str
    step: int = 0
    steps: int = 0
    outcome: str = ""
    reason: str = ""
    beliefs: str = ""
    score: float | None = None
    failed: str = ""
    settled: bool = False


class LiveView:
    """Shows the round at work in place; finished rounds move up into the scrollback, so that any height will do."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner = Spinner("dots", style="cyan")
        self._checklist: list[str] = []
        self._rows: dict[str, Row] = {}
        self._beliefs: dict[str, str] = {}
        self._champion = self._run = ""
        self._doing = "reading the brief"
        self._live = self._screen()

    def _screen(self) -> Live:
        return Live(get_renderable=self._now, console=self._console, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Start showing; again, when the run goes on after it waited."""
        self._live = self._screen()
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._doing = ""
        self._live.stop()

    def on(self, event: Mapping[str, Any]) -> None:
        """Take one event in; the screen follows by itself."""
        handler = getattr(self, f"_on_{event['kind']}", None)
        if handler is not None:
            handler(event)

    def _on_started(self, event: Mapping[str, Any]) -> None:
        if event["run"] == self._run:  # it goes on after it waited
            return
        self._run = event["run"]
        self._console.print(_line(("brief  ", "dim"), (clean(event["brief"], 400), "bold")))
        self._doing = "writing a prompt and a checklist"

    def _on_prompt(self, event: Mapping[str, Any]) -> None:
        self._console.print(_line(("prompt ", "dim"), (clean(event["prompt"], 400), "")))

    def _on_checklist(self, event: Mapping[str, Any]) -> None:
        self._checklist = [clean(item["text"]) for item in event["checklist"]]
        self._doing = "thinking"

    def _on_plan(self, event: Mapping[str, Any]) -> None:
        self._finish_round()
        self._console.print(_line(("→ ", "cyan"), (plan_words(event), "cyan")))
        stops = event["plan"]["action"] == "stop"
        self._doing = "making the contact sheet" if stops else "thinking" if event["round"] else "painting"

    def _on_critique(self, event: Mapping[str, Any]) -> None:
        critique = event["critique"]
        said = critique["feedback"] or critique["fault"] or ""
        self._console.print(_line(("critic ", "dim"), (clean(said, 400), "italic")))
        if idea := critique.get("idea"):
            self._console.print(_line(("idea ", "dim"), (clean(idea, 400), "italic")))
        self._doing = "painting"

    def _on_warning(self, event: Mapping[str, Any]) -> None:
        self._console.print(_line(("warning ", "yellow"), (clean(event["text"], 300), "")))

    def _on_unread(self, event: Mapping[str, Any]) -> None:
        self._console.print(_line((unread_words(event), "yellow")))

    def _on_step(self, event: Mapping[str, Any]) -> None:
        row = self._row(event["candidate"])
        row.step, row.steps = event["step"], event["steps"]
        self._doing = "painting"

    def _on_painted(self, event: Mapping[str, Any]) -> None:
        row = self._row(event["candidate"])
        row.outcome, row.reason = event["outcome"], clean(event.get("reason", ""), 200)
        self._doing = "judging"

    def _on_judged(self, event: Mapping[str, Any]) -> None:
        candidate = event["candidate"]
        row = self._row(candidate["id"])
        row.outcome, row.beliefs, row.score = candidate["outcome"], candidate["beliefs"], candidate["score"]
        row.failed, row.settled = clean("; ".join(event["failed"]), 200) if row.beliefs else "", True
        self._beliefs[row.id] = row.beliefs

    def _on_champion(self, event: Mapping[str, Any]) -> None:
        self._champion = event["id"]
        self._beliefs.setdefault(event["id"], event.get("beliefs", ""))

    def _on_waiting(self, event: Mapping[str, Any]) -> None:
        self._finish_round()
        self._doing = ""

    def _on_done(self, event: Mapping[str, Any]) -> None:
        self._finish_round()

    def _row(self, candidate: str) -> Row:
        return self._rows.setdefault(candidate, Row(candidate))

    def _finish_round(self) -> None:
        if self._rows:
            self._console.print(self._table())
        self._rows = {}

    def _now(self) -> RenderableType:
        parts: list[RenderableType] = [self._table()] if self._rows else []
        if self._checklist:
            parts.append(self._marks())
        if self._doing:
            self._spinner.update(text=Text(f"{self._doing}…", style="dim"))
            parts.append(self._spinner)
        return Group(*parts)

    def _marks(self) -> Text:
        held = self._beliefs.get(self._champion, "").ljust(len(self._checklist))
        text = Text.assemble((f"best so far: {self._champion}\n" if self._champion else "", "dim"))
        for letter, item in zip(held, self._checklist, strict=False):
            text.append_text(marks(letter) if letter.strip() else Text("·", style="dim"))
            if len(self._checklist) <= LISTED:
                text.append(f" {item}\n", style="" if letter.strip() else "dim")
        text.rstrip()
        return text

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for row in self._rows.values():
            table.add_row("★" if row.id == self._champion else "", row.id, *_cells(row))
        return table


def marks(letters: str) -> Text:
    """The marks of a candidate's `beliefs`, in colour."""
    return Text.assemble(*((MARKS[LETTERS[letter]], STYLES[LETTERS[letter]]) for letter in letters))


def _cells(row: Row) -> tuple[RenderableType, RenderableType, RenderableType]:
    if row.beliefs:
        return (
            marks(row.beliefs),
            Text(percent(row.score), style="bold"),
            Text(f"lacks: {row.failed}" if row.failed else "", style="red"),
        )
    if row.outcome and row.outcome != "ok":
        return Text(OUTCOMES[row.outcome], style="yellow"), "", Text(row.reason, style="dim")
    if row.settled:
        return Text("not judged", style="yellow"), "", ""
    if row.outcome:
        return Text("painted, judging…", style="dim"), "", ""
    return ProgressBar(total=row.steps or None, completed=row.step, width=BAR), f"{row.step}/{row.steps}", ""


def _line(*parts: tuple[str, str]) -> Text:
    return Text.assemble(*parts, overflow="fold")


def print_run(console: Console, run: Run) -> None:
    """Print what a run came to, and all its candidates in a table."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    colour = {"passed": "green", "failed": "red"}.get(run.status, "yellow")
    for name, value in summary(run):
        facts.add_row(name, Text(value, style=colour if name == "status" else ""))
    console.print(facts)
