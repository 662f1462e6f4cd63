"""An experiment as LangSmith sees one: its rows as a dataset, and what became of them under each preset.

Nothing is painted or judged again: the target that `langsmith.aevaluate` calls gives back what is on disk. Pictures go
as their sha256, which names them in the experiment's home.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.nouns import Outcome, Row
from overpaint.evaluation.statistics import by_preset, delivered, succeeded
from overpaint.run_metadata import run_metadata
from overpaint.tools.faults import BadInput
from overpaint.tools.provider_errors import scrubbed

if TYPE_CHECKING:
    from langsmith import Client
    from langsmith.schemas import Example

_EXAMPLES = uuid.UUID("0b6a5d2e-8f0e-4c39-9a39-3d5d1f5ab2c4")
"""The name space of examples that are uploaded nowhere. Any other would do as well."""

Marks = dict[str, float]
"""What a run was given, by name: its success, its judge's score, its pictures, and what each scorer gave its picture."""


@dataclass(frozen=True)
class Uploaded:
    """One preset of an experiment, as LangSmith evaluated it.

    Args:
        name: LangSmith's name of its experiment. url: where it can be seen; None where nothing was uploaded.
        marks: by row.
    """

    preset: str
    name: str
    url: str | None
    marks: dict[str, Marks]


async def upload(
    experiment: Experiment, *, upload_results: bool, scorers: Sequence[str] = (), client: Client | None = None
) -> list[Uploaded]:
    """Evaluate an experiment's outcomes with LangSmith, one experiment of LangSmith's for each preset.

    The dataset is found again by its name, which holds the digest; rows that it has are not sent again. Each call makes
    new experiments in it.

    Args:
        experiment: what was run; rows without an outcome are left out.
        upload_results: whether LangSmith is told. Without, the same is done here, with no network.
        scorers: names of scorers whose values for the delivered picture are told.
        client: LangSmith's; one by the environment's LANGSMITH_ENDPOINT and LANGSMITH_API_KEY when None.

    Raises:
        BadInput: the experiment has no outcome yet, or LangSmith cannot be reached or refuses.
    """
    from langsmith.utils import LangSmithError

    outcomes = by_preset(experiment.outcomes())
    if not outcomes:
        raise BadInput(f"experiment {experiment.name} has no outcome yet: go on with overpaint eval … --resume")
    client = (client or _client()) if upload_results else _silent_client()
    try:
        examples = await asyncio.to_thread(_dataset if upload_results else _examples, experiment, client)
        told = [
            await _evaluated(experiment, preset, found, examples, _marks(experiment, found, scorers), client)
            for preset, found in outcomes.items()
        ]
        await asyncio.to_thread(client.flush)
    except LangSmithError as error:
        raise BadInput(f"LangSmith did not take the experiment, which is kept here as it was: {scrubbed(str(error))}") from error
    return told


async def _evaluated(
    experiment: Experiment,
    preset: str,
    outcomes: Sequence[Outcome],
    examples: Mapping[str, Example],
    marks: dict[str, Marks],
    client: Client,
) -> Uploaded:
    from langsmith import aevaluate

    by_row = {outcome["row"]: outcome for outcome in outcomes}

    async def finished_run(inputs: dict[str, Any]) -> dict[str, Any]:
        return _told(by_row[inputs["id"]])

    def judged(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"results": [{"key": key, "score": mark} for key, mark in marks[inputs["id"]].items()]}

    with redirect_stdout(sys.stderr):  # stdout may be kept for JSON
        results = await aevaluate(
            finished_run,
            data=[examples[row] for row in by_row],
            evaluators=[judged],
            experiment_prefix=f"{experiment.name}-{preset}",
            description=f"overpaint, preset {preset}, {experiment.about['budget']} pictures a brief at most",
            metadata=_metadata(experiment, preset),
            client=client,
            upload_results=_is_heard(client),
            disable_evaluator_tracing=True,
        )
    found = {
        row["example"].inputs["id"]: {one.key: one.score for one in row["evaluation_results"]["results"]}
        async for row in results
    }
    return Uploaded(preset, results.experiment_name, results.url if _is_heard(client) else None, found)
