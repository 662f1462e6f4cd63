"""What a message means in a thread that already shows a picture: a change, a new brief, or something to be told.

Plain commands are understood without a model; of everything else the writer is asked once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from overpaint.graph.schemas import FollowUp
from overpaint.graph.state import State, empty_receipt
from overpaint.graph.talk import Question
from overpaint.graph.toolbox import Toolbox

TOLD = ("undo", "show", "why", "other")
"""Kinds of message that paint nothing."""
LONGEST_ANSWER = 1000
"""Characters of what the writer may say itself."""
_RANKS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_PICTURE = r"(?:one|picture|image|candidate|version)"
_COMMANDS: tuple[tuple[str, str], ...] = (
    ("undo", r"undo(?: (?:that|it|this|the last (?:one|change)))?|go back|revert(?: (?:that|it))?"),
    ("why", r"why(?: not)?|(?:what|how much) (?:did|does) (?:it|this|that) cost|what is missing|what's missing"),
    ("show", rf"show(?: me)?(?: (?:it|the (?:best|{_PICTURE})))?(?: again)?"),
    ("show", rf"show(?: me)?(?: the)? (?:{_PICTURE} )?(?:number |no\.? |#)?(?P<number>\d{{1,3}})(?: again)?"),
    ("show", rf"show(?: me)? (?:the )?(?P<rank>{'|'.join(_RANKS)})(?: {_PICTURE})?(?: again)?"),
)
_NEW = re.compile(r"\s*new\s*:\s*(?P<brief>.+)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Meant:
    """What a message means.

    Args:
        kind: `change` and `new` lead to a picture of `brief`; the others want something told.
        brief: the whole brief.
        question: what is to be told.
        label: the label of the prompt file that was asked with, if one was.
        note: what the person should know about how the message was taken.
    """

    kind: Literal["change", "new", "undo", "show", "why", "other"]
    brief: str = ""
    question: Question | None = None
    label: str = ""
    note: str = ""


def follows(state: State) -> bool:
    """Whether there is something that a message can follow up on: a run that ended, or has a picture."""
    return "asked" in state and bool(state.get("ended") or state.get("champion") or state.get("turns"))


async def understood(said: str, state: State, toolbox: Toolbox, *, pictured: bool) -> Meant:
    """Find out what a message means.

    Args:
        said: its text.
        state: that of the thread.
        toolbox: of the node.
        pictured: whether a picture came with it, to start from. A picture alone is another start for the same brief.

    Raises:
        ProviderFault: the writer could not be reached.
    """
    brief = state["asked"]["text"]
    if not said:
        return Meant("change", brief) if pictured else _question("other", None)
    meant = command(said)
    if meant and (meant.kind == "new" or not pictured):
        return meant
    prompt, spent = toolbox.text("follow_up"), state.get("receipt", empty_receipt())
    values = {"brief": brief, "said": said, "pictures": spent["images"] - spent.get("unknown", 0)}
    reply = await toolbox.consult("writer", prompt, FollowUp, values=values)
    if reply.value is None and not reply.calls:
        return _question("other", None, f"What that means could not be found out: {reply.fault}. Raise that cap.")
    if reply.value is None:
        note = f"How that was meant could not be told ({reply.fault}), so it was added to the brief as it stands."
        return Meant("change", f"{brief}\n{said}", label=prompt.label, note=note)
    return _read(reply.value, brief, said, prompt.label)


def too_dear(cap: str, limit: float) -> Meant:
    """A change that is not begun, since a cap leaves no room to look at the picture anew and to paint another."""
    why = f"Looking at the picture anew and painting another might go past {cap}={limit:g}"
    return _question("other", None, f"{why}, so nothing was done: give more.")


def command(said: str) -> Meant | None:
    """What a plain command means: undo, why, show, show 2, show the second one, new: BRIEF. None for all else."""
    if new := _NEW.fullmatch(said):
        return Meant("new", new["brief"].strip())
    words = " ".join(said.casefold().strip(" .!?").split())
    for kind, pattern in _COMMANDS:
        if found := re.fullmatch(f"(?:please )?(?:{pattern})(?:,? please)?", words):
            named = found.groupdict()
            rank = _RANKS.index(named["rank"]) + 1 if named.get("rank") else None
            return _question(kind, int(named["number"]) if named.get("number") else rank)
    return None


def _read(answer: FollowUp, brief: str, said: str, label: str) -> Meant:
    if answer.kind in ("change", "new"):
        # A writer that leaves the brief out has still told what kind it is.
        whole = answer.brief.strip() or (said if answer.kind == "new" else f"{brief}\n{said}")
        return Meant(answer.kind, whole, label=label)
    return _question(answer.kind, answer.which, answer.answer.strip())


def _question(kind: str, which: int | None, text: str = "") -> Meant:
    told = cast(Literal["undo", "show", "why", "other"], kind)
    return Meant(told, question=Question(kind=told, which=which, text=text[:LONGEST_ANSWER]))
