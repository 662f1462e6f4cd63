"""The brain: which candidates to paint next and why, or why to stop. Pure: no I/O, no model call, no clock, no chance.

The constants are settings. Where they come from: a wide first round then one deep chain (arXiv 2601.15286); edits where
a requirement failed and never below the champion (arXiv 2602.06166, 2512.20362); patience and a redesign when revising
stalls (arXiv 2403.17804).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from overpaint.graph.allowance import affordable, fitting, lacking, need_of, need_of_next
from overpaint.graph.checklists import fingerprint
from overpaint.graph.crowning import HOLDS, at_work, passes
from overpaint.graph.settings import Settings
from overpaint.graph.state import Action, Candidate, Plan, Requirement, State, StopReason

LOCAL = frozenset({"object", "count", "attribute", "relation", "position", "text"})
"""Kinds of requirement that repainting a part of the picture can mend."""


def plan(state: State, settings: Settings, *, anew: bool = False) -> Plan:
    """Decide what comes next, from the champion, what was tried since it last gained, and what has been spent.

    Args:
        state: with `champion` and `tried` brought up to date by `crown`.
        settings: the effective settings.
        anew: whether they were changed during the round that ended.
    """
    champion = state.get("champion")
    subject = at_work(state, settings)
    outdated = champion is not None and is_outdated(state)
    if reason := _reached(state, settings, champion, outdated, anew):
        return _stop(*reason)
    if champion is not None and outdated:
        why = "the checklist changed, so the champion is judged by it before anything is painted"
        return _paint("rejudge", why, champion["id"], 1, [])
    if (state["round"] < 0 or _none_whole(state)) and not state.get("wish"):
        return _first(state, settings)
    parent = None if subject is None else subject["id"]
    if state.get("wish"):
        return _paint("revise", "a person wrote the prompt", parent, affordable(state, settings), [])
    action = _next_action(state, settings, subject)
    if action is None:
        return _stop("patience", _stalled(state))
    targets = [] if subject is None else failing(subject, state["checklist"])
    why = _why(action, subject, targets, state)
    return _paint(action, why, parent, affordable(state, settings), targets)


def cap_reached(state: State, settings: Settings) -> Plan | None:
    """The plan that stops a run which has no room for one more picture; None while there is room."""
    reason = _cap(state, settings, painted=True)
    return _stop(*reason) if reason else None


def is_outdated(state: State) -> bool:
    """Whether the candidates were judged by another checklist than the one in force."""
    judged_by = state.get("judged_by")
    return judged_by is not None and judged_by != fingerprint(state["checklist"])


def failing(candidate: Candidate, checklist: Sequence[Requirement]) -> list[str]:
    """Ids of the requirements not believed to hold, heaviest first."""
    lost = [r for r, belief in zip(checklist, candidate["beliefs"], strict=False) if belief != HOLDS]
    return [r["id"] for r in sorted(lost, key=lambda r: -r["weight"])]


def _reached(
    state: State, settings: Settings, champion: Candidate | None, outdated: bool, anew: bool
) -> tuple[StopReason, str] | None:
    if fault := state.get("fatal"):
        return "provider", fault
    if fault := _all_failed(state, anew):
        return _cap(state, settings, painted=True) or ("provider", fault)
    if not state.get("wish") and not outdated and (reason := _settled(state, settings, champion)):
        return reason
    return _cap(state, settings, painted=not outdated)


def _settled(state: State, settings: Settings, champion: Candidate | None) -> tuple[StopReason, str] | None:
    if settings.judge_method == "none" and champion is not None and settings.critique_method != "human":
        return "no_judge", "there is no judge, so the first picture that is whole is taken"
    stops = settings.stop_when_passed and settings.mode == "inference"
    if stops and passes(champion) and not _is_declined(state, champion):
        return "passed", "every requirement holds"
    if settings.rounds is not None and state["round"] + 1 - (state.get("began") or 0) >= settings.rounds:
        return "rounds", f"rounds={settings.rounds} is reached"
    return None


def _is_declined(state: State, champion: Candidate | None) -> bool:
    return champion is not None and champion["id"] == state.get("declined")


def _all_failed(state: State, anew: bool) -> str:
    if anew or state.get("plan", {}).get("action") == "stop":
        return ""  # a run that is taken up again after it stopped, or with other settings, gets another chance
    latest = [c for c in state["candidates"].values() if c["round"] == state["round"]]
    broken = bool(latest) and all(c["outcome"] == "error" for c in latest)
    if broken:
        return "the painter failed for every candidate of the round"
    return "each prompt was painted once, and no picture is whole" if latest and _none_whole(state) else ""


def _none_whole(state: State) -> bool:
    """Whether there are prompts to be painted once, and no picture of theirs is whole."""
    return bool(state.get("variants")) and state.get("champion") is None


def _cap(state: State, settings: Settings, *, painted: bool) -> tuple[StopReason, str] | None:
    """The cap that one more candidate might go past. The first picture needs no more than one look."""
    facts, first = state["painter"], state.get("champion") is None or not painted
    need = need_of(facts, settings, looks=1, painted=painted) if first else need_of_next(facts, settings)
    name = lacking(state, settings, need)
    return (name, f"one more candidate might go past {name}={getattr(settings, name):g}") if name else None


def _first(state: State, settings: Settings) -> Plan:
    if state["asked"]["image"] is not None:
        return _paint("given", "the given picture is judged before anything is painted", None, 1, [])
    if variants := state.get("variants"):
        count = fitting(state, settings, need_of(state["painter"], settings, looks=1), len(variants))
        return _paint("start", "each prompt is painted once", None, count, [])
    both = settings.upsample and settings.raw_brief and settings.per_round > 1
    why = "the brief and its upsampled prompt compete" if both else "a first picture"
    return _paint("start", why, None, affordable(state, settings), [])


def _next_action(state: State, settings: Settings, champion: Candidate | None) -> Action | None:
    ways = [a for a in _ranked(state, settings, champion) if a in settings.actions] or list(settings.actions)
    if champion is None:
        ways = ["reseed"]  # the others change a picture or a prompt that was judged, and there is none
    if settings.patience is None:
        return ways[0]
    turn = len(state["tried"]) // settings.patience
    if settings.stop_when_passed and turn >= 2:
        return None
    return ways[turn % len(ways)]


def _ranked(state: State, settings: Settings, champion: Candidate | None) -> list[Action]:
    """Actions for this kind of failure, best first."""
    if champion is None or not champion["beliefs"] or passes(champion):
        return ["reseed", "revise", "restart"]
    first, second = _rewrites(state, champion)
    if not _editable(state, settings, champion):
        return [first, second, "reseed"]
    return ["edit", first, second, "reseed"] if champion["score"] else [first, "edit", second, "reseed"]


def _rewrites(state: State, champion: Candidate) -> list[Action]:
    """Revise first; but where every revised picture since the last gain lacks the same thing, redesign first."""
    since = state["round"] - len(state["tried"])
    seen = [c for c in state["candidates"].values() if c["action"] == "revise" and c["round"] > since and c["beliefs"]]
    lacks = [i for i, belief in enumerate(champion["beliefs"]) if belief != HOLDS]
    stubborn = any(all(c["beliefs"][i] != HOLDS for c in seen) for i in lacks)
    return ["restart", "revise"] if seen and stubborn else ["revise", "restart"]


def _editable(state: State, settings: Settings, champion: Candidate) -> bool:
    kinds = {r["id"]: r["kind"] for r in state["checklist"]}
    local = all(kinds[r] in LOCAL for r in failing(champion, state["checklist"]))
    return state["painter"]["edit"] is not None and local and champion["depth"] < settings.edit_depth


_CAUSES: dict[Action, str] = {
    "edit": "part of the champion is right",
    "revise": "what fails is not one place",
    "restart": "rewording is not enough",
    "reseed": "the prompt may do better",
}
_WAYS: dict[Action, str] = {
    "edit": "only what fails is repainted",
    "revise": "the prompt is revised",
    "restart": "the prompt is redesigned from the brief",
    "reseed": "another seed is tried",
}


def _why(action: Action, champion: Candidate | None, targets: list[str], state: State) -> str:
    texts = {r["id"]: r["text"] for r in state["checklist"]}
    missed = ", ".join(texts[t] for t in targets[:3]) + (" …" if len(targets) > 3 else "")
    stalled = f" ({_stalled(state)})" if state["tried"] else ""
    if passes(champion):
        return f"everything holds and there is room for more, so {_WAYS[action]}{stalled}"
    if not targets:
        return f"there is no judged picture to go by, so {_WAYS[action]}{stalled}"
    return f"{missed}: {_CAUSES[action]}, so {_WAYS[action]}{stalled}"


def _stalled(state: State) -> str:
    rounds = len(state["tried"])
    return f"no gain in {rounds} round{'s' if rounds > 1 else ''}"


def _paint(action: Action, why: str, parent: str | None, count: int, targets: list[str]) -> Plan:
    return Plan(action=action, why=why, parent=parent, count=count, targets=targets, stop=None)


def _stop(reason: StopReason, why: str) -> Plan:
    halt: Literal["stop"] = "stop"
    return Plan(action=halt, why=why, parent=None, count=0, targets=[], stop=reason)
