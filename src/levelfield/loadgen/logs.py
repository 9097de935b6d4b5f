"""The four log files of a test run: opened before it, complete whatever happens to it.

Order of calls: ``open``, ``start``; for each phase ``event`` with its :func:`announcement`, then, for each set of
samples that is loaded, ``loaded_set``, ``accuracy`` as outputs come, and ``phase``; after a performance phase
``results``; ``close``.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from levelfield import __version__
from levelfield.errors import OutputError
from levelfield.formats.accuracy_log import AccuracyEntry, AccuracyWriter
from levelfield.formats.loadgen_line import Writable, detail_line
from levelfield.formats.loadgen_summary import closing_lines, format_section
from levelfield.formats.loadgen_trace import TraceSample, TraceWriter
from levelfield.loadgen.build import build_of
from levelfield.loadgen.detail_keys import (
    Pairs,
    effective_keys,
    ending_keys,
    ends_naturally,
    generated_keys,
    name_keys,
    requested_keys,
    result_keys,
    version_keys,
)
from levelfield.loadgen.log_file import LogFile
from levelfield.loadgen.measurement import Event, Measurement, Severity
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.settings import EffectiveSettings
from levelfield.loadgen.statistics import Statistics
from levelfield.loadgen.summary_text import summary_sections
from levelfield.loadgen.verdict import Outcome, closing_events
from levelfield.terms import Mode, Profile, Scenario

__all__ = ["NATURAL_END", "LogOptions", "TestLogs", "announcement"]

SOURCE = "levelfield/loadgen/logs.py"
"""What the log names as the file that logged."""

NATURAL_END = "Ending naturally: Minimum query count and test duration met."

TRACE_BATCH = 4096
"""Samples of the trace written at a time."""

Clock = Callable[[], int]
Sink = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Where the logs go and what they are called."""

    folder: Path
    prefix: str = "mlperf_log_"
    suffix: str = ""
    prefix_with_datetime: bool = False
    copy_detail_to_stdout: bool = False
    """Whether every line of the detail log also goes to the sink."""
    copy_summary_to_stdout: bool = False
    """Whether the summary also goes to the sink."""
    trace: bool = False
    """Whether a trace is written: large, and nothing that a submission needs. Without it there is no trace file."""

    def path(self, kind: str, extension: str, begin: datetime) -> Path:
        """The path of one of the logs."""
        stamp = f"{begin.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}_" if self.prefix_with_datetime else ""
        return self.folder / f"{self.prefix}{stamp}{kind}{self.suffix}.{extension}"


def announcement(mode: Mode) -> Event:
    """The message that LoadGen logs at the start of a mode, before it loads samples."""
    match mode:
        case Mode.ACCURACY:
            text = "Starting accuracy mode"
        case Mode.FIND_PEAK:
            text = "Starting FindPeakPerformance mode"
        case Mode.PERFORMANCE | Mode.SUBMISSION:
            text = "Starting performance mode"
    return Event(key="generic_message", text=text)


class TestLogs:
    """The logs of one test run. Methods may be called from any thread, one at a time takes effect."""

    __test__ = False  # not a test case, whatever its name may suggest to a collector

    def __init__(
        self,
        *,
        begin: datetime,
        profile: Profile,
        files: list[LogFile],
        sink: Sink | None,
        options: LogOptions,
        clock: Clock,
    ) -> None:
        """Use :meth:`open`."""
        self._begin = begin
        self._profile = profile
        self._files = files
        self._summary_file, self._detail, accuracy = files[:3]
        self._sink = sink
        self._options = options
        self._clock = clock
        self._origin_ns = clock()
        self._last_ns = 0
        self._lock = threading.RLock()
        self._system_name = ""
        self._first_sample = 0
        self._first_query = 0
        self._closed = False
        self.warning_count = 0
        """Warnings logged so far."""
        self.error_count = 0
        """Errors logged so far."""
        self._accuracy = AccuracyWriter(accuracy)
        self._trace = TraceWriter(files[3], pid=os.getpid()) if options.trace else None

    @classmethod
    def open(
        cls,
        options: LogOptions,
        *,
        begin: datetime,
        profile: Profile,
        sink: Sink | None = None,
        clock: Clock = time.monotonic_ns,
    ) -> Self:
        """Open all files, so that a place that cannot be written to is found before the run and not after it.

        Args:
            options: Where to.
            begin: When the test began; logged as UTC.
            profile: Whose keys and labels.
            sink: Where copies for the terminal go.
            clock: A monotonic clock, ns.

        Raises:
            OutputError: A file cannot be opened.
        """
        kinds = [("summary", "txt"), ("detail", "txt"), ("accuracy", "json")]
        if options.trace:
            kinds.append(("trace", "json"))
        with ExitStack() as opened:
            files = []
            for kind, extension in kinds:
                files.append(LogFile(options.path(kind, extension, begin)))
                opened.callback(files[-1].close)
            logs = cls(begin=begin, profile=profile, files=files, sink=sink, options=options, clock=clock)
            opened.pop_all()
        return logs

    def start(
        self,
        *,
        system_name: str,
        name_duration_ns: int,
        library_name: str,
        effective: EffectiveSettings,
        events: Sequence[Event] = (),
    ) -> None:
        """Log what runs: version, names, settings.

        Args:
            system_name: The system under test.
            name_duration_ns: How long asking for its name took; logged in profile v6.
            library_name: The sample library.
            effective: The settings in force, with the requested ones.
            events: What came up before the settings: an audit file, settings that were replaced.
        """
        with self._lock:
            self._system_name = system_name
            self._pairs(version_keys(build_of(self._profile)))
            self._pairs(
                name_keys(
                    effective,
                    begin=self._begin,
                    system_name=system_name,
                    name_duration_ns=name_duration_ns,
                    library_name=library_name,
                )
            )
            for event in events:
                self.event(event)
            self._pairs(requested_keys(effective.requested))
            self._pairs(effective_keys(effective))
            self._detail.flush()

    def event(self, event: Event) -> None:
        """Log a message, a warning or an error; not one that is in a measurement, which :meth:`phase` logs."""
        with self._lock:
            self.warning_count += event.severity is Severity.WARNING
            self.error_count += event.severity is Severity.ERROR
            self._line(event.key, event.text, severity=event.severity)
            if event.severity is Severity.ERROR:
                self._detail.flush()

    def loaded_set(self, indices: IntArray) -> None:
        """Log which samples were loaded."""
        with self._lock:
            self._line("loaded_qsl_set", indices)

    def accuracy(
        self,
        seq_ids: Sequence[int] | IntArray,
        sample_indices: Sequence[int] | IntArray,
        payloads: Sequence[bytes],
        *,
        token_counts: Sequence[int] | IntArray | None = None,
        token_payloads: Sequence[bytes] | None = None,
    ) -> None:
        """Append outputs to the accuracy log, in the order of completion.

        Args:
            seq_ids: (samples,) sequence numbers in the test.
            sample_indices: (samples,) dataset indices.
            payloads: The outputs.
            token_counts: Where the run measures tokens.
            token_payloads: What came with the first tokens; not in Offline.
        """
        entries = (
            AccuracyEntry(
                seq_id=int(seq_ids[i]),
                sample_index=int(sample_indices[i]),
                data=payload,
                token_data=None if token_payloads is None else token_payloads[i],
                token_count=None if token_counts is None else int(token_counts[i]),
            )
            for i, payload in enumerate(payloads)
        )
        with self._lock:
            self._accuracy.write(entries)

    def phase(self, measurement: Measurement) -> None:
        """Log what was generated, the phase's events and end, and the interval for power meters."""
        with self._lock:
            self._pairs(generated_keys(measurement))
            for event in measurement.events:
                self.event(event)
            if ends_naturally(measurement):
                self._line("generic_message", NATURAL_END)
            for event in closing_events(measurement):
                self.event(event)
            self._pairs(ending_keys(measurement))
            if self._trace is not None:
                self._write_trace(self._trace, measurement)
            self._first_sample += measurement.sample_count
            self._first_query += measurement.query_count
            for file in self._files:
                file.flush()

    def results(self, measurement: Measurement, statistics: Statistics, outcome: Outcome) -> None:
        """Log the results of a performance phase, in the detail log and the summary."""
        effective = measurement.effective
        with self._lock:
            for event in outcome.events:
                self.event(event)
            sections = summary_sections(effective, statistics, outcome, system_name=self._system_name)
            self._summary("\n".join(map(format_section, sections)))
            self._pairs(result_keys(effective, statistics, outcome, error_count=self.error_count))
            self._detail.flush()
            self._summary_file.flush()

    def close(self) -> None:
        """End every file: totals in the summary, the closing brackets, everything on the disk. Twice is once.

        Raises:
            OutputError: A file could not be ended; the others are.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            totals = closing_lines(warning_count=self.warning_count, error_count=self.error_count)
            steps = [lambda: self._summary(totals), self._accuracy.close, self._end_trace]
            problems: list[OutputError] = []
            for step in (*steps, *(file.close for file in self._files)):
                try:
                    step()
                except OutputError as error:
                    problems.append(error)
        if problems:
            raise problems[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close()
        except OutputError as problem:
            if error is None:
                raise
            # What broke the run is what its user has to hear; that the logs broke too is added to it.
            error.add_note(str(problem))

    def _pairs(self, pairs: Pairs) -> None:
        for key, value in pairs:
            self._line(key, value)

    def _line(self, key: str, value: Writable, *, severity: Severity = Severity.MESSAGE) -> None:
        self._last_ns = max(self._last_ns, self._clock() - self._origin_ns)
        text = detail_line(
            key,
            value,
            time_ns=self._last_ns,
            is_error=severity is Severity.ERROR,
            is_warning=severity is Severity.WARNING,
            file=SOURCE,
            line_no=1,
            pid=os.getpid(),
            tid=threading.get_native_id(),
        ).text()
        self._detail.write(text + "\n")
        if self._sink is not None and self._options.copy_detail_to_stdout:
            self._sink(text + "\n")

    def _summary(self, text: str) -> None:
        self._summary_file.write(text)
        if self._sink is not None and self._options.copy_summary_to_stdout:
            self._sink(text)

    def _end_trace(self) -> None:
        if self._trace is not None:
            self._trace.close(origin_us=self._origin_ns / 1000, version=f"levelfield {__version__}")

    def _write_trace(self, trace: TraceWriter, measurement: Measurement) -> None:
        batch: list[TraceSample] = []
        counters = measurement.effective.scenario is Scenario.SERVER
        for sample in self._trace_samples(measurement):
            batch.append(sample)
            if len(batch) == TRACE_BATCH:
                trace.write(batch, counters=counters)
                batch.clear()
        trace.write(batch, counters=counters)

    def _trace_samples(self, measurement: Measurement) -> Iterator[TraceSample]:
        """The completed samples of a phase; its start lies where the wall clock says, its times are monotonic."""
        queries = measurement.query_of_sample
        start_ns = max(0, (measurement.wall_begin - self._begin) // timedelta(microseconds=1) * 1000)
        for i in range(measurement.sample_count):
            latency = int(measurement.latency_ns[i])
            if latency >= 0:
                query = int(queries[i])
                yield TraceSample(
                    seq_id=self._first_sample + i,
                    query_seq=self._first_query + query,
                    sample_index=int(measurement.sample_indices[i]),
                    scheduled_ns=start_ns + int(measurement.scheduled_ns[query]),
                    issue_delay_ns=int(measurement.issue_delay_ns[query]),
                    latency_ns=latency,
                )
