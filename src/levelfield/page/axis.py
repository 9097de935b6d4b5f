"""Axes of plots: from values to places, with round ticks. Geometry only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from levelfield.units import format_compact

__all__ = ["Axis", "linear_axis", "log_axis", "round_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From values to places, with ticks and a title."""

    title: str
    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]
    transform: Callable[[float], float] = float
    """What makes the axis straight: identity, or a logarithm."""

    def at(self, value: float) -> float:
        """The place of a value, kept within the axis."""
        low, high = self.transform(self.low), self.transform(self.high)
        share = (self.transform(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + share * (self.end - self.start)


def linear_axis(
    title: str,
    high: float,
    *,
    start: float,
    end: float,
    word: Callable[[float], str] = format_compact,
    low: float = 0.0,
) -> Axis:
    """An axis from ``low`` (usually 0) to a round value at or above ``high``, with about five ticks."""
    step = round_step((high - low) / 4 or 1)
    top = low + step * math.ceil((high - low) / step - 1e-9) if high > low else low + step
    count = round((top - low) / step)
    values = [low + step * number for number in range(count + 1)]
    return Axis(
        title=title, low=low, high=top, start=start, end=end, ticks=tuple((value, word(value)) for value in values)
    )


def log_axis(
    title: str,
    low: float,
    high: float,
    *,
    start: float,
    end: float,
    word: Callable[[float], str] = format_compact,
    end_word: Callable[[float], str] | None = None,
) -> Axis:
    """Ticks at 1, 2, 5 of each decade where they fit, else finer, else at 1, else at every second or third decade.

    Args:
        title: Of the axis.
        low: The least value; above 0.
        high: The largest.
        start: The place of ``low``.
        end: The place of ``high``.
        word: What a tick says.
        end_word: What the two ends say where no choice of ticks fits; as ``word`` if not given.
    """
    high = max(high, low * 1.5)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0**power for power in range(first, last + 1)]
    finest = [decade * part for decade in decades for part in (1, 2, 5)]
    whole = [decade * part for decade in decades for part in range(1, 10)]
    choices = [finest, whole, *(decades[::every] for every in (1, 2, 3, 4))]
    within = [[value for value in choice if low / 1.001 <= value <= high * 1.001] for choice in choices]
    values = next((choice for choice in within if 3 <= len(choice) <= 6), None)
    if values is None:
        values, word = [low, high], end_word or word
    return Axis(
        title=title,
        low=low,
        high=high,
        start=start,
        end=end,
        transform=math.log10,
        ticks=tuple((value, word(value)) for value in values),
    )


def round_step(wanted: float) -> float:
    """The smallest of 1, 2, 5, 10 times a power of ten that is not below what is wanted."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * part for part in (1, 2, 5, 10) if power * part >= wanted * (1 - 1e-9))
