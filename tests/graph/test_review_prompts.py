"""review, of the critic's prompts: what is told, what an edit leaves behind, and whose word the idea needs."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from overpaint.graph.attempt import Attempt, Carried
from overpaint.graph.nodes.review import review
from overpaint.graph.persistence import on_thread
from overpaint.graph.settings import Settings
from overpaint.graph.state import Action, Candidate, Critique, Plan, Proposal, State, empty_receipt

BRIEF, PROPOSED, IDEA = "a red circle", "a large red circle", "soft evening light"
BOX = [0.1, 0.2, 0.5, 0.6]


class Asked:
    """A run that is at review, in a graph of that node alone."""

    def __init__(
        self,
        idea: str | None = IDEA,
        boxes: list[list[float]] | None = None,
        action: Action = "revise",
        **settings: Any,
    ) -> None:
        self.painted: list[Attempt] = []
        self.ended = ""
        self._state = state(idea, boxes or [], action, settings)
        self._graph = self._wired().compile(checkpointer=InMemorySaver())

    def _wired(self) -> StateGraph[State, Any, State, State]:
        def paint(carried: Carried) -> State:
            self.painted.append(carried["attempt"])
            return {}

        graph = StateGraph(State)
        graph.add_node("review", review)
        graph.add_node("candidate", paint)  # type: ignore[arg-type]
        for name in ("critique", "decide", "compare", "deliver"):
            graph.add_node(name, partial(self._come, name))
        return graph.add_edge(START, "review")

    async def begin(self) -> dict[str, Any]:
        """The one thing that is asked."""
        return self._asked(await self._graph.ainvoke(self._state, on_thread("t")))

    async def answer(self, said: Any) -> dict[str, Any]:
        """What is asked after an answer; empty when it was taken."""
        return self._asked(await self._graph.ainvoke(Command(resume=said), on_thread("t")))

    def _come(self, name: str, _: State) -> State:
        self.ended = name
        return {}

    @staticmethod
    def _asked(came: dict[str, Any]) -> dict[str, Any]:
        pending = came.get("__interrupt__")
        return {} if not pending else {**pending[0].value, **pending[0].value["action_requests"][0]}


def state(idea: str | None, boxes: list[list[float]], action: Action, settings: dict[str, Any]) -> State:
    champion = Candidate(
        id="0.0", parent=None, round=0, action="start", depth=0, seed=1, outcome="ok", beliefs="", score=None,
        image={"sha256": "5" * 64, "mime": "image/png", "width": 64, "height": 64}, record="0" * 64,
    )  # fmt: skip
    proposal = Proposal(prompt=PROPOSED, boxes=boxes)
    return State(
        run="r", asked={"text": BRIEF, "image": None}, seed=1, settings=Settings(**settings).model_dump(mode="json"),
        painter={"edit": "mask", "token_limit": None, "price_usd": 0.0}, prompt=BRIEF, checklist=[], round=1,
        candidates={"0.0": champion}, champion=champion, tried=[], prompts={}, receipt=empty_receipt(),
        plan=Plan(action="revise", why="", parent="0.0", count=1, targets=[], stop=None), reviewing="prompt",
        critique=Critique(action=action, feedback="It is small.", proposals=[proposal], fault=None, idea=idea),
    )  # fmt: skip


def edit(**args: Any) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": "paint", "args": args}}


async def test_an_idea_is_shown_and_approving_does_not_apply_it() -> None:
    run = Asked()
    asked = await run.begin()
    assert asked["args"] == {"prompt": PROPOSED, "use_idea": False}
    assert f"Idea, not used unless you say so (use_idea): {IDEA}" in asked["description"]
    assert await run.answer("approve") == {}
    assert run.painted[0]["prompt"] == PROPOSED
    assert "suggested" not in run.painted[0]


@pytest.mark.parametrize(
    ("args", "painted"),
    [
        ({"use_idea": True}, f"{PROPOSED}. {IDEA}"),
        ({"prompt": " a huge circle. ", "use_idea": True}, f"a huge circle. {IDEA}"),
        ({"prompt": "a huge circle", "use_idea": False}, "a huge circle"),
    ],
)
async def test_an_edit_is_painted_and_what_was_suggested_stays_beside_it(args: dict[str, Any], painted: str) -> None:
    run = Asked()
    await run.begin()
    assert await run.answer(edit(**args)) == {}
    assert (run.painted[0]["prompt"], run.painted[0]["suggested"]) == (painted, PROPOSED)


async def test_an_edit_that_leaves_the_prompt_as_it_was_is_none() -> None:
    run = Asked(boxes=[BOX])
    await run.begin()
    assert await run.answer(edit(prompt=PROPOSED, boxes=[[0.0, 0.0, 0.5, 0.5]])) == {}
    assert run.painted[0]["boxes"] == [[0.0, 0.0, 0.5, 0.5]]
    assert "suggested" not in run.painted[0]


@pytest.mark.parametrize("wrong", ["yes", 1, None, "true"])
async def test_use_idea_is_true_or_false_and_asked_for_again(wrong: object) -> None:
    run = Asked()
    await run.begin()
    asked = await run.answer(edit(use_idea=wrong))
    assert asked["fault"] == "use_idea is true or false"
    assert asked["args"]["use_idea"] is False
    assert run.painted == []
    assert await run.answer(edit(use_idea=True)) == {}


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (Asked(idea=None), ""),
        (Asked(ideas=True), f"Idea, already in the prompt: {IDEA}"),
        (Asked(boxes=[BOX], action="edit"), f"Idea, which an edit cannot follow: {IDEA}"),
        (Asked(action="edit"), f"Idea, which an edit cannot follow: {IDEA}"),
    ],
    ids=["none", "used", "places", "instruct"],
)
async def test_an_idea_is_offered_only_where_it_can_be_added(run: Asked, told: str) -> None:
    asked = await run.begin()
    assert "use_idea" not in asked["args"]
    assert told in asked["description"]
    assert ("Idea" in asked["description"]) == bool(told)
    assert "no idea that could be added" in (await run.answer(edit(use_idea=True)))["fault"]


@pytest.mark.parametrize("chosen", [False, True])
async def test_a_picture_is_chosen_among_all_also_where_a_person_stops_the_run(chosen: bool) -> None:
    run = Asked(judge_method="caption", select_best_image=chosen)
    await run.begin()
    await run.answer("stop")
    assert run.ended == ("compare" if chosen else "deliver")


async def test_an_idea_cannot_make_a_prompt_too_long() -> None:
    run = Asked()
    await run.begin()
    assert "20,000 characters" in (await run.answer(edit(prompt="a" * 19_990, use_idea=True)))["fault"]


async def test_a_suggestion_for_a_person_says_what_it_is_for() -> None:
    asked = await Asked(idea=None, critique_method="human", judge_method="none").begin()
    assert asked["description"].splitlines() == [
        f"Champion 0.0, picture {'5' * 64}, not judged.",
        "What it shows: It is small.",
        f"The prompt is a suggestion for the original brief, “{BRIEF}”: approve it, or edit it first.",
    ]
