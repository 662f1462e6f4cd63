"""Where a picture comes from: the JSON that goes with an exported picture, and the line that other programs read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from overpaint.tools.provider_errors import redacted

if TYPE_CHECKING:
    from overpaint.graph.record import Record
    from overpaint.result import Run

FORMAT = 1
"""Counts up when a field of the document gets another meaning."""


def provenance(run: Run, record: Record) -> dict[str, Any]:
    """All that is known of how a candidate came to be, JSON only, without secrets.

    `image` is the picture as it is stored: as the provider sent it. `history` tells how its prompt came about: all
    candidates that it descends from, oldest first. The brief is the run's; it is not known of a candidate that another
    run painted, from which this one was forked. What else an older record does not say is taken from the run, or empty.
    """
    document = {
        "overpaint": FORMAT,
        "brief": record.get("brief") or (run.brief if record["run"] == run.run else ""),
        **_step(record),
        "run": run.run,
        "history": [_step(one) for one in ancestors(run, record)],
        "models": record["models"],
        "params": record["params"],
        "settings": record.get("settings") or run.settings,
        "versions": record.get("versions", {}),
        "prompts": record["prompts"],
        "notes": record["notes"],
        "created": record["created"],
        "forked_from": run.forked_from,
        "receipt": run.receipt,
    }
    return dict(_without_secrets(document))


def ancestors(run: Run, record: Record) -> list[Record]:
    """The candidates that one descends from, as far as their records are there, oldest first."""
    by_id = {one["id"]: one for one in run.candidates}
    line = [record]
    while (parent := by_id.get(line[0]["parent"] or "")) is not None and parent not in line:
        line.insert(0, parent)
    return line[:-1]


def parameters(document: dict[str, Any]) -> str:
    """Generation parameters as the AUTOMATIC1111 web UI writes them, which Civitai and others read too.

    Its parser (modules/infotext_utils.py) takes the last line for settings where it holds three or more. Civitai's
    looks for a line that begins with "Steps: ": 0 stands there for a painter that does not tell. What else is not
    known is left out.
    """
    used, image = document["params"], document["image"]
    told = {
        "Steps": used.get("steps") or 0,
        "Sampler": used.get("scheduler"),
        "CFG scale": used.get("guidance"),
        "Seed": document["seed"],
        "Size": f"{image['width']}x{image['height']}",
        "Model": _model(document["models"].get("painter") or str(used.get("model", ""))),
        "Denoising strength": used.get("strength"),
        "Version": f"overpaint {document['versions'].get('overpaint', '')}",
    }
    said = {name: _plain(str(value)) for name, value in told.items() if value is not None}
    negative = used.get("negative_prompt") or document["settings"].get("negative_prompt")
    lines = [document["prompt"], *([f"Negative prompt: {negative}"] if negative else [])]
    lines.append(", ".join(f"{name}: {value}" for name, value in said.items() if value))
    return "\n".join(lines).replace("\0", "")


def embedded(document: dict[str, Any]) -> str:
    """The document as it lies inside a picture: JSON in ASCII."""
    return json.dumps(document, separators=(",", ":"))


def _step(record: Record) -> dict[str, Any]:
    """What is told of every candidate, the one that is exported and those before it."""
    names = ("id", "run", "parent", "action", "prompt", "boxes", "seed", "feedback", "outcome", "image", "verdict")
    return {name: record[name] for name in names}  # type: ignore[literal-required]


def _model(name: str) -> str:
    """A model's name without its provider, and without the folders of a local one."""
    _, _, model = name.rpartition(":")
    return model.rstrip("/").rpartition("/")[2] or name


def _plain(text: str) -> str:
    """A value that neither parser takes for several."""
    return re.sub(r"[\s,:\"]+", " ", text).strip()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {key: _without_secrets(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_without_secrets(held) for held in value]
    return value
