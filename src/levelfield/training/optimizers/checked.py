"""What both optimizers ask of the numbers and gradients that they are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

__all__ = ["check_fraction", "check_number", "dense_gradients", "evaluated"]


def check_number(name: str, value: float) -> None:
    """Refuse what is not finite, or below 0.

    Raises:
        ValueError: It is.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}: found {value}, expected a finite number of 0 or more.")


def check_fraction(name: str, value: float) -> None:
    """Refuse what is not in 0 (included) to 1 (not included).

    Raises:
        ValueError: It is not.
    """
    if not 0 <= value < 1:
        raise ValueError(f"{name}: found {value}, expected 0 or more and below 1.")


def evaluated(closure: Callable[[], float] | None) -> float | None:
    """The loss of a closure that makes the gradients anew, where a step is given one."""
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()


def dense_gradients(
    optimizer: torch.optim.Optimizer, name: str
) -> Iterator[tuple[torch.Tensor, torch.Tensor, dict[str, Any]]]:
    """Every tensor that has a gradient, with it and with the group that it is in.

    Args:
        optimizer: Whose tensors.
        name: Of the optimizer, for the message.

    Raises:
        ValueError: A gradient is sparse, so that its norm is not that of the tensor's whole gradient.
    """
    for group in optimizer.param_groups:
        for weights in group["params"]:
            gradient = weights.grad
            if gradient is None:
                continue
            if gradient.is_sparse:
                raise ValueError(f"{name} needs dense gradients; found a sparse one of shape {tuple(weights.shape)}.")
            yield weights, gradient, group
