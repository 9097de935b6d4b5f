"""The trace log."""

from __future__ import annotations

import io
import json

from levelfield.formats.loadgen_trace import TraceSample, TraceWriter, read_trace

SAMPLE = TraceSample(
    seq_id=7, query_seq=3, sample_index=46, scheduled_ns=1_234_567, issue_delay_ns=1_000, latency_ns=20_001
)


def written(*, counters: bool) -> str:
    stream = io.StringIO()
    writer = TraceWriter(stream, pid=12)
    writer.write([SAMPLE], counters=counters)
    writer.close(origin_us=1.5, version="levelfield 1")
    return stream.getvalue()


def test_sample_is_a_pair_of_events() -> None:
    assert written(counters=False) == (
        '{"traceEvents":[\n'
        '{"name":"Sample","cat":"default","ph":"b","pid":12,"id":7,"ts":1234.567,"args":{"sample_seq":7,'
        '"query_seq":3,"sample_idx":46,"issue_start_ns":1000,"complete_ns":20001}},\n'
        '{"name":"Sample","cat":"default","ph":"e", "pid":12,"id":7,"ts":1254.568},\n'
        '{"name":"LastTrace"}\n],\n"displayTimeUnit":"ns",\n"otherData":{\n"ts":1.500,\n'
        '"version":"levelfield 1"\n}\n}\n'
    )


def test_server_adds_a_counter_before_each() -> None:
    events = json.loads(written(counters=True))["traceEvents"]
    assert [event["name"] for event in events] == ["Latency", "Sample", "Sample", "LastTrace"]
    assert events[0]["args"] == {"issue_delay": 1000, "issue_to_done": 19001}


def test_samples_are_read_back() -> None:
    assert list(read_trace(written(counters=True).splitlines(keepends=True))) == [SAMPLE]
