"""What was found when a copy of a published dataset was looked at before a run."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DatasetReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReport:
    """A dataset's folder: what it holds, and what is wrong with it."""

    dataset: str
    """Its name, for people."""
    facts: tuple[tuple[str, str], ...]
    """What was counted or compared, and the outcome: ``("questions", "10,570")``."""
    problems: tuple[str, ...]
    """Each with its place, what was found and what was expected; empty for a good copy."""
