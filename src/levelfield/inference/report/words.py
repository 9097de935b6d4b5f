"""What the report says in words. Every sentence that judges is here."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.inference.result import Accuracy, InferenceResult, Lateness, Metric, Verdict
from levelfield.system.contention import Contention
from levelfield.terms import Edition, Scenario, Validity
from levelfield.units import format_ns, format_number, unit_suffix

__all__ = [
    "FOOTNOTE",
    "LEGEND",
    "Badge",
    "accuracy_badge",
    "accuracy_sentence",
    "badge_of",
    "caution",
    "contention_sentence",
    "disturbance",
    "lateness_sentence",
    "metric_text",
    "verdict_sentence",
]

MOST_QUIET_OTHERS = 0.05
"""Of the processors, used by other processes: below this nothing is said of it beside a verdict."""
MOST_QUIET_STOLEN = 0.005
"""Of the processors, given away by the host: half a percent of four seconds is one stall of 20 ms."""

FOOTNOTE = "Result not verified by MLCommons Association."
"""Required, in these words, beside every unreviewed score (MLCommons policies, messaging rules)."""
LEGEND = (
    "The MLPerf name and logo are registered and unregistered trademarks of MLCommons Association in the United States "
    "and other countries. All rights reserved. Unauthorized use strictly prohibited. See www.mlcommons.org for more "
    "information."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A verdict as a sign: colour, shape and word say the same."""

    class_: str
    sign: str
    word: str


def badge_of(validity: Validity) -> Badge:
    """The sign of a run's verdict."""
    match validity:
        case Validity.VALID:
            return Badge(class_="good", sign="✓", word="VALID")
        case Validity.INVALID:
            return Badge(class_="bad", sign="✗", word="INVALID")
        case Validity.WITH_ERRORS:
            return Badge(class_="warn", sign="!", word="VALID-WITH-ERRORS")


def accuracy_badge(accuracy: Accuracy) -> Badge:
    """The sign of the accuracy gate."""
    if accuracy.passed:
        return Badge(class_="good", sign="✓", word="PASSED")
    return Badge(class_="bad", sign="✗", word="FAILED")


def verdict_sentence(verdict: Verdict) -> str:
    """The verdict for a person: the run's own summary, or what the conditions add up to."""
    if verdict.summary:
        return verdict.summary
    total, missed = len(verdict.conditions), sum(not condition.met for condition in verdict.conditions)
    match verdict.validity:
        case Validity.VALID:
            return "The run meets every condition."
        case Validity.INVALID if missed:
            return f"{missed} of {total} conditions {'is' if missed == 1 else 'are'} not met."
        case Validity.INVALID:
            return "The run does not hold."
        case Validity.WITH_ERRORS:
            return "Every condition is met, but errors were logged; the run cannot be submitted."


def metric_text(metric: Metric) -> tuple[str, str]:
    """The headline number and its unit."""
    if metric.value is None:
        return "none", ""
    return format_number(metric.value), metric.unit


def accuracy_sentence(accuracy: Accuracy) -> str:
    """Value, interval, gate and where the gate comes from."""
    unit = unit_suffix(accuracy.unit)
    counted = f" ({accuracy.good:,} of {accuracy.total:,} right)" if accuracy.good is not None else ""
    return (
        f"{accuracy.metric} is {format_number(accuracy.value, digits=5)}{unit}{counted}, "
        f"95 % interval {format_number(accuracy.confidence_low)} to {format_number(accuracy.confidence_high)}{unit}. "
        f"The gate is {format_number(accuracy.target, digits=5)}{unit}: {accuracy.fraction * 100:g} % of the "
        f"reference's {format_number(accuracy.reference, digits=5)}{unit}."
    )


def lateness_sentence(lateness: Lateness, scenario: Scenario) -> str:
    """How far the load generator itself can be trusted."""
    if lateness.bound_ns is None:
        if scenario is Scenario.OFFLINE:
            return "One query holds every sample, so there is no schedule to be late for."
        return "A query is due when the one before it is complete, so there is no schedule to be late for."
    told = f"99 % of queries were issued within {format_ns(lateness.p99_ns)} of their due time"
    if lateness.met:
        return f"{told}; the bound is {format_ns(lateness.bound_ns)}. The latencies can be trusted."
    return (
        f"{told}, later than the bound of {format_ns(lateness.bound_ns)}. "
        "The latencies hold the load generator's own delay, so the run is INVALID."
    )


def contention_sentence(contention: Contention) -> str:
    """Who else had the processors."""
    told = f"Other processes used {_share(contention.others)} of the processors during the run"
    if contention.stolen > 0:
        return f"{told}, and the host of this virtual machine gave {_share(contention.stolen)} of them to others."
    return f"{told}."


def disturbance(contention: Contention | None) -> str | None:
    """What disturbed a run enough to be named beside its verdict; ``None`` for a quiet machine."""
    if contention is None or (contention.others < MOST_QUIET_OTHERS and contention.stolen < MOST_QUIET_STOLEN):
        return None
    return f"The machine was not quiet. {contention_sentence(contention)}"


def _share(share: float) -> str:
    """``3.1 %``."""
    return f"{share * 100:.1f} %"


def caution(results: list[InferenceResult]) -> str | None:
    """What keeps these results from being results of a round, unmistakably; ``None`` if nothing does."""
    reasons = []
    if any(result.edition is Edition.MINI for result in results):
        reasons.append("mini edition")
    if any(not result.official for result in results):
        reasons.append("quick run")
    return f"{' and '.join(reasons)}: not a result of a published round" if reasons else None
