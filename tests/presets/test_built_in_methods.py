"""The built-in chat model under the methods of the presets: their very prompts, schemas and rules."""

from __future__ import annotations

import base64
import io
from itertools import combinations
from typing import Any, TypeVar

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel

from overpaint.graph.method_schemas import (
    Captioned,
    Chosen,
    Compared,
    Matched,
    Rewritten,
    Scored,
    Similar,
    Suggestion,
    Varied,
)
from overpaint.graph.schemas import Description, Upsampled
from overpaint.graph.writers.variations import ALIKE, alike
from overpaint.prompts import load
from overpaint.shapes.captions import tokens
from overpaint.shapes.chat import ShapesChat
from overpaint.shapes.comparing import says
from overpaint.shapes.drawing import draw
from overpaint.shapes.parser import parse
from overpaint.shapes.scene import SHAPES, Thing
from overpaint.tools.faults import BadInput

BRIEF = "two red circles above a blue square"
RIGHT = [Thing("circle", "red", "large", 0), Thing("circle", "red", "large", 2), Thing("square", "blue", "large", 7)]
STAR = Thing("star", "green", "large", 4)
CAPTION = "a large red circle in the top left, a large red circle in the top right, a large blue square at the bottom"
T = TypeVar("T", bound=BaseModel)


def reply(schema: type[T], name: str, things: list[Thing] | None = None, **values: Any) -> T:
    system, human = load(name).render(**values)
    blocks: list[Any] = [{"type": "text", "text": human}]
    if things is not None:
        file = io.BytesIO()
        draw(things, 3).save(file, "PNG")
        link = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        blocks.append({"type": "image_url", "image_url": {"url": link}})
    said = ShapesChat().with_structured_output(schema).invoke([SystemMessage(system), HumanMessage(blocks)])
    assert isinstance(said, schema)
    return said


@pytest.mark.parametrize(
    ("things", "matches", "feedback"),
    [
        (RIGHT, True, "all that is asked for is there, and nothing else"),
        (RIGHT[:2], False, "a blue square is missing: paint a large blue square"),
        ([*RIGHT, STAR], False, "a large green star in the center is not asked for: remove"),
    ],
)
def test_a_match_is_strict_and_brings_a_new_prompt(things: list[Thing], matches: bool, feedback: str) -> None:
    said = reply(Matched, "judge.strict", things, brief=BRIEF, prompt="p")
    assert said.matches == matches
    assert said.feedback.startswith(feedback)
    assert says(parse(BRIEF), said.revised_prompt)[0]
    again = reply(Matched, "judge.strict", things, brief=BRIEF, prompt=said.revised_prompt)
    assert again.revised_prompt != said.revised_prompt


@pytest.mark.parametrize(
    ("things", "verdict", "score"),
    [
        (RIGHT, "correct", 1.0),
        ([*RIGHT, STAR], "incorrect", 0.5),
        (RIGHT[:2], "incorrect", 0.333),
        ([*RIGHT[:2], STAR], "incorrect", 0.333),
        ([STAR], "incorrect", 0.0),
    ],
)
def test_a_score_is_the_share_that_is_there_halved_where_anything_is_wrong(
    things: list[Thing], verdict: str, score: float
) -> None:
    said = reply(Scored, "judge.score", things, brief=BRIEF)
    assert (said.verdict, said.score) == (verdict, score)
    assert said.quality is not None
    assert said.quality > 0.8
    assert "a large " in said.thoughts


def test_captions_and_compares_in_words_alone() -> None:
    for things, similar in ((RIGHT, True), (RIGHT[:2], False), ([*RIGHT, STAR], False), ([], False)):
        caption = reply(Captioned, "caption.describe", things).caption
        said = reply(Similar, "caption.similar", brief=BRIEF, caption=caption)
        assert said.similar == similar
        assert said.reasoning.startswith("all that") == similar
    assert reply(Captioned, "caption.describe", RIGHT).caption == CAPTION
    assert not reply(Similar, "caption.similar", brief=BRIEF, caption="two lovely red balls by a dog").similar


def test_rewrites_what_was_not_tried_yet() -> None:
    history: list[dict[str, str]] = []
    for _ in range(4):
        values: dict[str, Any] = {"brief": BRIEF, "history": history, "token_limit": 56}
        said = reply(Rewritten, "caption.rewrite", **values)
        assert said.revision not in [attempt["prompt"] for attempt in history]
        assert tokens(said.revision) <= 56
        history.append({"prompt": said.revision, "caption": "a large red circle in the top left"})
    assert said.reasoning.startswith("a red circle is missing; a blue square is missing")


@pytest.mark.parametrize(
    ("captions", "index"),
    [
        (["a large red circle at the top", CAPTION, "nothing but the ground"], 2),
        ([CAPTION, CAPTION], 1),
        (["a photo of a dog", "nothing but the ground"], 2),
        (["a photo of a dog"] * 9 + [CAPTION, "a large blue square at the bottom"], 10),
        ([f"{CAPTION}, a small black star in the center", CAPTION], 2),
    ],
)
def test_chooses_the_caption_nearest_to_the_brief(captions: list[str], index: int) -> None:
    told = [{"caption": caption} for caption in captions]
    assert reply(Chosen, "caption.best", brief=BRIEF, captions=told).index == index


def attempted(brief: str, number: int) -> str:
    values: dict[str, Any] = {"brief": brief, "number": number, "count": 3, "token_limit": 56, "words": ""}
    return reply(Upsampled, "upsample.attempt", **values).prompt


def compared(attempts: list[str]) -> Compared:
    return reply(Compared, "upsample.compare", brief=BRIEF, attempts=attempts, token_limit=56, words="")


@pytest.mark.parametrize("brief", [BRIEF, "a star in the top left and a red circle in the bottom right"])
def test_attempts_differ_and_each_keeps_the_brief(brief: str) -> None:
    attempts = [attempted(brief, number) for number in range(1, 9)]
    assert len(set(attempts[:2])) == 2
    assert len(set(attempts)) == (8 if brief == BRIEF else len(set(attempts)))
    assert all(says(parse(brief), prompt)[0] and tokens(prompt) <= 56 for prompt in attempts)


def test_compares_attempts_and_takes_one_that_says_it_all() -> None:
    whole = attempted(BRIEF, 2)
    said = compared(["a red circle", "a dog", whole, attempted(BRIEF, 3)])
    assert said.description == whole
    assert said.rationale.startswith("Attempt 3: all that is asked for is there")
    for unusable in (["a dog"], [", ".join(f"a large red {shape} in the top left" for shape in SHAPES * 2)]):
        fresh = compared(unusable).description
        assert says(parse(BRIEF), fresh)[0]
        assert tokens(fresh) <= 56


def test_cannot_lengthen_a_prompt_and_leaves_it() -> None:
    values: dict[str, Any] = {"brief": BRIEF, "prompt": CAPTION, "words": "40-80", "count": 21}
    assert reply(Upsampled, "upsample.mend", **values).prompt == CAPTION


def test_varies_a_description_until_there_are_as_many_as_asked_for() -> None:
    asked: dict[str, Any] = {"description": CAPTION, "token_limit": 56}
    first = reply(Varied, "upsample.variations", count=4, kept=[], **asked).variants
    more = reply(Varied, "upsample.variations", count=2, kept=first, **asked).variants
    assert (len(first), len(more)) == (4, 2)
    assert all(alike(one, other) <= ALIKE for one, other in combinations([*first, *more], 2))


def test_suggests_a_prompt_in_one_line_and_says_that_it_follows_no_remark() -> None:
    said = reply(Suggestion, "critique.suggest", RIGHT[:2], brief=BRIEF, prompt="p", remark="")
    assert said.diagnosis == "a blue square is missing"
    assert says(parse(BRIEF), said.suggestion)[0]
    assert said.idea is None
    again = reply(Suggestion, "critique.suggest", RIGHT[:2], brief=BRIEF, prompt=said.suggestion, remark="more light")
    assert again.suggestion != said.suggestion
    assert "follows the brief alone" in again.diagnosis


def test_describes_whatever_it_is_asked() -> None:
    said = reply(Description, "describe.question", RIGHT, question="What is the mood?")
    assert said.description == CAPTION


@pytest.mark.parametrize(
    ("schema", "prompt", "values"),
    [
        (Matched, "judge.strict", {"prompt": "p"}),
        (Scored, "judge.score", {}),
        (Similar, "caption.similar", {"caption": CAPTION}),
        (Rewritten, "caption.rewrite", {"history": [], "token_limit": None}),
        (Chosen, "caption.best", {"captions": []}),
        (Compared, "upsample.compare", {"attempts": [], "token_limit": None, "words": ""}),
        (Suggestion, "critique.suggest", {"prompt": "p", "remark": ""}),
    ],
)
def test_a_brief_outside_its_world_is_bad_input(schema: type[BaseModel], prompt: str, values: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="'dragon'"):
        reply(schema, prompt, RIGHT, brief="a dragon", **values)
