"""Does the loop pay? Success by the number of pictures painted, of the default preset and of the baselines.

Success is the delivered picture being right by ground truth, measured by an inspector of its own
(overpaint.evaluation.scenes.ground_truth).
Every picture painted counts. The last line of the output is one JSON object: {"success": {preset: {"budget": rate}}}.

    python bench/loop.py --limit 12 --budgets 1,8 --presets one-shot,default --out results
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import arguments
import difficulty
from plot import plot
from provenance import code_digest, versions, weights_digest
from rates import budgets_of, per_success, presets_of, success, summary, tables
from runs import Outcome, Presets, run_briefs

from overpaint.commands import settings_from
from overpaint.evaluation.scenes.briefs import Brief, digest, load_briefs, mixed
from overpaint.graph.settings import load_preset, merge
from overpaint.tools.faults import BadInput

PRESETS = "one-shot,best-of-n,upsample-best-of-n,default"
BUDGETS = "1,2,4,8,16"


def main() -> None:
    """Run the bench and print what came of it."""
    asked = _arguments()
    started = time.monotonic()
    briefs = mixed(load_briefs(asked.briefs), asked.limit)
    basis = {
        "weights": weights_digest(asked.weights),
        "briefs": digest(load_briefs(asked.briefs)),
        "code": code_digest(),
    }
    print("\n".join(f"{name}: {sha256}" for name, sha256 in basis.items()), flush=True)
    kept = None if asked.out is None else asked.out / "outcomes.jsonl"
    presets = _presets(asked)
    texts = [_difficulty(briefs, asked)] if asked.difficulty else []
    outcomes = run_briefs(
        briefs, presets, asked.budgets, noise=asked.judge_noise, weights=asked.weights, workers=asked.workers, kept=kept
    )
    texts.append(f"{len(briefs)} briefs ({asked.briefs})\n\n{tables(outcomes, asked.judge_noise)}")
    print("\n\n".join(["", *texts]), flush=True)
    if asked.out is not None:
        about = {"set": asked.briefs, "number": len(briefs), "presets": presets, "noise": asked.judge_noise}
        about |= {**basis, "versions": versions(), "seconds": round(time.monotonic() - started, 1)}
        write(asked.out, outcomes, about, "\n\n".join(texts))
    print(json.dumps({"success": summary(outcomes)}))


def presets_from(names: Sequence[str], more: dict[str, Any]) -> Presets:
    """The settings of presets by name, each with the same settings laid over.

    Raises:
        BadInput: no such preset, or a setting that cannot be.
    """
    presets = {name: {**load_preset(name), **more} for name in names}
    for settings in presets.values():
        merge(settings)
    return presets


def write(out: Path, outcomes: Sequence[Outcome], about: dict[str, Any], text: str) -> None:
    """Write results.json, table.md and success.svg into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    rates = {p: {b: success(outcomes, p, b) for b in budgets_of(outcomes)} for p in presets_of(outcomes)}
    numbers = {
        preset: {
            str(b): {**vars(rate), "images_per_success": _finite(per_success(outcomes, preset, b))}
            for b, rate in line.items()
        }
        for preset, line in rates.items()
    }
    results = {**about, "rates": numbers, "success": summary(outcomes), "outcomes": outcomes}
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    (out / "table.md").write_text(text + "\n", "utf-8")
    (out / "success.svg").write_text(plot(rates, "Briefs that end right, by pictures painted"), "utf-8")


def _presets(asked: argparse.Namespace) -> Presets:
    try:
        return presets_from(asked.presets, settings_from(asked.set))
    except BadInput as fault:
        raise SystemExit(f"--set: {fault}") from None


def _difficulty(briefs: Sequence[Brief], asked: argparse.Namespace) -> str:
    kept = None if asked.out is None else asked.out / "difficulty.jsonl"
    eases = difficulty.measure(briefs, asked.difficulty, weights=asked.weights, workers=asked.workers, kept=kept)
    return difficulty.told(eases)


def _finite(number: float) -> float | None:
    return None if number == float("inf") else round(number, 3)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_shared(parser, "test")
    add = parser.add_argument
    add("--budgets", type=arguments.budgets, default=BUDGETS, help=f"most pictures, one or several ({BUDGETS})")
    add("--presets", type=arguments.presets, default=PRESETS, help=f"({PRESETS})")
    add("--set", metavar="KEY=VALUE", action="append", default=[], help="a setting for all presets; may be repeated")
    add("--weights", type=arguments.weights, metavar="FOLDER", help="other weights, in the diffusers format")
    seeds = "measure each brief over K seeds first (50)"
    add("--difficulty", type=arguments.number, nargs="?", const=50, metavar="K", help=seeds)
    return parser.parse_args()


if __name__ == "__main__":
    main()
