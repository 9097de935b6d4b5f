"""A test run from the first line of its logs to the last: LoadGen's StartTest.

The phases are measured by :mod:`levelfield.loadgen.issue` or :mod:`levelfield.loadgen.remote`; statistics, verdict
and log texts are computed from the records afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from levelfield.errors import LevelfieldError, SystemUnderTestError
from levelfield.loadgen.abandon import LateCounter
from levelfield.loadgen.clocks import clock_events
from levelfield.loadgen.collect import collect
from levelfield.loadgen.logs import LogOptions, TestLogs, announcement
from levelfield.loadgen.measurement import Event, Measurement, Severity
from levelfield.loadgen.phase import PhaseWork
from levelfield.loadgen.phase_state import PhaseState
from levelfield.loadgen.ports import SampleLibrary, SystemUnderTest
from levelfield.loadgen.progress import ProgressListener
from levelfield.loadgen.record import write_record
from levelfield.loadgen.recorder import Recorder
from levelfield.loadgen.schedule import AccuracySampler, LoadableSet, Schedule, loadable_sets, schedule
from levelfield.loadgen.settings import EffectiveSettings, Settings, derive, problems_of
from levelfield.loadgen.statistics import Statistics, summarise
from levelfield.loadgen.supervisor import Supervisor
from levelfield.loadgen.verdict import ConditionName, Outcome, judge
from levelfield.loadgen.waiting import Timekeeper, calibrate, fine_timers
from levelfield.terms import Mode, Scenario, Validity
from levelfield.units import NS_PER_MS, NS_PER_S

__all__ = ["IssuingChoice", "PhaseOutcome", "RunOptions", "TestRun", "run_test"]


class IssuingChoice(StrEnum):
    """From where Server queries are issued."""

    AUTO = "auto"
    INLINE = "inline"
    PROCESS = "process"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run is carried out; nothing here changes what is asked of the system under test."""

    issuing: IssuingChoice = IssuingChoice.AUTO
    stall_s: float | None = None
    """No completion for this long ends the run; ``None`` = ten times the minimum duration, and a minute."""
    strict: bool = True
    """Refuse impossible settings; ``False`` goes on as LoadGen does, with an error in the log."""
    listener: ProgressListener | None = None
    record: Path | None = None
    """Where to write the raw record."""
    keeper: Timekeeper = field(default_factory=Timekeeper)
    wall_ns: Callable[[], int] = time.time_ns
    """The wall clock, which the monotonic one is compared with."""
    lateness_bound_ns: int | None = None
    """99th percentile of the load generator's own lateness above which Server is INVALID; ``None`` = the default."""
    give_up_hopeless: bool = False
    """End a Server run as soon as no later query can make it valid. A search for the peak wants that; a run that is
    kept goes to its end."""
    events: tuple[Event, ...] = ()
    """What happened before the run and belongs in its log, such as an audit file that was found."""
    before: tuple[Event, ...] = ()
    """What belongs in front of everything else in the log: configuration files that could not be read."""
    sink: Callable[[str], None] | None = None
    """Where the copies of log lines go that the log options ask for on standard output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseOutcome:
    """A performance phase with what follows from it."""

    measurement: Measurement
    statistics: Statistics
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """A finished run, whole or not."""

    __test__ = False  # not a test case

    effective: EffectiveSettings
    measurements: tuple[Measurement, ...]
    performance: PhaseOutcome | None
    """``None`` in accuracy mode."""
    failure: LevelfieldError | None
    """What broke the run, if anything did: the system under test, or a full disk."""
    interrupted: bool
    """Whether a person stopped it (Ctrl-C). Logs and record are complete up to there."""
    began: datetime
    ended: datetime

    @property
    def validity(self) -> Validity:
        """The verdict; an accuracy run is VALID when nothing went wrong in it."""
        if self.failure is not None or self.interrupted:
            return Validity.INVALID
        if self.performance is not None:
            return self.performance.outcome.validity
        wrong = any(measurement.errors or measurement.incomplete_count for measurement in self.measurements)
        return Validity.INVALID if wrong else Validity.VALID


def run_test(
    system: SystemUnderTest,
    library: SampleLibrary,
    settings: Settings,
    *,
    logs: LogOptions,
    options: RunOptions | None = None,
) -> TestRun:
    """Run a test and write its logs.

    A system that fails, hangs or is interrupted does not raise here: the logs are closed, the record is kept, and
    the result says so (``failure``, ``interrupted``).

    Raises:
        SettingsError: The settings cannot be run (strict); nothing was issued, no log written.
        OutputError: The logs or the record cannot be written.
    """
    options = options or RunOptions()
    total, performance = library.total_sample_count, library.performance_sample_count
    effective = derive(settings, total_sample_count=total, performance_sample_count=performance, strict=options.strict)
    began = datetime.now(UTC)
    with TestLogs.open(logs, begin=began, profile=settings.profile, sink=options.sink) as written:
        for event in options.before:
            written.event(event)
        asked = time.perf_counter_ns()
        name = system.name
        written.start(
            system_name=name,
            name_duration_ns=time.perf_counter_ns() - asked,
            library_name=library.name,
            effective=effective,
            events=options.events,
        )
        with fine_timers() if effective.scenario is Scenario.SERVER else nullcontext():
            run = _Run(system, library, effective, written, options)
            if not options.strict:
                run.log_problems(problems_of(settings, performance_sample_count=performance))
            run.all_phases()
        if options.record is not None:
            write_record(options.record, tuple(run.measurements))
    return TestRun(
        effective=effective,
        measurements=tuple(run.measurements),
        performance=run.performance,
        failure=run.failure,
        interrupted=run.interrupted,
        began=began,
        ended=datetime.now(UTC),
    )


class _Run:
    """One run in progress."""

    def __init__(
        self,
        system: SystemUnderTest,
        library: SampleLibrary,
        effective: EffectiveSettings,
        logs: TestLogs,
        options: RunOptions,
    ) -> None:
        self._system = system
        self._library = library
        self._effective = effective
        self._logs = logs
        self._options = options
        self._keeper = calibrate(options.keeper) if effective.scenario is Scenario.SERVER else options.keeper
        self._sampler = AccuracySampler()
        self._next_id = 0
        self.measurements: list[Measurement] = []
        self.performance: PhaseOutcome | None = None
        self.failure: LevelfieldError | None = None
        self.interrupted = False

    def log_problems(self, problems: list[str]) -> None:
        """Log settings that LoadGen replaces, as the errors that they are."""
        for problem in problems:
            self._logs.event(Event(key="error_invalid_test_settings", text=problem, severity=Severity.ERROR))

    def all_phases(self) -> None:
        """Run what the mode asks for."""
        match self._effective.mode:
            case Mode.ACCURACY:
                self._accuracy()
            case Mode.PERFORMANCE:
                self._performance(self._effective)
            case Mode.SUBMISSION:
                if self._accuracy():
                    self._performance(self._effective)
            case Mode.FIND_PEAK:
                self._find_peak()

    def _accuracy(self) -> bool:
        """Issue every sample of the library once; whether it went through."""
        self._logs.event(announcement(Mode.ACCURACY))
        sets = loadable_sets(self._effective, Mode.ACCURACY)
        samples = sum(loadable.unpadded_count for loadable in sets)
        self._announce(f"{self._effective.scenario} accuracy", None, None, samples)
        for loadable in sets:
            measurement = self._phase(self._effective, loadable, Mode.ACCURACY)
            self.measurements.append(measurement)
            if self.failure is not None or self.interrupted:
                return False
        self._done(f"{samples:,} samples")
        return True

    def _performance(self, effective: EffectiveSettings) -> None:
        self._logs.event(announcement(Mode.PERFORMANCE))
        loadable = loadable_sets(effective, Mode.PERFORMANCE)[0]
        measured = self._measured(effective, loadable)
        self.measurements.append(measured.measurement)
        self.performance = measured
        self._logs.results(measured.measurement, measured.statistics, measured.outcome)

    def _measured(self, effective: EffectiveSettings, loadable: LoadableSet) -> PhaseOutcome:
        measurement = self._phase(effective, loadable, Mode.PERFORMANCE)
        statistics = summarise(measurement)
        outcome = judge(measurement, statistics, lateness_bound_ns=self._options.lateness_bound_ns)
        return PhaseOutcome(measurement=measurement, statistics=statistics, outcome=outcome)

    def _find_peak(self) -> None:
        """Server: the highest rate that meets the latency constraint (``loadgen.cc``, FindPeakPerformanceMode)."""
        self._logs.event(announcement(Mode.FIND_PEAK))
        from levelfield.loadgen.peak import search_peak  # noqa: PLC0415 - peak needs this module's types

        loadable = loadable_sets(self._effective, Mode.PERFORMANCE)[0]

        def attempt(effective: EffectiveSettings) -> PhaseOutcome | None:
            measured = self._measured(effective, loadable)
            if self.failure is None and not self.interrupted:
                return measured
            self.measurements.append(measured.measurement)
            return None

        def passes(measured: PhaseOutcome) -> bool:
            # LoadGen asks for the latency constraint alone; ours for all conditions, unless it stands in for LoadGen.
            return (
                measured.outcome.validity.usable
                if self._options.strict
                else measured.outcome.met(ConditionName.PERF_CONSTRAINTS)
            )

        found = search_peak(self._effective, attempt, passes, self._message, self._error)
        if found is not None:
            self.measurements.append(found.measurement)
            self.performance = found
            self._logs.results(found.measurement, found.statistics, found.outcome)

    def _announce(self, *plan: Any) -> None:
        if self._options.listener is not None:
            self._options.listener.phase(*plan)

    def _done(self, text: str) -> None:
        if self._options.listener is not None:
            self._options.listener.done(text)

    def _message(self, text: str) -> None:
        self._logs.event(Event(key="generic_message", text=text))

    def _error(self, text: str) -> None:
        self._logs.event(Event(key="error_runtime", text=text, severity=Severity.ERROR))

    # --- one phase ----------------------------------------------------------------------------------------

    def _phase(self, effective: EffectiveSettings, loadable: LoadableSet, phase: Mode) -> Measurement:
        """Load a set, issue its queries, collect the record, write the phase's lines, unload."""
        self._logs.loaded_set(loadable.indices)
        self._library.load(loadable.indices)
        try:
            plan = schedule(effective, loadable, phase, self._sampler)
            state = self._state(effective, plan, phase)
            measurement = self._measure(state, loadable)
        finally:
            self._library.unload(loadable.indices)
        self._next_id += measurement.sample_count
        self._logs.phase(measurement)
        return measurement

    def _state(self, effective: EffectiveSettings, plan: Schedule, phase: Mode) -> PhaseState:
        tokens = effective.requested.tokens.use
        recorder = Recorder(
            log_all=phase is Mode.ACCURACY,
            log_some=AccuracySampler.probability(effective) > 0,
            sink=self._log_accuracy,
            tokens=tokens,
            needs_first_token=effective.scenario is not Scenario.OFFLINE,
            flush_while_running=phase is Mode.ACCURACY,
            clock=self._keeper.now,
        )
        return PhaseState(
            system=self._system,
            schedule=plan,
            effective=effective,
            recorder=recorder,
            keeper=self._keeper,
            timed=phase is Mode.PERFORMANCE,
            first_id=self._next_id,
            stall_s=self._stall_s(effective),
        )

    def _log_accuracy(
        self,
        ids: list[int],
        indices: list[int],
        payloads: list[bytes],
        first_tokens: list[bytes | None] | None,
        token_counts: list[int] | None,
    ) -> None:
        firsts = None if first_tokens is None else [payload or b"" for payload in first_tokens]
        self._logs.accuracy(ids, indices, payloads, token_counts=token_counts, token_payloads=firsts)

    def _stall_s(self, effective: EffectiveSettings) -> float:
        if self._options.stall_s is not None:
            return self._options.stall_s
        return 60 + 10 * effective.min_duration_ms / 1000

    def _measure(self, state: PhaseState, loadable: LoadableSet) -> Measurement:
        if state.timed:
            self._announce(*_plan_of(state))
        work = PhaseWork(state, loadable, self._options.issuing)
        before = 0 if state.timed else self._next_id
        began_ns, wall_began_ns = self._keeper.now(), self._options.wall_ns()
        late = LateCounter.of(state) if self._options.give_up_hopeless else None
        with Supervisor(state, self._options.listener, samples_before=before, late=late) as supervisor:
            supervisor.carry_out(work)
        if state.timed:
            took_ns, wall_took_ns = self._keeper.now() - began_ns, self._options.wall_ns() - wall_began_ns
            state.events += clock_events(took_ns, wall_took_ns)
        self.interrupted |= supervisor.interrupted
        state.recorder.close()
        self._note_failure(state)
        measurement = collect(
            state,
            loaded_set=loadable.indices,
            wall_begin=work.wall_begin,
            issuing=work.issuing,
            pickup_ns=work.pickup_ns,
        )
        if state.timed:
            self._done(f"{measurement.query_count:,} queries, {measurement.sample_count:,} samples")
        return measurement

    def _note_failure(self, state: PhaseState) -> None:
        error = state.recorder.failure
        if error is None:
            return
        if isinstance(error, LevelfieldError):
            self.failure = error
        else:
            self.failure = SystemUnderTestError.of(error)
        state.error(f"Ending early: {self.failure.message}")


def _plan_of(state: PhaseState) -> tuple[str, float | None, int | None, int | None]:
    """Name, expected duration, queries and samples of a phase, as far as they are known."""
    effective, generated = state.effective, state.schedule.generated
    name = f"{effective.scenario} performance"
    if effective.scenario is Scenario.OFFLINE:
        return name, None, None, generated.query_count * state.schedule.samples_per_query
    if effective.scenario is Scenario.SERVER:
        return name, generated.duration_ns / NS_PER_S, generated.query_count, None
    return name, effective.target_duration_ms * NS_PER_MS / NS_PER_S, effective.min_query_count, None
