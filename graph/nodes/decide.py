"""decide: run the controller, mint candidates, and route.

No model call; the painter is looked at only when settings were given anew.
"""

from __future__ import annotations

from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Command, Overwrite

from overpaint.graph.checklists import fingerprint
from overpaint.graph.controller import plan
from overpaint.graph.crowning import crowned, passes
from overpaint.graph.effective import in_force
from overpaint.graph.minting import route
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Plan, State
from overpaint.graph.telling import answer, status

Next = Literal["candidate", "critique", "review", "compare", "deliver"]


async def decide(state: State, runtime: Runtime[Settings]) -> Command[Next]:
    """Crown the champion of the round that ended, and choose what comes next."""
    anew = await in_force(state, runtime.context)
    state = {**state, **anew}
    settings = Settings.model_validate(state["settings"])
    before = state.get("champion")
    fresh = _after_round(state, before, settings)
    decision = plan({**state, **fresh}, settings, anew=bool(anew))
    update: State = {**anew, **fresh, "plan": decision}
    if _is_shown(before, fresh["champion"], decision, settings):
        return Command(update={**update, "reviewing": "champion"}, goto="review")
    return go_on(state, update)


def go_on(state: State, update: State) -> Command[Next]:
    """Carry out the plan in `update`: end the run, ask the critic, or send out candidates of a new round."""
    decision = update["plan"]
    if decision["action"] == "stop":
        return Command(update=update, goto="compare" if _is_chosen_of_all(state, update) else "deliver")
    update = {**update, "round": update["round"] + 1, "reviewing": None}
    if (judged_by := fingerprint(state["checklist"])) != state.get("judged_by"):
        update["judged_by"] = judged_by
    update["messages"] = [answer(state["run"], status(decision, update["round"]))]
    goto = route({**state, **update})
    if decision["action"] == "rejudge":
        update = {**update, **_forgetting(update["champion"])}
        if state.get("began") == update["round"]:
            update["began"] = update["round"] + 1  # looking at the picture of the run before is no round of this one
    if state.get("wish") and decision["action"] != "rejudge":
        update["wish"] = None
    return Command(update=update, goto=goto)


def _after_round(state: State, before: Candidate | None, settings: Settings) -> State:
    """The champion of the round that ended, and what was tried since it last gained."""
    round_, champion = state.get("round", -1), crowned(state, settings)
    tried = [] if round_ < 1 or champion != before else [*state["tried"], state["plan"]["action"]]
    after: State = {"champion": champion, "tried": [a for a in tried if a != "stop"], "round": round_}
    if settings.mode == "full" and passes(champion) and state.get("stopped_at") is None:
        after["stopped_at"] = round_
    return after


def _is_chosen_of_all(state: State, update: State) -> bool:
    """Whether what is delivered is chosen among all pictures, and there is one."""
    return bool(state["settings"].get("select_best_image")) and update["champion"] is not None


def _is_shown(before: Candidate | None, champion: Candidate | None, decision: Plan, settings: Settings) -> bool:
    """Whether a person looks at a new champion before anything else happens.

    Not when nothing could follow anyway, nor at a picture that was there before its checklist and falls short of it.
    """
    if settings.review not in ("champion", "both") or champion is None or champion == before:
        return False
    if champion["action"] == "rejudge" and not passes(champion):
        return False
    return decision["action"] not in ("stop", "rejudge") or decision["stop"] == "passed"


def _forgetting(champion: Candidate | None) -> State:
    """Nothing that was believed by another checklist counts any more; the pictures stay."""
    kept = {} if champion is None else {champion["id"]: Candidate(**{**champion, "beliefs": "", "score": None})}
    forgotten: State = {"champion": None, "tried": [], "stopped_at": None}
    return {**forgotten, "candidates": Overwrite(kept)}  # type: ignore[typeddict-item]
