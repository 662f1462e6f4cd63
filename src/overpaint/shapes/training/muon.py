"""Muon: momentum made orthogonal, for matrices and convolution kernels; AdamW for everything else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, Parameter

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration (Jordan et al. 2024, kellerjordan.github.io/posts/muon)."""
TURNS = 5
MOMENTUM = 0.95
DECAY = 0.01
NOT_MATRICES = ("embed", "conv_in", "conv_out")
"""Parts of names: tables and the first and last layers, which AdamW trains."""


class Muon:
    """The orthogonalised momentum step for parameters of two or more dimensions, kernels flattened to matrices.

    torch.optim.Muon takes matrices alone; this one takes kernels too, and turns all of one shape in one batch.
    """

    def __init__(self, params: Iterable[Parameter], rate: float) -> None:
        """Args: params, of two dimensions or more; rate, the learning rate at full strength."""
        import torch

        self.params = list(params)
        self.rate = rate
        self.momenta = [torch.zeros_like(p) for p in self.params]

    def step(self, strength: float) -> None:
        """Take one step by the gradients at hand, at `strength` (0 to 1) of the learning rate."""
        import torch

        by_shape: dict[tuple[int, int], list[tuple[Parameter, Tensor]]] = defaultdict(list)
        with torch.no_grad():
            for param, momentum in zip(self.params, self.momenta, strict=True):
                if param.grad is not None:
                    momentum.lerp_(param.grad, 1 - MOMENTUM)
                    update = torch.lerp(param.grad, momentum, MOMENTUM).flatten(1)
                    by_shape[update.shape[0], update.shape[1]].append((param, update))
            for shape, pairs in by_shape.items():
                self._move(shape, pairs, strength * self.rate)

    def _move(self, shape: tuple[int, int], pairs: list[tuple[Parameter, Tensor]], rate: float) -> None:
        import torch

        scale = max(1, shape[0] / shape[1]) ** 0.5
        for (param, _), update in zip(pairs, orthogonal(torch.stack([u for _, u in pairs])), strict=True):
            param.mul_(1 - rate * DECAY).add_(update.reshape(param.shape), alpha=-rate * scale)


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest orthogonal matrices, roughly, by Newton-Schulz in bfloat16. `matrices` is (n, rows, columns)."""
    a, b, c = NEWTON_SCHULZ
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(TURNS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    turned: Tensor = x.mT if tall else x
    return turned.to(matrices.dtype)


class Optimizer:
    """Muon for a model's matrices and kernels and AdamW for the rest, as one; both can be saved and loaded."""

    def __init__(self, model: Module, muon_rate: float, adam_rate: float) -> None:
        """Args: model, all of it is trained; the two learning rates at full strength."""
        import torch

        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        matrices = [p for name, p in named if p.ndim >= 2 and not any(part in name for part in NOT_MATRICES)]
        inside = {id(p) for p in matrices}
        self.params = [p for _, p in named]
        self.adam_rate = adam_rate
        self.muon = Muon(matrices, muon_rate)
        rest = [p for p in self.params if id(p) not in inside]
        self.adam = torch.optim.AdamW(rest, lr=adam_rate, weight_decay=0.0, betas=(0.9, 0.98))

    def step(self, loss: Tensor, strength: float) -> None:
        """Go back through `loss`, clip gradients to norm 1, and step at `strength` (0 to 1)."""
        import torch

        for param in self.params:
            param.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.params, 1.0)
        self.muon.step(strength)
        for group in self.adam.param_groups:
            group["lr"] = strength * self.adam_rate
        self.adam.step()

    def state(self) -> dict[str, Any]:
        """All that must be kept to go on later."""
        return {"momenta": self.muon.momenta, "adam": self.adam.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        import torch

        with torch.no_grad():
            for mine, kept in zip(self.muon.momenta, state["momenta"], strict=True):
                mine.copy_(kept)
        self.adam.load_state_dict(state["adam"])
