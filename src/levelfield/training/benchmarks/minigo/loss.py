"""What a position teaches: where the search looked, and who won.

The penalty on weights is the optimizer's weight decay, whose gradient is the same as that of the reference's
``l2_strength`` times half the squares (mlcommons/training at 4a4d5a0, ``minigo/dual_net.py``, ``model_fn``).
"""

from __future__ import annotations

import torch
from torch.nn import functional

__all__ = ["dual_loss"]


def dual_loss(
    logits: torch.Tensor, value: torch.Tensor, visits: torch.Tensor, result: torch.Tensor, *, value_weight: float
) -> torch.Tensor:
    """Cross-entropy of the moves plus the weighted squared error of the result.

    Args:
        logits: (positions, moves).
        value: (positions,) the expected result.
        visits: (positions, moves) the share of the search's visits; each row sums to 1.
        result: (positions,) 1 where Black won, -1 where White did.
        value_weight: Weight of the squared error.

    Returns:
        () the mean over the positions.
    """
    return functional.cross_entropy(logits, visits) + value_weight * functional.mse_loss(value, result)
