"""One stage of training: so many steps, saved as it goes, taken up again where it stopped."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.shapes.training.muon import Optimizer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

WARM_UP = 100
SAVE_SECONDS = 120.0
AVERAGING = 0.999

Say = Callable[[str], None]
Step = Callable[[int], "Tensor"]
"""From the number of a step, from 0, to its loss. All randomness comes from that number, so a stage can be resumed."""


@dataclass(frozen=True)
class Plan:
    """How long and how fast a stage learns. `flat` is the share of the steps before the rate starts to fall.

    `seed` and `steps` are kept with the state of the stage: another course cannot go on from it.
    """

    name: str
    seed: int
    steps: int
    muon_rate: float
    adam_rate: float
    flat: float = 0.5

    def strength(self, step: int) -> float:
        """The share of the full learning rate at a step: a short warm-up, flat, then a fall to one per cent."""
        rise = min(1.0, (step + 1) / min(WARM_UP, max(1, self.steps // 5)))
        done = step / self.steps
        fall = 1.0 if done < self.flat else 0.5 * (1 + math.cos(math.pi * (done - self.flat) / (1 - self.flat)))
        return rise * (0.01 + 0.99 * fall)


def learn(plan: Plan, model: Module, step: Step, folder: Path, say: Say) -> float:
    """Train a model through a stage, or what is left of it; leaves in it the average of its late weights.

    Args:
        plan: of the stage.
        model: trained in place; parts that do not require gradients are left alone.
        step: gives the loss of each step.
        folder: where `<name>.pt` keeps the state of the stage.
        say: told of progress, one line each.

    Returns:
        Seconds spent on this stage, those of earlier calls included.

    Raises:
        SystemExit: the folder holds the state of another course.
    """
    path = folder / f"{plan.name}.pt"
    optimizer = Optimizer(model, plan.muon_rate, plan.adam_rate)
    average = [p.detach().clone() for p in optimizer.params]
    done, spent = _load(path, plan, optimizer, average)
    began, saved = time.monotonic() - spent, time.monotonic()
    loss_seen = 0.0
    for n in range(done, plan.steps):
        loss = step(n)
        optimizer.step(loss, plan.strength(n))
        _blend(average, optimizer.params, n)
        loss_seen = loss.item() if n == done else 0.98 * loss_seen + 0.02 * loss.item()
        if (n + 1) % 100 == 0:
            say(f"{plan.name} {n + 1}/{plan.steps} loss {loss_seen:.4f} {time.monotonic() - began:.0f} s")
        if time.monotonic() - saved > SAVE_SECONDS or n + 1 == plan.steps:
            _save(path, plan, optimizer, average, n + 1, time.monotonic() - began)
            saved = time.monotonic()
    _put(optimizer.params, average)
    return time.monotonic() - began


def _blend(average: list[Tensor], params: list[Any], n: int) -> None:
    import torch

    keep = min(AVERAGING, (1 + n) / (10 + n))
    torch._foreach_lerp_(average, [p.detach() for p in params], 1 - keep)


def _put(params: list[Any], values: list[Tensor]) -> None:
    import torch

    with torch.no_grad():
        for param, value in zip(params, values, strict=True):
            param.copy_(value)


def _save(path: Path, plan: Plan, optimizer: Optimizer, average: list[Tensor], done: int, spent: float) -> None:
    import torch

    weights = [p.detach() for p in optimizer.params]
    half = path.with_suffix(".part")
    kept = {"course": [plan.seed, plan.steps], "done": done, "spent": spent}
    kept |= {"weights": weights, "average": average, "optimizer": optimizer.state()}
    torch.save(kept, half)
    half.replace(path)


def _load(path: Path, plan: Plan, optimizer: Optimizer, average: list[Tensor]) -> tuple[int, float]:
    import torch

    if not path.exists():
        return 0, 0.0
    kept = torch.load(path, map_location=average[0].device, weights_only=True)
    same_course(path, kept["course"], [plan.seed, plan.steps])
    _put(optimizer.params, kept["weights"])
    _put(average, kept["average"])
    optimizer.load(kept["optimizer"])
    return kept["done"], kept["spent"]


def same_course(path: Path, kept: list[Any], wanted: list[Any]) -> None:
    """See to it that what was kept belongs to the course at hand, since parts of two courses do not fit together.

    Raises:
        SystemExit: it does not.
    """
    if kept != wanted:
        raise SystemExit(
            f"{path} is of another course (seed and length {kept}, not {wanted}): "
            "give the seed and share of that one, or train into another folder"
        )
