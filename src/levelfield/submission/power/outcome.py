"""How a check of a session ended, and what the official checks are called."""

from __future__ import annotations

from enum import StrEnum

from levelfield.frozen import frozen

__all__ = ["OFFICIAL_NAMES", "POWER_CHECKER", "CheckOutcome", "Outcome"]


class Outcome(StrEnum):
    """Listed from the best."""

    PASS = "pass"  # noqa: S105 - a verdict
    WARNING = "warning"
    """Counts as passed; a person should look."""
    FAIL = "fail"
    SKIPPED = "skipped"
    """It could not look."""


OFFICIAL_NAMES = (
    "Check client sources checksum",
    "Check server sources checksum",
    "Check PTD commands and replies",
    "Check UUID",
    "Check session name",
    "Check time difference",
    "Check client server messages",
    "Check results checksum",
    "Check errors and warnings from PTD logs",
    "Check PTD configuration",
    "Check debug is disabled on server-side",
)
"""The eleven checks of ``compliance/check.py``, as it prints them and in its order."""
POWER_CHECKER = "check.py of mlcommons/power-dev"
"""The official tool for sessions; the submission checker looks at none of this."""


@frozen
class CheckOutcome:
    """One check of one session."""

    name: str
    """As in :data:`OFFICIAL_NAMES`, or the title of a check of ours."""
    outcome: Outcome
    reason: str = ""
    """What was wrong, or why it could not look."""
