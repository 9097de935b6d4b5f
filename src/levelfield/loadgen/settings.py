"""Settings of a test run: what is asked for, and the effective values derived from it.

One frozen type per scenario holds what only that scenario reads; :class:`Settings` holds the rest.
The derivation follows ``test_settings_internal.cc`` of mlcommons/inference at v2.0 and b66003e1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

from levelfield.errors import SettingsError
from levelfield.terms import DrawVariant, Mode, Profile, Scenario
from levelfield.units import NS_PER_S

__all__ = [
    "EffectiveSettings",
    "Load",
    "MultiStream",
    "Offline",
    "Seeds",
    "Server",
    "Settings",
    "SingleStream",
    "Tokens",
    "default_load",
    "derive",
    "impossible",
    "problems_of",
]

U64 = 1 << 64
LOWEST_QPS = 1e-6
"""Below this the gaps between queries do not fit a signed 64-bit count of nanoseconds for long."""
HIGHEST_QPS = 1e9
"""Above this the gap between queries is 0 ns, and LoadGen generates queries without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStream:
    """One query of one sample at a time, the next as soon as the last is complete."""

    expected_latency_ns: float = 1_000_000.0
    target_latency_percentile: float = 0.90

    @property
    def scenario(self) -> Scenario:
        """The scenario that this type holds the settings of."""
        return Scenario.SINGLE_STREAM


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiStream:
    """One query of several samples at a time, the next as soon as the last is complete."""

    expected_latency_ns: float = 8_000_000.0
    target_latency_percentile: float = 0.99
    samples_per_query: int = 8

    @property
    def scenario(self) -> Scenario:
        """The scenario that this type holds the settings of."""
        return Scenario.MULTI_STREAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Queries of one sample that arrive as a Poisson process, whether or not the system keeps up."""

    target_qps: float = 1.0
    target_latency_ns: int = 100_000_000
    target_latency_percentile: float = 0.99
    coalesce_queries: bool = False
    """Whether queries that are due together go out in one call."""
    max_async_queries: int = 0
    """How many queries may be outstanding before the run is ended as an error; 0 = any number."""
    issue_query_threads: int = 0
    """How many threads issue; 0 = the calling thread."""
    find_peak_qps_decimals_of_precision: int = 1
    find_peak_qps_boundary_step_size: float = 1.0

    @property
    def scenario(self) -> Scenario:
        """The scenario that this type holds the settings of."""
        return Scenario.SERVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """One query with all samples."""

    expected_qps: float = 1.0

    @property
    def scenario(self) -> Scenario:
        """The scenario that this type holds the settings of."""
        return Scenario.OFFLINE


Load: TypeAlias = SingleStream | MultiStream | Server | Offline


def default_load(scenario: Scenario) -> Load:
    """The load of a scenario with LoadGen's defaults."""
    match scenario:
        case Scenario.SINGLE_STREAM:
            return SingleStream()
        case Scenario.MULTI_STREAM:
            return MultiStream()
        case Scenario.SERVER:
            return Server()
        case Scenario.OFFLINE:
            return Offline()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """The four seeds, unsigned 64-bit as published; the generator uses their low 32 bits."""

    qsl: int = 0
    sample_index: int = 0
    schedule: int = 0
    accuracy_log: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Token latencies (profile v6)."""

    use: bool = False
    ttft_latency_ns: int = 100_000_000
    """Limit of the time to first token."""
    tpot_latency_ns: int = 100_000_000
    """Limit of the time per output token."""
    infer: bool = False
    scaling_factor: float = 0.0
    """Tokens per sample that are assumed when token rates are inferred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is asked of a test run. Durations are milliseconds, as in LoadGen's files and logs."""

    __test__ = False  # not a test case, whatever its name may suggest to a collector

    load: Load = field(default_factory=SingleStream)
    mode: Mode = Mode.PERFORMANCE
    min_duration_ms: int = 10_000
    max_duration_ms: int = 0
    """0 = none."""
    min_query_count: int = 100
    max_query_count: int = 0
    """0 = none."""
    seeds: Seeds = field(default_factory=Seeds)
    accuracy_log_probability: float = 0.0
    """Fraction of samples whose payload is logged in performance mode."""
    accuracy_log_sampling_target: int = 0
    """How many samples' payloads to log in performance mode; takes the probability's place when not 0."""
    print_timestamps: bool = False
    performance_issue_unique: bool = False
    performance_issue_same: bool = False
    performance_issue_same_index: int = 0
    """Index into the loaded set, not into the dataset."""
    performance_sample_count_override: int = 0
    """0 = what the sample library reports."""
    accuracy_sample_count_override: int = 0
    """0 = the whole dataset (profile v6)."""
    sample_concatenate_permutation: bool = False
    """Equal issue: every sample equally often."""
    tokens: Tokens = field(default_factory=Tokens)
    profile: Profile = Profile.V6
    draw_variant: DrawVariant | None = None
    """``None`` = the profile's own: classic for v2.0, lemire for v6."""

    @property
    def scenario(self) -> Scenario:
        """The scenario of the load."""
        return self.load.scenario

    @property
    def variant(self) -> DrawVariant:
        """The integer-draw variant in force."""
        if self.draw_variant is not None:
            return self.draw_variant
        return DrawVariant.CLASSIC if self.profile is Profile.V2_0 else DrawVariant.LEMIRE


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSettings:
    """What a run really uses: the requested settings and the values derived from them."""

    requested: Settings
    scenario: Scenario
    mode: Mode
    samples_per_query: int
    target_qps: float
    target_latency_ns: int
    """0 where the scenario has no limit."""
    target_latency_percentile: float
    max_async_queries: int
    target_duration_ms: int
    min_duration_ms: int
    max_duration_ms: int
    min_query_count: int
    max_query_count: int
    min_sample_count: int
    performance_sample_count: int
    accuracy_sample_count: int
    total_sample_count: int
    reported_performance_sample_count: int
    """What the sample library said, before an override."""

    @property
    def profile(self) -> Profile:
        """Whose semantics the run follows."""
        return self.requested.profile

    @property
    def variant(self) -> DrawVariant:
        """The integer-draw variant in force."""
        return self.requested.variant

    @property
    def seeds(self) -> Seeds:
        """The four seeds."""
        return self.requested.seeds


def problems_of(settings: Settings, *, performance_sample_count: int) -> list[str]:
    """Everything that LoadGen itself calls ``error_invalid_test_settings``.

    LoadGen logs these and goes on with a replacement; so does :func:`derive` with ``strict=False``.
    """
    found = []
    qps = _requested_qps(settings.load)
    if qps < 0:
        found.append(f"target_qps: found {qps:g}, expected a rate above 0.")
    count = settings.performance_sample_count_override or performance_sample_count
    if settings.performance_issue_same and settings.performance_issue_same_index >= count:
        found.append(
            f"performance_issue_same_index: found {settings.performance_issue_same_index}, "
            f"expected less than the performance sample count {count}."
        )
    if settings.performance_issue_unique and settings.performance_issue_same:
        found.append("performance_issue_unique, performance_issue_same: found both, expected at most one.")
    return found


def impossible(settings: Settings) -> list[str]:
    """What LoadGen would accept and then hang, divide by zero or misbehave on; ours refuses."""
    found = []
    load = settings.load
    qps = _requested_qps(load)
    if not math.isfinite(qps) or qps == 0:
        found.append(f"target_qps: found {qps:g}, expected a finite rate above 0.")
    elif 0 < qps < LOWEST_QPS or (qps > HIGHEST_QPS and not isinstance(load, Offline)):
        found.append(f"target_qps: found {qps:g}, expected a rate from {LOWEST_QPS:g} to {HIGHEST_QPS:g} per second.")
    if not isinstance(load, Offline) and not 0 < load.target_latency_percentile < 1:
        found.append(
            f"target_latency_percentile: found {load.target_latency_percentile:g}, expected a fraction "
            "above 0 and below 1 (0.99 for the 99th percentile)."
        )
    if isinstance(load, MultiStream) and load.samples_per_query < 1:
        found.append(f"samples_per_query: found {load.samples_per_query}, expected 1 or more.")
    if isinstance(load, Server) and load.target_latency_ns <= 0 and not settings.tokens.use:
        found.append(f"target_latency: found {load.target_latency_ns} ns, expected more than 0.")
    for name in ("min_duration_ms", "max_duration_ms", "min_query_count", "max_query_count"):
        value = getattr(settings, name)
        if value < 0:
            found.append(f"{name}: found {value}, expected 0 or more.")
    if 0 < settings.max_duration_ms < settings.min_duration_ms:
        found.append(
            f"max_duration_ms: found {settings.max_duration_ms}, expected at least min_duration_ms "
            f"({settings.min_duration_ms})."
        )
    if 0 < settings.max_query_count < settings.min_query_count and not isinstance(load, Offline):
        found.append(
            f"max_query_count: found {settings.max_query_count}, expected at least min_query_count "
            f"({settings.min_query_count})."
        )
    if not 0 <= settings.accuracy_log_probability <= 1:
        found.append(
            f"accuracy_log_probability: found {settings.accuracy_log_probability:g}, expected a fraction from 0 to 1."
        )
    if settings.mode is Mode.FIND_PEAK and not isinstance(load, Server):
        found.append(f"mode: found FindPeakPerformance with {settings.scenario}, expected Server.")
    for name in ("qsl", "sample_index", "schedule", "accuracy_log"):
        seed = getattr(settings.seeds, name)
        if not 0 <= seed < U64:
            found.append(f"{name}_rng_seed: found {seed}, expected an unsigned 64-bit number.")
    return found


def derive(
    settings: Settings,
    *,
    total_sample_count: int,
    performance_sample_count: int,
    strict: bool = True,
) -> EffectiveSettings:
    """The effective settings, in the order and with the arithmetic of LoadGen.

    Args:
        settings: What was asked for.
        total_sample_count: Items in the dataset.
        performance_sample_count: How many of them the sample library says fit in memory.
        strict: Refuse impossible settings; ``False`` replaces them as LoadGen does (compatibility).

    Raises:
        SettingsError: Something cannot hold (strict only); every such thing is listed.
    """
    if strict:
        found = [
            *impossible(settings),
            *(
                problem
                for problem in problems_of(settings, performance_sample_count=performance_sample_count)
                if not problem.startswith("target_qps") or _requested_qps(settings.load) < 0
            ),
        ]
        if total_sample_count < 1:
            found.append(f"total sample count: found {total_sample_count}, expected 1 or more.")
        if performance_sample_count < 1:
            found.append(f"performance sample count: found {performance_sample_count}, expected 1 or more.")
        if found:
            raise SettingsError("These settings cannot be run.", problems=dict.fromkeys(found))
    load = settings.load
    qps = _requested_qps(load)
    if qps < 0:
        qps = 1.0
    performance_count = settings.performance_sample_count_override or performance_sample_count
    min_query_count = settings.min_query_count
    target_duration_ms = settings.min_duration_ms
    samples_per_query = load.samples_per_query if isinstance(load, MultiStream) else 1

    if isinstance(load, Offline):
        # The factor 1.1 is slack, so that one query lasts for the minimum duration.
        target_samples = int(1.1 * (settings.min_duration_ms / 1000) * qps)
        whole_set = settings.performance_issue_unique or (
            settings.performance_issue_same and settings.profile is Profile.V2_0
        )
        samples_per_query = performance_count if whole_set else max(min_query_count, target_samples)
        min_query_count = 1
        target_duration_ms = 0
    if isinstance(load, SingleStream) and settings.sample_concatenate_permutation:
        # Deliberately odd, as in LoadGen: a count that is a whole multiple already gets one set more,
        # and the sample library's own count is used, not the override.
        wanted = max(min_query_count, int(2.0 * (settings.min_duration_ms / 1000) * qps))
        min_query_count = wanted + performance_sample_count - wanted % performance_sample_count

    return EffectiveSettings(
        requested=settings,
        scenario=settings.scenario,
        mode=settings.mode,
        samples_per_query=samples_per_query,
        target_qps=qps,
        target_latency_ns=load.target_latency_ns if isinstance(load, Server) else 0,
        target_latency_percentile=0.99 if isinstance(load, Offline) else load.target_latency_percentile,
        max_async_queries=load.max_async_queries if isinstance(load, Server) else 1,
        target_duration_ms=target_duration_ms,
        min_duration_ms=settings.min_duration_ms,
        max_duration_ms=settings.max_duration_ms,
        min_query_count=min_query_count,
        max_query_count=settings.max_query_count,
        min_sample_count=min_query_count * samples_per_query,
        performance_sample_count=performance_count,
        accuracy_sample_count=settings.accuracy_sample_count_override or total_sample_count,
        total_sample_count=total_sample_count,
        reported_performance_sample_count=performance_sample_count,
    )


def _requested_qps(load: Load) -> float:
    match load:
        case SingleStream() | MultiStream():
            return NS_PER_S / load.expected_latency_ns if load.expected_latency_ns else math.inf
        case Server():
            return load.target_qps
        case Offline():
            return load.expected_qps
