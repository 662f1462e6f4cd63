"""Review in the terminal: what a waiting run asks is shown, and one line is taken for each thing to decide."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from overpaint.checklist_files import as_yaml, read_edited
from overpaint.editor import edited
from overpaint.phrases import clean, percent, score_of
from overpaint.plain import say
from overpaint.tools.faults import BadInput

if TYPE_CHECKING:
    from overpaint.result import Run

Action = Mapping[str, Any]
"""One of the `action_requests` of a HITLRequest."""

WORDS = {
    "a": "approve", "approve": "approve", "yes": "approve", "y": "approve", "ok": "approve",
    "e": "edit", "edit": "edit",
    "g": "reject", "go": "reject", "go on": "reject", "r": "reject", "reject": "reject", "no": "reject", "n": "reject",
    "s": "stop", "stop": "stop", "i": "idea", "idea": "idea",
}  # fmt: skip
APPROVE = {"paint": "paint it", "deliver": "deliver it", "use_checklist": "use it", "paint_again": "paint it again"}
REJECT = {"paint": "go on without it", "deliver": "go on painting", "paint_again": "go on without it"}
STOP = {"use_checklist": "stop before anything is painted"}


def review(run: Run, read: Callable[[str], str] = input) -> dict[str, Any] | None:
    """Show what a run asks and take the answers.

    Args:
        run: one that waits.
        read: shows a question and returns the line that was typed.

    Returns:
        {"decisions": […]}, one for each thing to decide or one for all; None when the person left it for later (Ctrl-D,
        Ctrl-C, a closed terminal).
    """
    _forget_typed()
    try:
        return {"decisions": _decisions(run, read)}
    except (EOFError, OSError, KeyboardInterrupt):
        say("")
        return None


def request_lines(run: Run) -> list[str]:
    """What a waiting run asks, in plain lines: the champion, then each thing to decide."""
    lines = [f"the answer could not be used: {clean(fault)}" for fault in faults(run)]
    lines += [*champion_lines(run), *critic_lines(run)]
    actions = [action for request in run.requests for action in request["action_requests"]]
    return lines + [line for place, action in enumerate(actions, 1) for line in action_lines(action, place, actions)]


def faults(run: Run) -> list[str]:
    """What was wrong with the last answer."""
    return list(dict.fromkeys(request["fault"] for request in run.requests if "fault" in request))


def champion_lines(run: Run) -> list[str]:
    """The champion's picture, its score, and what it lacks."""
    champion = run.champion
    if champion is None:
        return []
    texts = {item["id"]: item["text"] for item in run.checklist}
    beliefs = champion["verdict"]["beliefs"] if champion["verdict"] else []
    lacks = [texts[b["requirement"]] for b in beliefs if b["answer"] != "yes" and b["requirement"] in texts]
    shown = (
        f"champion {champion['id']}, score {percent(score_of(champion))}: {run.image_path(champion) or 'no picture'}"
    )
    return [shown, *(f"  lacks: {clean(text)}" for text in lacks)]


def critic_lines(run: Run) -> list[str]:
    """Where prompts are to be looked at: what the critic says, and its idea beyond that."""
    proposed = any(action["name"] == "paint" for request in run.requests for action in request["action_requests"])
    if run.critique is None or not proposed:
        return []
    told = {"critic": run.critique["feedback"], "idea": run.critique.get("idea")}
    return [f"{name}: {clean(said)}" for name, said in told.items() if said]


def action_lines(action: Action, place: int, actions: Sequence[Action]) -> list[str]:
    """One thing to decide. `place` counts from 1 within `actions`."""
    name, args = action["name"], action["args"]
    number = f" {place} of {len(actions)}" if len(actions) > 1 else ""
    if name == "paint":
        boxes = [f"  only here: {_box(box)}" for box in args.get("boxes", [])]
        return [f"next prompt{number}:", f"  {clean(args['prompt'])}", *boxes]
    if name == "deliver":
        return [f"deliver candidate {clean(str(args['candidate']))}?"]
    if name == "use_checklist":
        return ["checklist:", *(_item(i, item) for i, item in enumerate(args["checklist"], 1))]
    if name == "paint_again":
        return [clean(action["description"]), f"  {clean(args['prompt'])}"]
    return [
        f"{clean(name)}{number}: {clean(json.dumps(args, ensure_ascii=False))}",
        clean(action.get("description", "")),
    ]


def _box(box: Sequence[float]) -> str:
    left, top, right, bottom = (f"{edge:.0%}" for edge in box)
    return f"from {left} to {right} across, {top} to {bottom} down"


def _item(place: int, item: Mapping[str, Any]) -> str:
    asked = f" · {clean(item['question'])} ({clean(str(item['expected']))})" if item.get("question") else ""
    return f"  {place}. {clean(item['text'])}{asked}"


def _decisions(run: Run, read: Callable[[str], str]) -> list[dict[str, Any]]:
    allowed = run.requests[0]["review_configs"][0]["allowed_decisions"]
    # Branches that ask side by side have a request each, of one action; any other run has one request.
    actions = [action for request in run.requests for action in request["action_requests"]]
    _say_all([f"the answer could not be used: {clean(fault)}" for fault in faults(run)])
    _say_all([*champion_lines(run), *critic_lines(run)])
    decisions = []
    for place, action in enumerate(actions, start=1):
        _say_all(action_lines(action, place, actions))
        decisions.append(_decision(action, _offered(allowed, action, len(actions)), read))
        if decisions[-1]["type"] == "stop":
            return [{"type": "stop"}] * len(actions)
    return decisions


def _offered(allowed: Sequence[str], action: Action, count: int) -> list[str]:
    """What to offer: rejecting the one prompt there is, or the checklist, would only be another word for stop."""
    name = action["name"]
    senseless = {"reject"} if name == "use_checklist" or (name == "paint" and count == 1) else set()
    kinds = [kind for kind in allowed if kind not in senseless and kind != "stop"]
    return [*kinds, *(["idea"] if "use_idea" in action["args"] else []), "stop"]


def _decision(action: Action, offered: Sequence[str], read: Callable[[str], str]) -> dict[str, Any]:
    question, draft = _question(action["name"], offered), [_text(action)]
    while True:
        said = read(question).strip()
        kind = WORDS.get(said.casefold())
        if kind == "edit" and kind in offered:
            try:
                return _edit(action, draft)
            except BadInput as fault:
                say(str(fault))
        elif kind == "idea" and kind in offered:
            return _edit_answer(action, {"use_idea": True})
        elif kind in offered:
            return {"type": kind}
        elif kind is None and "respond" in offered and len(said) > 1:
            return {"type": "respond", "message": said}
        else:
            say(f"{clean(said, 40)!r} is no answer here" if said else "nothing was decided yet")


def _question(name: str, offered: Sequence[str]) -> str:
    words = {
        "approve": f"[a] {APPROVE.get(name, 'approve')}",
        "idea": "[i] paint it with the idea",
        "edit": "[e] edit",
        "reject": f"[g] {REJECT.get(name, 'go on without it')}",
        "stop": f"[s] {STOP.get(name, 'stop')}",
    }
    remark = ", or say what to change" if "respond" in offered else ""
    return "  ".join(words[kind] for kind in offered if kind in words) + f"{remark}: "


def _text(action: Action) -> str:
    """What an editor is opened on."""
    return as_yaml(action["args"]["checklist"]) if action["name"] == "use_checklist" else _prompt(action)


def _prompt(action: Action) -> str:
    return str(action["args"].get("prompt", "")) + "\n"


def _edit(action: Action, draft: list[str]) -> dict[str, Any]:
    """The edited action. `draft` keeps what was written, so that a fault in it can be mended."""
    suffix = ".yaml" if action["name"] == "use_checklist" else ".txt"
    draft[0] = edited(draft[0], suffix)
    if draft[0].strip() == _text(action).strip():
        raise BadInput("nothing was changed: approve it as it is, or edit it again")
    return _edit_answer(action, _checklist(draft[0]) if action["name"] == "use_checklist" else _new_prompt(draft[0]))


def _edit_answer(action: Action, args: dict[str, Any]) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": action["name"], "args": args}}


def _new_prompt(text: str) -> dict[str, Any]:
    if not text.strip():
        raise BadInput("the prompt is empty: edit it again, or stop")
    return {"prompt": text.strip()}


def _checklist(text: str) -> dict[str, Any]:
    from overpaint.graph.checklists import read_checklist

    names = ("text", "question", "kind", "expected", "weight")
    return {"checklist": [{n: dict(item)[n] for n in names} for item in read_checklist(read_edited(text))]}


def _say_all(lines: Sequence[str]) -> None:
    for line in lines:
        say(line)


def _forget_typed() -> None:
    """What was typed before anything was asked is no answer to it."""
    with suppress(ImportError, OSError, ValueError):
        import readline  # noqa: F401  gives `input` line editing
        import termios

        with suppress(termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
