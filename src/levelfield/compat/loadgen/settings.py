"""``TestSettings``, ``LogSettings`` and ``LogOutputSettings`` with the names and defaults of the official module."""

from __future__ import annotations

from pathlib import Path

from levelfield.compat.loadgen.conf import apply_conf
from levelfield.compat.loadgen.enums import LoggingMode, TestMode, TestScenario
from levelfield.compat.loadgen.fields import Record, enum_field, flag, number, record_field, text, whole
from levelfield.loadgen.logs import LogOptions
from levelfield.loadgen.settings import Load, MultiStream, Offline, Seeds, Server, Settings, SingleStream, Tokens
from levelfield.terms import Mode, Profile

__all__ = ["LogOutputSettings", "LogSettings", "TestSettings", "log_options", "run_settings"]


class TestSettings(Record):
    """What is asked of a test run (``loadgen/test_settings.h`` and ``bindings/python_api.cc`` at b66003e1)."""

    __test__ = False  # not a test case, whatever its name may suggest to a collector
    __slots__ = ()

    scenario = enum_field(TestScenario.SingleStream)
    mode = enum_field(TestMode.PerformanceOnly)
    single_stream_expected_latency_ns = number(1_000_000.0)
    single_stream_target_latency_percentile = number(0.90)
    multi_stream_expected_latency_ns = number(8_000_000.0)
    multi_stream_target_latency_percentile = number(0.99)
    multi_stream_samples_per_query = whole(8)
    server_target_qps = number(1.0)
    server_target_latency_ns = whole(100_000_000)
    server_target_latency_percentile = number(0.99)
    server_coalesce_queries = flag()
    server_find_peak_qps_decimals_of_precision = whole(1, bits=32, signed=True)
    server_find_peak_qps_boundary_step_size = number(1.0)
    server_max_async_queries = whole()
    server_num_issue_query_threads = whole()
    offline_expected_qps = number(1.0)
    sample_concatenate_permutation = flag()
    min_duration_ms = whole(10_000)
    max_duration_ms = whole()
    min_query_count = whole(100)
    max_query_count = whole()
    qsl_rng_seed = whole()
    sample_index_rng_seed = whole()
    schedule_rng_seed = whole()
    accuracy_log_rng_seed = whole()
    accuracy_log_probability = number(0.0)
    accuracy_log_sampling_target = whole()
    test05 = flag()
    test05_qsl_rng_seed = whole()
    test05_sample_index_rng_seed = whole()
    test05_schedule_rng_seed = whole()
    print_timestamps = flag()
    performance_issue_unique = flag()
    performance_issue_same = flag()
    performance_issue_same_index = whole()
    performance_sample_count_override = whole()
    accuracy_sample_count_override = whole()
    use_token_latencies = flag()
    ttft_latency = whole(100_000_000)
    tpot_latency = whole(100_000_000)
    infer_token_latencies = flag()
    token_latency_scaling_factor = whole()

    def FromConfig(self, path: str, model: str, scenario: str, conf_type: int = 1) -> int:
        """Take settings from a configuration file.

        What is wrong with the file is an error in the log of the next test, as in the official module.

        Args:
            path: The file; looked at unless ``conf_type`` is 0.
            model: The benchmark, as the file's keys spell it.
            scenario: ``SingleStream``, ``MultiStream``, ``Server`` or ``Offline``.
            conf_type: 1 = a ``user.conf``, on top of the official values if this is the first such call of the
                process; 0 = the official values alone; anything else = this file alone.

        Returns:
            0, or a negative error number: -2 (no such file), -22 (a line that is none; nothing was taken).
        """
        for name, value in (("path", path), ("model", model), ("scenario", scenario)):
            if not isinstance(value, (str, bytes)):
                raise TypeError(f"FromConfig: {name}: found {value!r}, expected a text.")
        return apply_conf(self, _text(path), _text(model), _text(scenario), conf_type)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


class LogOutputSettings(Record):
    """Where the logs go."""

    __slots__ = ()

    outdir = text(".")
    prefix = text("mlperf_log_")
    suffix = text("")
    prefix_with_datetime = flag()
    copy_detail_to_stdout = flag()
    copy_summary_to_stdout = flag()


class LogSettings(Record):
    """How logs are written. The mode and its poll interval have no effect, in the official module neither."""

    __slots__ = ()

    log_output = record_field(LogOutputSettings)
    log_mode = enum_field(LoggingMode.AsyncPoll)
    log_mode_async_poll_interval_ms = whole(1000)
    enable_trace = flag(default=True)


def log_options(settings: LogSettings) -> LogOptions:
    """The same in levelfield's own terms."""
    output = settings.log_output
    return LogOptions(
        folder=Path(output.outdir),
        prefix=output.prefix,
        suffix=output.suffix,
        prefix_with_datetime=output.prefix_with_datetime,
        copy_detail_to_stdout=output.copy_detail_to_stdout,
        copy_summary_to_stdout=output.copy_summary_to_stdout,
        trace=settings.enable_trace,
    )


def run_settings(settings: TestSettings) -> Settings:
    """The same in levelfield's own terms."""
    return Settings(
        load=_load(settings),
        mode=tuple(Mode)[settings.mode],
        min_duration_ms=settings.min_duration_ms,
        max_duration_ms=settings.max_duration_ms,
        min_query_count=settings.min_query_count,
        max_query_count=settings.max_query_count,
        seeds=Seeds(
            qsl=settings.qsl_rng_seed,
            sample_index=settings.sample_index_rng_seed,
            schedule=settings.schedule_rng_seed,
            accuracy_log=settings.accuracy_log_rng_seed,
        ),
        accuracy_log_probability=settings.accuracy_log_probability,
        accuracy_log_sampling_target=settings.accuracy_log_sampling_target,
        print_timestamps=settings.print_timestamps,
        performance_issue_unique=settings.performance_issue_unique,
        performance_issue_same=settings.performance_issue_same,
        performance_issue_same_index=settings.performance_issue_same_index,
        performance_sample_count_override=settings.performance_sample_count_override,
        accuracy_sample_count_override=settings.accuracy_sample_count_override,
        sample_concatenate_permutation=settings.sample_concatenate_permutation,
        tokens=Tokens(
            use=settings.use_token_latencies,
            ttft_latency_ns=settings.ttft_latency,
            tpot_latency_ns=settings.tpot_latency,
            infer=settings.infer_token_latencies,
            scaling_factor=settings.token_latency_scaling_factor,
        ),
        profile=Profile.V6,
    )


def _load(settings: TestSettings) -> Load:
    match settings.scenario.value:
        case 0:
            return SingleStream(
                expected_latency_ns=settings.single_stream_expected_latency_ns,
                target_latency_percentile=settings.single_stream_target_latency_percentile,
            )
        case 1:
            return MultiStream(
                expected_latency_ns=settings.multi_stream_expected_latency_ns,
                target_latency_percentile=settings.multi_stream_target_latency_percentile,
                samples_per_query=settings.multi_stream_samples_per_query,
            )
        case 2:
            return Server(
                target_qps=settings.server_target_qps,
                target_latency_ns=settings.server_target_latency_ns,
                target_latency_percentile=settings.server_target_latency_percentile,
                coalesce_queries=settings.server_coalesce_queries,
                max_async_queries=settings.server_max_async_queries,
                issue_query_threads=settings.server_num_issue_query_threads,
                find_peak_qps_decimals_of_precision=settings.server_find_peak_qps_decimals_of_precision,
                find_peak_qps_boundary_step_size=settings.server_find_peak_qps_boundary_step_size,
            )
        case _:
            return Offline(expected_qps=settings.offline_expected_qps)
