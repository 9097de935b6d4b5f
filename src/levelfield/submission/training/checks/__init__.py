"""The checks of the training suite. Which there are is said in this file; a new one is added to its topic's tuple."""

from __future__ import annotations

from levelfield.submission.training.checks.convergence import CONVERGENCE_CHECKS
from levelfield.submission.training.checks.layout import ORGANISATION_CHECKS, TREE_CHECKS
from levelfield.submission.training.checks.registry import Registry
from levelfield.submission.training.checks.runs import ROUND_CHECKS, RUN_CHECKS
from levelfield.submission.training.checks.system import SYSTEM_CHECKS
from levelfield.submission.training.compliance import LOG_CHECKS
from levelfield.submission.training.compliance.seeds import SEED_CHECKS

__all__ = ["TRAINING", "Registry"]

TRAINING = Registry(
    tree=TREE_CHECKS,
    organisations=ORGANISATION_CHECKS,
    systems=SYSTEM_CHECKS,
    folders=(*RUN_CHECKS, *CONVERGENCE_CHECKS),
    seeds=SEED_CHECKS,
    round=ROUND_CHECKS,
    logs=LOG_CHECKS,
)
"""Every check, explicitly."""
