"""LoadGen's trace log, ``mlperf_log_trace.json``: the samples in Chrome's trace format.

Per sample an asynchronous pair of events named ``Sample``; in Server a counter named ``Latency`` before it. Times are
microseconds with three decimals. Source: mlcommons/inference, ``loadgen/logging.h`` (``ChromeTracer``) and
``loadgen/loadgen.cc`` (``SampleComplete``), at v2.0 and b66003e1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = ["TraceSample", "TraceWriter", "read_trace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSample:
    """One completed sample."""

    seq_id: int
    query_seq: int
    sample_index: int
    scheduled_ns: int
    """When it was due, since the start of the trace."""
    issue_delay_ns: int
    """From due to issued."""
    latency_ns: int
    """From due to complete."""


class TextOutput(Protocol):
    """Where text goes: an open file, or anything that takes it."""

    def write(self, text: str, /) -> object:
        """Append text."""


class TraceWriter:
    """Writes a trace as the samples come."""

    __slots__ = ("_pid", "_stream")

    def __init__(self, stream: TextOutput, *, pid: int) -> None:
        self._stream = stream
        self._pid = pid
        stream.write('{"traceEvents":[\n')

    def write(self, samples: Iterable[TraceSample], *, counters: bool = False) -> None:
        """Append samples; with ``counters`` each is preceded by its ``Latency`` counter (Server)."""
        self._stream.write("".join(self._events(sample, counters=counters) for sample in samples))

    def close(self, *, origin_us: float, version: str) -> None:
        """Write the end; the stream stays open.

        Args:
            origin_us: The clock's value at the start of the trace, µs.
            version: What made the trace.
        """
        self._stream.write(
            '{"name":"LastTrace"}\n],\n"displayTimeUnit":"ns",\n"otherData":{\n'
            f'"ts":{origin_us:.3f},\n"version":{json.dumps(version)}\n}}\n}}\n'
        )

    def _events(self, sample: TraceSample, *, counters: bool) -> str:
        start = _micros(sample.scheduled_ns)
        end = _micros(sample.scheduled_ns + sample.latency_ns)
        pair = f'"pid":{self._pid},"id":{sample.seq_id}'
        counter = (
            f'{{"name":"Latency","ph": "C","pid":{self._pid},"ts":{start},"args":{{ '
            f'"issue_delay":{sample.issue_delay_ns},'
            f'"issue_to_done":{sample.latency_ns - sample.issue_delay_ns}}}}},\n'
            if counters
            else ""
        )
        return (
            f'{counter}{{"name":"Sample","cat":"default","ph":"b",{pair},"ts":{start},"args":{{'
            f'"sample_seq":{sample.seq_id},"query_seq":{sample.query_seq},"sample_idx":{sample.sample_index},'
            f'"issue_start_ns":{sample.issue_delay_ns},"complete_ns":{sample.latency_ns}}}}},\n'
            f'{{"name":"Sample","cat":"default","ph":"e", {pair},"ts":{end}}},\n'
        )


def read_trace(lines: Iterable[str]) -> Iterator[TraceSample]:
    """The samples of a trace, line by line; other events are passed over.

    Raises:
        ValueError: A sample's line cannot be read.
    """
    for line in lines:
        if not line.startswith('{"name":"Sample"') or '"ph":"b"' not in line:
            continue
        try:
            event = json.loads(line.rstrip().removesuffix(","), parse_float=str)
            yield _sample(event["ts"], event["args"])
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"sample: member {error} is missing or of another type") from error


def _sample(ts: object, args: dict[str, object]) -> TraceSample:
    whole, _, decimals = str(ts).partition(".")
    numbers = [args[name] for name in ("sample_seq", "query_seq", "sample_idx", "issue_start_ns", "complete_ns")]
    seq_id, query_seq, sample_index, issue_delay_ns, latency_ns = (_integer(number) for number in numbers)
    return TraceSample(
        seq_id=seq_id,
        query_seq=query_seq,
        sample_index=sample_index,
        scheduled_ns=int(whole) * 1000 + int(decimals.ljust(3, "0")[:3]),
        issue_delay_ns=issue_delay_ns,
        latency_ns=latency_ns,
    )


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"of value {str(value)[:40]}")
    return value


def _micros(nanoseconds: int) -> str:
    return f"{nanoseconds // 1000}.{nanoseconds % 1000:03}"
