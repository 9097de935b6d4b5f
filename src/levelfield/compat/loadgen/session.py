"""The one test that runs in this process: from objects and addresses to levelfield's ports, and back.

Completions come through module functions that know no run, so the run in progress is kept here, as LoadGen keeps
it in process-wide state.
"""

from __future__ import annotations

import ctypes
import gc
import math
import operator
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import cast

import numpy as np

from levelfield.compat.loadgen.conf import apply_conf, take_problems
from levelfield.compat.loadgen.enums import TestMode
from levelfield.compat.loadgen.handles import Library, System, library_of, system_of
from levelfield.compat.loadgen.samples import QuerySample, QuerySampleResponse
from levelfield.compat.loadgen.settings import LogSettings, TestSettings, log_options, run_settings
from levelfield.errors import CompletionError, SettingsError, UsageError
from levelfield.loadgen.measurement import Event, Severity
from levelfield.loadgen.ports import Completions, IntArray
from levelfield.loadgen.recorder import RecorderCompletions
from levelfield.loadgen.run import RunOptions, run_test
from levelfield.loadgen.settings import MultiStream, Server, Settings, SingleStream

__all__ = ["FirstTokenComplete", "QuerySamplesComplete", "ResponseCallback", "run"]

ResponseCallback = Callable[[QuerySampleResponse], object]
AUDIT_FOUND = "Found Audit Config file (audit.config). Overriding TestSettings from audit.config file."
TEST05_FOUND = "Test05 flag detected Overriding random seeds"
MANY = 4096
"""Samples of a query for which pausing the collector is worth its price."""
ID_OF = operator.attrgetter("id")


class _Session:
    """What the module functions need of the run in progress."""

    __slots__ = ("complete", "measures_tokens", "plain")

    def __init__(self, complete: Completions, *, measures_tokens: bool) -> None:
        self.complete = complete
        self.measures_tokens = measures_tokens
        self.plain = not complete.wants_payloads and not measures_tokens
        """Whether only the time of a completion counts."""


_running = threading.Lock()
_session: _Session | None = None
_one: Callable[[int], None] | None = None
"""Reports a single sample of a run in which only the time counts: the way that most completions take."""


def QuerySamplesComplete(responses: Sequence[QuerySampleResponse], response_cb: ResponseCallback | None = None) -> None:
    """Report samples complete, now. May be called from any thread.

    Args:
        responses: Samples of one query or of several, in any order.
        response_cb: Called with each response whose output will be logged, before it is copied; may set where the
            output is. It must not report completions.

    Raises:
        CompletionError: A sample is complete already, was never issued, or no test is running.
    """
    if _one is not None and len(responses) == 1:
        _one(responses[0].id)
        return
    session, count = _session, len(responses)
    if session is None or not count:
        _refuse_unless_empty(responses)
        return
    ids = np.fromiter(map(ID_OF, responses), np.int64, count)
    if session.plain:
        session.complete(ids)
        return
    tokens = None
    if session.measures_tokens:
        tokens = np.fromiter((response.n_tokens for response in responses), np.int64, count)
    payloads = _Payloads(responses, response_cb)
    session.complete(ids, payloads, tokens)
    payloads.raise_failure(session.complete)


def FirstTokenComplete(
    responses: Sequence[QuerySampleResponse],
    response_cb: ResponseCallback | None = None,  # noqa: ARG001 - nor does the official module call it
) -> None:
    """Report the first token of samples, now, where the run measures tokens.

    Args:
        responses: Samples; what they point to is logged beside their whole output.
        response_cb: Never called, in the official module neither.
    """
    session, count = _session, len(responses)
    if session is None or not count:
        _refuse_unless_empty(responses)
        return
    if not session.measures_tokens:
        return
    payloads = _Payloads(responses, None)
    session.complete.first_token(np.fromiter(map(ID_OF, responses), np.int64, count), payloads)
    payloads.raise_failure(session.complete)


def _refuse_unless_empty(responses: Sequence[QuerySampleResponse]) -> None:
    if len(responses):
        raise CompletionError(f"{len(responses)} samples were reported while no test is running.")


class _Payloads:
    """Copies outputs from the memory that the system under test points to, each when it is asked for.

    The copies are made in the middle of recording, where nothing may be raised: what goes wrong is kept until after.
    """

    __slots__ = ("_before", "_failure", "_responses")

    def __init__(self, responses: Sequence[QuerySampleResponse], before: ResponseCallback | None) -> None:
        self._responses = responses
        self._before = before
        self._failure: BaseException | None = None

    def __call__(self, position: int) -> bytes:
        response = self._responses[position]
        try:
            if self._before is not None:
                self._before(response)
            size = operator.index(response.size)
            return ctypes.string_at(operator.index(response.data), size) if size else b""
        except BaseException as error:  # noqa: BLE001 - the user's callback; raised by raise_failure
            self._failure = self._failure or error
            return b""

    def raise_failure(self, complete: Completions) -> None:
        """Raise what went wrong, which also ends the run."""
        if self._failure is not None:
            complete.fail(self._failure)
            raise self._failure


class _System:
    """The port of the load generator, filled with a system's callbacks."""

    def __init__(self, system: System, *, measures_tokens: bool) -> None:
        self._callbacks = system
        self._measures_tokens = measures_tokens
        self.issue = self._issuer()

    @property
    def name(self) -> str:
        return self._callbacks.name()

    def _issuer(self) -> Callable[[IntArray, IntArray, Completions], None]:
        """The function that is called for each query, with as few look-ups on the way as can be."""
        objects, fast, begin = self._callbacks.issue, self._callbacks.fast_issue, self._begin
        known: Completions | None = None
        make = QuerySample.__new__  # and not the class: its __init__ would cost as much again
        if objects is not None:

            def issue(ids: IntArray, indices: IntArray, complete: Completions) -> None:
                nonlocal known
                if complete is not known:
                    known = begin(complete)
                if len(ids) == 1:
                    sample = make(QuerySample)
                    sample.id, sample.index = ids.item(), indices.item()
                    objects([sample])
                else:
                    objects(_samples(ids, indices))

            return issue
        assert fast is not None

        def issue_fast(ids: IntArray, indices: IntArray, complete: Completions) -> None:
            nonlocal known
            if complete is not known:
                known = begin(complete)
            fast(ids.tolist(), indices.tolist())

        return issue_fast

    def _begin(self, complete: Completions) -> Completions:
        """A phase begins: completions go to its recorder from now on."""
        global _session, _one  # noqa: PLW0603 - the official interface has one run per process
        _session = _Session(complete, measures_tokens=self._measures_tokens)
        _one = cast("RecorderCompletions", complete).one if _session.plain else None
        return complete

    def flush(self) -> None:
        self._callbacks.flush()


def _samples(ids: IntArray, indices: IntArray) -> list[QuerySample]:
    """The objects of a query."""
    with _collector_paused(len(ids)):
        return list(map(QuerySample, ids.tolist(), indices.tolist()))


@contextmanager
def _collector_paused(count: int) -> Iterator[None]:
    """Make many objects without the garbage collector looking through all of them again and again meanwhile.

    None of them is garbage. For a million samples this is the difference between 0.16 s and 0.55 s, all of it within
    what Offline measures.
    """
    if count < MANY or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Library:
    """The port of the load generator, filled with a library's callbacks."""

    name = "PyQSL"

    def __init__(self, library: Library) -> None:
        self._library = library
        self.total_sample_count = library.total_count
        self.performance_sample_count = library.performance_count

    def load(self, indices: IntArray) -> None:
        self._library.load(indices.tolist())

    def unload(self, indices: IntArray) -> None:
        self._library.unload(indices.tolist())


def run(sut: int, qsl: int, test_settings: TestSettings, log_settings: LogSettings, audit_config: str) -> None:
    """Run a test as ``StartTest`` of ``loadgen/loadgen.cc`` does.

    Raises:
        UsageError: A handle stands for nothing, a test is running already, or the settings cannot be run.
        OutputError: The logs cannot be written.
        Exception: Whatever the system under test raised; the logs are complete up to there.
        KeyboardInterrupt: A person stopped the test; likewise.
    """
    system, library = system_of(sut), library_of(qsl)
    with _only_one():
        before = take_problems()
        in_force, events = _audited(test_settings, audit_config)
        settings = run_settings(in_force)
        _refuse_impossible(settings)
        finished = run_test(
            _System(system, measures_tokens=settings.tokens.use),
            _Library(library),
            settings,
            logs=log_options(log_settings),
            options=RunOptions(strict=False, before=before, events=events, sink=_to_stdout),
        )
    if finished.interrupted:
        raise KeyboardInterrupt
    if finished.failure is not None:
        raise finished.failure.__cause__ or finished.failure


@contextmanager
def _only_one() -> Iterator[None]:
    global _session, _one  # noqa: PLW0603
    if not _running.acquire(blocking=False):
        raise UsageError("A test is running in this process already; start the next one when it is done.")
    try:
        yield
    finally:
        _session = _one = None
        _running.release()


def _to_stdout(text: str) -> None:
    sys.stdout.write(text)


def _audited(asked: TestSettings, path: str) -> tuple[TestSettings, tuple[Event, ...]]:
    """The settings in force: those asked for, changed by an audit file where there is one, and by ``test05``."""
    settings = copy(asked)
    events: list[Event] = []
    if Path(path).is_file():
        events.append(_warning(AUDIT_FOUND))
        apply_conf(settings, path, "*", settings.scenario.name, 2)
        events += take_problems()
    if settings.test05:
        events.append(_warning(TEST05_FOUND))
        settings.mode = TestMode.PerformanceOnly
        for name in ("qsl_rng_seed", "sample_index_rng_seed", "schedule_rng_seed"):
            # Deliberately from what was asked for, not from the audit file, as in the official code.
            setattr(settings, name, getattr(asked, f"test05_{name}"))
    return settings, tuple(events)


def _warning(text: str) -> Event:
    return Event(key="warning_generic_message", text=text, severity=Severity.WARNING)


def _refuse_impossible(settings: Settings) -> None:
    """Refuse what the official module never comes back from; all else it runs, and so does this."""
    found = []
    match settings.load:
        case Server(target_qps=qps) if not 0 < abs(qps) < math.inf:
            found.append(f"server_target_qps: found {qps:g}, expected a rate above 0.")
        case SingleStream(expected_latency_ns=expected) if not 0 < expected < math.inf:
            found.append(f"single_stream_expected_latency_ns: found {expected:g}, expected more than 0.")
        case MultiStream(expected_latency_ns=expected, samples_per_query=samples):
            if not 0 < expected < math.inf:
                found.append(f"multi_stream_expected_latency_ns: found {expected:g}, expected more than 0.")
            if samples < 1:
                found.append(f"multi_stream_samples_per_query: found {samples}, expected 1 or more.")
    if found:
        raise SettingsError("These settings cannot be run.", problems=found)
