"""Two experiments, or two presets of them, side by side: what was asked differently, then what came of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overpaint.evaluation.asked import still_to_do
from overpaint.evaluation.grids import grid, number, percent, probability
from overpaint.evaluation.nouns import Outcome, Row
from overpaint.evaluation.statistics import Cost, Paired, Rate, basis, paired, per_success, success
from overpaint.graph.settings import MODELS
from overpaint.phrases import clean, counted
from overpaint.tools.faults import BadInput


@dataclass(frozen=True)
class Side:
    """One of the two: an experiment, or one preset of it.

    Args:
        name: as the user wrote it.
        about: the experiment's `about`.
        preset: the one meant; all of them when None.
        rows: its briefs.
        outcomes: of all its presets.
    """

    name: str
    about: Mapping[str, Any]
    preset: str | None
    rows: Sequence[Row]
    outcomes: Sequence[Outcome]


@dataclass(frozen=True)
class Difference:
    """One thing that was asked differently: a part (settings, models, …), its name there, and both values."""

    part: str
    name: str
    first: Any
    second: Any


@dataclass(frozen=True)
class Shared:
    """Briefs that both have, by row id; how many each has; how many ids stand for different briefs in the two.

    `unfinished` says of each experiment that has runs still to be done how many.
    """

    rows: frozenset[str]
    first: int
    second: int
    other_brief: int
    unfinished: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """Two presets on the briefs where both have an outcome: success, costs per success, and the paired test."""

    test: Paired
    first: Rate
    second: Rate
    first_cost: Cost
    second_cost: Cost
    success_by: str


def presets_to_compare(first: Side, second: Side) -> list[tuple[str, str]]:
    """Which preset of the one is compared with which of the other.

    Those named; beside a named one its namesake, or the only one there is; else all that both have, or the only ones.

    Raises:
        BadInput: a preset that an experiment does not have, or none that belong together.
    """
    there = [list(side.about["presets"]) for side in (first, second)]
    for side, names in zip((first, second), there, strict=True):
        if side.preset is not None and side.preset not in names:
            raise BadInput(f"{clean(side.name, 80)}: no such preset there; it has {', '.join(names)}")
    wanted = first.preset or second.preset
    if wanted is None and (both := [name for name in there[0] if name in there[1]]):
        return [(name, name) for name in both]
    left, right = first.preset or _namesake(wanted, there[0]), second.preset or _namesake(wanted, there[1])
    if left is None or right is None:
        raise BadInput(
            f"no presets belong together: {', '.join(there[0])} here and {', '.join(there[1])} there; "
            "name one of each, as in EXPERIMENT:PRESET"
        )
    return [(left, right)]


def differences(first: Side, second: Side, pairs: Iterable[tuple[str, str]]) -> list[Difference]:
    """What was asked differently: settings and models of the presets compared, prompts, versions, dataset, the rest."""
    one, two = first.about, second.about
    found = [
        Difference("models" if _is_model(name) else "settings", f"{_named(left, right)}: {name}", a, b)
        for left, right in pairs
        for name, a, b in _differing(one["presets"][left], two["presets"][right])
    ]
    for part in ("prompts", "versions", "dataset"):
        found += [
            Difference(part, name, a, b)
            for name, a, b in _differing(one[part], two[part])
            if not isinstance(a, list) and not isinstance(b, list)
        ]
    found += [Difference("asked", name, one.get(name), two.get(name)) for name in ("budget", "sample")]
    order = ("settings", "models", "prompts", "versions", "dataset", "asked")
    return sorted((d for d in found if d.first != d.second), key=lambda d: order.index(d.part))


def shared_rows(first: Side, second: Side) -> Shared:
    """The rows that both experiments have: the same id and the same brief."""
    left, right = ({row["id"]: row["brief"] for row in side.rows} for side in (first, second))
    ids = left.keys() & right.keys()
    same = frozenset(row for row in ids if left[row] == right[row])
    unfinished = ((side.name, still_to_do(side.about, side.outcomes)) for side in (first, second))
    said = dict.fromkeys(f"{clean(name, 80)}: {told}" for name, told in unfinished if told)
    return Shared(same, len(left), len(right), len(ids) - len(same), tuple(said))


def results(first: Side, second: Side, pairs: Iterable[tuple[str, str]], shared: Shared, budget: int) -> list[Result]:
    """Each pair of presets on the shared briefs that both have an outcome for; pairs without any are left out."""
    found = []
    for left, right in pairs:
        mine, other = _of(first.outcomes, left, shared.rows), _of(second.outcomes, right, shared.rows)
        rows = {o["row"] for o in mine} & {o["row"] for o in other}
        mine, other = _of(mine, left, rows), _of(other, right, rows)
        if rows:
            found.append(
                Result(
                    paired(mine, other, budget),
                    success(mine, budget),
                    success(other, budget),
                    per_success(mine, budget),
                    per_success(other, budget),
                    basis([*mine, *other]),
                )
            )
    return found


def difference_lines(found: Sequence[Difference]) -> list[str]:
    """The differences in lines, under a heading for each part."""
    if not found:
        return ["Asked for: no difference."]
    lines = ["Asked for, first → second:"]
    for part in dict.fromkeys(difference.part for difference in found):
        lines.append(f"  {part}")
        lines += [f"    {d.name}: {_said(d.first)} → {_said(d.second)}" for d in found if d.part == part]
    return lines


def result_table(found: Sequence[Result], budget: int) -> str:
    """The results, two presets a line."""
    head = [
        "first", "second", "briefs", "first %", "second %", "only first", "only second", "p",
        "pictures/success, first", "second",
    ]  # fmt: skip
    rows = [
        [
            r.test.first,
            r.test.second,
            str(r.test.shared),
            percent(r.first),
            percent(r.second),
            str(r.test.n10),
            str(r.test.n01),
            probability(r.test.p),
            number(r.first_cost.images),
            number(r.second_cost.images),
        ]
        for r in found
    ]
    by = " or ".join(dict.fromkeys(r.success_by for r in found))
    note = (
        "p: McNemar's exact test on these briefs, two-sided; only first, only second: briefs that one alone had right."
    )
    return grid(f"Success in % of shared briefs, {by}, at {counted(budget, 'picture')}", head, rows, [note])


def shared_line(shared: Shared) -> str:
    """How many briefs both have, in a sentence, and what is still to be done."""
    told = (
        f"{counted(len(shared.rows), 'brief')} shared, of {shared.first} in the first and {shared.second} in the second"
    )
    other = (
        f"; {shared.other_brief} more have the same id and another text, and are left out" if shared.other_brief else ""
    )
    return " ".join([f"{told}{other}.", *shared.unfinished])


def _namesake(wanted: str | None, names: Sequence[str]) -> str | None:
    if wanted in names:
        return wanted
    return names[0] if len(names) == 1 else None


def _named(left: str, right: str) -> str:
    return left if left == right else f"{left}, {right}"


def _is_model(name: str) -> bool:
    return name in MODELS or name.endswith("_base_url")


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys((*first, *second)):
        if first.get(name) != second.get(name):
            yield name, first.get(name), second.get(name)


def _of(outcomes: Iterable[Outcome], preset: str, rows: Iterable[str]) -> list[Outcome]:
    wanted = frozenset(rows)
    return [outcome for outcome in outcomes if outcome["preset"] == preset and outcome["row"] in wanted]


def _said(value: Any) -> str:
    return "none" if value is None else clean(str(value), 80)
