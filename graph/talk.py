"""What state keeps of a conversation beside its messages: the runs before, and what is to be told."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

CARRIED = "it goes on from the picture of before"
"""Why a run has a picture before its first decision."""


class Turn(TypedDict):
    """A run of the thread that another followed; `record` names the file that holds it as it ended."""

    run: str
    record: str


class Question(TypedDict):
    """What a message wants told rather than painted, until `reply` has answered.

    `which` is the number of a picture, None for the champion. `text` is what can be said of a message that asks for
    nothing else.
    """

    kind: Literal["undo", "show", "why", "other"]
    which: int | None
    text: str
