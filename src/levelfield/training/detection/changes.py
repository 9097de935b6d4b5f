"""Hyperparameters as a user writes them: by their names in the log, checked, all problems at once."""

from __future__ import annotations

import math
from collections.abc import Mapping

from levelfield.errors import SettingsError

__all__ = ["Changes"]


class Changes:
    """Takes values by name; what nobody took, and what cannot be, is told by :meth:`check`.

    Args:
        benchmark: For the message.
        written: The values as text.
    """

    def __init__(self, benchmark: str, written: Mapping[str, str]) -> None:
        self._benchmark = benchmark
        self._written = written
        self._known: list[str] = []
        self._problems: list[str] = []

    def number(self, name: str, default: float, *, least: float = math.ulp(0.0)) -> float:
        """A finite number of ``least`` or more, by default above 0."""
        text = self._text(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < least:
            self._problems.append(
                f"{name}: found {text!r}, expected a number {'of 0 or more' if not least else 'above 0'}"
            )
            return default
        return value

    def whole(self, name: str, default: int, *, least: int = 1) -> int:
        """A whole number of ``least`` or more."""
        text = self._text(name)
        if text is None:
            return default
        value = _whole(text)
        if value is None or value < least:
            self._problems.append(f"{name}: found {text!r}, expected a whole number of {least} or more")
            return default
        return value

    def wholes(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """As many ascending whole numbers as the default has, written with commas."""
        text = self._text(name)
        if text is None:
            return default
        values = [_whole(part) for part in text.strip("[] ").split(",")]
        whole = [value for value in values if value is not None and value > 0]
        if len(whole) != len(default) or len(values) != len(default) or whole != sorted(whole):
            self._problems.append(
                f"{name}: found {text!r}, expected {len(default)} ascending whole numbers, as in 40,50"
            )
            return default
        return tuple(whole)

    def check(self, *, world: int, batch: int) -> None:
        """Raise what was found.

        Args:
            world: Processes.
            batch: Samples of a step over all of them.

        Raises:
            SettingsError: A name is unknown, a value impossible, or the batch not a multiple of the processes.
        """
        for name in self._written:
            if name not in self._known:
                self._problems.append(f"{name}: unknown; known are {', '.join(self._known)}")
        if batch < 1:
            self._problems.append(f"global_batch_size: found {batch}, expected 1 or more")
        elif batch % world:
            self._problems.append(f"global_batch_size: found {batch}, expected a multiple of the {world} processes")
        if self._problems:
            raise SettingsError(f"These settings of {self._benchmark} cannot be.", problems=self._problems)

    def _text(self, name: str) -> str | None:
        self._known.append(name)
        return self._written.get(name)


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
