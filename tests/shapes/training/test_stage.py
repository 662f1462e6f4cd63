from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from overpaint.shapes.training import stage  # noqa: E402
from overpaint.shapes.training.stage import Plan, learn  # noqa: E402

PLAN = Plan("stage", 1, 12, 0.02, 1e-2)


class Stopped(Exception):
    pass


def new_model() -> Any:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))


def train(folder: Path, stop_at: int | None = None) -> tuple[Any, list[str]]:
    model = new_model()
    said: list[str] = []

    def step(n: int) -> Any:
        if n == stop_at:
            raise Stopped
        draw = torch.Generator().manual_seed(n)
        x = torch.randn(5, 4, generator=draw)
        return ((model(x) - x[:, :2]) ** 2).mean()

    learn(PLAN, model, step, folder, said.append)
    return model, said


def test_a_stage_that_was_stopped_ends_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "SAVE_SECONDS", -1.0)
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole, _ = train(tmp_path / "whole")
    for stop in (4, 9):
        with pytest.raises(Stopped):
            train(tmp_path / "parts", stop)
    parts, _ = train(tmp_path / "parts")
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_stage_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    first, _ = train(tmp_path)
    again, _ = train(tmp_path, stop_at=0)
    assert torch.equal(first[0].weight, again[0].weight)


@pytest.mark.parametrize("plan", [Plan("stage", 2, 12, 0.02, 1e-2), Plan("stage", 1, 13, 0.02, 1e-2)])
def test_a_stage_does_not_go_on_from_another_course(tmp_path: Path, plan: Plan) -> None:
    model, _ = train(tmp_path)
    with pytest.raises(SystemExit, match="another course"):
        learn(plan, model, lambda n: model[0].weight.sum(), tmp_path, print)


def test_the_rate_rises_stays_and_falls() -> None:
    plan = Plan("any", 1, 1000, 1.0, 1.0, flat=0.5)
    rates = [plan.strength(n) for n in range(1000)]
    assert rates[0] < 0.05
    assert rates[100:500] == [1.0] * 400
    assert rates[500:] == sorted(rates[500:], reverse=True)
    assert 0 < rates[-1] < 0.02
