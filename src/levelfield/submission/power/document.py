"""The report of a session as JSON. Format 1 (0.1.0): the first."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import TypeAlias

from levelfield.submission.power.judge import SessionReport, complaints_of, hashes_of
from levelfield.submission.power.metric import MeasuredPower
from levelfield.submission.power.official import OfficialVerdict
from levelfield.submission.power.outcome import CheckOutcome
from levelfield.submission.power.session import PowerSession

__all__ = ["FORMAT", "report_json"]

FORMAT = 1
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def report_json(session: PowerSession, report: SessionReport, official: OfficialVerdict | None) -> str:
    """The text of the document; what is not finite is ``null`` there.

    Args:
        session: What was judged.
        report: What was found.
        official: The verdict of a revision of the official check, where one was asked for.
    """
    metric = report.metric
    document: dict[str, Json] = {
        "format": FORMAT,
        "folder": report.subject,
        "round": report.round,
        "limits": f"check@{report.revision}",
        "holds": report.holds,
        "scenario": report.scenario,
        "metric": None
        if metric is None
        else {
            "value": _number(metric.value),
            "unit": metric.unit,
            "per_query": metric.per_query,
            "factor": metric.factor,
        },
        "power": None if report.power is None else _power(report.power),
        "clock_difference_ns": report.clock_difference_ns,
        "checks": [_outcome(one) for one in report.outcomes],
        "findings": [asdict(one) for one in report.findings],
        "hashes": [asdict(one) for one in hashes_of(session)],
        "complaints": [asdict(one) for one in complaints_of(session)],
        "official": None
        if official is None
        else {
            "revision": official.revision,
            "passed": official.passed,
            "checks": [_outcome(one) for one in official.outcomes],
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _outcome(one: CheckOutcome) -> Json:
    return {"name": one.name, "outcome": one.outcome, "reason": one.reason}


def _power(power: MeasuredPower) -> Json:
    values = {one.name: getattr(power, one.name) for one in fields(power)}
    values |= {"duration_s": power.duration_s, "joules": power.joules}
    return {name: _number(value) if isinstance(value, float) else value for name, value in values.items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
