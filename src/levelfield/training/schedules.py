"""Learning rates of the references, as pure functions of the step.

Every function gives the rate of one step, or the factor to a base rate where its name says so. ``step`` is counted as
the reference counts it: from 0 where nothing else is said. :func:`set_rate` writes it into an optimizer.
Sources: mlcommons/training at 4a4d5a0, the folder of each benchmark; for ``dlrm`` facebookresearch/dlrm at 6d75c84.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import torch

__all__ = [
    "halving_warmup",
    "linear_warmup_factor",
    "set_rate",
    "warmup_constant_polynomial",
    "warmup_hold_exponential",
    "warmup_linear",
    "warmup_polynomial",
    "with_boundaries",
]


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step of every group be made at a rate; a group with ``lr_factor`` takes that multiple of it."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("lr_factor", 1.0)


def warmup_polynomial(
    step: int, *, base: float, end: float, warmup: float, decay_steps: int, power: float = 2.0
) -> float:
    """Linear from 0 to the base rate, then polynomial to the end rate: ``resnet``.

    Args:
        step: From 0; the first rate is 0 where there is a warm-up.
        base: The highest rate.
        end: The rate from the end of the polynomial on.
        warmup: Steps of the warm-up; part of a step counts.
        decay_steps: Steps of the polynomial; in the reference one more than the run has after its warm-up.
        power: Of the polynomial.
    """
    if step < warmup:
        return base * step / warmup
    left = 1 - min(step - warmup, decay_steps) / decay_steps if decay_steps else 0.0
    return float((base - end) * left**power + end)


def warmup_linear(step: int, *, base: float, total: int, warmup: int, warmup_start: int = 0) -> float:
    """A linear warm-up, and a line from the base rate at step 0 to 0 at the last step: ``bert``.

    The warm-up runs beside the line and not before it: at its end the rate falls onto the line. Both are from the
    reference (``optimization.py``, ``create_optimizer``).

    Args:
        step: From 0.
        base: The rate that both lines are drawn for.
        total: Steps until 0: ``opt_learning_rate_training_steps``.
        warmup: ``num_warmup_steps``.
        warmup_start: ``start_warmup_step``; below 0 the first rate is above 0.
    """
    if step - warmup_start < warmup:
        return base * (step - warmup_start) / warmup
    return base * (1 - min(step, total) / total)


def warmup_hold_exponential(
    step: int, epoch: int, *, base: float, minimum: float, warmup: int, hold: int, steps_per_epoch: int, gamma: float
) -> float:
    """A linear warm-up, the base rate for some epochs, then a factor for each epoch: ``rnnt``.

    Args:
        step: From 1, as the reference counts it.
        epoch: From 1.
        base: The highest rate.
        minimum: No rate is below it, during the warm-up neither.
        warmup: Epochs of the warm-up.
        hold: Epochs at the base rate.
        steps_per_epoch: Optimizer steps.
        gamma: The factor, ``opt_lamb_learning_rate_decay_poly_power``.
    """
    rising = warmup * steps_per_epoch
    if step < rising:
        factor = (step + 1) / (rising + 1)
    elif step < rising + hold * steps_per_epoch:
        factor = 1.0
    else:
        factor = gamma ** (epoch - warmup - hold)
    return max(minimum, base * factor)


def warmup_constant_polynomial(
    step: int, *, base: float, warmup: int, decay_start: int, decay_steps: int, power: float = 2.0
) -> float:
    """Linear from 0 to the base rate, constant, then polynomial to 0: ``dlrm``.

    Args:
        step: From 1, as the reference counts it, so that no step has the rate 0 before the end.
        base: The highest rate.
        warmup: Steps of the warm-up.
        decay_start: The step at which the rate begins to fall.
        decay_steps: Steps until 0; 0 for a rate that never falls.
        power: Of the polynomial.
    """
    if step < warmup:
        return base * step / warmup
    if not decay_steps or step < decay_start:
        return base
    return float(base * (1 - min(step - decay_start, decay_steps) / decay_steps) ** power)


def halving_warmup(step: int, *, base: float, steps: int, factor: float) -> float:
    """Linear from ``base * (1 - 1 / 2**factor)`` to the base rate: ``ssd``, whose factor counts halvings.

    Args:
        step: From 0.
        base: The rate after the warm-up.
        steps: ``opt_learning_rate_warmup_steps``.
        factor: ``opt_learning_rate_warmup_factor``; 0 begins at the rate 0.
    """
    return base - (steps - step) * base / (steps * 2**factor) if step < steps else base


def linear_warmup_factor(step: int, *, steps: int, start: float = 0.0) -> float:
    """Linear from a factor to 1: ``maskrcnn`` in steps; ``unet3d`` in epochs, from ``init_lr / base``.

    Args:
        step: From 0.
        steps: Length of the warm-up.
        start: The factor at step 0.
    """
    return start + (1 - start) * step / steps if step < steps else 1.0


def with_boundaries(at: float, *, base: float, boundaries: Sequence[float], factor: float = 0.1) -> float:
    """The base rate, multiplied once for each boundary that is reached: ``ssd``, ``maskrcnn``, ``unet3d``, ``minigo``.

    Args:
        at: Steps or epochs, as the boundaries are.
        base: The rate before the first boundary.
        boundaries: In ascending order; a boundary itself belongs to what follows it.
        factor: What each multiplies by.
    """
    return float(base * factor ** bisect_right(boundaries, at))
