"""judge_method=score: how the judge is asked, which answers count, and who is champion by them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from overpaint.graph.crowning import crown
from overpaint.graph.judges.score import by_score
from overpaint.graph.judges.subject import Subject
from overpaint.graph.method_schemas import Scored
from overpaint.graph.record import Verdict
from overpaint.graph.settings import Settings, load_preset
from overpaint.graph.state import Candidate, Requirement
from overpaint.graph.toolbox import open_toolbox
from overpaint.tools.home import open_home
from tests.image_servers import blocks
from tests.servers import ChatServer, Say, chat_server

BRIEF = "two red circles above a blue square"
WHOLE = Requirement(id="r1", text=BRIEF, question="q", kind="other", expected="yes", weight=1.0)
PICTURE = blocks("a picture")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as serving:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
        monkeypatch.setenv("OPENAI_BASE_URL", serving.url)
        yield serving


def said(score: Any = 0.5, verdict: str = "incorrect", **more: Any) -> str:
    return json.dumps({"thoughts": "One circle.", "score": score, "verdict": verdict, "quality": 0.5, **more})


async def judged(server: ChatServer, *answers: str) -> Verdict:
    """The verdict on a picture, by the judge of the preset; every answer that is given is asked for."""
    server.script = [Say(answer) for answer in answers]
    open_home()
    toolbox = await open_toolbox({**load_preset("upsample-judge"), "judge_method": "score"})
    image = await toolbox.images.save(PICTURE)
    verdict = await by_score(Subject(image, [WHOLE], BRIEF, "the prompt"), toolbox)
    assert len(server.asked) == len(answers)
    return verdict


@pytest.mark.slow
async def test_asks_with_a_fixed_seed_for_thoughts_a_score_and_a_verdict_in_this_order(server: ChatServer) -> None:
    verdict = await judged(server, said(0.25))
    (request,) = server.asked
    asked = request.json
    assert (asked["model"], asked["seed"]) == ("gpt-4o", 42)
    schema = asked["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["thoughts", "score", "verdict", "quality"]
    assert schema["properties"]["verdict"]["enum"] == ["correct", "incorrect"]
    text, picture = asked["messages"][-1]["content"]
    assert text["text"] == f"<brief>\n{BRIEF}\n</brief>"
    assert base64.b64decode(picture["image_url"]["url"].partition("base64,")[2]) == PICTURE
    assert verdict == Verdict(
        beliefs=[
            {
                "requirement": "r1",
                "text": BRIEF,
                "answer": "no",
                "said": "incorrect",
                "evidence": "One circle.",
                "box": None,
                "looks": ["no"],
            }
        ],
        score=0.25,
        passed=False,
        quality=0.5,
        flaws=[],
        fault=None,
    )


@pytest.mark.slow
async def test_the_judge_is_told_what_briefs_test_and_that_what_was_not_asked_for_never_pays(
    server: ChatServer,
) -> None:
    await judged(server, said())
    told = " ".join(server.asked[0].json["messages"][0]["content"].split())
    for part in ("misspelled", "colour", "unusual company", "plain thing", "rare words", "text that shall stand"):
        assert part in told
    assert "What was not asked for never raises the score, and neither does detail." in told
    for unseen in ("prompt", "attempt", "upsampl"):
        assert unseen not in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verdict", "score"), [("correct", 1.0), ("correct", 0.3), ("incorrect", 0.5), ("incorrect", 0)]
)
async def test_the_verdict_says_what_passes_and_the_score_stays_what_it_is(
    server: ChatServer, verdict: str, score: float
) -> None:
    result = await judged(server, said(score, verdict))
    assert (result["passed"], result["score"], result["fault"]) == (verdict == "correct", score, None)


UNUSABLE = [
    said(0.51),
    said(0.9),
    said(1.5, "correct"),
    said(-0.1),
    said("0.4"),
    said("high"),
    said("4/10"),
    said(True, "correct"),
    said([0.4]),
    said(None),
    said(float("nan")),
    said(float("inf"), "correct"),
    said(0.4, "mostly correct"),
    json.dumps({"thoughts": "Fine.", "verdict": "correct"}),
    "A score of 0.4: incorrect.",
]


@pytest.mark.slow
@pytest.mark.parametrize("unusable", UNUSABLE)
async def test_an_answer_that_cannot_count_is_asked_for_once_more_and_then_counts_as_none(
    server: ChatServer, unusable: str
) -> None:
    result = await judged(server, unusable, unusable)
    assert (result["passed"], result["score"], result["quality"], result["beliefs"]) == (None, None, None, [])
    assert result["fault"]
    again = server.asked[1].json["messages"]
    assert unusable in json.dumps(again, ensure_ascii=False).replace('\\"', '"')


@pytest.mark.slow
async def test_a_contradiction_is_named_and_its_correction_counts(server: ChatServer) -> None:
    result = await judged(server, said(0.75), said(0.4))
    assert (result["passed"], result["score"]) == (False, 0.4)
    assert "an incorrect picture scores at most 0.5, and this one was given 0.75" in json.dumps(server.asked[1].json)


@pytest.mark.parametrize(
    ("quality", "kept"),
    [
        (0, 0),
        (1, 1),
        (0.9, 0.9),
        (None, None),
        (7, None),
        (-1, None),
        ("high", None),
        (True, None),
        (float("nan"), None),
    ],
)
def test_quality_has_no_part_in_the_score_and_what_is_none_is_left_out(quality: Any, kept: float | None) -> None:
    answer = Scored.model_validate(json.loads(said(0.25, quality=quality)))
    assert (answer.score, answer.verdict, answer.quality) == (0.25, "incorrect", kept)


def test_a_verdict_is_one_word_however_it_is_written() -> None:
    assert Scored.model_validate(json.loads(said(0.2, " Incorrect. "))).verdict == "incorrect"
    with pytest.raises(ValidationError):
        Scored.model_validate(json.loads(said(0.2, "not correct")))


BY_SCORE = Settings(judge_method="score")


def candidate(id_: str, beliefs: str, score: float | None) -> Candidate:
    return Candidate(
        id=id_,
        parent=None,
        round=int(id_.partition(".")[0]),
        action="start",
        depth=0,
        seed=1,
        outcome="ok",
        image=None,
        beliefs=beliefs,
        score=score,
        record="",
    )


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        (("", None), ("n", 0.0)),
        (("", None), ("y", 0.0)),
        (("n", 0.0), ("n", 0.1)),
        (("n", 0.4), ("n", 0.5)),
        (("n", 0.5), ("y", 0.3)),
        (("y", 0.3), ("y", 0.9)),
    ],
)
def test_correct_goes_before_incorrect_then_the_score_counts_and_unjudged_loses(
    worse: tuple[str, float | None], better: tuple[str, float | None]
) -> None:
    for first, then in ((worse, better), (better, worse)):
        winner = f"{int(then is better)}.0"
        rounds = [[candidate("0.0", *first)], [candidate("1.0", *then)]]
        champion = None
        for round_ in rounds:
            champion = crown(champion, round_, BY_SCORE)
        assert champion is not None
        assert champion["id"] == winner
        side = [candidate("0.0", *first), candidate("0.1", *then)]
        beside = crown(None, side, BY_SCORE)
        assert beside is not None
        assert beside["id"] == f"0.{int(then is better)}"


@pytest.mark.parametrize(("beliefs", "score"), [("", None), ("n", 0.5), ("y", 1.0)])
def test_of_equals_in_one_round_the_last_is_taken_which_has_the_upsampled_prompt(
    beliefs: str, score: float | None
) -> None:
    champion = crown(None, [candidate(f"0.{place}", beliefs, score) for place in (0, 1)], BY_SCORE)
    assert champion is not None
    assert champion["id"] == "0.1"


def test_the_champion_stays_where_nothing_is_better() -> None:
    for beliefs, score in (("", None), ("n", 0.5), ("y", 1.0)):
        champion = candidate("0.0", beliefs, score)
        assert crown(champion, [candidate("1.0", beliefs, score)], BY_SCORE) == champion
        assert crown(champion, [candidate("1.0", beliefs, score)], BY_SCORE, "0.0") != champion
