"""Checks of the settings of the performance run: what the round fixes, and that it was no audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from levelfield.rules.model import ScenarioRule
from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import ResultSubject
from levelfield.submission.report import CheckText
from levelfield.terms import Mode, Scenario
from levelfield.units import NS_PER_MS, format_ns, percentile_name

__all__ = ["RUN_SETTINGS_CHECKS", "at", "ran_under", "seed_remarks"]

CLAUSE = "submission-checker.py, check_performance_dir (mlcommons/inference v2.0)"
SCENARIOS = "inference_rules.adoc, Scenarios (inference_policies cbf38b90)"


OWN = "@ levelfield-"
"""In the version of our own load generator: it follows the official one, and a round's review will ask about it."""


def at(log: RunLog, key: str, *, found: str, expected: str, hint: str = "") -> Remark:
    """A remark at the line of a key."""
    return Remark(path=log.path, line=log.scan.line(key), found=found, expected=expected, hint=hint)


def ran_under(result: ResultSubject) -> ScenarioRule:
    """The rule of the scenario that ran, which for an inferred result is not the folder's."""
    log = result.performance
    if result.benchmark.mapped is None:
        raise CannotLook(f"{result.benchmark.folder} is no benchmark of the round")
    if log.scenario not in result.reader.rules.scenarios:
        raise CannotLook(f"{log.path}: {log.scenario!r} is no scenario of the round")
    return result.benchmark.mapped.benchmark.rule(log.scenario)


def _sample_count(result: ResultSubject) -> Iterator[Remark]:
    log, least = result.performance, ran_under(result).sizes.performance
    if log.performance_sample_count < least:
        found = f"{log.performance_sample_count} samples"
        yield at(log, "effective_performance_sample_count", found=found, expected=f"{least} or more")


SAMPLE_COUNT = Check(
    text=CheckText(
        code="INF054",
        title="Enough different samples were loaded",
        why="A small set stays in caches, which the real use does not allow.",
        clause="submission-checker.py, performance-sample-count (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:52: found 512 samples, expected 1024 or more",
        fix="Let the sample library report, and the configuration set, at least that count.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_sample_count,
)


def seed_remarks(result: ResultSubject, log: RunLog) -> Iterator[Remark]:
    """Seeds that are not the round's."""
    seeds = result.reader.rules.seeds
    for key, found, expected in (
        ("effective_qsl_rng_seed", log.qsl_seed, seeds.qsl),
        ("effective_sample_index_rng_seed", log.sample_index_seed, seeds.sample_index),
        ("effective_schedule_rng_seed", log.schedule_seed, seeds.schedule),
    ):
        if found != expected:
            yield at(log, key, found=f"{key.removeprefix('effective_')} {found}", expected=str(expected))


def _seeds(result: ResultSubject) -> Iterator[Remark]:
    yield from seed_remarks(result, result.performance)


SEEDS = Check(
    text=CheckText(
        code="INF055",
        title="The three seeds are the round's",
        why="Seeds are published late so that nobody can tune to the samples and arrival times that they give.",
        clause="mlperf.conf, seeds (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:43: found qsl_rng_seed 0, expected 6655344265603136530",
        fix="Use the round's mlperf.conf and run again.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_seeds,
)


def _mode(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    allowed = (Mode.PERFORMANCE, Mode.SUBMISSION)
    if log.mode not in allowed:
        yield at(log, "effective_test_mode", found=log.mode, expected=" or ".join(allowed))


MODE = Check(
    text=CheckText(
        code="INF056",
        title="The run measured performance",
        why="A search for the peak, or an accuracy run, issues other queries than a performance run.",
        clause=SCENARIOS,
        example="closed/…/run_1/mlperf_log_detail.txt:34: found FindPeakPerformance, expected PerformanceOnly",
        fix="Run in mode PerformanceOnly.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_mode,
)


def _no_audit(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    for event in log.scan.warnings:
        if "audit.config" in event.value_text.lower():
            yield Remark(path=log.path, line=event.number, found="settings from audit.config", expected="no audit")
    for key, is_set in (
        ("effective_performance_issue_unique", log.issue_unique),
        ("effective_performance_issue_same", log.issue_same),
        ("effective_accuracy_log_sampling_target", log.accuracy_log_sampling_target != 0),
    ):
        if is_set:
            yield at(log, key, found=f"{key.removeprefix('effective_')} is set", expected="off in a performance run")


NO_AUDIT = Check(
    text=CheckText(
        code="INF057",
        title="The performance run was no audit",
        why="Audits issue the same sample again and again, or log outputs: their numbers are no results.",
        clause="compliance/nvidia (mlcommons/inference v2.0): audits have folders of their own",
        example="closed/…/run_1/mlperf_log_detail.txt:13: found settings from audit.config, expected no audit",
        fix="Remove audit.config from the working folder and run again.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_no_audit,
)


def _latency_limit(result: ResultSubject) -> Iterator[Remark]:
    log, limit = result.performance, ran_under(result).limit()
    if limit is not None and log.target_latency_ns > limit.limit_ns:
        found = f"a limit of {format_ns(log.target_latency_ns)}"
        yield at(log, "effective_target_latency_ns", found=found, expected=f"{format_ns(limit.limit_ns)} or less")


LATENCY_LIMIT = Check(
    text=CheckText(
        code="INF059",
        title="The latency limit of the run is the benchmark's, or stricter",
        why="VALID says only that the limit was kept which the submitter had set.",
        clause="submission-checker.py, latency-constraint (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:38: found a limit of 30 ms, expected 15 ms or less",
        fix="Set target_latency to the benchmark's limit and run again.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_latency_limit,
)


def _min_duration(result: ResultSubject) -> Iterator[Remark]:
    log, least = result.performance, ran_under(result).min_duration_ns // NS_PER_MS
    if log.min_duration_ms < least:
        yield at(log, "effective_min_duration_ms", found=f"{log.min_duration_ms} ms", expected=f"{least} ms or more")


MIN_DURATION = Check(
    text=CheckText(
        code="INF060",
        title="The run was set to last ten minutes",
        why="Shorter runs do not reach the temperature and clock of steady use.",
        clause="submission-checker.py, TEST_DURATION_MS (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:41: found 60000 ms, expected 600000 ms or more",
        fix="Leave min_duration to mlperf.conf and run again.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_min_duration,
)


def _offline_samples(result: ResultSubject) -> Iterator[Remark]:
    log = result.performance
    least = ran_under(result).min_samples
    if log.scenario == Scenario.OFFLINE and log.samples_per_query < least:
        found = f"{log.samples_per_query} samples in the query"
        yield at(log, "effective_samples_per_query", found=found, expected=f"{least} or more")


OFFLINE_SAMPLES = Check(
    text=CheckText(
        code="INF062",
        title="The Offline query has enough samples",
        why="Throughput of a short query is dominated by its beginning and end.",
        clause="submission-checker.py, OFFLINE_MIN_SPQ (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:35: found 8192 samples in the query, expected 24576 or more",
        fix="Set min_query_count of Offline as in mlperf.conf and run again.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_offline_samples,
)


def _min_queries(result: ResultSubject) -> Iterator[Remark]:
    log, rule = result.performance, ran_under(result)
    least = 1 if rule.runs_as is Scenario.OFFLINE else rule.min_queries
    if not rule.early_stopping and log.min_query_count < least:
        yield at(log, "effective_min_query_count", found=f"{log.min_query_count}", expected=f"{least} or more")
    if log.query_count < log.min_query_count:
        found = f"{log.query_count} queries"
        yield at(log, "result_query_count", found=found, expected=f"{log.min_query_count} or more, as was set")
    samples = log.query_count * log.generated_samples_per_query
    if samples < log.min_sample_count:
        yield at(log, "result_query_count", found=f"{samples} samples", expected=f"{log.min_sample_count} or more")


MIN_QUERIES = Check(
    text=CheckText(
        code="INF063",
        title="As many queries were issued as the settings ask for",
        why="Fewer queries than the run's own minimum cannot have been a run that ended by itself.",
        clause=CLAUSE,
        example="closed/…/run_1/mlperf_log_detail.txt:70: found 900 queries, expected 1024 or more, as was set",
        fix="Run again.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_min_queries,
)


def _percentile(result: ResultSubject) -> Iterator[Remark]:
    log, rule = result.performance, ran_under(result)
    if rule.percentile is not None and abs(log.target_percentile - rule.percentile) > 1e-9:
        found = percentile_name(log.target_percentile)
        key = "effective_target_latency_percentile"
        yield at(log, key, found=found, expected=percentile_name(rule.percentile))
    if rule.runs_as is not Scenario.OFFLINE and log.samples_per_query != rule.samples_per_query:
        found = f"{log.samples_per_query} samples per query"
        yield at(log, "effective_samples_per_query", found=found, expected=f"{rule.samples_per_query}")


PERCENTILE = Check(
    text=CheckText(
        code="INF064",
        title="Percentile and samples per query are the scenario's",
        why="A lower percentile, or fewer samples in a MultiStream query, gives a better number for less.",
        clause=SCENARIOS,
        example="closed/…/run_1/mlperf_log_detail.txt:39: found p50, expected p90",
        fix="Leave both to mlperf.conf and run again.",
        official=False,
    ),
    severity=Severity.VOID,
    look=_percentile,
)


def _equal_issue(result: ResultSubject) -> Iterator[Remark]:
    log, rule = result.performance, ran_under(result)
    if not rule.equal_issue:
        return
    size = log.performance_sample_count
    if size < 1:
        return
    match rule.runs_as:
        case Scenario.OFFLINE:
            key, count = "generated_samples_per_query", log.generated_samples_per_query
        case Scenario.SINGLE_STREAM:
            key, count = "effective_min_query_count", log.min_query_count
        case _:
            return
    if count % size:
        yield at(log, key, found=f"{count}, {count % size} over", expected=f"a multiple of the {size} samples")


EQUAL_ISSUE = Check(
    text=CheckText(
        code="INF072",
        title="Every sample was issued equally often where the benchmark asks for it",
        why="The samples of 3D-UNet differ so much in size that unequal issue moves the result by percents.",
        clause="mlperf.conf, 3d-unet.*.sample_concatenate_permutation (mlcommons/inference v2.0)",
        example="closed/…/run_1/mlperf_log_detail.txt:35: found 24576, 6 over, expected a multiple of the 42 samples",
        fix="Use the round's mlperf.conf, which switches it on, and run again.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_equal_issue,
)


def _revision(result: ResultSubject) -> Iterator[Remark]:
    log, known = result.performance, result.reader.rules.loadgen_revisions
    if OWN in log.version:
        found, expected = f"LoadGen {log.version}, which is levelfield's own", "the official LoadGen for a submission"
        yield replace(at(log, "loadgen_version", found=found, expected=expected), lighter=Severity.NOTE)
        return
    if known and not any(log.commit.startswith(one) or one.startswith(log.commit or "?") for one in known):
        yield at(log, "loadgen_version", found=f"LoadGen {log.version}", expected="a revision of the round's branch")
    if log.git_status.strip():
        found = f"changed files: {log.git_status.strip()[:60]}"
        yield at(log, "loadgen_git_status_message", found=found, expected="an unchanged source tree")


REVISION = Check(
    text=CheckText(
        code="INF071",
        title="LoadGen is a revision of the round, built from unchanged sources",
        why="Another revision may draw, wait and compute differently.",
        clause="inference_rules.adoc, LoadGen Operation (inference_policies cbf38b90)",
        example="closed/…/run_1/mlperf_log_detail.txt:1: found LoadGen 2.0 @ deadbeef00, expected a revision of …",
        fix="Build LoadGen from the round's tag; say in the notes why another one was used.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_revision,
)

RUN_SETTINGS_CHECKS = (
    SAMPLE_COUNT, SEEDS, MODE, NO_AUDIT, LATENCY_LIMIT, MIN_DURATION, OFFLINE_SAMPLES, MIN_QUERIES, PERCENTILE,
    REVISION, EQUAL_ISSUE,
)  # fmt: skip
