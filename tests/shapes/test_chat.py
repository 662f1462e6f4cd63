"""The built-in chat model over the very prompts of the project, on pictures it is really sent."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from pydantic import BaseModel

from overpaint.prompts import load
from overpaint.shapes.captions import tokens
from overpaint.shapes.cells import cell_box
from overpaint.shapes.chat import ShapesChat
from overpaint.shapes.drawing import draw
from overpaint.shapes.inspector import inspect
from overpaint.shapes.layout import satisfied
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import SHAPES, Thing
from overpaint.tools.faults import BadInput

BRIEF = "two red circles above a blue square"
RIGHT = [Thing("circle", "red", "large", 0), Thing("circle", "red", "large", 2), Thing("square", "blue", "large", 7)]
WRONG = [*RIGHT[:2], Thing("star", "green", "large", 7)]


class Upsampled(BaseModel):
    reasoning: str
    prompt: str


class Checklist(BaseModel):
    requirements: list[dict[str, Any]]


class Proposals(BaseModel):
    diagnosis: str
    feedback: str
    proposals: list[dict[str, Any]]


class Inspection(BaseModel):
    observations: str
    answers: list[dict[str, Any]]
    flaws: list[str]
    quality: float


class Description(BaseModel):
    description: str


def link(things: list[Thing]) -> str:
    file = io.BytesIO()
    draw(things, 3).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def message(name: str, things: list[Thing] | None = None, **values: Any) -> list[Any]:
    system, human = load(name, version=2 if name.startswith("critique") else 1).render(**values)
    blocks: list[Any] = [{"type": "text", "text": human}]
    if things is not None:
        blocks.append({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{link(things)}"}})
    return [SystemMessage(system), HumanMessage(blocks)]


def critique(action: str, things: list[Thing], count: int = 2, attempts: tuple[str, ...] = ()) -> Proposals:
    values = {"brief": BRIEF, "action": action, "prompt": "p", "failed": [], "attempts": attempts}
    asked = message(f"critique.{action}", things, **values, count=count, token_limit=56, remark="")
    reply = ShapesChat().with_structured_output(Proposals).invoke(asked)
    assert isinstance(reply, Proposals)
    return reply


def test_writes_a_prompt_that_fits() -> None:
    reply = ShapesChat().with_structured_output(Upsampled).invoke(message("upsample", brief=BRIEF, token_limit=56))
    assert isinstance(reply, Upsampled)
    assert tokens(reply.prompt) <= 56
    assert satisfied(parse(BRIEF), inspect(draw(_things(reply.prompt), 1)))
    unlimited = (
        ShapesChat().with_structured_output(Upsampled).invoke(message("upsample", brief=BRIEF, token_limit=None))
    )
    assert unlimited.prompt == reply.prompt


def _things(caption: str) -> list[Thing]:
    return [Thing(g.shape, g.colour, g.size, g.place) for g in parse(caption).groups]  # type: ignore[arg-type]


def test_the_checklist_it_writes_is_passed_by_a_right_picture_only() -> None:
    checklist = ShapesChat().with_structured_output(Checklist).invoke(message("specify", brief=BRIEF))
    expected = [r["expected"] for r in checklist.requirements]
    questions = [r["question"] for r in checklist.requirements]
    for prompt in ("judge.checklist", "judge.again"):
        for things, passes in ((RIGHT, True), (WRONG, False), (RIGHT[:2], False), ([*RIGHT, WRONG[2]], False)):
            look = ShapesChat().with_structured_output(Inspection).invoke(message(prompt, things, questions=questions))
            assert [a["number"] for a in look.answers] == list(range(1, len(questions) + 1))
            assert ([a["answer"] for a in look.answers] == expected) == passes


def test_inspects_with_evidence_boxes_flaws_and_quality() -> None:
    questions = ["How many blue squares are there?", "Is it art?"]
    look = (
        ShapesChat().with_structured_output(Inspection).invoke(message("judge.checklist", RIGHT, questions=questions))
    )
    left, top, right, bottom = look.answers[0]["box"]
    assert left < 32 / 64 < right
    assert top < 52 / 64 < bottom
    assert look.answers[1]["answer"] == "unsure"
    assert "large blue square at the bottom" in look.observations
    assert look.flaws == []
    assert look.quality > 0.8


def test_a_look_with_the_most_questions_fits_its_longest_answer() -> None:
    crowded = [Thing(shape, "purple", "large", place) for place, shape in enumerate(SHAPES + SHAPES[:3])]
    for questions in (["How many shapes are there?"] * 60, ["Does the picture show exactly a star?"] * 60):
        model = ShapesChat().bind(response_schema=Inspection.model_json_schema())
        reply = model.invoke(message("judge.checklist", crowded, questions=questions))
        assert reply.response_metadata["finish_reason"] == "stop"
        assert reply.usage_metadata is not None
        assert 1500 < reply.usage_metadata["output_tokens"] <= ShapesChat().max_tokens
        look = Inspection.model_validate_json(reply.text)
        assert [a["number"] for a in look.answers] == list(range(1, 61))


def test_an_answer_that_is_too_long_is_cut_off_and_says_so() -> None:
    reply = ShapesChat(max_tokens=5).invoke(message("upsample", brief=BRIEF, token_limit=None))
    assert reply.response_metadata["finish_reason"] == "length"
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["output_tokens"] == len(reply.text.split()) == 5


def test_edits_where_it_is_wrong_and_revises_in_full() -> None:
    edit = critique("edit", WRONG)
    assert edit.diagnosis.startswith("a blue square is missing; a large green star")
    assert edit.proposals[0] == {"prompt": "a large blue square at the bottom", "boxes": [list(cell_box(7))]}
    revised = critique("revise", WRONG, count=3)
    prompts = [p["prompt"] for p in revised.proposals]
    assert len(set(prompts)) == 3
    assert all(parse(prompt).groups and p["boxes"] == [] for prompt, p in zip(prompts, revised.proposals, strict=True))
    again = critique("restart", WRONG, count=3, attempts=tuple(prompts))
    assert {p["prompt"] for p in again.proposals}.isdisjoint(prompts)


async def test_describes_a_picture_without_blocking() -> None:
    asked = message("describe", RIGHT)
    asked[-1].content[-1] = {"type": "image", "base64": link(RIGHT), "mime_type": "image/png"}
    reply = await ShapesChat().with_structured_output(Description).ainvoke(asked)
    assert satisfied(parse(reply.description), inspect(draw(RIGHT, 3)))


def test_the_wire_is_plain_json_with_words_counted() -> None:
    schema = {"title": "t", "type": "object", "properties": {"reasoning": {}, "prompt": {}}}
    both = (
        ShapesChat()
        .with_structured_output(schema, include_raw=True)
        .invoke(message("upsample", brief=BRIEF, token_limit=56))
    )
    raw = both["raw"]
    assert isinstance(raw, AIMessage)
    assert json.loads(str(raw.content)) == both["parsed"]
    assert both["parsing_error"] is None
    assert raw.usage_metadata is not None
    assert raw.usage_metadata["output_tokens"] == len(str(raw.content).split())
    assert raw.response_metadata["token_unit"] == "words"


def test_a_message_to_repair_an_answer_repeats_the_request() -> None:
    asked = message("upsample", brief=BRIEF, token_limit=56)
    _, human = load("repair").render(answer="?", fault="no JSON")
    chat = ShapesChat().with_structured_output(Upsampled)
    assert chat.invoke([*asked, AIMessage("?"), HumanMessage(human)]) == chat.invoke(asked)


@pytest.mark.parametrize("schema", [None, {"title": "t", "type": "object", "properties": {"other": {}}}])
def test_says_what_it_can_do_when_asked_anything_else(schema: dict[str, Any] | None) -> None:
    chat = ShapesChat()
    model: Any = chat if schema is None else chat.bind(response_schema=schema)
    assert "triangles" in model.invoke("Hello!").content


def test_a_brief_outside_its_world_is_bad_input() -> None:
    with pytest.raises(BadInput, match="'dragon'"):
        ShapesChat().with_structured_output(Upsampled).invoke(message("upsample", brief="a dragon", token_limit=9))


@pytest.mark.parametrize(
    ("schema", "content", "complaint"),
    [
        (Upsampled, "no tags", "no <brief> section"),
        (Upsampled, "<brief>a star</brief><token_limit>many</token_limit>", "whole number"),
        (Description, "look", "no picture"),
        (Description, [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}], "data URLs only"),
        (Description, [{"type": "image_url"}], "data URLs only"),
        (Description, [{"type": "image_url", "image_url": {"url": "data:image/png;base64,@@"}}], "not base64"),
        (Description, [{"type": "image", "base64": "aGVsbG8=", "mime_type": "image/png"}], "picture"),
    ],
)
def test_a_malformed_message_is_a_clear_error(schema: type[BaseModel], content: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ShapesChat().with_structured_output(schema).invoke([HumanMessage(content)])
    with pytest.raises(ValueError, match="no human message"):
        ShapesChat().with_structured_output(schema).invoke([SystemMessage("x")])
