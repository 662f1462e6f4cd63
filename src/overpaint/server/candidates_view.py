"""The candidates of a run as JSON: what the contact sheet shows of each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from overpaint.cards import Card, cards_of
from overpaint.phrases import passed_of, score_of
from overpaint.result import Run
from overpaint.server.picture_json import picture_or_none


def candidates_json(run: Run) -> list[dict[str, Any]]:
    """All candidates of a run, in the order they were minted."""
    return [_candidate(card) for card in cards_of(run)]


def _candidate(card: Card) -> dict[str, Any]:
    record = card.record
    verdict = record["verdict"]
    return {
        "id": record["id"],
        "parent": record["parent"],
        "round": record["round"],
        "action": record["action"],
        "action_text": card.action,
        "prompt": record["prompt"],
        "words": [asdict(part) for part in card.words],
        "seed": record["seed"],
        "outcome": record["outcome"],
        "reason": card.why,
        "image": picture_or_none(record["image"]),
        "score": score_of(record),
        "passed": passed_of(record),
        "quality": verdict["quality"] if verdict else None,
        "flaws": verdict["flaws"] if verdict else [],
        "feedback": record["feedback"],
        "suggested": record.get("suggested"),
        "champion": card.champion,
        "marks": [asdict(mark) for mark in card.marks],
    }
