"""The checks of the inference suite. Which there are is said in this file; a new one is added to its topic's tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING

from levelfield.submission.inference.checks.accuracy import ACCURACY_CHECKS
from levelfield.submission.inference.checks.audit_scores import AUDIT_SCORE_CHECKS
from levelfield.submission.inference.checks.audits import AUDIT_CHECKS
from levelfield.submission.inference.checks.benchmark import BENCHMARK_CHECKS
from levelfield.submission.inference.checks.draws import DRAW_CHECKS
from levelfield.submission.inference.checks.duplicates import DUPLICATE_CHECKS, OFFICIAL_CHECKS
from levelfield.submission.inference.checks.early_stopping import EARLY_STOPPING_CHECKS
from levelfield.submission.inference.checks.files import FILE_CHECKS
from levelfield.submission.inference.checks.inferred import INFERRED_CHECKS
from levelfield.submission.inference.checks.layout import TREE_CHECKS
from levelfield.submission.inference.checks.measured import MEASURED_CHECKS
from levelfield.submission.inference.checks.power import POWER_CHECKS
from levelfield.submission.inference.checks.registry import Registry, RoundSubject, TreeSubject
from levelfield.submission.inference.checks.run_log import RUN_LOG_CHECKS
from levelfield.submission.inference.checks.run_settings import RUN_SETTINGS_CHECKS
from levelfield.submission.inference.checks.summary import SUMMARY_CHECKS
from levelfield.submission.inference.checks.system import SYSTEM_CHECKS

if TYPE_CHECKING:
    from levelfield.submission.power.check import SessionCheck

__all__ = ["INFERENCE", "Registry", "RoundSubject", "TreeSubject"]


def _sessions() -> tuple[SessionCheck, ...]:
    from levelfield.submission.power.checks import SESSION_CHECKS  # noqa: PLC0415 - few trees have measured power

    return SESSION_CHECKS


INFERENCE = Registry(
    tree=TREE_CHECKS,
    systems=SYSTEM_CHECKS,
    benchmarks=BENCHMARK_CHECKS,
    results=(
        *FILE_CHECKS,
        *RUN_LOG_CHECKS,
        *RUN_SETTINGS_CHECKS,
        *EARLY_STOPPING_CHECKS,
        *MEASURED_CHECKS,
        *SUMMARY_CHECKS,
        *ACCURACY_CHECKS,
        *INFERRED_CHECKS,
        *POWER_CHECKS,
    ),
    audits=(*AUDIT_CHECKS, *AUDIT_SCORE_CHECKS),
    load_sessions=_sessions,
    round=(*DRAW_CHECKS, *DUPLICATE_CHECKS),
    official=OFFICIAL_CHECKS,
)
"""Every check, explicitly."""
