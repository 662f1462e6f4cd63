"""docs/results.ipynb runs from top to bottom, offline, on what an evaluation leaves."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from overpaint.evaluation.report import write_report
from tests.evaluation.experiments import make_experiment

NOTEBOOK = Path(__file__).parents[2] / "docs" / "results.ipynb"


def test_it_is_kept_without_outputs_and_without_traces_of_a_machine() -> None:
    book = nbformat.read(NOTEBOOK, 4)
    assert set(book.metadata) == {"kernelspec", "language_info"}
    assert book.metadata.kernelspec == {"display_name": "Python 3", "language": "python", "name": "python3"}
    for cell in book.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert not cell.metadata


@pytest.mark.slow
@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.long
def test_it_runs_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, truth: bool) -> None:
    experiment = make_experiment(tmp_path / "made", scorers=("clipscore",) if truth else (), truth=truth)
    write_report(experiment)
    monkeypatch.setenv("OVERPAINT_RESULTS", str(experiment.report))
    book = nbformat.read(NOTEBOOK, 4)
    NotebookClient(book, timeout=100, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type in ("error", "stream")]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    scorers = 2 if truth else 1
    assert len(figures) == 4 + 3 * scorers  # success, categories, combined, stops; three for each scorer
    tables = "".join(output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {}))
    for said in ("<td>made</td>", "<td>default</td>", "success, by truth" if truth else "success, by judge"):
        assert said in tables
