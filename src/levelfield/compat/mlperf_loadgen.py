"""The Python interface of MLPerf's LoadGen: run an existing implementation by changing one import.

::

    from levelfield.compat import mlperf_loadgen as lg      # was: import mlperf_loadgen as lg

Every public name of the wheel ``mlcommons-loadgen`` 6.0.17 is here, with the same arguments, defaults and effects
(``loadgen/bindings/python_api.cc`` of mlcommons/inference at b66003e1; ``tests/conformance/test_wheel_compat.py``).
What differs, on purpose (``docs/mlperf-loadgen.md`` says more):

* Queries are not generated before the run, so a run cannot run out of them.
* Completing a sample twice, or one that was never issued, raises :class:`levelfield.errors.CompletionError` and ends
  the run with an error in the log; there the effect is undefined. So is the use of a destroyed handle, which raises
  :class:`levelfield.errors.UsageError` here.
* An exception in a callback ends the run, closes the logs and comes out of ``StartTest``. So does Ctrl-C.
* A system that stops answering is waited for a bounded time.
* Times come from a monotonic clock. A step of the wall clock changes nothing.
* ``server_num_issue_query_threads`` makes that many threads issue; there Python can register none, and the test hangs.
* A system whose Python threads keep the interpreter busy gets its Server queries from a process of its own.
* ``VectorQuerySample`` and ``VectorQuerySampleResponse`` work; there every method of them fails.
* The values of a ``QuerySampleResponse`` are checked when it is reported, not when it is made; pickling one keeps its
  token count.
* Where no trace is asked for there is no trace file; there it is empty. The warning ``Logging allocation detected``
  about the size of LoadGen's buffers cannot occur. With token limits both early-stopping tests are reported; there
  only the first that fails.
* Logs that cannot be written raise :class:`levelfield.errors.OutputError`; there the test silently does not run.

Sample ids are 0, 1, 2, … in order of issue; there they are addresses.
"""

from collections.abc import Callable as _Callable

from levelfield.compat.loadgen import handles as _handles
from levelfield.compat.loadgen import session as _session
from levelfield.compat.loadgen.enums import LoggingMode, TestMode, TestScenario
from levelfield.compat.loadgen.samples import (
    QuerySample,
    QuerySampleResponse,
    VectorQuerySample,
    VectorQuerySampleResponse,
)
from levelfield.compat.loadgen.session import FirstTokenComplete, QuerySamplesComplete
from levelfield.compat.loadgen.settings import LogOutputSettings, LogSettings, TestSettings

__all__ = [
    "ConstructFastSUT",
    "ConstructQDL",
    "ConstructQSL",
    "ConstructSUT",
    "DestroyFastSUT",
    "DestroyQDL",
    "DestroyQSL",
    "DestroySUT",
    "FirstTokenComplete",
    "LogOutputSettings",
    "LogSettings",
    "LoggingMode",
    "QuerySample",
    "QuerySampleResponse",
    "QuerySamplesComplete",
    "StartTest",
    "StartTestWithLogSettings",
    "TestMode",
    "TestScenario",
    "TestSettings",
    "VectorQuerySample",
    "VectorQuerySampleResponse",
]


def ConstructSUT(issue_cb: _Callable[[list[QuerySample]], object], flush_queries_cb: _Callable[[], object], /) -> int:
    """Make a system under test; returns its handle.

    Args:
        issue_cb: Takes the samples of a query. It may keep them and come back before they are complete.
        flush_queries_cb: Called when no query follows.
    """
    return _handles.add(
        _handles.System(
            issue=_handles.checked_callback(issue_cb, "issue_cb"),
            flush=_handles.checked_callback(flush_queries_cb, "flush_queries_cb"),
            name=lambda: "PySUT",
        )
    )


def DestroySUT(sut: int, /) -> None:
    """Forget a system under test."""
    _handles.drop(sut, _handles.System)


def ConstructFastSUT(
    issue_cb: _Callable[[list[int], list[int]], object], flush_queries_cb: _Callable[[], object], /
) -> int:
    """Make a system under test that takes the ids and the indices of a query's samples as two lists."""
    return _handles.add(
        _handles.System(
            fast_issue=_handles.checked_callback(issue_cb, "issue_cb"),
            flush=_handles.checked_callback(flush_queries_cb, "flush_queries_cb"),
            name=lambda: "PyFastSUT",
        )
    )


def DestroyFastSUT(sut: int, /) -> None:
    """Forget a system under test."""
    _handles.drop(sut, _handles.System)


def ConstructQDL(
    issue_cb: _Callable[[list[QuerySample]], object],
    flush_queries_cb: _Callable[[], object],
    name_cb: _Callable[[], str],
    /,
) -> int:
    """Make a query dispatch library: a system under test behind a network, which is asked for its name."""
    return _handles.add(
        _handles.System(
            issue=_handles.checked_callback(issue_cb, "issue_cb"),
            flush=_handles.checked_callback(flush_queries_cb, "flush_queries_cb"),
            name=_handles.checked_callback(name_cb, "name_cb"),
        )
    )


def DestroyQDL(qdl: int, /) -> None:
    """Forget a query dispatch library."""
    _handles.drop(qdl, _handles.System)


def ConstructQSL(
    total_sample_count: int,
    performance_sample_count: int,
    load_samples_cb: _Callable[[list[int]], object],
    unload_samples_cb: _Callable[[list[int]], object],
    /,
) -> int:
    """Make a sample library; returns its handle.

    Args:
        total_sample_count: Items in the dataset.
        performance_sample_count: How many of them fit in memory at a time.
        load_samples_cb: Brings items into memory, untimed.
        unload_samples_cb: Lets them go.
    """
    return _handles.add(
        _handles.Library(
            total_count=_handles.checked_count(total_sample_count, "total_sample_count"),
            performance_count=_handles.checked_count(performance_sample_count, "performance_sample_count"),
            load=_handles.checked_callback(load_samples_cb, "load_samples_cb"),
            unload=_handles.checked_callback(unload_samples_cb, "unload_samples_cb"),
        )
    )


def DestroyQSL(qsl: int, /) -> None:
    """Forget a sample library."""
    _handles.drop(qsl, _handles.Library)


def StartTest(sut: int, qsl: int, test_settings: TestSettings, audit_config_filename: str = "audit.config") -> None:
    """Run a test; its logs go to the working directory, replacing those of the test before.

    Args:
        sut: What ``ConstructSUT``, ``ConstructFastSUT`` or ``ConstructQDL`` returned.
        qsl: What ``ConstructQSL`` returned.
        test_settings: What to run.
        audit_config_filename: If there is such a file, its settings come on top.

    Raises:
        UsageError: A handle stands for nothing, a test is running already, or the settings cannot be run.
        OutputError: The logs cannot be written.
        Exception: Whatever a callback raised; the logs are complete up to there.
        KeyboardInterrupt: A person stopped the test; likewise.
    """
    StartTestWithLogSettings(sut, qsl, test_settings, LogSettings(), audit_config_filename)


def StartTestWithLogSettings(
    sut: int,
    qsl: int,
    test_settings: TestSettings,
    log_settings: LogSettings,
    audit_config_filename: str = "audit.config",
) -> None:
    """Run a test, as :func:`StartTest`, with logs as ``log_settings`` says."""
    for value, kind in ((test_settings, TestSettings), (log_settings, LogSettings)):
        if not isinstance(value, kind):
            raise TypeError(f"Found {value!r}, expected {kind.__name__}.")
    _session.run(sut, qsl, test_settings, log_settings, audit_config_filename)
