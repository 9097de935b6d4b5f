"""What an audit gives: values only, from which the official files, the JSON and the terminal's text are written."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from levelfield.stats.ratio import Interval
from levelfield.terms import Scenario

__all__ = [
    "AUDIT_SCHEMA",
    "Allowed",
    "AuditResult",
    "AuditVerdict",
    "Estimate",
    "PayloadComparison",
    "ScoreComparison",
    "SubsetScores",
]

AUDIT_SCHEMA = "levelfield.inference-audit/1"


class AuditVerdict(StrEnum):
    """What is known about a system after an audit."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    UNDECIDED = "NOT DECIDABLE"
    """The interval of what was measured lies on both sides of a bound: run longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Between which bounds the ratio of the audit's score to the reference must lie; the bounds themselves fail."""

    low: float
    """0 = none."""
    high: float
    """Infinity = none."""
    fraction: float
    """The share that the bounds were made from."""
    relaxed: bool
    """Whether it is the larger share for very short latencies."""

    def holds(self, ratio: float) -> bool:
        """Whether a ratio is within the bounds."""
        return self.low < ratio < self.high

    def decide(self, interval: Interval | None) -> AuditVerdict:
        """What an interval says: wholly inside, wholly outside, or neither."""
        if interval is None:
            return AuditVerdict.UNDECIDED
        if self.low < interval.low and interval.high < self.high:
            return AuditVerdict.PASS
        if interval.high <= self.low or interval.low >= self.high:
            return AuditVerdict.FAIL
        return AuditVerdict.UNDECIDED

    def __str__(self) -> str:
        """The bounds in words: ``0.95 to 1.05``."""
        if self.low <= 0:
            return f"below {self.high:.2f}"
        if self.high == float("inf"):
            return f"above {self.low:.2f}"
        return f"{self.low:.2f} to {self.high:.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A ratio of audit to reference, how sure it is, and what that says."""

    what: str
    """What is compared: ``p90 latency``, ``median latency``, ``samples/s``."""
    ratio: float | None
    """``None`` where one of the runs gave none."""
    interval: Interval | None
    """95 %; ``None`` where too little was recorded for one."""
    verdict: AuditVerdict
    pairs: tuple[float, ...] = ()
    """The ratio of each pair of runs by turns; empty for the two runs of the audit itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreComparison:
    """The headline of the audit's run against that of its reference, and what the records say about both."""

    reference_score: str
    """As the summary log spells it."""
    test_score: str
    allowed: Allowed
    official_pass: bool
    """By the round's rule, on these two runs."""
    note: str
    """What the official script adds or would say otherwise; empty where nothing."""
    within_runs: tuple[Estimate, ...]
    """From the raw records of the two runs: of the score (but in Server, where it holds no work) and of the median."""
    by_turns: tuple[Estimate, ...] = ()
    """From runs of reference and audit by turns, on the machine as it is: levelfield's own, not part of the official
    test; empty where none were needed."""
    chance_of_failing: float | None
    """How likely an honest system with the noise that was seen fails the official rule in a single try; ``None`` where
    the noise is not known."""

    @property
    def ratio(self) -> float:
        """Audit over reference, as the round's rule sees it."""
        return float(self.test_score) / float(self.reference_score)

    @property
    def verdict(self) -> AuditVerdict:
        """What the statistics say: by the pairs where there are some, for they hold the noise between runs too."""
        said = {estimate.verdict for estimate in self.by_turns or self.within_runs}
        for verdict in (AuditVerdict.FAIL, AuditVerdict.UNDECIDED):
            if verdict in said:
                return verdict
        return AuditVerdict.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsetScores:
    """Accuracy of the sampled outputs and of the accuracy run's outputs for the same samples."""

    baseline: float
    compliance: float
    unit: str
    tolerance: float
    """As a share of the baseline."""
    passed: bool
    baseline_line: str
    compliance_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadComparison:
    """The outputs of performance mode against those of accuracy mode, byte by byte."""

    accuracy_entries: int
    accuracy_repeats: int
    """Entries of a sample that had one already (MultiStream fills its last query)."""
    accuracy_mismatches: int
    """Repeats whose output differs from the first."""
    sampled_entries: int
    matched: int
    """Sampled entries whose sample the accuracy run has."""
    mismatches: int
    """Of these, whose output differs anywhere."""
    missing: int
    """Sampled entries whose sample the accuracy run lacks."""
    first_mismatches: tuple[int, ...]
    """The first few sample indices that differ."""
    scores: SubsetScores | None = None
    """Where outputs differ: whether they are as accurate."""

    @property
    def identical(self) -> bool:
        """Whether every sampled output is that of the accuracy run."""
        return not self.mismatches and not self.missing and bool(self.sampled_entries)

    @property
    def passed(self) -> bool:
        """Identical, or different only in what the rules permit: accuracy stays within the tolerance."""
        if self.identical:
            return True
        return not self.missing and self.scores is not None and self.scores.passed


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """One audit of a benchmark in a scenario."""

    test: str
    """``TEST01``, ``TEST04``, ``TEST05``."""
    title: str
    benchmark: str
    scenario: Scenario
    problems: tuple[str, ...]
    """Why these runs are no such audit, whatever they measured; empty where they are."""
    payloads: PayloadComparison | None
    """TEST01."""
    score: ScoreComparison | None
    """``None`` where a run gave no score."""
    folder: str
    """Where the official files are, relative to the folder of the run."""

    @property
    def official_pass(self) -> bool:
        """What the official files say, and the round's checker reads."""
        return (
            not self.problems
            and (self.payloads is None or self.payloads.passed)
            and self.score is not None
            and self.score.official_pass
        )

    @property
    def verdict(self) -> AuditVerdict:
        """What is known about the system."""
        if self.problems or self.score is None or (self.payloads is not None and not self.payloads.passed):
            return AuditVerdict.FAIL
        return self.score.verdict

    @property
    def holds(self) -> bool:
        """Whether it passes officially and nothing that was measured speaks against it."""
        return self.official_pass and self.verdict is not AuditVerdict.FAIL

    def to_json(self) -> str:
        """As a JSON object; what has no bound is ``null``."""
        data: dict[str, Any] = {**asdict(self), "official_pass": self.official_pass, "verdict": self.verdict}
        if self.score is not None:
            data["score"]["verdict"] = self.score.verdict
            if self.score.allowed.high == float("inf"):  # which is not JSON
                data["score"]["allowed"]["high"] = None
        if self.payloads is not None:
            data["payloads"] |= {"identical": self.payloads.identical, "passed": self.payloads.passed}
        return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
