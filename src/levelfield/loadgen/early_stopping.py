"""Early stopping of one run, in the words of LoadGen's logs.

Profile v2.0 names percentiles without decimals (``90th``; 99.9 becomes ``100th``), v6 with one (``90.0th``). Source:
mlcommons/inference, ``PerformanceSummary::EarlyStopping`` at v2.0 and b66003e1.
"""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.loadgen.settings import EffectiveSettings
from levelfield.loadgen.statistics import MULTI_STREAM_PERCENTILE, Latencies, Statistics
from levelfield.stats.early_stopping import minimum_queries, most_over_bound, queries_needed
from levelfield.terms import Profile, Scenario
from levelfield.units import percentile_name

__all__ = ["EarlyStopping", "EarlyStoppingTest", "early_stopping_of", "percentile_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStoppingTest:
    """Early stopping on one kind of latency."""

    kind: str
    """Empty, or ``TTFT``, ``TPOT`` where tokens are measured."""
    met: bool
    text: str
    """LoadGen's words, with line ends."""
    required: str
    measured: str
    missing_queries: int
    """How many more queries are needed at least; 0 where it is met."""
    over_limit_count: int
    """Queries above the limit (Server)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyStopping:
    """Early stopping of a run; no tests in Offline, which has none."""

    tests: tuple[EarlyStoppingTest, ...]
    latency_ss_ns: int = 0
    """``early_stopping_latency_ss``: the SingleStream estimate; 0 where there is none."""
    latency_ms_ns: int = 0
    """``early_stopping_latency_ms``: the MultiStream estimate, or what one is inferred from; 0 where there is none."""

    @property
    def met(self) -> bool:
        """Whether every test is met."""
        return all(test.met for test in self.tests)


def early_stopping_of(effective: EffectiveSettings, statistics: Statistics) -> EarlyStopping:
    """Early stopping of a run.

    With tokens, LoadGen skips the test on the time to first token where the one on the time per output token fails, and
    logs an empty text; here both are made, which changes no verdict.
    """
    scenario = effective.scenario
    tokens = statistics.tokens
    if scenario is Scenario.OFFLINE:
        return EarlyStopping(tests=())
    judged = [("", statistics.samples)]
    if effective.requested.tokens.use and tokens is not None:
        kinds = (("TPOT", tokens.per_output_token), ("TTFT", tokens.first_token))
        judged = [(kind, latencies) for kind, latencies in kinds if latencies is not None]
    if scenario is Scenario.SERVER:
        return EarlyStopping(
            tests=tuple(_server(kind, effective, statistics.query_count, latencies) for kind, latencies in judged)
        )
    if statistics.queries is not None:
        # MultiStream is judged by its queries, also where tokens are measured.
        judged = [(kind, statistics.queries) for kind, _ in judged]
    tests = tuple(_stream(kind, effective, statistics.query_count, latencies) for kind, latencies in judged)
    last = judged[-1][1]
    if scenario is Scenario.MULTI_STREAM:
        return EarlyStopping(tests=tests, latency_ms_ns=last.estimate_ns or 0)
    return EarlyStopping(tests=tests, latency_ss_ns=last.estimate_ns or 0, latency_ms_ns=last.estimate_99_ns or 0)


def percentile_words(fraction: float, profile: Profile) -> str:
    """A percentile as LoadGen's texts name it: ``90th`` (v2.0), ``90.0th`` (v6)."""
    return f"{fraction * 100:.0f}th" if profile is Profile.V2_0 else f"{fraction * 100:.1f}th"


def _server(kind: str, effective: EffectiveSettings, queries: int, latencies: Latencies) -> EarlyStoppingTest:
    over = latencies.over_limit_count
    needed = queries_needed(over, effective.target_latency_percentile)
    missing = max(0, needed - queries)
    text = (
        f" * Run unsuccessful.\n * Processed {queries} queries.\n"
        f" * Would need to run at least {missing} more queries,\n"
        " with the run being successful if every additional\n query were under latency."
        if missing
        else " * Run successful."
    )
    what = f"{kind} " if kind else ""
    return EarlyStoppingTest(
        kind=kind,
        met=not missing,
        text=text,
        required=f"{needed:,} queries or more, with {over:,} over the {what}limit",
        measured=f"{queries:,} queries",
        missing_queries=missing,
        over_limit_count=over,
    )


def _stream(kind: str, effective: EffectiveSettings, queries: int, latencies: Latencies) -> EarlyStoppingTest:
    target = effective.target_latency_percentile
    minimum = minimum_queries(target)
    missing = max(0, minimum - queries)
    if missing:
        text = (
            f" * Only processed {queries} queries.\n * Need to process at least {minimum} queries for early stopping."
        )
    else:
        text = _estimate_text(effective, queries, latencies, minimum)
    return EarlyStoppingTest(
        kind=kind,
        met=not missing,
        text=text,
        required=f"{minimum:,} queries or more for an estimate of {percentile_name(target)}",
        measured=f"{queries:,} queries",
        missing_queries=missing,
        over_limit_count=0,
    )


def _estimate_text(effective: EffectiveSettings, queries: int, latencies: Latencies, minimum: int) -> str:
    target, profile = effective.target_latency_percentile, effective.profile
    discarded = (most_over_bound(queries, target) or 1) - 1
    lines = [
        f" * Processed at least {minimum} queries ({queries}).",
        f" * Would discard {discarded} highest latency queries.",
        f" * Early stopping {percentile_words(target, profile)} percentile estimate: {latencies.estimate_ns}",
    ]
    if effective.scenario is Scenario.SINGLE_STREAM:
        name = percentile_words(MULTI_STREAM_PERCENTILE, profile)
        if latencies.estimate_99_ns is None:
            least = minimum_queries(MULTI_STREAM_PERCENTILE)
            lines += [
                f" * Not enough queries processed for {name} percentile",
                " early stopping estimate (would need to process at",
                f" least {least} total queries).",
            ]
        else:
            lines.append(f" * Early stopping {name} percentile estimate: {latencies.estimate_99_ns}")
    return "\n".join(lines)
