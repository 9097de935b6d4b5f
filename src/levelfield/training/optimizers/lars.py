"""LARS: momentum with a learning rate of its own for each tensor.

Y. You, I. Gitman, B. Ginsburg, "Large Batch Training of Convolutional Networks", arXiv 1708.03888, in the form of the
reference of ``resnet`` (mlcommons/training at 4a4d5a0), which scales the velocity by the learning rate of its step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from levelfield.training.optimizers.checked import check_fraction, check_number, dense_gradients, evaluated

__all__ = ["Lars"]


class Lars(torch.optim.Optimizer):
    r"""The step of each tensor w with gradient g and velocity v.

    .. math::

        r &= \eta \lVert w\rVert / (\lVert g\rVert + \lambda \lVert w\rVert + \epsilon)
             \quad\text{if both norms are above 0, else } 1 \\
        v &\leftarrow \mu v - \gamma\, r\, (g + \lambda w) \\
        w &\leftarrow w + v

    with the trust coefficient eta, weight decay lambda, momentum mu and learning rate gamma. In a group with
    ``adapt=False`` r is 1 and lambda is 0: plain momentum, as the reference has it for batch normalisation and biases.

    Args:
        groups: Parameters, or groups of them; a group may set ``adapt`` and any of the arguments below.
        lr: Of the next step; a schedule writes it into the groups.
        momentum: 0 up to, but not, 1.
        weight_decay: Added to the gradient as a multiple of the weights.
        trust: How large a step may be against the weights.
        eps: Keeps the ratio finite where gradients vanish; 0 in closed entries.

    Raises:
        ValueError: A number is out of its range.
    """

    def __init__(
        self,
        groups: Iterable[torch.Tensor] | Iterable[dict[str, Any]],
        lr: float,
        *,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        trust: float = 1e-3,
        eps: float = 0.0,
    ) -> None:
        check_number("lr", lr)
        check_fraction("momentum", momentum)
        check_number("weight_decay", weight_decay)
        check_number("trust", trust)
        check_number("eps", eps)
        defaults = {
            "lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust, "eps": eps, "adapt": True,
        }  # fmt: skip
        super().__init__(groups, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every tensor that has a gradient."""
        loss = evaluated(closure)
        for weights, gradient, group in dense_gradients(self, "LARS"):
            self._move(weights, gradient, group)
        return loss

    def _move(self, weights: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[weights]
        if not state:
            state["velocity"] = torch.zeros_like(weights)
        velocity = state["velocity"].mul_(group["momentum"])
        if group["adapt"]:
            ratio = _trust_ratio(weights, gradient, group)
            gradient = gradient.add(weights, alpha=group["weight_decay"]).mul_(ratio)
        weights.add_(velocity.sub_(gradient, alpha=group["lr"]))


def _trust_ratio(weights: torch.Tensor, gradient: torch.Tensor, group: dict[str, Any]) -> torch.Tensor:
    """() the factor of a tensor's step; stays on the device, so that nothing waits for it."""
    length, steepness = torch.linalg.vector_norm(weights), torch.linalg.vector_norm(gradient)
    ratio = group["trust"] * length / (steepness + group["weight_decay"] * length + group["eps"])
    return torch.where((length > 0) & (steepness > 0), ratio, 1.0)
