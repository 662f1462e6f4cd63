import pytest

torch = pytest.importorskip("torch")

from overpaint.shapes.training.muon import Optimizer, orthogonal  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("rows", "columns"), [(6, 6), (4, 12), (12, 4)])
def test_singular_values_end_near_one(rows: int, columns: int) -> None:
    torch.manual_seed(0)
    turned = orthogonal(torch.randn(3, rows, columns))
    values = torch.linalg.svdvals(turned)
    assert turned.shape == (3, rows, columns)
    assert 0.5 < values.min() < values.max() < 1.4


@pytest.mark.slow
def test_learns_kernels_tables_and_biases() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(2, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 1, 3))
    x, target = torch.randn(16, 2, 8, 8), torch.randn(16, 1, 4, 4)
    optimizer = Optimizer(model, 0.01, 1e-3)
    losses = []
    for _ in range(60):
        loss = ((model(x) - target) ** 2).mean()
        optimizer.step(loss, 1.0)
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_frozen_parts_stay_as_they_are() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 1))
    model[0].requires_grad_(False)
    before = model[0].weight.clone(), model[1].weight.clone()
    Optimizer(model, 0.1, 0.1).step(model(torch.ones(2, 3)).mean(), 1.0)
    assert torch.equal(model[0].weight, before[0])
    assert not torch.equal(model[1].weight, before[1])
