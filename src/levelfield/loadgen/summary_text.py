"""The summary of a performance phase: sections, labels and their spacing as LoadGen's, for both profiles.

Source: mlcommons/inference, ``PerformanceSummary::LogSummary`` and ``TestSettingsInternal::LogSummary`` at v2.0 and
b66003e1.
"""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.formats.loadgen_line import format_double
from levelfield.formats.loadgen_summary import Section
from levelfield.loadgen.detail_keys import inferred_tokens_per_s, percentile_label
from levelfield.loadgen.early_stopping import percentile_words
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.loadgen.statistics import Latencies, Statistics
from levelfield.loadgen.verdict import ConditionName, Outcome
from levelfield.stats.percentile import PERCENTILES
from levelfield.terms import Profile, Scenario

__all__ = ["summary_sections"]

NOT_A_NUMBER = "nan"
"""A rate over no time."""


def summary_sections(
    effective: EffectiveSettings, statistics: Statistics, outcome: Outcome, *, system_name: str
) -> tuple[Section, ...]:
    """The three sections of the summary."""
    blocks = (
        ("MLPerf Results Summary", _results(effective, statistics, outcome, system_name)),
        ("Additional Stats", _statistics(effective, statistics)),
        ("Test Parameters Used", _parameters(effective)),
    )
    return tuple(Section(title=title, lines=_split(lines)) for title, lines in blocks)


def _split(lines: Iterator[str]) -> tuple[str, ...]:
    return tuple("\n".join(lines).split("\n"))


def _results(effective: EffectiveSettings, statistics: Statistics, outcome: Outcome, system_name: str) -> Iterator[str]:
    yield f"SUT name : {' '.join(system_name.splitlines())}"
    yield f"Scenario : {effective.scenario}"
    yield f"Mode     : {effective.mode}"
    yield _headline(effective, statistics)
    yield from _token_headlines(effective, statistics)
    yield f"Result is : {'VALID' if outcome.compatible_valid else 'INVALID'}"
    if effective.scenario is Scenario.SERVER:
        yield f"  Performance constraints satisfied : {_yes(outcome.met(ConditionName.PERF_CONSTRAINTS))}"
    yield f"  Min duration satisfied : {_yes(outcome.met(ConditionName.MIN_DURATION))}"
    yield f"  Min queries satisfied : {_yes(outcome.met(ConditionName.MIN_QUERIES))}"
    yield f"  Early stopping satisfied: {_yes(outcome.early_stopping.met)}"
    if not outcome.compatible_valid:
        yield "Recommendations:"
        yield from outcome.recommendations
    # LoadGen logs the text on the first token before the other.
    for test in sorted(outcome.early_stopping.tests, key=lambda test: test.kind, reverse=True):
        yield f"{test.kind} Early Stopping Result:".lstrip()
        yield test.text


def _headline(effective: EffectiveSettings, statistics: Statistics) -> str:
    match effective.scenario:
        case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
            name = percentile_words(effective.target_latency_percentile, effective.profile)
            return f"{name} percentile latency (ns) : {statistics.headline.target_ns}"
        case Scenario.SERVER:
            if effective.profile is Profile.V2_0:
                return f"Scheduled samples per second : {_fixed(statistics.scheduled_samples_per_s)}"
            return f"Completed samples per second    : {_fixed(statistics.completed_samples_per_s)}"
        case Scenario.OFFLINE:
            return f"Samples per second: {_general(statistics.offline_samples_per_s)}"


def _token_headlines(effective: EffectiveSettings, statistics: Statistics) -> Iterator[str]:
    tokens, asked = statistics.tokens, effective.requested.tokens
    if asked.use and tokens is not None:
        match effective.scenario:
            case Scenario.SINGLE_STREAM | Scenario.MULTI_STREAM:
                name = percentile_words(effective.target_latency_percentile, effective.profile)
                found = tokens.first_token.target_ns if tokens.first_token else 0
                yield f"{name} first token percentile latency (ns) : {found}"
            case Scenario.SERVER:
                yield f"Completed tokens per second: {_fixed(tokens.completed_per_s)}"
            case Scenario.OFFLINE:
                yield f"Tokens per second: {_general(tokens.completed_per_s)}"
    if asked.infer:
        rate = inferred_tokens_per_s(effective, statistics)
        if effective.scenario is Scenario.SERVER:
            yield f"Completed tokens per second (inferred): {_fixed(rate)}"
        elif effective.scenario is Scenario.OFFLINE:
            yield f"Tokens per second (inferred): {_general(rate)}"


def _statistics(effective: EffectiveSettings, statistics: Statistics) -> Iterator[str]:
    match effective.scenario:
        case Scenario.SINGLE_STREAM:
            yield f"QPS w/ loadgen overhead         : {_fixed(statistics.qps_with_overhead)}"
            yield f"QPS w/o loadgen overhead        : {_fixed(statistics.qps_without_overhead)}"
            yield ""
        case Scenario.MULTI_STREAM:
            yield "Per-query latency:  "
        case Scenario.SERVER if effective.profile is Profile.V2_0:
            yield f"Completed samples per second    : {_fixed(statistics.completed_samples_per_s)}"
            yield ""
        case Scenario.SERVER:
            yield f"Scheduled samples per second : {_fixed(statistics.scheduled_samples_per_s)}"
        case Scenario.OFFLINE:
            pass
    found = statistics.headline
    yield f"Min latency (ns)                : {found.min_ns}"
    yield f"Max latency (ns)                : {found.max_ns}"
    yield f"Mean latency (ns)               : {found.mean_ns}"
    yield from _percentiles("percentile latency (ns)   : ", found)
    yield from _token_statistics(effective, statistics)


def _token_statistics(effective: EffectiveSettings, statistics: Statistics) -> Iterator[str]:
    tokens = statistics.tokens
    if not effective.requested.tokens.use or tokens is None:
        return
    yield ""
    if effective.scenario is Scenario.SINGLE_STREAM:
        yield f"TPS w/ loadgen overhead         : {_fixed(tokens.per_s_with_overhead)}"
        yield f"TPS w/o loadgen overhead        : {_fixed(tokens.per_s_without_overhead)}"
    elif effective.scenario is Scenario.SERVER:
        yield f"Completed tokens per second                 : {_fixed(tokens.completed_per_s)}"
    first, per_token = tokens.first_token, tokens.per_output_token
    if first is None or per_token is None:
        return
    yield f"Min First Token latency (ns)                : {first.min_ns}"
    yield f"Max First Token latency (ns)                : {first.max_ns}"
    yield f"Mean First Token latency (ns)               : {first.mean_ns}"
    yield from _percentiles("percentile first token latency (ns)   : ", first)
    yield ""
    yield f"Min Time per Output Token (ns)                : {per_token.min_ns}"
    yield f"Max Time per Output Token (ns)                : {per_token.max_ns}"
    yield f"Mean Time per Output Token (ns)               : {per_token.mean_ns}"
    yield from _percentiles("percentile time to output token (ns)   : ", per_token)


def _parameters(effective: EffectiveSettings) -> Iterator[str]:
    asked, seeds = effective.requested, effective.seeds
    yield f"samples_per_query : {effective.samples_per_query}"
    yield f"target_qps : {format_double(effective.target_qps)}"
    if asked.tokens.use:
        yield f"ttft_latency (ns): {asked.tokens.ttft_latency_ns}"
        yield f"tpot_latency (ns): {asked.tokens.tpot_latency_ns}"
    else:
        yield f"target_latency (ns): {effective.target_latency_ns}"
    yield f"max_async_queries : {effective.max_async_queries}"
    yield f"min_duration (ms): {effective.min_duration_ms}"
    yield f"max_duration (ms): {effective.max_duration_ms}"
    yield f"min_query_count : {effective.min_query_count}"
    yield f"max_query_count : {effective.max_query_count}"
    yield f"qsl_rng_seed : {seeds.qsl}"
    yield f"sample_index_rng_seed : {seeds.sample_index}"
    yield f"schedule_rng_seed : {seeds.schedule}"
    yield f"accuracy_log_rng_seed : {seeds.accuracy_log}"
    yield f"accuracy_log_probability : {format_double(asked.accuracy_log_probability)}"
    yield f"accuracy_log_sampling_target : {asked.accuracy_log_sampling_target}"
    yield f"print_timestamps : {int(asked.print_timestamps)}"
    yield f"performance_issue_unique : {int(asked.performance_issue_unique)}"
    yield f"performance_issue_same : {int(asked.performance_issue_same)}"
    yield f"performance_issue_same_index : {asked.performance_issue_same_index}"
    yield f"performance_sample_count : {effective.performance_sample_count}"
    if effective.profile is Profile.V2_0:
        return
    yield f"accuracy_sample_count : {effective.accuracy_sample_count}"
    if asked.sample_concatenate_permutation:
        yield (
            "WARNING: sample_concatenate_permutation was set to true. \n"
            "Generated samples per query might be different as the one in the setting.\n"
            "Check the generated_samples_per_query line in the detailed log for the real\n"
            "samples_per_query value"
        )


def _percentiles(label: str, latencies: Latencies) -> Iterator[str]:
    for fraction, value in zip(PERCENTILES, latencies.percentiles_ns, strict=True):
        yield f"{percentile_label(fraction)} {label}{value}"


def _fixed(value: float | None) -> str:
    return NOT_A_NUMBER if value is None else f"{value:.2f}"


def _general(value: float | None) -> str:
    return NOT_A_NUMBER if value is None else format_double(value)


def _yes(met: bool) -> str:
    return "Yes" if met else "NO"
