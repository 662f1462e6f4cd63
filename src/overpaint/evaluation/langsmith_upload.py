"""An experiment as LangSmith sees one: its rows as a dataset, and what became of them under each preset.

Nothing is painted or judged again: the target that `langsmith.aevaluate` calls gives back what is on disk. Pictures go
as their sha256, which names them in the experiment's home.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, filterwarnings

from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.nouns import Outcome, Row
from overpaint.evaluation.scorers.scorer import names
from overpaint.evaluation.scoring import current
from overpaint.evaluation.statistics import by_preset, delivered, succeeded
from overpaint.run_metadata import DIGITS, run_metadata
from overpaint.tools.faults import BadInput
from overpaint.tools.provider_errors import scrubbed

if TYPE_CHECKING:
    from langsmith import Client
    from langsmith.evaluation import AsyncExperimentResults
    from langsmith.schemas import Example

_NOWHERE = uuid.UUID("0b6a5d2e-8f0e-4c39-9a39-3d5d1f5ab2c4")
"""The name space of datasets that are uploaded nowhere. Any other would do as well."""
_SHOWN = ("run", "status", "stop_reason", "error", "stop_round", "chosen", "receipt", "seconds")

Picture = tuple[str, str, str]
"""A candidate of an experiment: preset, row and its id."""

Marks = dict[str, float]
"""What a run was given: `success`, `judge_score`, `images`, and by each scorer's name what it gave the picture."""


@dataclass(frozen=True)
class Uploaded:
    """One preset of an experiment, as LangSmith evaluated it.

    Args:
        name: LangSmith's name for it. url: where it can be seen; None where nothing was uploaded.
        marks: by row.
    """

    preset: str
    name: str
    url: str | None
    marks: dict[str, Marks]


async def upload(experiment: Experiment, *, upload_results: bool, client: Client | None = None) -> list[Uploaded]:
    """Evaluate an experiment's outcomes with LangSmith, each preset as an experiment of LangSmith's.

    The dataset is found again by its name, which holds the digest, and rows that it has are not sent again. Each call
    makes new experiments in it.

    Args:
        experiment: what was run; a row without an outcome under a preset is left out there.
        upload_results: whether LangSmith is told. Without, the same is done here, with no network.
        client: LangSmith's; one by LANGSMITH_ENDPOINT and LANGSMITH_API_KEY when None.

    Raises:
        BadInput: the experiment has no outcome yet, or LangSmith cannot be reached or refuses.
    """
    from langsmith.utils import LangSmithError

    outcomes = by_preset(experiment.outcomes())
    if not outcomes:
        raise BadInput(f"experiment {experiment.name} has no outcome yet: go on with overpaint eval … --resume")
    try:
        if not upload_results:
            return await _evaluated(experiment, outcomes, _examples(experiment), _silent_client(), upload_results=False)
        client = client or open_client()
        examples = await asyncio.to_thread(_sent_examples, experiment, client)
        done = await _evaluated(experiment, outcomes, examples, client, upload_results=True)
        await asyncio.to_thread(client.flush)
    except LangSmithError as error:
        raise BadInput(f"LangSmith did not take it all, and the experiment is kept: {scrubbed(str(error))}") from error
    return done


async def _evaluated(
    experiment: Experiment,
    outcomes: Mapping[str, Sequence[Outcome]],
    examples: Mapping[str, Example],
    client: Client,
    *,
    upload_results: bool,
) -> list[Uploaded]:
    scores = {name: chosen for name in names() if (chosen := _by_picture(experiment, name))}
    done = []
    for preset, found in outcomes.items():
        with redirect_stdout(sys.stderr), catch_warnings():  # stdout may be kept for JSON
            filterwarnings("ignore", "'upload_results' parameter is in beta")
            results = await _results(experiment, preset, found, examples, scores, client, upload_results)
        marks = {
            row["example"].inputs["id"]: {one.key: one.score for one in row["evaluation_results"]["results"]}
            async for row in results
        }
        done.append(Uploaded(preset, results.experiment_name, results.url if upload_results else None, marks))
    return done


async def _results(
    experiment: Experiment,
    preset: str,
    outcomes: Sequence[Outcome],
    examples: Mapping[str, Example],
    scores: Mapping[str, Mapping[Picture, float]],
    client: Client,
    upload_results: bool,
) -> AsyncExperimentResults:
    from langsmith import aevaluate

    by_row = {outcome["row"]: outcome for outcome in outcomes}

    async def finished_run(inputs: dict[str, Any]) -> dict[str, Any]:
        return _told(by_row[inputs["id"]])

    def marks(inputs: dict[str, Any]) -> dict[str, Any]:
        given = _marks(by_row[inputs["id"]], scores)
        return {"results": [{"key": key, "score": mark} for key, mark in given.items()]}

    return await aevaluate(
        finished_run,
        data=[examples[row] for row in by_row],
        evaluators=[marks],
        experiment_prefix=f"{experiment.name}-{preset}",
        description=f"overpaint, preset {preset}, at most {experiment.about['budget']} pictures for each brief",
        metadata=_metadata(experiment, preset),
        client=client,
        upload_results=upload_results,
        disable_evaluator_tracing=True,
    )


def _by_picture(experiment: Experiment, scorer: str) -> dict[Picture, float]:
    """What a scorer gave each candidate, where it could."""
    rows = current(experiment.scores(scorer))
    return {(s["preset"], s["row"], s["shot"]): s["value"] for s in rows if s["value"] is not None}


def _marks(outcome: Outcome, scores: Mapping[str, Mapping[Picture, float]]) -> Marks:
    """What is known of a run; what is not is left out."""
    shot = delivered(outcome)
    marks: Marks = {"success": float(succeeded(outcome)), "images": outcome["receipt"]["images"]}
    if shot is not None and shot["score"] is not None:
        marks["judge_score"] = shot["score"]
    picture = (outcome["preset"], outcome["row"], outcome["chosen"] or "")
    return marks | {name: given[picture] for name, given in scores.items() if picture in given}


def _told(outcome: Outcome) -> dict[str, Any]:
    """What LangSmith shows as the answer of a run."""
    shot = delivered(outcome)
    told: dict[str, Any] = {key: outcome[key] for key in _SHOWN}  # type: ignore[literal-required]
    return told | {"prompt": shot and shot["prompt"], "picture": shot and shot["picture"]}


def _metadata(experiment: Experiment, preset: str) -> dict[str, Any]:
    """That of the runs as they were made, which may be by an older version than this one."""
    about = experiment.about
    return run_metadata(about["presets"][preset], preset) | {
        "overpaint_version": about["versions"]["overpaint"],
        "overpaint_prompts": {name: digest[:DIGITS] for name, digest in about["prompts"].items()},
        "overpaint_experiment": experiment.name,
        "overpaint_budget": about["budget"],
    }


def _sent_examples(experiment: Experiment, client: Client) -> dict[str, Example]:
    """The rows of LangSmith's dataset by id, those that it lacks sent before."""
    about = experiment.about["dataset"]
    name = f"overpaint {about['name']} {about['digest'][:DIGITS]}"
    if client.has_dataset(dataset_name=name):
        dataset = client.read_dataset(dataset_name=name)
    else:
        dataset = client.create_dataset(name, description=f"Briefs from {about['name']}", metadata=_facts(about))
    there = _by_row(client.list_examples(dataset_id=dataset.id))
    lacking = [_example(row) for row in experiment.rows() if row["id"] not in there]
    if not lacking:
        return there
    client.create_examples(dataset_id=dataset.id, examples=lacking)
    return _by_row(client.list_examples(dataset_id=dataset.id))


def _by_row(examples: Iterable[Example]) -> dict[str, Example]:
    return {example.inputs["id"]: example for example in examples if example.inputs}


def _facts(dataset: Mapping[str, Any]) -> dict[str, Any]:
    return {"digest": dataset["digest"], "total": dataset["total"], **dataset["facts"]}


def _examples(experiment: Experiment) -> dict[str, Example]:
    """The same for a dataset that LangSmith never sees."""
    from langsmith.schemas import Example

    place, began = uuid.uuid5(_NOWHERE, experiment.about["dataset"]["digest"]), datetime.fromtimestamp(0, UTC)
    return {
        row["id"]: Example(
            id=uuid.uuid5(place, row["id"]), dataset_id=place, created_at=began, inputs=_example(row)["inputs"]
        )
        for row in experiment.rows()
    }


def _example(row: Row) -> dict[str, Any]:
    """A row without the files of its reference pictures, which are this machine's."""
    known = {key: row[key] for key in ("requirements", "captions", "truth") if row[key]}
    return {
        "inputs": {"id": row["id"], "brief": row["brief"]},
        "reference_outputs": known,
        "metadata": {"category": row["category"]},
    }


def open_client() -> Client:
    """LangSmith's client, by the environment.

    Raises:
        BadInput: no key is set.
    """
    from langchain_core.tracers.langchain import get_client

    # A client without a key would still try to reach LangSmith, from a thread of its own.
    if not any(os.environ.get(name) for name in ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")):
        raise BadInput("--langsmith needs a key: set LANGSMITH_API_KEY, and LANGSMITH_ENDPOINT for a server of yours")
    return get_client()


def _silent_client() -> Client:
    """A client that sends nothing: `upload_results=False` alone does not keep `aevaluate` from sending the runs."""
    from langsmith import Client

    return Client("http://localhost", api_key="none", info={}, tracing_sampling_rate=0, auto_batch_tracing=False)
