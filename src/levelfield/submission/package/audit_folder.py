"""Finding the audits of a run: ``compliance/<system>/<benchmark>/<scenario>/<test>/`` below a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.rules.model import AccuracyMetric, Audit, ScenarioRule

__all__ = ["AuditFolder", "AuditKey", "audits_below"]

COMPLIANCE = "compliance"
VERIFY_ACCURACY = "verify_accuracy.txt"
PASSED = "TEST PASS"
"""What the official scripts print, and the official checker looks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKey:
    """Which audit of which result."""

    system: str
    benchmark: str
    scenario: str
    test: str
    """``TEST01``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFolder:
    """What an audit left."""

    key: AuditKey
    folder: Path

    def problems(self, rule: ScenarioRule, logs: tuple[str, ...]) -> tuple[str, ...]:
        """What is missing or does not hold, one line each.

        Args:
            rule: Of the audited result; it has the audit.
            logs: Which logs its performance run must have left.
        """
        audit = rule.audit(self.key.test)
        told = []
        run = self.folder / "performance" / "run_1"
        told += [f"{run / name} is missing" for name in logs if not (run / name).is_file()]
        for name in audit.files:
            path = self.folder / name
            if not path.is_file():
                told.append(f"{path} is missing")
            elif PASSED not in _text(path):
                instead = self._accuracies(rule, audit) if name == VERIFY_ACCURACY else ""
                if instead is not None:
                    told.append(f"{path} does not say {PASSED}{instead}")
        return tuple(told)

    def _accuracies(self, rule: ScenarioRule, audit: Audit) -> str | None:
        """What speaks against the accuracy of both runs agreeing, where their outputs differ; ``None`` if it agrees.

        TEST01 allows other outputs where order of operations or rounding explains them, if the accuracies on the
        sampled part differ by no more than a share.
        """
        paths = [self.folder / "accuracy" / name for name in ("baseline_accuracy.txt", "compliance_accuracy.txt")]
        if not all(path.is_file() for path in paths):
            return ""
        found = [_metric(path, rule.accuracy[0]) for path in paths]
        allowed = audit.thresholds.accuracy_fraction
        baseline, compliance = found
        if baseline is None or compliance is None or allowed is None:
            return ", and the accuracy of its two runs cannot be compared"
        if abs(compliance - baseline) <= allowed * abs(baseline):
            return None
        return f", and the accuracies {baseline:g} and {compliance:g} differ by more than {allowed:.1%}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _metric(path: Path, metric: AccuracyMetric) -> float | None:
    """The last number that the round's pattern finds, as the official checker takes it."""
    found = [match for line in _text(path).splitlines() if (match := re.match(metric.pattern, line))]
    try:
        return float(found[-1][1]) if found else None
    except ValueError:  # the pattern lets 9.5.1 pass
        return None


def audits_below(folder: Path) -> tuple[AuditFolder, ...]:
    """The audits below a folder, in the order of their names.

    Raises:
        OSError: The folder cannot be read.
    """
    return tuple(
        AuditFolder(
            key=AuditKey(system=test.parts[-4], benchmark=test.parts[-3], scenario=test.parts[-2], test=test.parts[-1]),
            folder=test,
        )
        for test in sorted((folder / COMPLIANCE).glob("*/*/*/*"))
        if test.is_dir() and not test.name.startswith(".")
    )
