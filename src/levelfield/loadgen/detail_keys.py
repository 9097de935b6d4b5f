"""What the detail log holds, key by key and in LoadGen's order, for both profiles.

Source: mlcommons/inference, ``loadgen/version.cc``, ``loadgen.cc``, ``test_settings_internal.cc``, and for results
``loadgen.cc`` at v2.0 or ``results.cc`` at b66003e1.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from levelfield.formats.loadgen_line import Writable
from levelfield.loadgen.build import UNKNOWN, Build
from levelfield.loadgen.measurement import Measurement
from levelfield.loadgen.settings import EffectiveSettings, MultiStream, Offline, Server, Settings, SingleStream
from levelfield.loadgen.statistics import Latencies, Statistics, last_completion_ns
from levelfield.loadgen.verdict import ConditionName, Outcome
from levelfield.stats.percentile import PERCENTILES
from levelfield.terms import Mode, Profile, Scenario
from levelfield.units import NS_PER_S

__all__ = [
    "Pairs",
    "effective_keys",
    "ending_keys",
    "ends_naturally",
    "generated_keys",
    "inferred_tokens_per_s",
    "name_keys",
    "percentile_label",
    "requested_keys",
    "result_keys",
    "version_keys",
]

Pairs: TypeAlias = "Iterator[tuple[str, Writable]]"

COUNTERS = (
    "logger_swap_request_slots_retry_count",
    "logger_swap_request_slots_retry_retry_count",
    "logger_swap_request_slots_retry_reencounter_count",
    "logger_start_reading_entries_retry_count",
    "logger_tls_total_log_cas_fail_count",
    "logger_tls_total_swap_buffers_slot_retry_count",
)
"""Retries of the reference's lock-free logger. Ours has no such logger, so the true count is 0."""


def version_keys(build: Build) -> Pairs:
    """What wrote the log. There is no compilation and no git history to date: ``NA``, as LoadGen writes there."""
    yield "loadgen_version", build.version
    yield "loadgen_build_date_local", UNKNOWN
    yield "loadgen_build_date_utc", UNKNOWN
    yield "loadgen_git_commit_date", UNKNOWN
    yield "loadgen_git_log_message", build.message
    yield "loadgen_git_status_message", UNKNOWN
    yield "loadgen_file_sha1", build.file_sha1


def name_keys(
    effective: EffectiveSettings, *, begin: datetime, system_name: str, name_duration_ns: int, library_name: str
) -> Pairs:
    """When, which system, which samples. The date is really UTC; the reference marks local time as such."""
    yield "test_datetime", begin.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield "sut_name", system_name
    if effective.profile is Profile.V6:
        yield "get_sut_name_duration_ns", name_duration_ns
    yield "qsl_name", library_name
    yield "qsl_reported_total_count", effective.total_sample_count
    yield "qsl_reported_performance_count", effective.reported_performance_sample_count


def requested_keys(settings: Settings) -> Pairs:
    """The settings asked for."""
    yield "requested_scenario", str(settings.scenario)
    yield "requested_test_mode", str(settings.mode)
    yield from _requested_load(settings)
    yield "requested_min_duration_ms", settings.min_duration_ms
    yield "requested_max_duration_ms", settings.max_duration_ms
    yield "requested_min_query_count", settings.min_query_count
    yield "requested_max_query_count", settings.max_query_count
    for key, value in _common_keys(settings):
        yield f"requested_{key}", value
    yield "requested_performance_sample_count_override", settings.performance_sample_count_override
    if settings.profile is Profile.V2_0:
        return
    yield "requested_accuracy_sample_count_override", settings.accuracy_sample_count_override
    yield "requested_sample_concatenate_permutation", settings.sample_concatenate_permutation
    if settings.tokens.use:
        yield "requested_use_token_latencies", True
        if settings.scenario is not Scenario.OFFLINE:
            yield "requested_server_ttft_latency", settings.tokens.ttft_latency_ns
            yield "requested_server_tpot_latency", settings.tokens.tpot_latency_ns


def _requested_load(settings: Settings) -> Pairs:
    match settings.load:
        case SingleStream() as load:
            yield "requested_single_stream_expected_latency_ns", float(load.expected_latency_ns)
            yield "requested_single_stream_target_latency_percentile", float(load.target_latency_percentile)
        case MultiStream() as load:
            yield "requested_multi_stream_expected_latency_ns", float(load.expected_latency_ns)
            yield "requested_multi_stream_target_latency_percentile", float(load.target_latency_percentile)
            yield "requested_multi_stream_samples_per_query", load.samples_per_query
        case Server() as load:
            yield "requested_server_target_qps", float(load.target_qps)
            yield "requested_server_target_latency_ns", load.target_latency_ns
            yield "requested_server_target_latency_percentile", float(load.target_latency_percentile)
            yield "requested_server_coalesce_queries", load.coalesce_queries
            yield (
                "requested_server_find_peak_qps_decimals_of_precision",
                load.find_peak_qps_decimals_of_precision,
            )
            yield (
                "requested_server_find_peak_qps_boundary_step_size",
                float(load.find_peak_qps_boundary_step_size),
            )
            yield "requested_server_max_async_queries", load.max_async_queries
            yield "requested_server_num_issue_query_threads", load.issue_query_threads
        case Offline() as load:
            yield "requested_offline_expected_qps", float(load.expected_qps)


def _common_keys(settings: Settings) -> Pairs:
    """What the requested and the effective settings share, without the prefix."""
    yield "qsl_rng_seed", settings.seeds.qsl
    yield "sample_index_rng_seed", settings.seeds.sample_index
    yield "schedule_rng_seed", settings.seeds.schedule
    yield "accuracy_log_rng_seed", settings.seeds.accuracy_log
    yield "accuracy_log_probability", float(settings.accuracy_log_probability)
    yield "accuracy_log_sampling_target", settings.accuracy_log_sampling_target
    yield "print_timestamps", settings.print_timestamps
    yield "performance_issue_unique", settings.performance_issue_unique
    yield "performance_issue_same", settings.performance_issue_same
    yield "performance_issue_same_index", settings.performance_issue_same_index


def effective_keys(effective: EffectiveSettings) -> Pairs:
    """The settings in force."""
    yield "effective_scenario", str(effective.scenario)
    yield "effective_test_mode", str(effective.mode)
    yield "effective_samples_per_query", effective.samples_per_query
    yield "effective_target_qps", float(effective.target_qps)
    yield "effective_target_latency_ns", effective.target_latency_ns
    yield "effective_target_latency_percentile", float(effective.target_latency_percentile)
    yield "effective_max_async_queries", effective.max_async_queries
    yield "effective_target_duration_ms", effective.target_duration_ms
    yield "effective_min_duration_ms", effective.min_duration_ms
    yield "effective_max_duration_ms", effective.max_duration_ms
    yield "effective_min_query_count", effective.min_query_count
    yield "effective_max_query_count", effective.max_query_count
    yield "effective_min_sample_count", effective.min_sample_count
    for key, value in _common_keys(effective.requested):
        yield f"effective_{key}", value
    yield "effective_performance_sample_count", effective.performance_sample_count
    if effective.profile is Profile.V6:
        yield "effective_accuracy_sample_count", effective.accuracy_sample_count
        yield "effective_sample_concatenate_permutation", effective.requested.sample_concatenate_permutation


def generated_keys(measurement: Measurement) -> Pairs:
    """What was generated; where an endless stream outran what was planned, the record counts what it issued."""
    yield "generated_query_count", measurement.generated_query_count
    yield "generated_samples_per_query", measurement.generated_samples_per_query
    yield "generated_query_duration", measurement.generated_query_duration_ns


def ending_keys(measurement: Measurement) -> Pairs:
    """The logger's counters, and the interval for power meters (UTC)."""
    for key in COUNTERS:
        yield key, 0
    begin = measurement.wall_begin.astimezone(UTC)
    yield "power_begin", _power_time(begin)
    yield "power_end", _power_time(begin + timedelta(microseconds=last_completion_ns(measurement) // 1000))


def _power_time(moment: datetime) -> str:
    return f"{moment:%m-%d-%Y %H:%M:%S}.{moment.microsecond // 1000:03}"


def result_keys(effective: EffectiveSettings, statistics: Statistics, outcome: Outcome, *, error_count: int) -> Pairs:
    """The results of a performance phase. What is undefined is ``null``; what never completed takes 2**63 - 1 ns."""
    yield from _validity_keys(effective, statistics, outcome)
    match statistics.scenario:
        case Scenario.SINGLE_STREAM:
            yield "result_qps_with_loadgen_overhead", statistics.qps_with_overhead
            yield "result_qps_without_loadgen_overhead", statistics.qps_without_overhead
            yield "early_stopping_latency_ss", outcome.early_stopping.latency_ss_ns
            yield "early_stopping_latency_ms", outcome.early_stopping.latency_ms_ns
        case Scenario.MULTI_STREAM:
            queries = statistics.headline
            yield "result_min_query_latency_ns", queries.min_ns
            yield "result_max_query_latency_ns", queries.max_ns
            yield "result_mean_query_latency_ns", queries.mean_ns
            yield from _percentile_keys("result_{}_percentile_per_query_latency_ns", queries)
            yield "early_stopping_latency_ms", outcome.early_stopping.latency_ms_ns
        case Scenario.SERVER:
            yield "result_scheduled_samples_per_sec", statistics.scheduled_samples_per_s
            yield "result_completed_samples_per_sec", statistics.completed_samples_per_s
        case Scenario.OFFLINE:
            yield "result_samples_per_second", statistics.offline_samples_per_s
    samples = statistics.samples
    yield "result_min_latency_ns", samples.min_ns
    yield "result_max_latency_ns", samples.max_ns
    yield "result_mean_latency_ns", samples.mean_ns
    yield from _percentile_keys("result_{}_percentile_latency_ns", samples)
    if effective.profile is Profile.V6:
        yield from _token_keys(effective, statistics)
        yield "num_errors", error_count


def _validity_keys(effective: EffectiveSettings, statistics: Statistics, outcome: Outcome) -> Pairs:
    server = statistics.scenario is Scenario.SERVER
    yield "result_validity", "VALID" if outcome.compatible_valid else "INVALID"
    if server:
        yield "result_perf_constraints_met", outcome.met(ConditionName.PERF_CONSTRAINTS)
    yield "result_min_duration_met", outcome.met(ConditionName.MIN_DURATION)
    yield "result_min_queries_met", outcome.met(ConditionName.MIN_QUERIES)
    yield "early_stopping_met", outcome.early_stopping.met
    if not outcome.compatible_valid:
        yield "result_invalid_reason", outcome.invalid_reason
    texts = {test.kind: test.text.replace("\n", " ") for test in outcome.early_stopping.tests}
    if effective.requested.tokens.use:
        yield "early_stopping_ttft_result", texts.get("TTFT", "")
        yield "early_stopping_tpot_result", texts.get("TPOT", "")
    else:
        yield "early_stopping_result", texts.get("", "")
    yield "result_query_count", statistics.query_count
    if server:
        yield "result_overlatency_query_count", statistics.samples.over_limit_count


def _token_keys(effective: EffectiveSettings, statistics: Statistics) -> Pairs:
    tokens = statistics.tokens
    if effective.requested.tokens.use and tokens is not None:
        first, per_token = tokens.first_token, tokens.per_output_token
        if first is None or per_token is None:
            yield "result_tokens_per_second", tokens.completed_per_s
        else:
            yield "result_first_token_min_latency_ns", first.min_ns
            yield "result_first_token_max_latency_ns", first.max_ns
            yield "result_first_token_mean_latency_ns", first.mean_ns
            yield from _percentile_keys("result_first_token_{}_percentile_latency_ns", first)
            rate = tokens.per_s_without_overhead
            yield "result_token_throughput_with_loadgen_overhead", tokens.per_s_with_overhead
            # Per nanosecond: deliberately as the reference, whose readers scale it.
            yield "result_token_throughput", None if rate is None else rate / NS_PER_S
            yield from _percentile_keys("result_time_per_output_token_{}_percentile_ns", per_token)
            yield "result_time_to_output_token_min", per_token.min_ns
            yield "result_time_to_output_token_max", per_token.max_ns
            yield "result_time_to_output_token_mean", per_token.mean_ns
            yield "result_completed_tokens_per_second", tokens.completed_per_s
    if effective.requested.tokens.infer:
        match statistics.scenario:
            case Scenario.SERVER:
                yield "result_inferred_completed_tokens_per_second", inferred_tokens_per_s(effective, statistics)
            case Scenario.OFFLINE:
                yield "result_inferred_tokens_per_second", inferred_tokens_per_s(effective, statistics)
            case _:
                return


def inferred_tokens_per_s(effective: EffectiveSettings, statistics: Statistics) -> float | None:
    """Tokens per second where their number is assumed and not counted (Server, Offline)."""
    rate = statistics.completed_samples_per_s
    if statistics.scenario is Scenario.OFFLINE:
        rate = statistics.offline_samples_per_s
    return None if rate is None else rate * effective.requested.tokens.scaling_factor


def percentile_label(fraction: float) -> str:
    """``0.999`` as keys and labels have it: ``99.90``."""
    return f"{fraction * 100:.2f}"


def _percentile_keys(pattern: str, latencies: Latencies) -> Pairs:
    for fraction, value in zip(PERCENTILES, latencies.percentiles_ns, strict=True):
        yield pattern.format(percentile_label(fraction)), value


def ends_naturally(measurement: Measurement) -> bool:
    """Whether LoadGen logs a natural end: not in Server, which ends with its schedule, and not in accuracy mode."""
    return (
        measurement.phase is not Mode.ACCURACY
        and measurement.effective.scenario is not Scenario.SERVER
        and measurement.ended_early is None
    )
