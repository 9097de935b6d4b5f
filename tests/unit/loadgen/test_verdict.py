"""Verdicts on hand-made phases: each condition has a phase that fails it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from measured import measured

from levelfield.loadgen.advice import sustainable_qps
from levelfield.loadgen.measurement import Event, Measurement, Severity
from levelfield.loadgen.settings import MultiStream, Offline, Server, SingleStream, Tokens
from levelfield.loadgen.statistics import summarise
from levelfield.loadgen.verdict import Condition, ConditionName, Outcome, default_lateness_bound_ns, judge
from levelfield.terms import Mode, Profile, Validity

MS = 1_000_000
ERROR = Event(key="error_runtime", text="something broke", severity=Severity.ERROR)
WARNING = Event(key="warning_generic_message", text="hm", severity=Severity.WARNING)


def verdict(measurement: Measurement, *, lateness_bound_ns: int | None = None) -> Outcome:
    return judge(measurement, summarise(measurement), lateness_bound_ns=lateness_bound_ns)


def condition(outcome: Outcome, name: ConditionName) -> Condition:
    (found,) = (item for item in outcome.conditions if item.name is name)
    return found


def server(latencies: Sequence[int], **settings: object) -> Measurement:
    return measured(Server(target_qps=1000, target_latency_ns=15 * MS), latencies, **settings)  # type: ignore[arg-type]


def test_valid_runs_of_every_scenario() -> None:
    runs = [
        measured(SingleStream(), [MS] * 64),
        measured(MultiStream(samples_per_query=2), [MS] * 2 * 662),
        server([MS] * 459),
        measured(Offline(), [MS] * 3),
    ]
    for run in runs:
        outcome = verdict(run)
        assert outcome.validity is Validity.VALID, run.effective.scenario
        assert outcome.compatible_valid
        assert (outcome.recommendations, outcome.invalid_reason, outcome.errors, outcome.events) == ((), "", (), ())
    assert verdict(runs[3]).summary == "VALID: all 3 conditions are met."


def test_conditions_of_each_scenario() -> None:
    common = ["minimum duration", "minimum queries", "every sample completed"]
    assert [c.name for c in verdict(measured(Offline(), [MS])).conditions] == common
    assert [c.name for c in verdict(measured(SingleStream(), [MS])).conditions] == [
        "minimum duration",
        "minimum queries",
        "early stopping",
        "every sample completed",
    ]
    assert [c.name for c in verdict(server([MS])).conditions] == [
        "performance constraints",
        "minimum duration",
        "minimum queries",
        "early stopping",
        "every sample completed",
        "load generator on time",
    ]


def test_errors_make_a_valid_run_unusable_without_entering_the_compatible_verdict() -> None:
    outcome = verdict(measured(SingleStream(), [MS] * 64, events=(WARNING, ERROR)))
    assert outcome.validity is Validity.WITH_ERRORS
    assert not outcome.validity.usable
    assert outcome.compatible_valid
    assert outcome.errors == ("something broke",)
    assert "1 error makes the run unusable" in outcome.summary


def test_warnings_leave_a_run_valid() -> None:
    assert verdict(measured(SingleStream(), [MS] * 64, events=(WARNING,))).validity is Validity.VALID


def test_early_end_without_an_error_becomes_one() -> None:
    outcome = verdict(measured(SingleStream(), [MS] * 64, ended_early="interrupted from the keyboard"))
    assert outcome.validity is Validity.WITH_ERRORS
    assert outcome.errors == ("Ending early: interrupted from the keyboard",)


def test_server_latency_above_target_names_a_rate_that_may_hold() -> None:
    # 2 % of the queries at 30 ms: p99 is 30 ms where 15 are allowed.
    outcome = verdict(server([MS] * 980 + [30 * MS] * 20))
    assert outcome.validity is Validity.INVALID
    failed = condition(outcome, ConditionName.PERF_CONSTRAINTS)
    assert not failed.met
    assert failed.required == "p99 latency <= 15.0 ms"
    assert failed.measured == "p99 latency 30.00 ms"
    assert failed.advice is not None
    # 999 queries / 1.029 s completed + ln 100 / 30 ms - ln 100 / 15 ms = 970.8 + 153.5 - 307.0.
    assert "About 817 queries/s may be sustainable" in failed.advice
    assert outcome.recommendations[0] == " * Reduce target QPS to improve latency."
    assert outcome.invalid_reason == "Reduce target QPS to improve latency. "


def test_latency_equal_to_the_target_is_within_it() -> None:
    assert verdict(server([15 * MS] * 459)).validity is Validity.VALID


def test_no_rate_is_named_where_none_would_do() -> None:
    run = measured(Server(target_qps=10, target_latency_ns=MS), [200 * MS] * 459, scheduled_ns=range(0, 45_900, 100))
    assert sustainable_qps(run.effective, summarise(run)) is None
    advice = condition(verdict(run), ConditionName.PERF_CONSTRAINTS).advice
    assert advice is not None
    assert "at any rate" in advice


@pytest.mark.parametrize(
    ("run", "required", "measured_text", "advice", "recommendation"),
    [
        (
            measured(Offline(expected_qps=1), [500 * MS] * 100, min_duration_ms=1000),
            "greatest latency at 1.00 s or later",
            "500.0 ms",
            "Raise the expected QPS from 1 to 220 or more: the system did 200.0 samples/s.",
            "Increase expected QPS so the loadgen pre-generates a larger (coalesced) query.",
        ),
        (
            server([MS] * 459, min_duration_ms=600_000),
            "last query due at 600 s or later",
            "458.0 ms",
            "The last query was due at 458.0 ms; too few queries were scheduled.",
            "Increase the target QPS so the loadgen pre-generates more queries.",
        ),
        (
            measured(SingleStream(), [MS] * 64, min_duration_ms=1000, ended_early="max_query_count 64 was reached."),
            "last query issued at 1.00 s or later",
            "63.00 ms",
            "The run ended early: max_query_count 64 was reached.",
            "The test exited early, before the minimum duration.",
        ),
    ],
)
def test_short_runs(run: Measurement, required: str, measured_text: str, advice: str, recommendation: str) -> None:
    outcome = verdict(run)
    failed = condition(outcome, ConditionName.MIN_DURATION)
    assert (failed.met, failed.required, failed.measured) == (False, required, measured_text)
    assert failed.advice == advice
    assert outcome.validity is Validity.INVALID
    assert f" * {recommendation}" in outcome.recommendations
    assert recommendation in outcome.invalid_reason


def test_minimum_duration_is_met_at_the_nanosecond() -> None:
    exact = measured(Offline(), [600_000 * MS], min_duration_ms=600_000)
    short = measured(Offline(), [600_000 * MS - 1], min_duration_ms=600_000)
    assert verdict(exact).met(ConditionName.MIN_DURATION)
    assert not verdict(short).met(ConditionName.MIN_DURATION)


def test_too_few_queries_say_what_ended_the_run() -> None:
    outcome = verdict(measured(SingleStream(), [MS] * 64, min_query_count=100, events=(ERROR,)))
    failed = condition(outcome, ConditionName.MIN_QUERIES)
    assert (failed.required, failed.measured) == (
        "100 queries with 100 samples, or more",
        "64 queries with 64 samples",
    )
    assert failed.advice == "The run ended early: something broke."
    assert outcome.invalid_reason == "The test exited early, before enough queries were issued."


def test_early_stopping_of_too_few_queries_gives_number_and_time() -> None:
    outcome = verdict(measured(SingleStream(), [MS] * 60))
    failed = condition(outcome, ConditionName.EARLY_STOPPING)
    assert failed.required == "64 queries or more for an estimate of p90"
    assert failed.measured == "60 queries"
    assert failed.advice == "At least 4 more queries are needed, about 3.93 ms more at the rate of this run."
    (test,) = outcome.early_stopping.tests
    assert test.text == " * Only processed 60 queries.\n * Need to process at least 64 queries for early stopping."
    assert (outcome.early_stopping.latency_ss_ns, outcome.early_stopping.latency_ms_ns) == (0, 0)
    assert outcome.invalid_reason == ""


def test_early_stopping_of_server_runs() -> None:
    met = verdict(server([MS] * 660 + [16 * MS] * 1 + [MS]))
    assert met.early_stopping.tests[0].text == " * Run successful."
    missed = verdict(server([MS] * 660 + [16 * MS]))
    (test,) = missed.early_stopping.tests
    assert test.text == (
        " * Run unsuccessful.\n * Processed 661 queries.\n * Would need to run at least 1 more queries,\n"
        " with the run being successful if every additional\n query were under latency."
    )
    advice = condition(missed, ConditionName.EARLY_STOPPING).advice
    assert advice == (
        "At least 1 more queries are needed, about 998 µs more at the rate of this run, all of them within the limit "
        "(0.151% of this run's were not)."
    )


def test_advice_says_when_running_longer_will_not_help() -> None:
    advice = condition(verdict(server([MS] * 90 + [16 * MS] * 10)), ConditionName.EARLY_STOPPING).advice
    assert advice is not None
    assert "A longer run alone will not help: 10.000% of the queries were over the limit" in advice


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (
            Profile.V2_0,
            (
                " * Processed at least 64 queries (100).\n * Would discard 2 highest latency queries.\n"
                " * Early stopping 90th percentile estimate: 98\n"
                " * Not enough queries processed for 99th percentile\n"
                " early stopping estimate (would need to process at\n least 662 total queries)."
            ),
        ),
        (
            Profile.V6,
            (
                " * Processed at least 64 queries (100).\n * Would discard 2 highest latency queries.\n"
                " * Early stopping 90.0th percentile estimate: 98\n"
                " * Not enough queries processed for 99.0th percentile\n"
                " early stopping estimate (would need to process at\n least 662 total queries)."
            ),
        ),
    ],
)
def test_single_stream_text_of_each_profile(profile: Profile, text: str) -> None:
    outcome = verdict(measured(SingleStream(), range(1, 101), profile=profile))
    assert outcome.early_stopping.tests[0].text == text
    assert (outcome.early_stopping.latency_ss_ns, outcome.early_stopping.latency_ms_ns) == (98, 0)


def test_single_stream_text_with_both_estimates() -> None:
    outcome = verdict(measured(SingleStream(), range(1000, 2000), profile=Profile.V2_0))
    assert outcome.early_stopping.tests[0].text == (
        " * Processed at least 64 queries (1000).\n * Would discard 77 highest latency queries.\n"
        " * Early stopping 90th percentile estimate: 1922\n * Early stopping 99th percentile estimate: 1998"
    )
    assert (outcome.early_stopping.latency_ss_ns, outcome.early_stopping.latency_ms_ns) == (1922, 1998)


def test_multi_stream_is_judged_by_queries() -> None:
    latencies = [value for query in range(1000) for value in (1, 1000 + query)]
    outcome = verdict(measured(MultiStream(samples_per_query=2), latencies, profile=Profile.V2_0))
    assert outcome.early_stopping.tests[0].text == (
        " * Processed at least 662 queries (1000).\n * Would discard 1 highest latency queries.\n"
        " * Early stopping 99th percentile estimate: 1998"
    )
    assert (outcome.early_stopping.latency_ss_ns, outcome.early_stopping.latency_ms_ns) == (0, 1998)


def test_lost_samples_make_a_run_invalid() -> None:
    outcome = verdict(measured(Offline(), [MS, -1, MS], min_duration_ms=1))
    failed = condition(outcome, ConditionName.COMPLETE)
    assert (failed.met, failed.required, failed.measured) == (False, "3 samples", "2 samples")
    assert outcome.validity is Validity.INVALID
    assert not outcome.compatible_valid
    assert outcome.errors == ("Encountered incomplete samples at the end of a series of queries. count: 1",)
    assert outcome.invalid_reason == "1 samples never completed."


def test_lost_samples_are_reported_once() -> None:
    event = Event(key="error_runtime", text="Encountered incomplete samples, says the runner", severity=Severity.ERROR)
    assert verdict(measured(Offline(), [-1], events=(event,))).errors == (event.text,)


def test_late_load_generator_voids_the_run_also_for_official_checkers() -> None:
    run = server([MS] * 459, issue_delay_ns=[0] * 450 + [2 * MS] * 9)
    outcome = verdict(run)
    failed = condition(outcome, ConditionName.LATENESS)
    assert (failed.met, failed.required, failed.measured) == (False, "p99 of issue lateness <= 1.00 ms", "2.00 ms")
    assert outcome.validity is Validity.INVALID
    assert outcome.compatible_valid  # the field keeps LoadGen's meaning; the error below is what voids the run
    (event,) = outcome.events
    assert (event.key, event.severity) == ("error_runtime", Severity.ERROR)
    assert event.text.startswith("levelfield: the load generator itself was late")
    assert event.text in outcome.errors
    assert verdict(run, lateness_bound_ns=2 * MS).validity is Validity.VALID


def test_lateness_does_not_judge_other_scenarios() -> None:
    assert verdict(measured(SingleStream(), [MS] * 64, issue_delay_ns=[5 * MS] * 64)).validity is Validity.VALID


@pytest.mark.parametrize(("target_ns", "bound_ns"), [(15 * MS, MS), (100 * MS, MS), (130 * MS, 1_300_000)])
def test_lateness_bound_is_a_hundredth_but_at_least_a_millisecond(target_ns: int, bound_ns: int) -> None:
    assert default_lateness_bound_ns(target_ns) == bound_ns


TOKENS = Tokens(use=True, ttft_latency_ns=50, tpot_latency_ns=10)


def with_tokens(first: int, per_token: int, count: int = 459) -> Measurement:
    return measured(
        Server(target_latency_ns=1),
        [first + 4 * per_token] * count,
        tokens=TOKENS,
        first_token_ns=[first] * count,
        token_counts=[5] * count,
    )


def test_tokens_are_judged_by_their_own_limits() -> None:
    outcome = verdict(with_tokens(50, 10))
    assert outcome.validity is Validity.VALID
    found = condition(outcome, ConditionName.PERF_CONSTRAINTS)
    assert found.required == "p99 time to first token <= 50 ns; p99 time per output token <= 10 ns"
    assert [test.kind for test in outcome.early_stopping.tests] == ["TPOT", "TTFT"]


@pytest.mark.parametrize(
    ("first", "per_token", "recommendation"),
    [
        (51, 10, " * TTFT constrain not met: Reduce target QPS to improve latency."),
        (50, 11, " * TPOT constrain not met: Reduce target QPS to improve latency."),
        (
            51,
            11,
            (
                " * TTFT constrain not met: Reduce target QPS to improve latency."
                "\n * TPOT constrain not met: Reduce target QPS to improve latency."
            ),
        ),
    ],
)
def test_token_limits(first: int, per_token: int, recommendation: str) -> None:
    outcome = verdict(with_tokens(first, per_token))
    assert outcome.validity is Validity.INVALID
    assert outcome.recommendations[0] == recommendation
    assert "\n" not in outcome.invalid_reason


def test_both_token_texts_are_given_where_the_reference_skips_one() -> None:
    outcome = verdict(with_tokens(50, 11, count=1000))
    assert [(test.kind, test.met) for test in outcome.early_stopping.tests] == [("TPOT", False), ("TTFT", True)]
    assert outcome.early_stopping.tests[1].text == " * Run successful."


def test_accuracy_phase_has_only_to_be_complete() -> None:
    assert verdict(measured(SingleStream(), [1], phase=Mode.ACCURACY)).validity is Validity.VALID
    assert verdict(measured(SingleStream(), [-1], phase=Mode.ACCURACY)).validity is Validity.INVALID


def test_run_without_a_query_is_invalid() -> None:
    assert verdict(server([])).validity is Validity.INVALID
