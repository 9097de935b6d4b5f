"""Sums over the processes that train together."""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["totals"]


def totals(values: Sequence[float], device: str) -> list[float]:
    """Each value summed over all processes; the values themselves where there is only one.

    Args:
        values: As many in every process.
        device: Where this process computes; sums go through it where the backend asks for that.
    """
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return list(values)
    where = device if torch.distributed.get_backend() == "nccl" else "cpu"
    summed = torch.tensor(values, dtype=torch.float64, device=where)
    torch.distributed.all_reduce(summed)
    return [float(value) for value in summed.tolist()]
