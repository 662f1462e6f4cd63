"""An experiment goes to LangSmith as a dataset and one experiment for each preset, by `langsmith.aevaluate`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from langsmith import Client

from overpaint.evaluation.experiment import Experiment
from overpaint.evaluation.langsmith_upload import upload
from overpaint.evaluation.statistics import succeeded
from overpaint.tools.faults import BadInput
from tests.evaluation.experiments import make_experiment
from tests.langsmith_server import LangSmith, langsmith_server

PRESETS = ("one-shot", "default")
KEY = "lsv2-of-this-test"


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return make_experiment(tmp_path / "tried", PRESETS, rows=4)


@pytest.fixture
def larger(tmp_path: Path) -> Experiment:
    """Another experiment on the same dataset, with two rows more."""
    return make_experiment(tmp_path / "larger", ("default",), rows=6)


@pytest.fixture
def langsmith() -> Iterator[LangSmith]:
    with langsmith_server() as server:
        yield server


@pytest.fixture
def client(langsmith: LangSmith) -> Iterator[Client]:
    client = Client(langsmith.url, api_key=KEY)
    yield client
    client.cleanup(timeout=10)


def succeeding(experiment: Experiment) -> dict[str, dict[str, float]]:
    return {
        preset: {o["row"]: float(succeeded(o)) for o in experiment.outcomes() if o["preset"] == preset}
        for preset in PRESETS
    }


async def test_without_upload_the_same_marks_come_and_nothing_is_sent(
    experiment: Experiment, langsmith: LangSmith, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANGSMITH_ENDPOINT", langsmith.url)
    monkeypatch.setenv("LANGSMITH_API_KEY", KEY)
    told = await upload(experiment, upload_results=False)
    assert [one.preset for one in told] == list(PRESETS)
    assert {one.preset: {row: m["success"] for row, m in one.marks.items()} for one in told} == succeeding(experiment)
    assert all(one.url is None for one in told)
    assert langsmith.asked == []
    assert capsys.readouterr().out == ""


@pytest.mark.slow
async def test_a_dataset_and_one_experiment_for_each_preset(
    experiment: Experiment, langsmith: LangSmith, client: Client
) -> None:
    told = await upload(experiment, upload_results=True, client=client)
    (dataset,) = langsmith.datasets.values()
    assert dataset["name"].startswith("overpaint scenes ")
    assert {e["inputs"]["id"] for e in langsmith.examples.values()} == {row["id"] for row in experiment.rows()}
    assert set(langsmith.projects) == {one.name for one in told}
    for one in told:
        project = langsmith.projects[one.name]
        assert one.url is not None
        assert one.name.startswith(f"tried-{one.preset}")
        assert project["reference_dataset_id"] == dataset["id"]
        about = project["extra"]["metadata"]
        assert about["overpaint_preset"] == one.preset
        assert about["overpaint_judge"] == "shapes"
        assert about["overpaint_version"] == "0.1.0"
        assert len(about["overpaint_settings"]) == 12
        assert set(about["overpaint_prompts"]) == {"judge.checklist.v1"}
        runs = [run for run in langsmith.runs.values() if run["session_name"] == one.name]
        assert {run["inputs"]["id"] for run in runs} == set(one.marks)
        assert all(run["reference_example_id"] in langsmith.examples for run in runs)


@pytest.mark.slow
async def test_every_mark_is_feedback_on_its_run(experiment: Experiment, langsmith: LangSmith, client: Client) -> None:
    told = await upload(experiment, upload_results=True, client=client)
    rows = {identity: (run["session_name"], run["inputs"]["id"]) for identity, run in langsmith.runs.items()}
    given: dict[tuple[str, str], dict[str, float]] = {}
    for feedback in langsmith.feedback:
        given.setdefault(rows[feedback["run_id"]], {})[feedback["key"]] = feedback["score"]
    expected = {
        (one.name, row): {key: round(mark, 4) for key, mark in marks.items()}
        for one in told
        for row, marks in one.marks.items()
    }
    assert given == expected
    assert {key for marks in given.values() for key in marks} == {"success", "judge_score", "images", "clipscore"}


@pytest.mark.slow
async def test_no_picture_no_path_and_no_key_is_sent(
    experiment: Experiment, langsmith: LangSmith, client: Client
) -> None:
    await upload(experiment, upload_results=True, client=client)
    sent = b"".join(langsmith.payloads)
    (chosen,) = [run["outputs"]["picture"] for run in langsmith.runs.values() if run["outputs"]["picture"]][:1]
    assert chosen.encode() in sent
    assert str(experiment.folder).encode() not in sent
    assert KEY.encode() not in sent
    assert b"base64" not in sent
    for picture in (experiment.home / "images").rglob("*.png"):
        assert picture.read_bytes()[50:90] not in sent


@pytest.mark.slow
async def test_a_second_upload_finds_the_dataset(experiment: Experiment, langsmith: LangSmith, client: Client) -> None:
    first = await upload(experiment, upload_results=True, client=client)
    examples = dict(langsmith.examples)
    again = await upload(experiment, upload_results=True, client=client)
    assert len(langsmith.datasets) == 1
    assert langsmith.examples == examples
    assert len({one.name for one in first + again}) == 2 * len(PRESETS)


@pytest.mark.slow
async def test_rows_that_the_dataset_lacks_are_added(
    experiment: Experiment, larger: Experiment, langsmith: LangSmith, client: Client
) -> None:
    await upload(experiment, upload_results=True, client=client)
    await upload(larger, upload_results=True, client=client)
    assert len(langsmith.datasets) == 1
    assert [e["inputs"]["id"] for e in langsmith.examples.values()] == [row["id"] for row in larger.rows()]


async def test_rows_without_an_outcome_are_left_out(experiment: Experiment) -> None:
    file = experiment.folder / "outcomes.jsonl"
    kept = [line for line in file.read_text().splitlines() if json.loads(line)["row"] != "row-000"]
    file.write_text("\n".join(kept) + "\n")
    told = await upload(experiment, upload_results=False)
    assert [set(one.marks) for one in told] == [{"row-001", "row-002", "row-003"}] * 2


async def test_an_experiment_without_outcomes_is_refused(experiment: Experiment) -> None:
    (experiment.folder / "outcomes.jsonl").unlink()
    with pytest.raises(BadInput, match="no outcome yet"):
        await upload(experiment, upload_results=False)


async def test_a_langsmith_that_refuses_is_told_in_one_line(
    experiment: Experiment, langsmith: LangSmith, client: Client
) -> None:
    langsmith.status = 403
    with pytest.raises(BadInput, match="LangSmith did not take it all"):
        await upload(experiment, upload_results=True, client=client)


async def test_an_upload_wants_a_key(
    experiment: Experiment, langsmith: LangSmith, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyless = Client(langsmith.url, api_key="", info={}, auto_batch_tracing=False)
    monkeypatch.setattr("langchain_core.tracers.langchain.get_client", lambda: keyless)
    with pytest.raises(BadInput, match="set LANGSMITH_API_KEY"):
        await upload(experiment, upload_results=True)
    assert langsmith.asked == []
