"""What a run came to: the object that `refine` returns, the CLI prints and the report draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from overpaint.graph.record import Record
    from overpaint.graph.state import Critique, Receipt, Requirement


Status = Literal["passed", "stopped", "failed", "waiting", "interrupted", "running"]


@dataclass(frozen=True)
class Run:
    """One brief carried to one stop.

    Args:
        run: the run's id. thread: the LangGraph thread it lives in.
        status: passed, stopped (a champion, but not all requirements met), failed, waiting (for a person), interrupted
            (it can be resumed), running (another process works on it).
        stop_reason: why it stopped, one word; why: the same in a sentence.
        brief: what was asked. checklist: what it was taken to ask for.
        candidates: the full records of all candidates, in the order they were minted.
        champion: the record that is delivered; None when no picture was made.
        images: folder of the image store. report: the contact sheet (HTML; its PNG twin lies beside it).
        settings: the effective settings, no secrets.
        requests: what a waiting run asks a person, in LangChain's HITLRequest shape.
        critique: what the critic said last.
        forked_from: run, thread, checkpoint and candidate that a fork came from.
        stopped_at: the round of the stop, where the run painted on after it (mode=full).
        unrendered: a revised prompt that was written and never painted.
    """

    run: str
    thread: str
    status: Status
    stop_reason: str | None
    why: str
    brief: str
    checklist: list[Requirement]
    candidates: list[Record]
    champion: Record | None
    receipt: Receipt
    settings: dict[str, Any]
    images: Path
    report: Path | None = field(default=None, compare=False)
    error: str | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    critique: Critique | None = None
    forked_from: dict[str, Any] | None = None
    stopped_at: int | None = None
    unrendered: str | None = None
    wall_seconds: float = field(default=0.0, compare=False)

    def image_path(self, record: Record) -> Path | None:
        """The file of a candidate's picture; None when it has none."""
        return picture_path(self.images, record)

    def _repr_html_(self) -> str:
        """The run in a notebook: champion, candidates in miniature, receipt."""
        from overpaint.report import notebook_html

        return notebook_html(self)


def picture_path(images: Path, record: Record) -> Path | None:
    """The file of a candidate's picture in the folder of an image store; None when it has none."""
    image = record["image"]
    return None if image is None else images / image["sha256"][:2] / f"{image['sha256']}{_suffix(image['mime'])}"


def _suffix(mime: str) -> str:
    return {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}[mime]


def to_json(run: Run) -> dict[str, Any]:
    """The one object that `--json` prints and `run.json` holds; `image` and `report` are file paths.

    `error` is there only when something failed, `requests` only while the run waits, `forked_from` only in a fork,
    `stopped_at` only where the run went on after its stop, `unrendered` only where a prompt was never painted.
    `champion` is None when no picture was made, `passed` and `score` where nothing was judged. A candidate has
    `feedback` where a critic was asked before it, and `suggested` where a person edited that into its prompt.
    """
    champion = run.champion
    said: dict[str, Any] = {
        "run": run.run,
        "status": run.status,
        "stop_reason": run.stop_reason,
        "brief": run.brief,
        "checklist": [dict(requirement) for requirement in run.checklist],
        "champion": None if champion is None else _champion_json(run, champion),
        "candidates": [_candidate_json(run, record) for record in run.candidates],
        "receipt": dict(run.receipt),
        "report": None if run.report is None else str(run.report),
    }
    extra = {
        "error": run.error,
        "requests": run.requests or None,
        "forked_from": run.forked_from,
        "stopped_at": run.stopped_at,
        "unrendered": run.unrendered,
    }
    return said | {name: value for name, value in extra.items() if value is not None}


def _champion_json(run: Run, record: Record) -> dict[str, Any]:
    image = record["image"]
    return {
        "id": record["id"],
        "image": _path_json(run, record),
        "sha256": None if image is None else image["sha256"],
        "prompt": record["prompt"],
        **_verdict_json(record),
    }


def _candidate_json(run: Run, record: Record) -> dict[str, Any]:
    return {
        "id": record["id"],
        "parent": record["parent"],
        "round": record["round"],
        "action": record["action"],
        "prompt": record["prompt"],
        **suggestion_json(record),
        "seed": record["seed"],
        "outcome": record["outcome"],
        **_verdict_json(record),
        "image": _path_json(run, record),
    }


def suggestion_json(record: Record) -> dict[str, Any]:
    """What the critic said before a candidate was painted, and what it proposed where a person edited that."""
    said = {"feedback": record["feedback"], "suggested": record.get("suggested")}
    return {name: value for name, value in said.items() if value}


def _verdict_json(record: Record) -> dict[str, Any]:
    verdict = record["verdict"]
    return {"score": verdict["score"] if verdict else None, "passed": verdict["passed"] if verdict else None}


def _path_json(run: Run, record: Record) -> str | None:
    path = run.image_path(record)
    return None if path is None else str(path)
