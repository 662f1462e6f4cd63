"""A painter that edits by instruction is told what to change in words, and given no boxes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from overpaint.run import arefine
from tests.graph.test_faults import Moody, moody
from tests.servers import Request, Say, chat_server

__all__ = ["moody"]

BOX = [0.5, 0.5, 0.75, 0.75]
TOLD = "Paint a blue square on the right, and leave the circle as it is."
THINGS = ("a red circle", "a blue square")


def speaking(request: Request) -> Say:
    """Writer, critic and judge; the judge finds no square."""
    if request.json["model"] == "w":
        drafts = [{"text": t, "question": f"Is there {t}?", "kind": "object", "expected": "yes"} for t in THINGS]
        return Say(json.dumps({"requirements": [{**d, "weight": 1} for d in drafts]}))
    if request.json["model"] == "c":
        critique = {"diagnosis": "No square.", "feedback": "Add it.", "proposals": [{"prompt": TOLD, "boxes": [BOX]}]}
        return Say(json.dumps({**critique, "idea": "soft light, which an edit does not follow"}))
    asked = request.json["messages"][-1]["content"][0]["text"]
    said = ["no" if "blue" in line else "yes" for line in asked.splitlines() if line[:1].isdigit()]
    seen = [{"number": i, "answer": answer, "evidence": "e", "box": BOX} for i, answer in enumerate(said, 1)]
    return Say(json.dumps({"observations": "A circle.", "answers": seen, "flaws": [], "quality": 0.5}))


@pytest.mark.slow
@pytest.mark.parametrize(("edit", "boxes"), [("instruct", ()), ("mask", (tuple(BOX),))])
async def test_an_edit_is_an_instruction_or_has_boxes(edit: str, boxes: tuple[object, ...], moody: Moody) -> None:
    moody.abilities = replace(moody.abilities, edit=edit)  # type: ignore[arg-type]
    with chat_server() as server:
        server.think = speaking
        roles = {"writer": "openai:w", "critic": "openai:c", "judge": "openai:j"}
        where = {f"{role}_base_url": server.url for role in roles}
        settings = {"painter": "moody", **roles, **where, "upsample": False, "max_images": 2, "seed": 1, "ideas": True}
        run = await arefine(" and ".join(THINGS), settings=settings)
    first, second = moody.asked
    assert (first.source, first.boxes) == (None, ())
    assert second.source is not None
    assert (second.prompt, second.boxes) == (TOLD, boxes)
    labels = run.candidates[1]["prompts"]
    assert ("critique.instruct" in labels, "critique.edit" in labels) == (edit == "instruct", edit == "mask")
