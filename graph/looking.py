"""One look of the judge at a picture: what it is shown, and what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from overpaint.graph.record import Belief
from overpaint.graph.state import Requirement
from overpaint.graph.toolbox import Toolbox, ask_again, use_tool
from overpaint.prompts import Prompt
from overpaint.tools.budget import NoRoom
from overpaint.tools.faults import ProviderFault
from overpaint.tools.images import ImageRef
from overpaint.tools.inspect_image import MOST_DETAILS, Look, make_inspect_image
from overpaint.tools.painters import Box
from overpaint.tools.references import source_of
from overpaint.tools.yes_probability import yes_probability

FINE = ("text", "count")
"""Kinds of requirement that a small copy of a large picture hides."""


async def look_at(
    image: ImageRef,
    asked: Sequence[Requirement],
    held: Sequence[Belief],
    toolbox: Toolbox,
    *,
    box: list[float] | None = None,
) -> Look:
    """Show the judge a picture and ask about it.

    Args:
        image: the picture.
        asked: what to ask about.
        held: what is believed of it so far, in the same order; empty at the first look.
        toolbox: of the node.
        box: show this place alone.

    Raises:
        NoRoom: a cap leaves no room for the call.
        ProviderFault: the judge failed.
    """
    prompt, chat = toolbox.text("judge.again" if held else "judge.checklist"), await toolbox.chat("judge")
    questions = [r["question"] for r in asked]
    source = source_of(chat)
    tool = make_inspect_image(
        chat,
        instructions=prompt.render(questions=questions)[0],
        question_prompt=lambda questions: prompt.render(questions=questions)[1],
        detail_prompt=partial(_places_in_words, toolbox.text("judge.details")),
        repair=ask_again,
        log=toolbox.calls,
        room=toolbox.room,
    )
    details = [] if box or source is None or source.free else details_of(image, asked, held, source.limit.edge)
    async with toolbox.paced():
        return cast(Look, await use_tool(tool, image=image["sha256"], questions=questions, box=box, details=details))


def details_of(image: ImageRef, asked: Sequence[Requirement], held: Sequence[Belief], edge: int) -> list[list[float]]:
    """The places to show at full size beside a picture whose copy is smaller than it: those of text and of counts.

    Args:
        image: the picture.
        asked: what is asked about.
        held: where an earlier look found it, in the same order.
        edge: the longest edge of the copy, in pixels.
    """
    if max(image["width"], image["height"]) <= edge:
        return []
    found = [belief["box"] for item, belief in zip(asked, held, strict=False) if item["kind"] in FINE]
    return [box for box in found if box][:MOST_DETAILS]


async def with_probabilities(
    beliefs: Sequence[Belief], checklist: Sequence[Requirement], image: ImageRef, toolbox: Toolbox
) -> list[Belief]:
    """The beliefs, each with how likely the judge finds a yes, where its server tells and the caps leave room.

    What the looks found is paid for, so a failure here costs no more than the odds that are missing then.

    Raises:
        ProviderFault: a person must mend something first.
    """
    chat, prompt = await toolbox.chat("judge"), toolbox.text("judge.yes")
    weighed = list(beliefs)
    for place, item in enumerate(checklist):
        if item["expected"] != "yes":
            continue
        instructions, question = prompt.render(question=item["question"])
        try:
            async with toolbox.paced():
                likely = await yes_probability(
                    chat, question, image["sha256"], instructions=instructions, log=toolbox.calls, room=toolbox.room
                )
        except NoRoom:
            break
        except ProviderFault as fault:
            if fault.fatal:
                raise
            break
        if likely is None:
            break
        weighed[place] = Belief(**{**weighed[place], "probability": round(likely, 4)})
    return weighed


def _places_in_words(prompt: Prompt, places: list[Box]) -> str:
    return prompt.render(places=[[round(edge, 2) for edge in place] for place in places])[1]
