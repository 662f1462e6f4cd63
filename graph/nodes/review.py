"""review: a person looks at the prompts the critic proposes, or at a new champion, and steers. One node, one interrupt.

No model is called here, since a node that is interrupted runs again from its top.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from langgraph.types import Command

from overpaint.graph.controller import cap_reached, failing
from overpaint.graph.critics.critiqued import with_idea
from overpaint.graph.minting import sends, spread
from overpaint.graph.nodes.decide import go_on
from overpaint.graph.people import KINDS, ActionRequest, Decision, ask_person
from overpaint.graph.places import usable
from overpaint.graph.settings import Settings
from overpaint.graph.state import Candidate, Plan, Proposal, State
from overpaint.tools.faults import BadInput
from overpaint.tools.painting import LONGEST_PROMPT

Next = Literal["candidate", "critique", "decide", "compare", "deliver"]


async def review(state: State) -> Command[Next]:
    """Show what is proposed and do what the person says."""
    return _review_champion(state) if state["reviewing"] == "champion" else _review_prompts(state)


def _review_prompts(state: State) -> Command[Next]:
    """Prompts of the critic: approve or edit to paint, reject to leave out, a remark to have them written anew."""
    critique = state["critique"]
    chosen = spread(critique["proposals"], state["plan"]["count"])
    unique = [p for i, p in enumerate(chosen) if p not in chosen[:i]]
    requests = [_paint_request(state, proposal) for proposal in unique]
    settled, remark, stop = ask_person(requests, KINDS, lambda decisions: _settled(state, unique, decisions))
    if remark and not stop and not any(settled):
        capped = cap_reached(state, Settings.model_validate(state["settings"]))
        return Command(update={"plan": capped}, goto=_end(state)) if capped else _heard(remark)
    painted = [accepted for p in chosen if (accepted := settled[unique.index(p)]) is not None]
    if stop or not painted:
        return Command(update={"plan": stopped("a person stopped it")}, goto=_end(state))
    # A remark beside an approved prompt is for the critic's next turn.
    update: State = {"remark": remark} if remark else {}
    return Command(update=update, goto=sends(state, critique["action"], painted, critique["feedback"]))


def _end(state: State) -> Literal["compare", "deliver"]:
    """Where a run ends whose picture no person took."""
    return "compare" if state["settings"].get("select_best_image") else "deliver"


def _heard(remark: str) -> Command[Next]:
    return Command(update={"remark": remark}, goto="critique")


def _settled(
    state: State, proposals: list[Proposal], decisions: list[Decision]
) -> tuple[list[Proposal | None], str, bool]:
    """What becomes of each proposal, what the person remarked, and whether to stop."""
    settled = [
        _edited(p, d, _offered_idea(state)) if d.kind in ("approve", "edit") else None
        for p, d in zip(proposals, decisions, strict=True)
    ]
    remarks = dict.fromkeys(d.message for d in decisions if d.message and d.kind in ("reject", "respond"))
    return settled, "\n".join(remarks), any(d.kind == "stop" for d in decisions)


def _edited(proposal: Proposal, decision: Decision, idea: str) -> Proposal:
    """What a person made of a proposal; where the prompt is another now, what was suggested stays beside it."""
    if decision.kind != "edit":
        return proposal
    prompt, boxes = _edited_prompt(proposal, decision.args, idea), decision.args.get("boxes", proposal["boxes"])
    try:
        cleaned = usable([[float(edge) for edge in box] for box in boxes])
    except (TypeError, ValueError, OverflowError):
        cleaned = []
    if boxes != [] and not cleaned:
        raise BadInput("edited boxes are lists of [left, top, right, bottom] in fractions of the picture")
    edited = Proposal(prompt=prompt, boxes=cleaned or proposal["boxes"])
    if prompt != proposal["prompt"]:
        edited["suggested"] = proposal["prompt"]
    return edited


def _edited_prompt(proposal: Proposal, args: dict[str, Any], idea: str) -> str:
    prompt, use_idea = args.get("prompt", proposal["prompt"]), args.get("use_idea", False)
    if not isinstance(use_idea, bool):
        raise BadInput("use_idea is true or false")
    if use_idea and not idea:
        raise BadInput("there is no idea that could be added to this prompt: leave use_idea out")
    text = prompt.strip() if isinstance(prompt, str) else ""
    whole = with_idea(Proposal(prompt=text, boxes=[]), idea)["prompt"] if text and use_idea else text
    if not whole or len(whole) > LONGEST_PROMPT:
        raise BadInput(f"an edited prompt is a text of 1 to {LONGEST_PROMPT:,} characters")
    return whole


def _offered_idea(state: State) -> str:
    """The critic's idea, where a person may add it to a prompt: it is not in there yet, and the whole is painted."""
    taken = state["settings"].get("ideas") or state["critique"]["action"] == "edit"
    return "" if taken else state["critique"].get("idea") or ""


def _paint_request(state: State, proposal: Proposal) -> ActionRequest:
    args: dict[str, Any] = {"prompt": proposal["prompt"]}
    if proposal["boxes"]:
        args["boxes"] = proposal["boxes"]
    if _offered_idea(state):
        args["use_idea"] = False
    told = [_told(state, state["champion"]), *_suggested(state), *_idea_told(state)]
    return ActionRequest(name="paint", args=args, description="\n".join(told))


def _suggested(state: State) -> list[str]:
    """What is asked to be painted, in words."""
    critique = state["critique"]
    if state["settings"].get("critique_method") != "human":
        return [f"Next ({critique['action']}): paint this prompt."]
    if critique["fault"]:
        return [f"Nothing is suggested: {critique['fault']}. Edit the prompt, or approve it to try another seed."]
    return [
        f"What it shows: {critique['feedback']}",
        f"The prompt is a suggestion for the original brief, “{state['asked']['text']}”: approve it, or edit it first.",
    ]


def _idea_told(state: State) -> list[str]:
    if not (idea := state["critique"].get("idea")):
        return []
    if state["critique"]["action"] == "edit":
        return [f"Idea, which an edit cannot follow: {idea}"]
    used = "already in the prompt" if state["settings"].get("ideas") else "not used unless you say so (use_idea)"
    return [f"Idea, {used}: {idea}"]


def _review_champion(state: State) -> Command[Next]:
    """A new champion: approve to deliver it, reject to paint on, a remark to say what the critic shall change."""
    champion = cast(Candidate, state["champion"])
    args = {"candidate": champion["id"], "image": _sha256(champion), "score": champion["score"]}
    request = ActionRequest(name="deliver", args=args, description=f"{_told(state, champion)}\nApprove to deliver it.")
    decision = ask_person([request], ("approve", "reject", "respond"), lambda decisions: decisions[0])
    if decision.kind in ("approve", "stop"):
        return Command(update={"plan": stopped("a person took this picture")}, goto="deliver")
    if decision.message:
        if capped := cap_reached(state, Settings.model_validate(state["settings"])):
            return Command(update={"plan": capped, "declined": champion["id"]}, goto=_end(state))
        return Command(update=_remarked(state, champion, decision.message), goto="critique")
    if state["plan"]["action"] == "stop":
        return Command(update={"declined": champion["id"]}, goto="decide")
    update: State = {"champion": champion, "round": state["round"], "plan": state["plan"], "declined": champion["id"]}
    return cast("Command[Next]", go_on(state, update))


def _remarked(state: State, champion: Candidate, remark: str) -> State:
    """A new round in which the critic follows the person: as planned, or a revision where no critic was to be asked."""
    planned = state["plan"]
    action = planned["action"] if planned["action"] in ("edit", "revise", "restart") else "revise"
    plan = Plan(
        action=action,
        why="a person said what to change",
        parent=champion["id"],
        count=max(1, planned["count"]),
        targets=failing(champion, state["checklist"]),
        stop=None,
    )
    return {"plan": plan, "round": state["round"] + 1, "remark": remark, "declined": champion["id"]}


def stopped(why: str) -> Plan:
    """The plan of a run that a person ended."""
    return Plan(action="stop", why=why, parent=None, count=0, targets=[], stop="person")


def _told(state: State, champion: Candidate | None) -> str:
    """The champion in words: which picture, its score, and what it lacks."""
    if champion is None:
        return "There is no picture yet."
    named = f"Champion {champion['id']}, picture {_sha256(champion) or 'none'}"
    if champion["score"] is None:
        return f"{named}, not judged."
    texts = {r["id"]: r["text"] for r in state["checklist"]}
    lacks = "; ".join(texts[r] for r in failing(champion, state["checklist"])) or "nothing"
    return f"{named}, score {champion['score']:.0%}; lacks: {lacks}."


def _sha256(candidate: Candidate) -> str | None:
    return candidate["image"]["sha256"] if candidate["image"] else None
