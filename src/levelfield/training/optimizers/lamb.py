"""LAMB: Adam with decoupled weight decay, each tensor's step scaled to the length of its weights.

Y. You and others, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", arXiv 1904.00962, with
bias correction, as the references of ``bert`` and ``rnnt`` have it (mlcommons/training at 4a4d5a0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from levelfield.training.optimizers.checked import check_fraction, check_number, dense_gradients, evaluated

__all__ = ["Lamb"]


class Lamb(torch.optim.Optimizer):
    r"""The step t = 1, 2, … of each tensor w with gradient g and moments m, v.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        u &= \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} + \lambda w \\
        r &= \lVert w\rVert / \lVert u\rVert \quad\text{if both norms are above 0, else } 1 \\
        w &\leftarrow w - \gamma\, r\, u

    with weight decay lambda and learning rate gamma. A group may set ``weight_decay``, and ``adapt=False`` for r = 1:
    the reference of ``bert`` leaves biases and layer normalisation both undecayed and unadapted. Clipping the gradient
    is not part of a step: both references clip the global norm before it.

    Args:
        groups: Parameters, or groups of them; a group may set ``adapt`` and any of the arguments below.
        lr: Of the next step; a schedule writes it into the groups.
        betas: Of the two moments, each 0 up to, but not, 1.
        eps: Added to the root of the second moment.
        weight_decay: Multiple of the weights that is added to the direction.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(
        self,
        groups: Iterable[torch.Tensor] | Iterable[dict[str, Any]],
        lr: float,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
    ) -> None:
        check_number("lr", lr)
        check_fraction("betas[0]", betas[0])
        check_fraction("betas[1]", betas[1])
        check_number("eps", eps)
        check_number("weight_decay", weight_decay)
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "adapt": True}
        super().__init__(groups, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every tensor that has a gradient."""
        loss = evaluated(closure)
        for weights, gradient, group in dense_gradients(self, "LAMB"):
            self._move(weights, gradient, group)
        return loss

    def _move(self, weights: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[weights]
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(weights)
            state["square"] = torch.zeros_like(weights)
        state["step"] += 1
        first, second = group["betas"]
        mean = state["mean"].lerp_(gradient, 1 - first)
        square = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)

        root = (square / (1 - second ** state["step"])).sqrt_().add_(group["eps"])
        direction = (mean / (1 - first ** state["step"])).div_(root)
        if group["weight_decay"]:
            direction.add_(weights, alpha=group["weight_decay"])
        if group["adapt"]:
            length, size = torch.linalg.vector_norm(weights), torch.linalg.vector_norm(direction)
            direction.mul_(torch.where((length > 0) & (size > 0), length / size, 1.0))
        weights.sub_(direction, alpha=group["lr"])
