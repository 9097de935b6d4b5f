from __future__ import annotations

from dataclasses import replace

import pytest

from levelfield.errors import SettingsError
from levelfield.loadgen.settings import (
    EffectiveSettings,
    Load,
    MultiStream,
    Offline,
    Seeds,
    Server,
    Settings,
    SingleStream,
    Tokens,
    default_load,
    derive,
    problems_of,
)
from levelfield.terms import DrawVariant, Mode, Profile, Scenario


def effective_of(settings: Settings, total: int = 50_000, performance: int = 1024) -> EffectiveSettings:
    return derive(settings, total_sample_count=total, performance_sample_count=performance)


def problems(settings: Settings, total: int = 50_000, performance: int = 1024) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        effective_of(settings, total, performance)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("load", "target_qps", "latency_ns", "percentile", "in_flight", "samples", "target_duration_ms"),
    [
        (SingleStream(expected_latency_ns=2_000_000.0), 500.0, 0, 0.90, 1, 1, 10_000),
        (MultiStream(expected_latency_ns=4_000_000.0), 250.0, 0, 0.99, 1, 8, 10_000),
        (Server(target_qps=123.5, target_latency_ns=15_000_000), 123.5, 15_000_000, 0.99, 0, 1, 10_000),
        (Server(target_qps=7.0, max_async_queries=40), 7.0, 100_000_000, 0.99, 40, 1, 10_000),
        (Offline(expected_qps=2_000.0), 2_000.0, 0, 0.99, 1, 22_000, 0),
    ],
)
def test_effective_settings_of_each_scenario(
    *,
    load: Load,
    target_qps: float,
    latency_ns: int,
    percentile: float,
    in_flight: int,
    samples: int,
    target_duration_ms: int,
) -> None:
    effective = effective_of(Settings(load=load))
    assert effective.scenario is load.scenario
    assert effective.target_qps == target_qps
    assert effective.target_latency_ns == latency_ns
    assert effective.target_latency_percentile == percentile
    assert effective.max_async_queries == in_flight
    assert effective.samples_per_query == samples
    assert effective.target_duration_ms == target_duration_ms
    assert effective.min_duration_ms == 10_000


@pytest.mark.parametrize(("qps", "samples"), [(294_000.0, 194_040_000), (13_000.0, 8_580_000), (1.0, 24_576)])
def test_offline_puts_all_samples_into_one_query(qps: float, samples: int) -> None:
    settings = Settings(load=Offline(expected_qps=qps), min_duration_ms=600_000, min_query_count=24_576)
    effective = effective_of(settings)
    assert effective.samples_per_query == samples
    assert effective.min_query_count == 1
    assert effective.min_sample_count == samples
    assert effective.target_duration_ms == 0


def test_offline_unique_and_in_v2_0_same_take_the_performance_set() -> None:
    offline = Settings(load=Offline(expected_qps=294_000.0), min_duration_ms=600_000)
    assert effective_of(replace(offline, performance_issue_unique=True)).samples_per_query == 1024
    same = replace(offline, performance_issue_same=True)
    assert effective_of(same).samples_per_query == 194_040_000
    assert effective_of(replace(same, profile=Profile.V2_0)).samples_per_query == 1024


@pytest.mark.parametrize(
    ("minimum", "latency_ns", "duration_ms", "count"),
    [
        (1024, 1e12, 600_000, 1050),
        (1050, 1e12, 600_000, 1092),  # already a multiple: one set more, as LoadGen does
        (100, 1e9, 600_000, 1218),  # 2 * 600 s at one a second is 1200
    ],
)
def test_equal_issue_rounds_the_minimum_count_up(minimum: int, latency_ns: float, duration_ms: int, count: int) -> None:
    settings = Settings(
        load=SingleStream(expected_latency_ns=latency_ns),
        min_query_count=minimum,
        min_duration_ms=duration_ms,
        sample_concatenate_permutation=True,
    )
    assert effective_of(settings, 42, 42).min_query_count == count
    # The library's own count is used, also where it is overridden.
    overridden = effective_of(replace(settings, performance_sample_count_override=13), 42, 42)
    assert (overridden.min_query_count, overridden.performance_sample_count) == (count, 13)


def test_equal_issue_leaves_other_scenarios_to_the_generation() -> None:
    for load in (MultiStream(), Server()):
        settings = Settings(load=load, min_query_count=1024, sample_concatenate_permutation=True)
        assert effective_of(settings, 42, 42).min_query_count == 1024


def test_sample_counts_and_their_overrides() -> None:
    effective = effective_of(Settings())
    assert (effective.performance_sample_count, effective.accuracy_sample_count) == (1024, 50_000)
    settings = Settings(performance_sample_count_override=7, accuracy_sample_count_override=11)
    effective = effective_of(settings)
    assert (effective.performance_sample_count, effective.accuracy_sample_count) == (7, 11)
    assert (effective.total_sample_count, effective.reported_performance_sample_count) == (50_000, 1024)


def test_minimum_sample_count_is_of_all_samples() -> None:
    assert effective_of(Settings(load=MultiStream(), min_query_count=662)).min_sample_count == 5_296


def test_variant_is_the_profiles_unless_it_is_set() -> None:
    assert Settings(profile=Profile.V2_0).variant is DrawVariant.CLASSIC
    assert Settings(profile=Profile.V6).variant is DrawVariant.LEMIRE
    settings = Settings(profile=Profile.V2_0, draw_variant=DrawVariant.LEMIRE, seeds=Seeds(qsl=5))
    effective = effective_of(settings)
    assert (effective.variant, effective.profile, effective.seeds.qsl) == (DrawVariant.LEMIRE, Profile.V2_0, 5)


@pytest.mark.parametrize("scenario", list(Scenario))
def test_default_load_is_of_the_scenario(scenario: Scenario) -> None:
    assert default_load(scenario).scenario is scenario


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (Settings(load=Server(target_qps=0.0)), "target_qps: found 0, expected a finite rate above 0."),
        (Settings(load=SingleStream(expected_latency_ns=0)), "target_qps: found inf, expected a finite rate above 0."),
        (Settings(load=Server(target_qps=float("nan"))), "target_qps: found nan, expected a finite rate above 0."),
        (
            Settings(load=SingleStream(expected_latency_ns=0.5)),
            "target_qps: found 2e+09, expected a rate from 1e-06 to 1e+09 per second.",
        ),
        (
            Settings(load=Server(target_qps=1e-9)),
            "target_qps: found 1e-09, expected a rate from 1e-06 to 1e+09 per second.",
        ),
        (Settings(load=Offline(expected_qps=-4.0)), "target_qps: found -4, expected a rate above 0."),
        (
            Settings(load=Server(target_latency_percentile=99.0)),
            (
                "target_latency_percentile: found 99, expected a fraction above 0 and below 1 "
                "(0.99 for the 99th percentile)."
            ),
        ),
        (Settings(load=MultiStream(samples_per_query=0)), "samples_per_query: found 0, expected 1 or more."),
        (Settings(load=Server(target_latency_ns=0)), "target_latency: found 0 ns, expected more than 0."),
        (Settings(min_duration_ms=-1), "min_duration_ms: found -1, expected 0 or more."),
        (
            Settings(max_duration_ms=9_000),
            "max_duration_ms: found 9000, expected at least min_duration_ms (10000).",
        ),
        (Settings(max_query_count=99), "max_query_count: found 99, expected at least min_query_count (100)."),
        (
            Settings(accuracy_log_probability=1.5),
            "accuracy_log_probability: found 1.5, expected a fraction from 0 to 1.",
        ),
        (Settings(mode=Mode.FIND_PEAK), "mode: found FindPeakPerformance with SingleStream, expected Server."),
        (
            Settings(seeds=Seeds(schedule=1 << 64)),
            "schedule_rng_seed: found 18446744073709551616, expected an unsigned 64-bit number.",
        ),
        (
            Settings(performance_issue_same=True, performance_issue_same_index=1024),
            "performance_issue_same_index: found 1024, expected less than the performance sample count 1024.",
        ),
        (
            Settings(performance_issue_same=True, performance_issue_unique=True),
            "performance_issue_unique, performance_issue_same: found both, expected at most one.",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(settings: Settings, problem: str) -> None:
    assert problems(settings) == [problem]


def test_all_problems_are_reported_at_once() -> None:
    settings = Settings(min_query_count=-1, seeds=Seeds(qsl=-1), accuracy_log_probability=-0.1)
    assert len(problems(settings, total=0, performance=0)) == 5


def test_compatibility_replaces_what_loadgen_replaces() -> None:
    settings = Settings(load=Server(target_qps=-3.0), performance_issue_same=True, performance_issue_same_index=2_000)
    effective = derive(settings, total_sample_count=50_000, performance_sample_count=1024, strict=False)
    assert effective.target_qps == 1.0
    assert problems_of(settings, performance_sample_count=1024) == [
        "target_qps: found -3, expected a rate above 0.",
        "performance_issue_same_index: found 2000, expected less than the performance sample count 1024.",
    ]


def test_token_settings_have_loadgens_defaults() -> None:
    tokens = Tokens()
    assert (tokens.use, tokens.ttft_latency_ns, tokens.tpot_latency_ns) == (False, 100_000_000, 100_000_000)
