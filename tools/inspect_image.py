"""The tool that looks at a picture: questions and an image go in, answers with evidence come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool
from pydantic import BaseModel, Field, field_validator
from typing_extensions import TypedDict

from overpaint.tools.asking import Repair, ask
from overpaint.tools.bad_call import bad_calls
from overpaint.tools.budget import Room
from overpaint.tools.call_log import CallLog
from overpaint.tools.painters import Box
from overpaint.tools.references import picture

DESCRIPTION = """\
Look at a picture and answer questions about it.

Every question gets an answer with the evidence for it. Ask 'yes or no' questions about one thing each, and
'How many …?' for counts."""

MARGIN = 0.25
"""How much is shown around a place that is looked at alone, as a fraction of its longer side."""

MOST_DETAILS = 4
"""How many places are shown enlarged beside the whole picture at most: each costs as much as a picture."""


class Answer(BaseModel):
    """The answer to one question about the picture."""

    number: int = Field(description="The number of the question this answers.")
    evidence: str = Field(description="What in the picture settles it, in a few words; look before you answer.")
    answer: str = Field(description="'yes', 'no' or 'unsure'; for 'How many …?' the number in digits.")
    box: list[float] | None = Field(
        default=None,
        description="Where the evidence is: [left, top, right, bottom] as fractions of the picture's width and height, "
        "each 0 to 1, from its top left corner; null when it is nowhere or everywhere.",
    )

    @field_validator("answer", mode="before")
    @classmethod
    def _in_words(cls, value: Any) -> Any:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:g}" if isinstance(value, int | float) else value

    @field_validator("box", mode="before")
    @classmethod
    def _as_fractions(cls, value: Any) -> list[float] | None:
        return _fractions(value)


class Inspection(BaseModel):
    """What a picture shows, and the answers to the questions asked about it."""

    observations: str = Field(description="What the picture shows, described plainly before any question is answered.")
    answers: list[Answer] = Field(description="One answer for every question, in their order.")
    flaws: list[str] = Field(
        default_factory=list, description="Visible faults of the picture itself, such as artefacts; empty if none."
    )
    quality: float | None = Field(
        default=None, description="How well made the picture is whatever it shows, 0 (ruined) to 1 (flawless)."
    )

    @field_validator("flaws", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return [str(flaw) for flaw in value if flaw] if isinstance(value, list) else []

    @field_validator("quality", mode="before")
    @classmethod
    def _within_bounds(cls, value: Any) -> float | None:
        number = _number(value)
        return number if number is not None and 0 <= number <= 1 else None


class Look(TypedDict):
    """The artifact of one inspection. `inspection` is an Inspection as a dict; when it is None, `fault` says why."""

    inspection: dict[str, Any] | None
    fault: str | None
    calls: int
    tokens: int
    cached: int
    seconds: float
    usd: float | None


class Arguments(BaseModel):
    """What `inspect_image` is called with. Models never see `box` and `details`, which are for code that calls it."""

    image: str = Field(pattern="^[0-9a-f]{64}$", description="The picture, by its sha256.")
    questions: list[str] = Field(min_length=1, max_length=60, description="What to find out, one thing per question.")
    box: Annotated[list[float] | None, InjectedToolArg] = None
    details: Annotated[list[list[float]], InjectedToolArg] = Field(default_factory=list, max_length=MOST_DETAILS)


def make_inspect_image(
    chat: BaseChatModel,
    *,
    instructions: str,
    question_prompt: Callable[[list[str]], str],
    detail_prompt: Callable[[list[Box]], str] | None = None,
    repair: Repair | None = None,
    log: CallLog | None = None,
    room: Room | None = None,
) -> BaseTool:
    """The `inspect_image` tool over one vision model, for nodes and for any LangChain agent.

    Its content is short text for a model to read, its artifact a `Look`. Hidden from the model are `box`, the place to
    look at alone, enlarged, and `details`, places to show enlarged after the picture, for what its copy is too small to
    tell (`source_of(chat).limit`); boxes in the answers are fractions of the whole picture all the same.

    For an agent, set LangChain's `handle_tool_error`: a sha256 that it made up is then answered with what was wrong,
    and the agent carries on:

        look = make_inspect_image(chat, instructions=..., question_prompt=...)
        look.handle_tool_error = True
        agent = create_agent(model, tools=[look])

    Args:
        chat: a vision model from `get_chat`.
        instructions: its system message.
        question_prompt: puts the questions, numbered from 1, into the message beside the picture.
        detail_prompt: says of the pictures after the first which parts of it they show, as fractions of it.
        repair: asks again after an answer that cannot be read (see `ask`).
        log: where every call of the model is noted.
        room: what may be spent on looking (see `ask`).

    Returns:
        A tool that raises BadInput (BadCall) when the picture is not stored, ProviderFault when no answer came, and
        NoRoom when there was none for a call.
    """

    async def inspect_image(
        image: str, questions: list[str], box: list[float] | None = None, details: Sequence[list[float]] = ()
    ) -> tuple[str, Look]:
        place = None if box is None else _widened(box)
        shown: list[str | dict[Any, Any]] = [_text(question_prompt(questions)), picture(image, place)]
        if parts := [_widened(detail) for detail in details]:
            shown += [_text(detail_prompt(parts))] if detail_prompt else []
            shown += [picture(image, part) for part in parts]
        asked = [SystemMessage(instructions), HumanMessage(shown)]
        with bad_calls():
            reply = await ask(chat, Inspection, asked, name="inspect_image", repair=repair, log=log, room=room)
        inspection = None if reply.value is None else settled(reply.value, len(questions), place)
        look = Look(
            inspection=None if inspection is None else inspection.model_dump(),
            fault=reply.fault,
            calls=reply.calls,
            tokens=reply.tokens,
            cached=reply.cached,
            seconds=round(reply.seconds, 3),
            usd=reply.usd,
        )
        return _in_lines(inspection, reply.fault), look

    return StructuredTool.from_function(
        coroutine=inspect_image,
        name="inspect_image",
        description=DESCRIPTION,
        args_schema=Arguments,
        response_format="content_and_artifact",
    )


def settled(inspection: Inspection, questions: int, place: Box | None = None) -> Inspection:
    """One answer for each question, in order.

    A question without an answer, or with two that differ, is left "unsure"; answers to questions nobody asked go.

    Args:
        inspection: as the model gave it.
        questions: how many were asked, numbered from 1.
        place: the part of the picture the model saw; boxes are turned into fractions of the whole.
    """
    given: dict[int, list[Answer]] = {}
    for answer in inspection.answers:
        given.setdefault(answer.number, []).append(answer)
    answers = [_agreed(number, given.get(number, [])) for number in range(1, questions + 1)]
    if place is not None:
        answers = [a.model_copy(update={"box": _of_whole(a.box, place)}) for a in answers]
    return inspection.model_copy(update={"answers": answers})


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _agreed(number: int, answers: list[Answer]) -> Answer:
    if len({answer.answer.strip().rstrip(".").casefold() for answer in answers}) == 1:
        return answers[0]
    evidence = "answered twice, differently" if answers else "not answered"
    return Answer(number=number, evidence=evidence, answer="unsure")


def _widened(box: list[float]) -> Box:
    """The box with some of its surroundings."""
    left, top, right, bottom = box
    room = MARGIN * max(right - left, bottom - top)
    return max(0.0, left - room), max(0.0, top - room), min(1.0, right + room), min(1.0, bottom + room)


def _of_whole(box: list[float] | None, place: Box) -> list[float] | None:
    if box is None:
        return None
    left, top, right, bottom = place
    width, height = right - left, bottom - top
    return [round(edge, 4) for edge in (left + box[0] * width, top + box[1] * height,
                                        left + box[2] * width, top + box[3] * height)]  # fmt: skip


def _in_lines(inspection: Inspection | None, fault: str | None) -> str:
    if inspection is None:
        return f"The picture could not be inspected: {fault}"
    lines = [f"{a.number}. {a.answer} ({a.evidence})" for a in inspection.answers]
    lines += [f"Flaw: {flaw}" for flaw in inspection.flaws]
    return "\n".join(lines if inspection.quality is None else [*lines, f"Quality: {inspection.quality:g}"])


def _fractions(value: Any) -> list[float] | None:
    """Four edges within 0 to 1; None for anything that is no box, or is in pixels."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        return None
    edges = [number for edge in value if (number := _number(edge)) is not None]
    # Models overshoot the border a little; beyond that the numbers are pixels.
    if len(edges) != 4 or not all(-0.1 <= edge <= 1.1 for edge in edges):
        return None
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in edges)
    return [left, top, right, bottom] if left < right and top < bottom else None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None
