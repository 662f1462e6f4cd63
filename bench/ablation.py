"""What each part of the default preset adds: the same briefs with one part left out at a time.

python bench/ablation.py --briefs tuning --budgets 8,16 --out results
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import arguments
import critics
from provenance import code_digest, weights_digest
from rates import budgets_of, grid, per_success, success
from runs import Outcome, run_briefs

from overpaint.evaluation.scenes.briefs import digest, load_briefs, mixed
from overpaint.graph.settings import load_preset

WITHOUT: dict[str, dict[str, Any]] = {
    "edit": {"actions": ["revise", "restart", "reseed"]},
    "sub-prompts (edits with the full prompt)": {"critic": critics.FULL_PROMPTS},
    "the critic's boxes (edits where the judge points)": {"critic": critics.NO_BOXES},
    "revise": {"actions": ["edit", "restart", "reseed"]},
    "restart": {"actions": ["edit", "revise", "reseed"]},
    "reseed": {"actions": ["edit", "revise", "restart"]},
    "patience": {"patience": None},
    "upsampling": {"upsample": False},
    "one picture a round (two, the brief and its prompt first)": {"per_round": 2},
    "one picture a round (two, the prompt alone first)": {"per_round": 2, "raw_brief": False},
    "beliefs (one look)": {"looks": 1},
}
"""What is left out, and the settings that do so."""
WHOLE = "default"


def main() -> None:
    """Run the ablation and print its table; the last line is the same as JSON."""
    asked = _arguments()
    briefs = mixed(load_briefs(asked.briefs), asked.limit)
    print(f"weights: {weights_digest(None)}\nbriefs: {digest(load_briefs(asked.briefs))}\ncode: {code_digest()}\n")
    default = load_preset(WHOLE)
    presets = {WHOLE: default} | {part: {**default, **change} for part, change in WITHOUT.items()}
    if asked.parts:
        presets = {name: presets[name] for name in presets if name == WHOLE or any(p in name for p in asked.parts)}
    kept = None if asked.out is None else asked.out / "ablation.jsonl"
    outcomes = run_briefs(briefs, presets, asked.budgets, noise=asked.judge_noise, workers=asked.workers, kept=kept)
    print(table(outcomes, list(presets), f"{len(briefs)} briefs ({asked.briefs}), noise {asked.judge_noise:g}"))
    rates = {name: {str(b): round(success(outcomes, name, b).mean, 4) for b in asked.budgets} for name in presets}
    print(json.dumps({"success": rates}))


def table(outcomes: Sequence[Outcome], names: Sequence[str], title: str) -> str:
    """Success without each part, what the part adds in points, and pictures per success."""
    budgets = budgets_of(outcomes)
    whole = {b: success(outcomes, WHOLE, b).mean for b in budgets}
    rows = []
    for name in names:
        row = [name if name == WHOLE else f"without {name}"]
        for budget in budgets:
            rate = success(outcomes, name, budget).mean
            row += [f"{100 * rate:.1f}", f"{100 * (whole[budget] - rate):+.1f}"]
            row.append(f"{per_success(outcomes, name, budget):.2f}")
        rows.append(row)
    head = ["", *(f"{what} at {b}" for b in budgets for what in ("right, %", "it adds", "pictures per success"))]
    return grid(title, head, rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_shared(parser, "tuning")
    add = parser.add_argument
    add("--budgets", type=arguments.budgets, default="8,16", help="most pictures (8,16)")
    add("--parts", nargs="*", metavar="WORD", help="only parts whose name holds one of these")
    return parser.parse_args()


if __name__ == "__main__":
    main()
