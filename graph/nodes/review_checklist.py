"""review_checklist: a person sees the checklist, and may change it, before any picture is judged by it."""

from __future__ import annotations

from typing import Literal

from langgraph.types import Command

from overpaint.graph.checklists import read_checklist
from overpaint.graph.nodes.review import stopped
from overpaint.graph.people import ActionRequest, Decision, ask_person
from overpaint.graph.state import Requirement, State

SHOWN = ("text", "question", "kind", "expected", "weight")


async def review_checklist(state: State) -> Command[Literal["decide", "deliver"]]:
    """Approve to use the checklist, edit to use another, stop or reject to end the run before anything is painted."""
    items = [{name: r[name] for name in SHOWN} for r in state["checklist"]]  # type: ignore[literal-required]
    described = "\n".join(f"{place}. {item['text']}" for place, item in enumerate(items, start=1))
    request = ActionRequest(
        name="use_checklist",
        args={"checklist": items},
        description=f"Every picture is judged by this checklist:\n{described}",
    )
    chosen = ask_person([request], ("approve", "edit", "reject"), lambda decisions: _chosen(state, decisions[0]))
    if chosen is None:
        plan = stopped("a person stopped it before anything was painted")
        return Command(update={"plan": plan, "champion": state.get("champion")}, goto="deliver")
    return Command(update={"checklist": chosen}, goto="decide")


def _chosen(state: State, decision: Decision) -> list[Requirement] | None:
    if decision.kind == "approve":
        return state["checklist"]
    return read_checklist(decision.args) if decision.kind == "edit" else None
