"""Statistics of hand-made phases, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from measured import measured

from levelfield.loadgen.settings import MultiStream, Offline, Server, SingleStream, Tokens
from levelfield.loadgen.statistics import last_completion_ns, summarise
from levelfield.stats.percentile import NEVER_NS


def test_single_stream() -> None:
    found = summarise(measured(SingleStream(), [40, 10, 30, 20], scheduled_ns=[0, 50, 70, 110]))
    assert (found.query_count, found.sample_count, found.incomplete_count) == (4, 4, 0)
    assert (found.samples.min_ns, found.samples.mean_ns, found.samples.max_ns) == (10, 25, 40)
    assert found.samples.percentiles_ns == (30, 40, 40, 40, 40, 40)
    assert found.samples.at(0.5) == 30
    assert found.samples.target_ns == 40
    # Three intervals until the last issue, at 110 ns; one query per 25 ns.
    assert found.qps_with_overhead == pytest.approx(3 / 110e-9)
    assert found.qps_without_overhead == pytest.approx(1 / 25e-9)
    assert (found.final_issue_ns, found.final_completion_ns, found.active_ns) == (110, 130, 130)
    assert found.samples_per_s == pytest.approx(4 / 130e-9)
    assert found.samples.estimate_ns is None
    assert (found.queries, found.tokens, found.offline_samples_per_s) == (None, None, None)


def test_single_stream_estimates() -> None:
    found = summarise(measured(SingleStream(), range(1000, 2000)))
    # 1000 queries: t* is 78 at p90 and 2 at p99.
    assert (found.samples.estimate_ns, found.samples.estimate_99_ns) == (1922, 1998)
    assert (found.samples.at(0.9), found.samples.at(0.99)) == (1900, 1990)


def test_multi_stream_counts_the_last_sample_of_each_query() -> None:
    found = summarise(measured(MultiStream(samples_per_query=2), [10, 40, 30, 20, 5, 6], scheduled_ns=[0, 50, 90]))
    assert found.queries is not None
    assert (found.queries.count, found.samples.count) == (3, 6)
    assert (found.queries.min_ns, found.queries.mean_ns, found.queries.max_ns) == (6, 25, 40)
    assert found.headline is found.queries
    assert found.samples.estimate_ns is None
    assert found.final_completion_ns == 96


def test_server() -> None:
    found = summarise(
        measured(
            Server(target_latency_ns=100, target_qps=1e6),
            [100, 101, 99, 500],
            scheduled_ns=[0, 1_000, 2_000, 3_000],
            issue_delay_ns=[0, 4, 2, 50],
        )
    )
    assert found.samples.over_limit_count == 2
    assert found.scheduled_samples_per_s == pytest.approx(3 / 3e-6)
    assert found.completed_samples_per_s == pytest.approx(3 / 3.5e-6)
    assert (found.lateness.p50_ns, found.lateness.p99_ns, found.lateness.max_ns) == (4, 50, 50)
    assert (found.final_scheduled_ns, found.final_issue_ns) == (3_000, 3_050)
    assert found.qps_with_overhead is None


def test_completed_rate_ends_with_the_last_issued_query_not_the_last_completion() -> None:
    found = summarise(measured(Server(), [9_000, 100], scheduled_ns=[0, 1_000]))
    assert found.final_completion_ns == 1_100
    assert found.active_ns == 9_000
    assert found.completed_samples_per_s == pytest.approx(1 / 1.1e-6)


def test_offline() -> None:
    found = summarise(measured(Offline(), [1_000, 4_000, 2_000]))
    assert (found.query_count, found.sample_count) == (1, 3)
    assert found.offline_samples_per_s == pytest.approx(3 / 4e-6)


def test_one_query_has_no_rate_where_the_reference_prints_nan() -> None:
    single = summarise(measured(SingleStream(), [0]))
    assert (single.qps_with_overhead, single.qps_without_overhead) == (None, None)
    server = summarise(measured(Server(), [5]))
    assert (server.scheduled_samples_per_s, server.completed_samples_per_s) == (None, 0.0)
    assert summarise(measured(Offline(), [0])).offline_samples_per_s is None


def test_phase_without_a_query() -> None:
    found = summarise(measured(Server(), []))
    assert (found.query_count, found.samples.count, found.samples.max_ns, found.active_ns) == (0, 0, 0, 0)
    assert (found.completed_samples_per_s, found.scheduled_samples_per_s, found.lateness.max_ns) == (0.0, None, 0)


def test_what_never_completed_makes_everything_worse() -> None:
    found = summarise(measured(Server(target_latency_ns=100), [10, -1, 30, -1]))
    assert found.incomplete_count == 2
    assert found.samples.over_limit_count == 2
    assert (found.samples.max_ns, found.samples.mean_ns, found.samples.target_ns) == (NEVER_NS,) * 3
    assert (found.final_completion_ns, found.completed_samples_per_s) == (None, 0.0)
    assert summarise(measured(Offline(), [10, -1])).offline_samples_per_s == 0.0
    lost = summarise(measured(MultiStream(samples_per_query=2), [10, -1, 30, 40]))
    assert lost.queries is not None
    assert (lost.queries.never_count, lost.queries.min_ns) == (1, 40)


TOKENS = Tokens(use=True, ttft_latency_ns=50, tpot_latency_ns=10)


def test_tokens() -> None:
    found = summarise(
        measured(
            Server(),
            [100, 120, 130],
            scheduled_ns=[0, 10, 20],
            tokens=TOKENS,
            first_token_ns=[50, 51, 30],
            token_counts=[6, 11, 21],
        )
    ).tokens
    assert found is not None
    assert found.first_token is not None
    assert found.per_output_token is not None
    assert found.token_count == 38
    assert (found.first_token.over_limit_count, found.first_token.mean_ns) == (1, 43)
    # (100-50)/5 = 10, (120-51)/10 = 6, (130-30)/20 = 5, each rounded down.
    assert (found.per_output_token.min_ns, found.per_output_token.mean_ns, found.per_output_token.max_ns) == (5, 7, 10)
    assert found.completed_per_s == pytest.approx(38 / 150e-9)
    assert found.per_s_with_overhead == pytest.approx(38 / 20e-9)
    assert found.per_s_without_overhead == pytest.approx(38 / (3 * 116e-9))


def test_outputs_of_one_token_have_no_time_per_token_and_do_not_count() -> None:
    found = summarise(
        measured(Server(), [100, 100, 100], tokens=TOKENS, first_token_ns=[10, 10, -1], token_counts=[1, 11, 3])
    ).tokens
    assert found is not None
    assert found.per_output_token is not None
    assert found.token_count == 14
    assert found.per_output_token.never_count == 2


def test_offline_tokens_have_a_rate_alone() -> None:
    found = summarise(
        measured(Offline(), [100, 200], tokens=TOKENS, first_token_ns=[-1, -1], token_counts=[4, 6])
    ).tokens
    assert found is not None
    assert (found.first_token, found.per_output_token) == (None, None)
    assert found.completed_per_s == pytest.approx(10 / 200e-9)


def test_last_completion_is_beyond_32_bits_where_its_parts_are_not() -> None:
    phase = measured(SingleStream(), [50_000_000, 60_000_000], scheduled_ns=[0, 2_140_000_000])
    narrow = replace(
        phase, scheduled_ns=phase.scheduled_ns.astype(np.int32), latency_ns=phase.latency_ns.astype(np.int32)
    )
    assert last_completion_ns(narrow) == 2_200_000_000
