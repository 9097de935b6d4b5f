"""Every published log of a real round holds what one of the two draw variants gives from its seeds, in profile v2.0.

Read: the 648 detail logs of round v2.0 in shared/data (audits and accuracy runs included). Loaded sets, effective
settings, generated counts and generated durations must all be equal.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from levelfield.loadgen.schedule import LoadableSet, loadable_sets, schedule
from levelfield.loadgen.settings import (
    EffectiveSettings,
    Load,
    MultiStream,
    Offline,
    Seeds,
    Server,
    Settings,
    SingleStream,
    derive,
)
from levelfield.terms import DrawVariant, Mode, Profile, Scenario

MARK = ":::MLLOG "
LARGE = 10_000_000
"""Server schedules of more queries are checked apart: they take about 20 ns a query."""
KEYS = ("loaded_qsl_set", "generated_", "effective_", "requested_", "qsl_reported_")
EFFECTIVE = (
    "samples_per_query",
    "min_query_count",
    "min_sample_count",
    "performance_sample_count",
    "target_duration_ms",
    "target_latency_ns",
    "target_latency_percentile",
    "max_async_queries",
)


@functools.cache
def sets_of(effective: EffectiveSettings) -> list[LoadableSet]:
    """The sets that the log of such a run holds. Cached: many logs were made with the same settings."""
    sets = loadable_sets(effective, effective.mode)
    return sets[:1] if effective.mode is Mode.PERFORMANCE else sets


@functools.cache
def generated_of(effective: EffectiveSettings) -> list[tuple[int, int, int]]:
    made = [schedule(effective, loadable, effective.mode).generated for loadable in sets_of(effective)]
    return [(one.query_count, one.samples_per_query, one.duration_ns) for one in made]


def logs_of(shared_data: Path, division: str, mode: str) -> list[Path]:
    folder = shared_data / "rounds" / "inference_v2.0" / division
    return sorted(path for path in folder.rglob("mlperf_log_detail.txt") if f"/{mode}/" in path.as_posix())


def read(path: Path) -> dict[str, list[Any]]:
    """The values of the keys that this test looks at, in order."""
    values: dict[str, list[Any]] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith(MARK) and line[len(MARK) :].startswith(tuple(f'{{"key": "{key}' for key in KEYS)):
                entry = json.loads(line[len(MARK) :])
                values.setdefault(entry["key"], []).append(entry["value"])
    return values


def settings_of(log: Callable[[str], Any], variant: DrawVariant) -> Settings:
    """The settings that the log says were asked for. The equal-issue switch is not in logs of this round."""
    load: Load
    match Scenario(log("requested_scenario")):
        case Scenario.SINGLE_STREAM:
            load = SingleStream(
                expected_latency_ns=log("requested_single_stream_expected_latency_ns"),
                target_latency_percentile=log("requested_single_stream_target_latency_percentile"),
            )
        case Scenario.MULTI_STREAM:
            load = MultiStream(
                expected_latency_ns=log("requested_multi_stream_expected_latency_ns"),
                target_latency_percentile=log("requested_multi_stream_target_latency_percentile"),
                samples_per_query=log("requested_multi_stream_samples_per_query"),
            )
        case Scenario.SERVER:
            load = Server(
                target_qps=log("requested_server_target_qps"),
                target_latency_ns=log("requested_server_target_latency_ns"),
                target_latency_percentile=log("requested_server_target_latency_percentile"),
                max_async_queries=log("requested_server_max_async_queries"),
            )
        case Scenario.OFFLINE:
            load = Offline(expected_qps=log("requested_offline_expected_qps"))
    names = (
        "min_duration_ms",
        "min_query_count",
        "performance_issue_unique",
        "performance_issue_same",
        "performance_issue_same_index",
        "performance_sample_count_override",
    )
    return Settings(
        load=load,
        mode=Mode(log("requested_test_mode")),
        seeds=Seeds(**{name: log(f"requested_{name}_rng_seed") for name in Seeds.__slots__}),
        profile=Profile.V2_0,
        draw_variant=variant,
        **{name: log(f"requested_{name}") for name in names},
    )


def effective_by_matching_variant(values: dict[str, list[Any]]) -> dict[DrawVariant, EffectiveSettings]:
    """The variants whose loaded sets are the log's, with the effective settings, which must be the log's too."""

    def log(key: str) -> Any:
        return values[key][0]

    found = {}
    for variant in DrawVariant:
        effective = derive(
            settings_of(log, variant),
            total_sample_count=log("qsl_reported_total_count"),
            performance_sample_count=log("qsl_reported_performance_count"),
        )
        assert {name: getattr(effective, name) for name in EFFECTIVE} == {
            name: log(f"effective_{name}") for name in EFFECTIVE
        }
        if [loadable.indices.tolist() for loadable in sets_of(effective)] == values["loaded_qsl_set"]:
            found[variant] = effective
    return found


def logged_generation(values: dict[str, list[Any]]) -> list[tuple[int, int, int]]:
    """What the log says was generated, set by set: queries, samples per query, duration in ns."""
    keys = ("generated_query_count", "generated_samples_per_query", "generated_query_duration")
    return list(zip(*(values[key] for key in keys), strict=True))


@pytest.mark.parametrize(
    ("division", "mode", "count_by_variant"),
    [
        ("closed", "accuracy", {"classic": 37, "lemire": 60}),
        ("open", "accuracy", {"classic": 13, "lemire": 2}),
        ("closed", "performance", {"classic": 192, "lemire": 316}),
        ("open", "performance", {"classic": 18, "lemire": 10}),
    ],
)
def test_every_log_is_one_variant(
    shared_data: Path,
    division: str,
    mode: str,
    count_by_variant: dict[str, int],
    record_property: Callable[[str, object], None],
) -> None:
    counts: Counter[str] = Counter()
    for path in logs_of(shared_data, division, mode):
        values = read(path)
        found = effective_by_matching_variant(values)
        counts["+".join(found)] += 1
        for effective in found.values():
            if values["generated_query_count"][0] <= LARGE:
                assert generated_of(effective) == logged_generation(values), path
    record_property("logs by variant", dict(counts))
    assert counts == count_by_variant


@pytest.mark.slow
def test_large_server_schedules_are_those_of_the_logs(shared_data: Path) -> None:
    large = 0
    for path in logs_of(shared_data, "closed", "performance"):
        values = read(path)
        if values["generated_query_count"][0] > LARGE:
            large += 1
            (effective,) = effective_by_matching_variant(values).values()
            assert generated_of(effective) == logged_generation(values), path
    assert large == 13
