"""A realistic run for the page, the terminal and the JSON: six objects, three rounds, told as the agent would."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from overpaint.graph.record import Belief, Record, Verdict
from overpaint.graph.state import Candidate, Receipt, Requirement
from overpaint.result import Run
from overpaint.shapes.scene import CENTRES, GROUND, PALETTE, PLACES, SIDE
from overpaint.tools.images import ImageRef

ASKED = [
    ("red", "circle", 0), ("blue", "square", 2), ("green", "triangle", 3),
    ("yellow", "star", 5), ("purple", "diamond", 6), ("black", "cross", 8),
]  # fmt: skip
BRIEF = ", ".join(f"a {colour} {shape} in the {PLACES[place]}" for colour, shape, place in ASKED)
DETAILED = f"Six shapes on a light ground: {BRIEF}, each clearly apart from the others"


def draw(missing: tuple[int, ...] = (), wrong: tuple[int, ...] = (), side: int = SIDE) -> bytes:
    """A scene with some objects missing or in the wrong colour, as PNG bytes."""
    image = Image.new("RGB", (SIDE, SIDE), GROUND)
    pen = ImageDraw.Draw(image)
    for index, (colour, shape, place) in enumerate(ASKED):
        if index not in missing:
            fill = PALETTE["orange"] if index in wrong else PALETTE[colour]  # type: ignore[index]
            _shape(pen, shape, CENTRES[place % 3], CENTRES[place // 3], fill)
    data = io.BytesIO()
    image.resize((side, side), Image.Resampling.NEAREST).save(data, "PNG")
    return data.getvalue()


def _shape(pen: ImageDraw.ImageDraw, shape: str, x: int, y: int, fill: tuple[int, int, int]) -> None:
    if shape == "circle":
        pen.ellipse((x - 8, y - 8, x + 8, y + 8), fill)
    elif shape == "square":
        pen.rectangle((x - 7, y - 7, x + 7, y + 7), fill)
    elif shape == "cross":
        pen.rectangle((x - 8, y - 3, x + 8, y + 3), fill)
        pen.rectangle((x - 3, y - 8, x + 3, y + 8), fill)
    elif shape == "star":
        turns = [(9 if i % 2 == 0 else 4, math.radians(36 * i - 90)) for i in range(10)]
        pen.polygon([(x + r * math.cos(a), y + r * math.sin(a)) for r, a in turns], fill)
    else:
        sides, turn = {"triangle": (3, 0), "diamond": (4, 45)}[shape]
        pen.regular_polygon((x, y, 9), sides, turn, fill)


def box_of(index: int) -> list[float]:
    place = ASKED[index][2]
    x, y = CENTRES[place % 3] / SIDE, CENTRES[place // 3] / SIDE
    return [x - 0.16, y - 0.16, x + 0.16, y + 0.16]


def checklist() -> list[Requirement]:
    return [
        Requirement(
            id=f"r{i}",
            text=f"a {colour} {shape} in the {PLACES[place]}",
            question=f"Is there a {colour} {shape} in the {PLACES[place]}?",
            kind="object",
            expected="yes",
            weight=1.0,
        )
        for i, (colour, shape, place) in enumerate(ASKED)
    ]


def verdict(no: tuple[int, ...] = (), unsure: tuple[int, ...] = (), fault: str | None = None) -> Verdict:
    beliefs = [] if fault else [_belief(i, no, unsure) for i in range(len(ASKED))]
    score = None if fault else (len(ASKED) - len(no) - len(unsure)) / len(ASKED)
    return Verdict(
        beliefs=beliefs, score=score, passed=None if fault else score == 1, quality=None, flaws=[], fault=fault
    )


def _belief(i: int, no: tuple[int, ...], unsure: tuple[int, ...]) -> Belief:
    colour, shape, place = ASKED[i]
    answer = "no" if i in no else "unsure" if i in unsure else "yes"
    evidence = {
        "yes": f"One {colour} {shape} stands in the {PLACES[place]}.",
        "no": f"The {PLACES[place]} shows an orange {shape} instead.",
        "unsure": "Something is there, too faint to name.",
    }[answer]
    looks = ["yes", "no", answer] if i == 1 and answer == "no" else [answer]
    return Belief(requirement=f"r{i}", answer=answer, said=answer, evidence=evidence, box=box_of(i), looks=looks)


@pytest.fixture
def store(tmp_path: Path) -> Callable[[bytes], ImageRef]:
    """Puts picture bytes where `Run.image_path` looks for them."""

    def put(data: bytes) -> ImageRef:
        digest = hashlib.sha256(data).hexdigest()
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
        path = tmp_path / "images" / digest[:2] / f"{digest}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return ImageRef(sha256=digest, mime="image/png", width=width, height=height)

    return put


def record(id_: str, action: str, prompt: str, image: ImageRef | None, **rest: Any) -> Record:
    plain: dict[str, Any] = {
        "id": id_, "run": "r7k2", "round": int(id_.split(".")[0]), "action": action, "parent": None, "previous": [],
        "prompt": prompt, "boxes": [], "seed": 1234 + int(id_[-1]), "feedback": "", "outcome": "ok", "reason": "",
        "image": image, "verdict": None, "params": {"model": "shapes", "steps": 12, "guidance": 4.0, "size": "64x64"},
        "notes": [], "models": {"painter": "shapes", "judge": "shapes"}, "prompts": {"judge": "judge.checklist.v1"},
        "spent": Receipt(images=1, unknown=0, calls=2, tokens=310, seconds=1.4, usd=0.0), "created": "2025-11-21T10:46:00Z",
    }  # fmt: skip
    return Record(**{**plain, **rest})  # type: ignore[typeddict-item]


@pytest.fixture
def told(tmp_path: Path, store: Callable[[bytes], ImageRef]) -> Run:
    """The run: a wide first round, one revision with a duplicate, edits that get the rest right."""
    closer = DETAILED.replace("each clearly apart", "each large and clearly apart").replace(
        "blue square", "big blue square"
    )
    wrong = "The square and the star came out orange; ask for both by their colour, and keep the rest."
    near = store(draw(wrong=(3,)))
    records = [
        record("0.0", "start", BRIEF, store(draw(missing=(4, 5), wrong=(1,))), verdict=verdict(no=(1, 4, 5))),
        record("0.1", "start", DETAILED, store(draw(wrong=(1, 3))), verdict=verdict(no=(1,), unsure=(3,))),
        record(
            "0.2", "start", DETAILED, None, outcome="error",
            reason="the painter ran out of memory; lower size or per_round",
        ),
        record("1.0", "revise", closer, near, parent="0.1", verdict=verdict(no=(3,)), feedback=wrong),
        record(
            "1.1", "revise", closer, near, parent="0.1", outcome="duplicate", reason="the same picture as 1.0",
            feedback=wrong,
        ),
        record(
            "1.2", "revise", closer, store(draw(missing=(0,), side=1280)), parent="0.1", feedback=wrong,
            verdict=verdict(fault="the judge's answer could not be read, twice"),
        ),
        record(
            "2.0", "edit", "a yellow star", store(draw(missing=(3,))), parent="1.0", boxes=[box_of(3)],
            verdict=verdict(no=(3,)), feedback="Only the star is wrong: repaint the right side as a yellow star.",
        ),
        record(
            "2.1", "edit", "a yellow star", store(draw()), parent="1.0", boxes=[box_of(3)], verdict=verdict(),
            notes=["pixels outside the box are those of 1.0"],
            feedback="Only the star is wrong: repaint the right side as a yellow star.",
        ),
    ]  # fmt: skip
    return Run(
        run="r7k2",
        thread="t1",
        status="passed",
        stop_reason="passed",
        why="2.1 holds all six requirements, and a second look agrees",
        brief=BRIEF,
        checklist=checklist(),
        candidates=records,
        champion=records[-1],
        receipt=Receipt(images=7, unknown=0, calls=19, tokens=2840, seconds=14.2, usd=0.0),
        settings={"painter": "shapes", "per_round": 3, "rounds": 4, "seed": 1234, "negative_prompt": None},
        images=tmp_path / "images",
        report=tmp_path / "sheet.html",
        wall_seconds=15.0,
    )


def small(of: Record) -> Candidate:
    """What state keeps of a record."""
    judged = of["verdict"]
    letters = "".join(belief["answer"][0] for belief in judged["beliefs"]) if judged else ""
    return Candidate(
        id=of["id"], parent=of["parent"], round=of["round"], action=of["action"], seed=of["seed"],
        outcome=of["outcome"], image=of["image"], beliefs=letters, score=judged["score"] if judged else None,
        record="0" * 64, depth=0,
    )  # fmt: skip


WHY = {
    0: "the brief and its rewriting compete",
    1: "two of six are wrong all over: revise",
    2: "only one is wrong: edit",
}


@pytest.fixture
def events(told: Run) -> list[dict[str, Any]]:
    """What the agent says while it makes `told`, in order."""
    said: list[dict[str, Any]] = [
        {"kind": "started", "run": told.run, "brief": told.brief, "settings": told.settings},
        {"kind": "prompt", "prompt": DETAILED},
        {"kind": "checklist", "checklist": told.checklist},
    ]
    for number in range(3):
        group = [r for r in told.candidates if r["round"] == number]
        plan: dict[str, Any] = {
            "action": group[0]["action"], "why": WHY[number], "parent": group[0]["parent"], "count": len(group),
            "targets": [], "stop": None,
        }  # fmt: skip
        said.append({"kind": "plan", "round": number, "plan": plan})
        if number:
            critique: dict[str, Any] = {"feedback": group[0]["feedback"], "proposals": [], "fault": None}
            said.append({"kind": "critique", "critique": critique})
        for made in group:
            said += [{"kind": "step", "candidate": made["id"], "step": s, "steps": 12} for s in (1, 6, 12)]
            said.append(
                {"kind": "painted", "candidate": made["id"], "outcome": made["outcome"], "image": made["image"]}
            )
            if made["verdict"] is not None:
                beliefs = zip(told.checklist, made["verdict"]["beliefs"], strict=False)
                failed = [item["text"] for item, held in beliefs if held["answer"] != "yes"]
                said.append({"kind": "judged", "candidate": small(made), "failed": failed})
        best = max(group, key=lambda r: (r["verdict"] or verdict(fault="none"))["score"] or 0)
        said.append({"kind": "champion", "id": best["id"], "score": (best["verdict"] or verdict())["score"]})
    stop: dict[str, Any] = {
        "action": "stop",
        "why": told.why,
        "parent": None,
        "count": 0,
        "targets": [],
        "stop": "passed",
    }
    return [*said, {"kind": "plan", "round": 3, "plan": stop}, {"kind": "done", "run": told}]
