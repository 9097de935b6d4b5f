"""The checks of one log of a training run. Which there are is said in this file; a new one joins its topic's tuple."""

from __future__ import annotations

from levelfield.submission.check import Check
from levelfield.submission.training.compliance.cadence import CADENCE_CHECKS
from levelfield.submission.training.compliance.occurrence import OCCURRENCE_CHECKS
from levelfield.submission.training.compliance.order import ORDER_CHECKS
from levelfield.submission.training.compliance.quality import QUALITY_CHECKS
from levelfield.submission.training.compliance.readable import READABLE_CHECKS
from levelfield.submission.training.compliance.record import LogRecord
from levelfield.submission.training.compliance.values import VALUE_CHECKS
from levelfield.submission.training.compliance.weights import WEIGHT_CHECKS

__all__ = ["LOG_CHECKS"]

LOG_CHECKS: tuple[Check[LogRecord], ...] = (
    *READABLE_CHECKS,
    *OCCURRENCE_CHECKS,
    *ORDER_CHECKS,
    *VALUE_CHECKS,
    *QUALITY_CHECKS,
    *CADENCE_CHECKS,
    *WEIGHT_CHECKS,
)
"""By code."""
