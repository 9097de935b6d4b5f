"""The test against reference convergence points (RCP): a submission must not need significantly fewer epochs.

A point holds what many runs of the reference needed at one batch size. After the fastest and slowest are dropped, their
mean m and spread s give a floor: the least mean that a one-sided t test at 5 % takes for the same convergence,
``floor = m - t₀.₉₅(n1 + n2 - 2) · s · sqrt(1 / n1 + 1 / n2)``.

Source: mlcommons/training_policies, ``training_rules.adoc`` at 8c7f5e70; mlcommons/logging, ``rcp_checker`` at beaf26d.
Its odd behaviour is kept on purpose, and ``tests/conformance/test_training_round.py`` holds it: ``n2`` is the number of
runs less two, also where eight are dropped; an interpolated point counts its reference runs undropped; spreads divide
by n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from levelfield.stats.student import student_t_quantile, student_t_tail
from levelfield.units import format_number

__all__ = [
    "SIGNIFICANCE",
    "Convergence",
    "Floor",
    "Method",
    "Point",
    "Reference",
    "Status",
    "floor_of",
    "interpolate",
    "judge_convergence",
    "mean_without_ends",
    "official_words",
    "reference_of",
    "untested",
]

SIGNIFICANCE = 0.05
BISECTION_WIDTH = 1e-4
"""Where the official search for the floor stops."""
UNCONVERGED = 1e9
"""The figure of a run that did not converge."""


class Floor(StrEnum):
    """How the floor is computed."""

    CLOSED_FORM = "closed-form"
    """By its formula."""
    BISECT = "bisect"
    """By the official search, whose result lies within 1e-4 of the formula's, digit by digit."""


class Status(StrEnum):
    """What the test says."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    MISSING = "missing"
    """There is no point to test against; the submitter has to hand one in."""
    NOT_APPLICABLE = "not applicable"


class Method(StrEnum):
    """How a batch size and the points belong together, or why nothing could be tested."""

    EXACT = "exact"
    INTERPOLATED = "interpolated"
    BELOW = "below the smallest"
    """Smaller batches converge in fewer epochs, so passing against the smallest point is enough, and required."""
    ABOVE = "above the largest"
    NO_POINTS = "no points"
    NO_BATCH_SIZE = "no batch size"
    TOO_MANY_FAILED = "too many failed"
    NO_FIGURE = "no figure"
    """A run does not say what it needed."""
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What runs of the reference needed at one batch size."""

    batch_size: float
    figures: tuple[float, ...]
    """Epochs, samples; in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A point without its fastest and slowest runs, or one that lies between two of them."""

    batch_size: float
    mean: float
    sd: float
    """Divided by n, not by n - 1."""
    runs: int
    """That were kept; of an interpolated point, that two points of the least size have undropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """The verdict on one submission, and what it rests on."""

    status: Status
    method: Method
    batch_size: float | None
    mean: float | None
    """Of the submission, without its fastest and slowest runs; ``None`` where nothing was tested."""
    floor: float | None
    """The least mean that passes; ``None`` where no point applies."""
    reference: Reference | None
    explanation: str
    """One sentence."""

    @property
    def margin(self) -> float | None:
        """How far the mean lies above the floor, as a share of it; below 0 where it lies below."""
        return None if self.mean is None or not self.floor else self.mean / self.floor - 1


def reference_of(point: Point, *, dropped: int) -> Reference:
    """Mean and spread of a point.

    Args:
        point: Its figures.
        dropped: How many are dropped at each end.

    Raises:
        ValueError: Nothing is left.
    """
    kept = _without_ends(point.figures, dropped)
    if not kept:
        raise ValueError(f"figures: found {len(point.figures)}, expected more than {2 * dropped}.")
    mean = _sum(kept) / len(kept)
    squares = [(value - mean) * (value - mean) for value in kept]
    return Reference(batch_size=point.batch_size, mean=mean, sd=math.sqrt(_sum(squares) / len(kept)), runs=len(kept))


def interpolate(low: Reference, high: Reference, batch_size: float, *, runs: int) -> Reference:
    """The point between two others.

    Args:
        low: At a smaller batch size.
        high: At a larger one.
        batch_size: Between them.
        runs: Of a submission; the point counts as one of twice as many.
    """

    def at(a: float, b: float) -> float:
        return (b - a) / (high.batch_size - low.batch_size) * (batch_size - low.batch_size) + a

    return Reference(batch_size=batch_size, mean=at(low.mean, high.mean), sd=at(low.sd, high.sd), runs=2 * runs)


def floor_of(reference: Reference, *, runs: int, how: Floor = Floor.CLOSED_FORM) -> float:
    """The least mean that a submission may have.

    Args:
        reference: To be tested against.
        runs: Of a submission, 3 or more.
        how: The formula, or the official search.
    """
    if reference.sd == 0:
        return reference.mean
    n1, n2 = reference.runs, runs - 2
    if how is Floor.BISECT:
        return _bisected(reference.mean, reference.sd, n1, n2)
    spread = reference.sd * math.sqrt(1 / n1 + 1 / n2)
    return reference.mean - student_t_quantile(1 - SIGNIFICANCE, n1 + n2 - 2) * spread


def _bisected(mean: float, sd: float, n1: int, n2: int) -> float:
    """The official search: both sides have the same spread, and the means are tested until they are told apart."""
    freedom = n1 + n2 - 2
    variance = ((n1 - 1) * sd**2 + (n2 - 1) * sd**2) / freedom
    error = math.sqrt(variance * (1 / n1 + 1 / n2))
    low, high = 0.0, mean
    middle = (low + high) / 2
    while high - low > BISECTION_WIDTH:
        if student_t_tail((mean - middle) / error, freedom) > SIGNIFICANCE:
            high = middle
        else:
            low = middle
        middle = (low + high) / 2
    return middle


def judge_convergence(
    figures: Sequence[float],
    *,
    failed: int,
    batch_size: float | None,
    points: Sequence[Point],
    runs: int,
    dropped: int,
    how: Floor = Floor.CLOSED_FORM,
) -> Convergence:
    """Test a submission.

    Args:
        figures: What each run that converged needed, in any order.
        failed: Runs that did not converge; they count as the slowest.
        batch_size: Of the submission; ``None`` where its logs do not say it.
        points: Of the benchmark, in any order.
        runs: How many a submission has, by the rules.
        dropped: How many of them are dropped at each end; so many may fail.
        how: The floor is computed.
    """

    def cannot(status: Status, method: Method, explanation: str) -> Convergence:
        return untested(status, method, explanation, batch_size=batch_size)

    if batch_size is None:
        return cannot(Status.FAIL, Method.NO_BATCH_SIZE, "The logs do not say global_batch_size.")
    if failed > dropped:
        found = f"{failed} runs did not converge, expected {dropped} at most."
        return cannot(Status.FAIL, Method.TOO_MANY_FAILED, found)
    mean = mean_without_ends(figures, failed=failed, dropped=dropped)
    if mean is None:
        found = f"{len(figures) + failed} of {runs} runs are too few to be tested."
        return cannot(Status.FAIL, Method.NO_FIGURE, found)
    references = sorted((reference_of(point, dropped=dropped) for point in points), key=lambda one: one.batch_size)
    if not references:
        return cannot(Status.FAIL, Method.NO_POINTS, "The set has no points of this benchmark.")
    reference, method = _matched(references, batch_size, runs=runs)
    if reference is None:
        largest = references[-1].batch_size
        found = f"The largest point is at batch size {largest:.10g}; one at {batch_size:.10g} has to be submitted."
        return cannot(Status.MISSING, method, found)
    floor = floor_of(reference, runs=runs, how=how)
    # Written as the official tool has it: dividing twice may differ in the last digit where mean and floor are equal.
    passes = mean >= (reference.mean / (reference.mean / floor) if how is Floor.BISECT and floor else floor)
    return Convergence(
        status=Status.PASS if passes else Status.MISSING if method is Method.BELOW else Status.FAIL,
        method=method,
        batch_size=batch_size,
        mean=mean,
        floor=floor,
        reference=reference,
        explanation=_explanation(method, reference, mean=mean, floor=floor, passes=passes, batch_size=batch_size),
    )


def untested(status: Status, method: Method, explanation: str, *, batch_size: float | None = None) -> Convergence:
    """A verdict without numbers: there was nothing to test, or nothing to test it against."""
    return Convergence(
        status=status,
        method=method,
        batch_size=batch_size,
        mean=None,
        floor=None,
        reference=None,
        explanation=explanation,
    )


def _matched(references: Sequence[Reference], batch_size: float, *, runs: int) -> tuple[Reference | None, Method]:
    """What to test against; the references are in the order of their batch sizes."""
    smaller = [one for one in references if one.batch_size < batch_size]
    larger = [one for one in references if one.batch_size > batch_size]
    if len(smaller) + len(larger) < len(references):
        return references[len(smaller)], Method.EXACT
    if not larger:
        return None, Method.ABOVE
    if not smaller:
        return larger[0], Method.BELOW
    return interpolate(smaller[-1], larger[0], batch_size, runs=runs), Method.INTERPOLATED


def _explanation(
    method: Method, reference: Reference, *, mean: float, floor: float, passes: bool, batch_size: float
) -> str:
    match method:
        case Method.INTERPOLATED:
            against = f"the point interpolated for batch size {batch_size:.10g}"
        case Method.BELOW:
            against = f"the smallest point, at batch size {reference.batch_size:.10g}"
        case _:
            against = f"the point at batch size {reference.batch_size:.10g}"

    def figure(value: float) -> str:
        return format_number(value, digits=6)

    side = "at or above" if passes else "below"
    text = f"The mean {figure(mean)} is {side} the floor {figure(floor)} of {against} (mean {figure(reference.mean)})"
    if method is Method.BELOW and not passes:
        return f"{text}; a point at {batch_size:.10g} has to be submitted."
    return f"{text}."


def official_words(convergence: Convergence, *, bypass: bool = False) -> tuple[bool, str]:
    """Whether the official checker passes it, and its message.

    Args:
        convergence: What was found.
        bypass: The official option that lets a failed test pass, and says so.
    """
    size = convergence.batch_size
    passed = convergence.status is Status.PASS
    match convergence.method:
        case Method.NO_BATCH_SIZE:
            words = "Could not detect global_batch_size"
        case Method.TOO_MANY_FAILED:
            words = "Insufficient convergence"
        case Method.EXACT | Method.NO_FIGURE:
            words = "RCP found"
        case Method.INTERPOLATED:
            words = "RCP Interpolation"
        case Method.BELOW if passed:
            words = "RCP not found but slower convergence on smaller batch size"
        case Method.BELOW | Method.ABOVE:
            shown = int(size) if size is not None and size == int(size) else size
            words = f"Missing RCP, please submit RCP with BS = {shown}"
        case Method.NO_POINTS:
            words = "Cannot find any RCPs"
        case Method.NOT_TESTED:
            words = ""
    if bypass and not passed and convergence.method in {Method.EXACT, Method.INTERPOLATED}:
        return True, f"{words} passed using rcp_bypass"
    return passed, words


def mean_without_ends(figures: Sequence[float], *, failed: int, dropped: int) -> float | None:
    """The mean of what runs needed, without the fastest and slowest; ``None`` where none is left."""
    kept = _without_ends([*figures, *[UNCONVERGED] * failed], dropped)
    return _sum(kept) / len(kept) if kept else None


def _without_ends(values: Sequence[float], dropped: int) -> list[float]:
    return sorted(values)[dropped : max(dropped, len(values) - dropped)]


def _sum(values: Sequence[float]) -> float:
    """Added in the order of numpy's ``sum``, which the official tool uses: eight sums side by side, then these."""
    count = len(values)
    if count < 8:
        total = 0.0
        for value in values:
            total += value
        return total
    if count > 128:
        half = count // 2 - count // 2 % 8
        return _sum(values[:half]) + _sum(values[half:])
    lanes = [float(value) for value in values[:8]]
    whole = count - count % 8
    for start in range(8, whole, 8):
        for lane in range(8):
            lanes[lane] += values[start + lane]
    pairs = [lanes[0] + lanes[1], lanes[2] + lanes[3], lanes[4] + lanes[5], lanes[6] + lanes[7]]
    total = (pairs[0] + pairs[1]) + (pairs[2] + pairs[3])
    for value in values[whole:]:
        total += value
    return total
