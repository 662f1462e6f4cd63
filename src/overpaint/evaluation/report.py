"""The report of an experiment: one self-contained page, its charts as SVG files, and the numbers as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from overpaint.evaluation.agreement import Noise
from overpaint.evaluation.asked import alike, facts, said, settings_table, still_to_do, terms
from overpaint.evaluation.charts import as_file, as_text
from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.exporting_results import Scores, write_results, write_whole
from overpaint.evaluation.figures import (
    JUDGE,
    best_figures,
    combined_figure,
    heading,
    judged,
    rounds_figure,
    scorer_figure,
    stop_figures,
    success_figure,
)
from overpaint.evaluation.markdown import Table, read_table
from overpaint.evaluation.nouns import Outcome, Score
from overpaint.evaluation.page_tables import headline, shares_table, spent
from overpaint.evaluation.scorers.scorer import names
from overpaint.evaluation.scoring import current
from overpaint.evaluation.standing import Values
from overpaint.evaluation.strips import examples
from overpaint.evaluation.tables import noise_line, summary_table
from overpaint.evaluation.text_report import noise_of, success_tables, text_report
from overpaint.phrases import clean, counted, receipt_line


@dataclass(frozen=True)
class Witness:
    """What one scorer says, ready to be shown.

    `rounds`, `best` and `shares` are None where it was asked about one picture of each run. `missing` pictures got no
    value; `why` is the first reason. `title` says what its values are, `options` what they depend on, such as the
    model it asked.
    """

    name: str
    title: str
    chart: ET.Element
    rounds: ET.Element | None
    best: list[ET.Element] | None
    shares: Table | None
    missing: int
    why: str
    options: dict[str, Any]


def write_report(experiment: Experiment) -> Path:
    """Write all of an experiment's report anew: page, tables, charts, and the results for other programs. Blocks.

    Returns:
        The path of the page, `report/index.html`.

    Raises:
        BadInput: the folder cannot be written, or a package of overpaint[eval] is missing.
    """
    outcomes, scores, folder = experiment.outcomes(), scores_of(experiment), experiment.report
    drawn, given = charts(experiment, outcomes, scores), {JUDGE: judged(outcomes), **scores} if outcomes else {}
    write_results(folder, outcomes, scores, experiment.rows())
    noise = noise_of(experiment.home)
    tables = text_report(outcomes, given, noise, terms(experiment.about, outcomes))
    write_whole(folder / "table.txt", tables.encode(errors="replace"))
    for name, svg in drawn.items():
        write_whole(folder / f"{name}.svg", as_file(svg))
    page = folder / "index.html"
    write_whole(page, _render(experiment, outcomes, scores, drawn, noise).encode(errors="replace"))
    return page


def scores_of(experiment: Experiment) -> dict[str, list[Score]]:
    """What every scorer gave that has been asked, by its name; of several ways to ask it, the last."""
    found = {name: current(experiment.scores(name)) for name in names()}
    return {name: scores for name, scores in found.items() if scores}


def charts(experiment: Experiment, outcomes: Sequence[Outcome], scores: Scores) -> dict[str, ET.Element]:
    """The charts that are files too, by name: success, one for each scorer, and all scorers combined."""
    if not outcomes:
        return {}
    given = {JUDGE: judged(outcomes), **scores}
    alone = {f"scorer-{name}": scorer_figure(name, outcomes, some) for name, some in given.items()}
    return {
        "success": success_figure(outcomes, terms(experiment.about, outcomes)),
        **alone,
        "combined": combined_figure(outcomes, given),
    }


def _render(
    experiment: Experiment, outcomes: Sequence[Outcome], scores: Scores, drawn: dict[str, ET.Element], noise: Noise
) -> str:
    about, on = experiment.about, terms(experiment.about, outcomes)
    done = still_to_do(about, outcomes) or f"{counted(len(outcomes), 'run')}."
    given = {JUDGE: judged(outcomes), **scores} if outcomes else {}
    template = _environment().get_template("evaluation.html.jinja")
    return str(
        template.render(
            name=experiment.name,
            headline=headline(outcomes, on),
            lead=f"{done} Spent in all: {receipt_line(spent(outcomes))}.",
            facts=facts(about),
            settings=read_table(settings_table(about["presets"])),
            shared=[(key, said(value)) for key, value in alike(about["presets"]).items()],
            bad=about["dataset"]["bad"],
            summary=read_table(summary_table(outcomes, terms=on)),
            tables=[read_table(table) for table in (success_tables(outcomes, on) if outcomes else ())],
            noise=noise_line(noise),
            charts=drawn,
            scorers=[_witness(name, drawn[f"scorer-{name}"], outcomes, some) for name, some in given.items()],
            stops=stop_figures(outcomes),
            examples=examples(experiment),
        )
    )


def _witness(name: str, chart: ET.Element, outcomes: Sequence[Outcome], scores: Sequence[Score]) -> Witness:
    values, faults = Values(scores), [score["fault"] or "" for score in scores if score["value"] is None]
    several = any(len(values.painted(outcome)) > 1 for outcome in outcomes)
    return Witness(
        name=heading(name),
        title=scores[-1]["detail"].get("title", "") if scores else "",
        chart=chart,
        rounds=rounds_figure(name, outcomes, scores) if several else None,
        best=best_figures(outcomes, scores) if several else None,
        shares=read_table(shares_table(outcomes, scores, heading(name))) if several else None,
        missing=len(faults),
        why=faults[0] if faults else "",
        options=scores[-1]["detail"].get("options", {}) if scores else {},
    )


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("overpaint", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # What is in a chart was escaped by ElementTree.
    environment.filters |= {"clean": clean, "svg": lambda chart: Markup(as_text(chart))}  # noqa: S704
    environment.globals["counted"] = counted
    return environment
