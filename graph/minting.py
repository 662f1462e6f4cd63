"""Minting candidates: ids, seeds, and all that painting and judging one of them needs; and where a plan leads. Pure."""

from __future__ import annotations

import hashlib
from typing import Literal

from langgraph.types import Send

from overpaint.graph.allowance import candidate_part
from overpaint.graph.attempt import Attempt, Carried
from overpaint.graph.crowning import at_work, of_round
from overpaint.graph.settings import Settings
from overpaint.graph.state import Action, Candidate, Proposal, State
from overpaint.tools.images import ImageRef

WHOLE: Proposal = {"prompt": "", "boxes": []}
"""An empty prompt stands for the champion's, or for none (given)."""

SHOWN: tuple[Action, ...] = ("given", "rejudge")
"""Actions that paint nothing: a picture that is there is judged."""


def route(state: State) -> list[Send] | Literal["critique"]:
    """Where a plan to paint leads: to the critic, or straight to the painter."""
    action, settings = state["plan"]["action"], state["settings"]
    by_person = action == "reseed" and settings.get("critique_method") == "human"
    if (action in ("edit", "revise", "restart") or by_person) and not state.get("wish"):
        return "critique"
    assert action != "stop"
    return sends(state, action, spread(_prompts(state), state["plan"]["count"]))


def spread(proposals: list[Proposal], count: int) -> list[Proposal]:
    """As many proposals as candidates: when there are fewer they are repeated, to be painted with other seeds."""
    return [proposals[i % len(proposals)] for i in range(count)]


def sends(state: State, action: Action, chosen: list[Proposal], feedback: str = "") -> list[Send]:
    """One Send per proposal."""
    return [
        Send("candidate", Carried(attempt=attempt(state, action, place, proposal, feedback)))
        for place, proposal in enumerate(chosen)
    ]


def attempt(state: State, action: Action, place: int, proposal: Proposal, feedback: str) -> Attempt:
    """Mint one candidate: its id, its seed, and all that painting and judging it needs."""
    id_, settings = f"{state['round']}.{place}", Settings.model_validate(state["settings"])
    champion = _subject(state, action, settings)
    minted = Attempt(
        id=id_,
        run=state["run"],
        round=state["round"],
        action=action,
        parent=state["plan"]["parent"],
        depth=_depth(action, champion),
        base=champion["record"] if champion and not proposal["prompt"] else None,
        previous=[c["record"] for c in _before(state)],
        prompt=proposal["prompt"] or None,
        boxes=proposal["boxes"],
        feedback=feedback,
        seed=None if action in SHOWN else derive_seed(state["seed"], id_),
        source=_source(state, action, champion),
        earlier=[] if action in SHOWN else [c["image"]["sha256"] for c in _near(state) if c["image"]],
        spare=_spare(state),
        room=candidate_part(state, settings),
        checklist=state["checklist"],
        settings=state["settings"],
        prompts=state.get("prompts", {}),
    )
    if settings.judge_method not in ("checklist", "none"):
        minted["brief"] = state["asked"]["text"]
    if (suggested := proposal.get("suggested")) is not None:
        minted["suggested"] = suggested
    return minted


def derive_seed(seed: int, candidate: str) -> int:
    """The seed of one candidate: a run with the same seed paints the same pictures, whatever crashed in between."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{candidate}".encode()).digest()[:4], "big")


def _subject(state: State, action: str, settings: Settings) -> Candidate | None:
    """The picture a candidate is made from; what is judged again is the champion, wherever the chain has come to."""
    return state["champion"] if action == "rejudge" else at_work(state, settings)


def _depth(action: Action, champion: Candidate | None) -> int:
    """How many edits lie between a candidate and the last picture painted whole."""
    if champion is None or action not in ("edit", "rejudge"):
        return 0
    return champion["depth"] + (action == "edit")


def _source(state: State, action: Action, champion: Candidate | None) -> ImageRef | None:
    """The picture an edit starts from, or the one that is judged as it is."""
    if action == "given":
        return state["asked"]["image"]
    return champion["image"] if champion and action in ("edit", "rejudge") else None


def _spare(state: State) -> int:
    """How many pictures each candidate of the round may paint beyond its own without going past the cap."""
    settings, count = state["settings"], state["plan"]["count"]
    room = int(settings["max_images"]) - state["receipt"]["images"] - count
    return max(0, room // max(1, count)) if settings.get("max_usd") is None else 0


def _prompts(state: State) -> list[Proposal]:
    """What to paint when no critic is asked."""
    brief, upsampled, decision, wish = state["asked"]["text"], state["prompt"], state["plan"], state.get("wish")
    settings = Settings.model_validate(state["settings"])
    if wish and decision["action"] not in SHOWN:
        return [Proposal(prompt=wish, boxes=[])]
    if decision["action"] == "given" or _keeps(_subject(state, decision["action"], settings)):
        return [WHOLE]
    if variants := state.get("variants"):
        return [Proposal(prompt=variant, boxes=[]) for variant in variants]
    raw_brief = settings.raw_brief
    if decision["action"] == "start" and raw_brief and decision["count"] > 1 and brief != upsampled:
        return [Proposal(prompt=p, boxes=[]) for p in [brief, *[upsampled] * (decision["count"] - 1)]]
    return [Proposal(prompt=upsampled, boxes=[])]


def _keeps(champion: Candidate | None) -> bool:
    """Whether the champion's prompt speaks of the whole: that of an edit speaks of a part, a given picture has none."""
    return champion is not None and champion["action"] not in ("edit", "given")


def _near(state: State) -> list[Candidate]:
    """The pictures a new one would most likely repeat: the champion and those of the round before."""
    champion, last = state.get("champion"), _before(state)
    return [*last, champion] if champion and champion not in last else last


def _before(state: State) -> list[Candidate]:
    """The candidates of the last round that has any: a round may have ended before anything was painted."""
    rounds = [c["round"] for c in state.get("candidates", {}).values() if c["round"] < state["round"]]
    return of_round(state, max(rounds)) if rounds else []
