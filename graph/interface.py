"""What goes into a run and what comes out of it."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from overpaint.graph.state import Candidate, Receipt, State, StopReason
from overpaint.tools.images import ImageRef


class Input(TypedDict):
    """What a run starts from: a brief, or a conversation whose last human message says what is wanted.

    A brief starts anew. A message may also follow up on what the thread shows (see graph/conversation.py).
    `requirements` is a checklist to judge by, each a text or a dict with a `text`; None: it is written from the brief.
    """

    brief: NotRequired[Annotated[str | None, EphemeralValue]]
    image: NotRequired[Annotated[ImageRef | None, EphemeralValue]]
    requirements: NotRequired[Annotated[list[Any] | None, EphemeralValue]]
    messages: NotRequired[Annotated[list[AnyMessage], add_messages]]


class Intake(State, total=False):
    """What intake sees: the state an earlier run of the thread left, and the input on top."""

    brief: Annotated[str | None, EphemeralValue]
    image: Annotated[ImageRef | None, EphemeralValue]
    requirements: Annotated[list[Any] | None, EphemeralValue]


class Output(TypedDict):
    """What a run gives back: the champion, why it stopped, what it spent, and a message that shows it.

    `unrendered` is a revised prompt that was never painted, `stopped_at` the round of the stop where the run went on.
    """

    run: str
    champion: Candidate | None
    ended: StopReason | None
    receipt: Receipt
    unrendered: str | None
    stopped_at: int | None
    messages: list[AnyMessage]
