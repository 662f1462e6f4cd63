"""Results as files for other programs: CSV, JSONL and Parquet, with the same rows in each.

`results.*` has a row per brief and preset, `shots.*` one per candidate, then one for whatever else was scored, such as
the reference pictures (their preset is empty). In the CSV files, and in no other, a text that a spreadsheet would take
for a formula (it begins with = + - @, a tab or a carriage return) has a ' put before it; no value is an empty cell.
Half a character (a lone surrogate), which UTF-8 cannot say, becomes a ? everywhere.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from overpaint.evaluation.extras import extra
from overpaint.evaluation.nouns import Outcome, Row, Score, Shot
from overpaint.evaluation.statistics import budgets_of, succeeded
from overpaint.tools.files import WRITING
from overpaint.tools.home import disk_faults

RESULT = {
    "preset": "string", "row": "string", "category": "string", "brief": "string", "run": "string", "thread": "string",
    "status": "string", "stop_reason": "string", "error": "string", "stop_round": "int64", "chosen": "string",
    "stopped": "string", "success": "bool", "success_by": "string", "pictures": "int64", "images": "int64",
    "unknown": "int64", "calls": "int64", "tokens": "int64", "usd": "float64", "seconds": "float64",
}  # fmt: skip
"""Columns of results.*, with their types; `success_at_K` follow, one for each budget."""

SHOT = {
    "preset": "string", "row": "string", "run": "string", "shot": "string", "round": "int64", "action": "string",
    "outcome": "string", "prompt": "string", "caption": "string", "picture": "string", "judge_score": "float64",
    "judge_passed": "bool", "right": "bool", "chosen": "bool", "stopped": "bool",
}  # fmt: skip
"""Columns of shots.*, with their types; `score_NAME` follow, one for each scorer."""

Scores = Mapping[str, Sequence[Score]]
"""The scores of each scorer, by its name."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_results(
    folder: Path,
    outcomes: Sequence[Outcome],
    scores: Scores,
    rows: Iterable[Row] = (),
    budgets: Sequence[int] | None = None,
) -> list[Path]:
    """Write results.* and shots.*, each file whole or not at all.

    Args:
        folder: made if need be.
        outcomes: of any presets.
        scores: of any scorers.
        rows: of the dataset, for the briefs.
        budgets: pictures to tell success at; those of `budgets_of` when None.

    Returns:
        The files.

    Raises:
        BadInput: the disk refused, or pyarrow is missing.
    """
    chosen = sorted(budgets or budgets_of(outcomes))
    results = list(result_rows(outcomes, rows, chosen))
    columns = RESULT | {f"success_at_{budget}": "bool" for budget in chosen}
    shots = list(shot_rows(outcomes, scores))
    shot_columns = SHOT | {f"score_{name}": "float64" for name in scores}
    return _write_all(folder, "results", columns, results) + _write_all(folder, "shots", shot_columns, shots)


def result_rows(outcomes: Sequence[Outcome], rows: Iterable[Row], budgets: Sequence[int]) -> Iterator[dict[str, Any]]:
    """One row per brief and preset, with the columns RESULT and one for each budget."""
    briefs = {row["id"]: row["brief"] for row in rows}
    for outcome in outcomes:
        same = ("preset", "row", "category", "run", "thread", "status", "stop_reason", "error", "stop_round", "chosen")
        receipt = outcome["receipt"]
        yield {
            **{name: outcome[name] for name in (*same, "stopped", "seconds")},  # type: ignore[literal-required]
            **{name: receipt[name] for name in ("images", "unknown", "calls", "tokens", "usd")},
            "brief": briefs.get(outcome["row"]),
            "success": succeeded(outcome),
            "success_by": "judge" if outcome["truth"] is None else "truth",
            "pictures": sum(shot["picture"] is not None for shot in outcome["shots"]),
            **{f"success_at_{budget}": succeeded(outcome, budget) for budget in budgets},
        }


def shot_rows(outcomes: Sequence[Outcome], scores: Scores) -> Iterator[dict[str, Any]]:
    """One row per candidate and for whatever else was scored, with the columns SHOT and one for each scorer."""
    given: dict[tuple[str, str, str], dict[str, float | None]] = {}
    for name, some in scores.items():
        for score in some:
            given.setdefault((score["preset"], score["row"], score["shot"]), {})[f"score_{name}"] = score["value"]
    for outcome in outcomes:
        for shot in outcome["shots"]:
            yield _shot(outcome, shot) | given.pop((outcome["preset"], outcome["row"], shot["id"]), {})
    for (preset, row, name), values in given.items():
        yield {"preset": preset, "row": row, "shot": name} | values


def to_csv(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as CSV in UTF-8, with formulas defused."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return file.getvalue().encode(errors="replace")


def to_jsonl(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as one JSON object a line, in UTF-8."""
    lines = (json.dumps({name: row.get(name) for name in columns}, ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode(errors="replace")


def to_parquet(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as a Parquet file, its types those of the columns.

    Raises:
        BadInput: pyarrow is missing.
    """
    arrow, parquet = extra("pyarrow", "a Parquet file"), extra("pyarrow.parquet", "a Parquet file")
    schema = arrow.schema([(name, arrow.type_for_alias(kind)) for name, kind in columns.items()])
    whole = [{name: _sayable(row.get(name)) for name in columns} for row in rows]
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.Table.from_pylist(whole, schema=schema), sink)
    return bytes(sink.getvalue())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name and then give it its own, so that no reader meets half of it.

    Raises:
        BadInput: the disk refused.
    """
    with disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{WRITING}{os.getpid()}-{path.name}")
        try:
            aside.write_bytes(data)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def _write_all(folder: Path, stem: str, columns: Mapping[str, str], rows: list[dict[str, Any]]) -> list[Path]:
    files = []
    for suffix, made in ((".csv", to_csv), (".jsonl", to_jsonl), (".parquet", to_parquet)):
        files.append(folder / f"{stem}{suffix}")
        write_whole(files[-1], made(columns, rows))
    return files


def _shot(outcome: Outcome, shot: Shot) -> dict[str, Any]:
    truth = outcome["truth"] or {}
    return {
        "preset": outcome["preset"],
        "row": outcome["row"],
        "run": outcome["run"],
        "shot": shot["id"],
        **{name: shot[name] for name in ("round", "action", "outcome", "prompt", "caption", "picture")},
        "judge_score": shot["score"],
        "judge_passed": shot["passed"],
        "right": truth.get(shot["picture"] or ""),
        "chosen": shot["id"] == outcome["chosen"],
        "stopped": shot["id"] == outcome["stopped"],
    }


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _sayable(value: Any) -> Any:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
