"""Which number of a log is its figure of convergence.

It is ``epoch_num`` of the last evaluation, but for BERT, whose figures are samples: some loggers write them there, some
write 1 there and the samples under ``train_samples``, and some give the size of the corpus under ``train_samples``. The
official tool has one switch for a whole submission; no position of it suits every submission of a round.

Source: mlcommons/logging, ``rcp_checker.get_submission_epochs`` at beaf26d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Figure", "FigureMode", "FigureSource", "figure_of", "plausible_samples"]

LEAST_SAMPLES = 1_000
"""An ``epoch_num`` above it is no count of epochs."""


class FigureMode(StrEnum):
    """Where figures in samples are looked for."""

    AUTO = "auto"
    """Where this log has them."""
    EPOCH_NUM = "epoch_num"
    TRAIN_SAMPLES = "train_samples"


class FigureSource(StrEnum):
    """Where a figure stands in the log."""

    EPOCH_NUM = "epoch_num"
    TRAIN_SAMPLES = "train_samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one run needed."""

    value: float | None
    """``None`` where the log does not say it."""
    source: FigureSource | None
    problem: str = ""
    """Why there is none."""


def plausible_samples(means: Sequence[float]) -> tuple[float, float]:
    """Least and most samples that a run can have needed.

    A fifth of the smallest mean of the points, and five times the largest.

    Raises:
        ValueError: There are no points.
    """
    return 0.2 * min(means), 5 * max(means)


def figure_of(
    *,
    epoch_num: float | None,
    train_samples: float | None,
    train_samples_as_text: float | None,
    plausible: tuple[float, float] | None,
    mode: FigureMode = FigureMode.AUTO,
) -> Figure:
    """The figure of a run.

    Args:
        epoch_num: Of the last evaluation before the end.
        train_samples: The value of the last line of that key.
        train_samples_as_text: The value of the last line with that text anywhere, which is what the official option
            reads.
        plausible: Least and most samples, for benchmarks whose figures are samples; ``None`` for all others, whose
            figure is always ``epoch_num``.
        mode: Where samples are looked for.
    """
    rounded = None if epoch_num is None else round(epoch_num, 3)
    if plausible is None or mode is FigureMode.EPOCH_NUM:
        return _figure(rounded, FigureSource.EPOCH_NUM)
    if mode is FigureMode.TRAIN_SAMPLES:
        return _figure(train_samples_as_text, FigureSource.TRAIN_SAMPLES)
    if rounded is not None and rounded > LEAST_SAMPLES:
        return _figure(rounded, FigureSource.EPOCH_NUM)
    least, most = plausible
    if train_samples is not None and least <= train_samples <= most:
        return _figure(train_samples, FigureSource.TRAIN_SAMPLES)
    found = f"epoch_num {_shown(epoch_num)} and train_samples {_shown(train_samples)}"
    return Figure(value=None, source=None, problem=f"{found}, neither of which can be samples until the target")


def _figure(value: float | None, source: FigureSource) -> Figure:
    if value is None:
        return Figure(value=None, source=None, problem=f"no {source} that is a number")
    return Figure(value=value, source=source)


def _shown(value: float | None) -> str:
    return "absent" if value is None else f"{value:,.10g}"
