"""The judge that errs, over the prompt of the checklist and a picture it is really sent."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from noise import NoisyShapes, flipped, noisy
from noise import draw as chance

from overpaint.prompts import load
from overpaint.shapes.chat import ShapesChat
from overpaint.shapes.drawing import draw, random_things
from overpaint.shapes.language import plural
from overpaint.shapes.scene import COLOURS, SHAPES
from overpaint.tools.inspect_image import Inspection

COUNTS = [f"How many {colour} {plural(shape)} are there?" for colour in COLOURS for shape in SHAPES]
QUESTIONS = [*COUNTS, *(f"Is there a {colour} {shape}?" for colour in COLOURS for shape in SHAPES)]


def look(model: ShapesChat, seed: int = 0) -> list[str]:
    """All answers about one picture."""
    file = io.BytesIO()
    draw(random_things(seed, 5), 0).save(file, "PNG")
    link = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    text = load("judge.checklist").render(questions=QUESTIONS)[1]
    message = HumanMessage([{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": link}}])
    reply: Any = model.with_structured_output(Inspection).invoke([message])
    return [answer.answer for answer in reply.answers]


def errors(given: list[str], truth: list[str]) -> int:
    return sum(a != b for a, b in zip(given, truth, strict=True))


def test_outside_the_block_it_is_the_built_in_judge() -> None:
    assert look(NoisyShapes()) == look(ShapesChat())


def test_answers_flip_about_as_often_as_asked_for() -> None:
    truth, looks = look(ShapesChat()), 6
    with noisy(0.2, seed=1):
        wrong = sum(errors(look(NoisyShapes()), truth) for _ in range(looks))
    assert 0.14 < wrong / (looks * len(QUESTIONS)) < 0.26


def test_a_certain_flip_makes_every_answer_the_wrong_one_of_its_kind() -> None:
    truth = look(ShapesChat())
    with noisy(1.0, seed=1):
        said = look(NoisyShapes())
    for answer, true in zip(said, truth, strict=True):
        assert {answer, true} == {"yes", "no"} if true in ("yes", "no") else abs(int(answer) - int(true)) == 1


def test_the_same_run_errs_in_the_same_places_and_each_look_in_its_own() -> None:
    def run(seed: int) -> list[list[str]]:
        with noisy(0.2, seed):
            return [look(NoisyShapes()) for _ in range(2)]

    assert run(1) == run(1)
    assert run(1)[0] != run(1)[1]
    assert run(1) != run(2)


def test_looks_at_other_pictures_in_between_change_nothing() -> None:
    with noisy(0.2, seed=1):
        alone = [look(NoisyShapes(), 0), look(NoisyShapes(), 0)]
    with noisy(0.2, seed=1):
        first, _, second = (look(NoisyShapes(), seed) for seed in (0, 5, 0))
    assert [first, second] == alone


@given(st.integers(0, 9), st.floats(0, 1))
def test_a_count_errs_by_one_and_is_never_negative(count: int, which: float) -> None:
    said = int(flipped(str(count), which))
    assert abs(said - count) == 1
    assert said >= 0


@pytest.mark.parametrize(("answer", "wrong"), [("yes", "no"), ("no", "yes"), ("unsure", "unsure")])
def test_words_flip(answer: str, wrong: str) -> None:
    assert flipped(answer, 0.3) == wrong


def test_chances_are_spread_evenly() -> None:
    drawn = [chance("a", str(n)) for n in range(2000)]
    assert all(140 < sum(at <= 10 * d < at + 1 for d in drawn) < 260 for at in range(10))
    assert abs(sum(drawn) / 2000 - 0.5) < 0.03
    assert 0 <= min(drawn) <= max(drawn) < 1
