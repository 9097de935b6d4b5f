"""What both optimizers ask of the numbers and gradients that they are given."""

from __future__ import annotations

import math

import torch

__all__ = ["check_fraction", "check_number", "dense_gradient"]


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


def dense_gradient(weights: torch.Tensor, optimizer: str) -> torch.Tensor:
    """The gradient of a tensor that has one.

    Raises:
        ValueError: It is sparse, so that its norm is not that of the tensor's whole gradient.
    """
    gradient = weights.grad
    assert gradient is not None
    if gradient.is_sparse:
        raise ValueError(f"{optimizer} needs dense gradients; found a sparse one of shape {tuple(weights.shape)}.")
    return gradient
