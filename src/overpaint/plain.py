"""A run told in plain lines, for pipes, logs and files: no control characters, every line flushed as it is said."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, Self, TextIO

from overpaint.phrases import LETTERS, MARKS, OUTCOMES, clean, counted, percent, summary
from overpaint.result import Run


class View(Protocol):
    """Whatever shows a run as it happens."""

    def __enter__(self) -> Self:
        """Start showing."""
        ...

    def __exit__(self, *error: object) -> None:
        """Stop showing, whatever happened."""
        ...

    def on(self, event: Mapping[str, Any]) -> None:
        """Show one event."""
        ...


def say(line: str, out: TextIO | None = None) -> None:
    """Print one line and flush it.

    A reader that closed its end of the pipe (`| head`) or a terminal that was closed silences the rest; the run goes
    on, so that nothing paid for is lost, and its exit code stands.
    """
    out = out or sys.stdout
    with unheard(out):
        print(line, file=out, flush=True)


@contextmanager
def unheard(out: TextIO) -> Iterator[None]:
    """Let a block that writes carry on when its reader or terminal is gone: what follows goes nowhere."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)


class Lasting:
    """A stream that outlives its reader, for those who write to streams by themselves."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        """Write, to nobody if need be."""
        with unheard(self._out):
            self._out.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, to nobody if need be."""
        with unheard(self._out):
            self._out.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)


def is_terminal(out: TextIO) -> bool:
    """Whether somebody watches who can be shown colour and movement."""
    return out.isatty() and os.environ.get("TERM") != "dumb"


def beliefs_line(letters: str) -> str:
    """The marks of a candidate's `beliefs`, such as ✓✓✗?."""
    return "".join(MARKS[LETTERS[letter]] for letter in letters)


class PlainView:
    """Says what happens, one line per thing worth knowing."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def on(self, event: Mapping[str, Any]) -> None:
        """Print the lines of one event."""
        for line in lines_of(event):
            say(line, self._out)


class SilentView(PlainView):
    """Shows nothing: for `--quiet`."""

    def on(self, event: Mapping[str, Any]) -> None:
        """Nothing."""


def lines_of(event: Mapping[str, Any]) -> list[str]:
    """The lines one event is worth; none for the painter's single steps and for kinds not known here."""
    teller = _TELLERS.get(event["kind"])
    return teller(event) if teller else []


def run_lines(run: Run) -> list[str]:
    """What a run came to, one fact a line."""
    return [f"{name + ':':<10}{value}" for name, value in summary(run)]


def judged_words(event: Mapping[str, Any]) -> str:
    """What a `judged` event says of its candidate."""
    candidate = event["candidate"]
    if candidate["outcome"] != "ok":
        return OUTCOMES[candidate["outcome"]]
    if not candidate["beliefs"]:
        return "not judged"
    missing = f"  lacks: {clean('; '.join(event['failed']), 160)}" if event["failed"] else ""
    return f"{percent(candidate['score'])} {beliefs_line(candidate['beliefs'])}{missing}"


def plan_words(event: Mapping[str, Any]) -> str:
    """What a `plan` event decides, and why."""
    plan = event["plan"]
    if plan["action"] == "stop":
        return f"stop: {clean(plan['why'])}"
    start = f" from {plan['parent']}" if plan["parent"] else ""
    return f"round {event['round']}: {plan['action']}{start}, {counted(plan['count'], 'picture')}: {clean(plan['why'])}"


def unread_words(event: Mapping[str, Any]) -> str:
    """What an `unread` event says of its candidate."""
    return f"{event['candidate']}: the painter will not see the end of its prompt: {clean(event['text'], 300)}"


def _started(event: Mapping[str, Any]) -> list[str]:
    return [f"run {event['run']}: {clean(event['brief'], 200)}"]


def _warning(event: Mapping[str, Any]) -> list[str]:
    return [f"warning: {clean(event['text'], 300)}"]


def _unread(event: Mapping[str, Any]) -> list[str]:
    return [f"  {unread_words(event)}"]


def _prompt(event: Mapping[str, Any]) -> list[str]:
    return [f"prompt: {clean(event['prompt'], 400)}"]


def _checklist(event: Mapping[str, Any]) -> list[str]:
    return ["checklist:", *(f"  {place}. {clean(item['text'])}" for place, item in enumerate(event["checklist"], 1))]


def _plan(event: Mapping[str, Any]) -> list[str]:
    return [plan_words(event)]


def _painted(event: Mapping[str, Any]) -> list[str]:
    reason = f": {clean(event['reason'], 300)}" if event.get("reason") else ""
    return [f"  {event['candidate']} {OUTCOMES[event['outcome']]}{reason}"]


def _judged(event: Mapping[str, Any]) -> list[str]:
    return [f"  {event['candidate']['id']} {judged_words(event)}"] if event["candidate"]["outcome"] == "ok" else []


def _critique(event: Mapping[str, Any]) -> list[str]:
    critique = event["critique"]
    if critique["fault"]:
        return [f"critic: no usable answer: {clean(critique['fault'], 300)}"]
    idea = critique.get("idea")
    return [f"critic: {clean(critique['feedback'], 300)}", *([f"idea: {clean(idea, 300)}"] if idea else [])]


def _champion(event: Mapping[str, Any]) -> list[str]:
    return [f"champion: {event['id']} {percent(event['score'])}"]


def _waiting(event: Mapping[str, Any]) -> list[str]:
    number = sum(len(request["action_requests"]) for request in event["requests"])
    return [f"waiting for a person: {counted(number, 'thing')} to decide"]


def _done(event: Mapping[str, Any]) -> list[str]:
    return run_lines(event["run"])


_TELLERS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "started": _started,
    "warning": _warning,
    "unread": _unread,
    "prompt": _prompt,
    "checklist": _checklist,
    "plan": _plan,
    "painted": _painted,
    "judged": _judged,
    "critique": _critique,
    "champion": _champion,
    "waiting": _waiting,
    "done": _done,
}
