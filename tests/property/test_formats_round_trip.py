"""Law: reading what was written gives it back, for every log format."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from levelfield.formats.accuracy_log import AccuracyEntry, AccuracyReader, AccuracyWriter
from levelfield.formats.loadgen_line import DetailLine, detail_line, format_value, parse_value
from levelfield.formats.loadgen_log import read_detail_stream
from levelfield.formats.loadgen_summary import Section, Summary, _parse
from levelfield.formats.loadgen_trace import TraceSample, TraceWriter, read_trace

COUNT = st.integers(0, 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64),
    TEXT,
    st.lists(st.integers(0, 2**31), max_size=20).map(tuple),
    st.dictionaries(TEXT, TEXT, max_size=5),
)


@given(VALUES)
def test_values(value: object) -> None:
    assert parse_value(format_value(value)) == value  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_keep_six_digits(value: float) -> None:
    text = format_value(value)
    again = parse_value(text)
    assert isinstance(again, int | float)
    assert format_value(float(again)) == text.replace("-0", "0") if again == 0 else text


@given(st.data())
def test_detail_lines(data: st.DataObject) -> None:
    key, file, value = data.draw(TEXT), data.draw(TEXT), data.draw(VALUES)
    time_ns, line_no, pid, tid = (data.draw(COUNT) for _ in range(4))
    event = detail_line(
        key,
        value,
        time_ns=time_ns,
        is_error=data.draw(st.booleans()),
        is_warning=data.draw(st.booleans()),
        file=file,
        line_no=line_no,
        pid=pid,
        tid=tid,
    )
    (again,) = read_detail_stream([event.text() + "\n"])
    assert isinstance(again, DetailLine)
    assert again.text() == event.text()
    assert (again.key, again.value, again.time_ns, again.file) == (key, event.value, time_ns, file)


ENTRIES = st.lists(
    st.builds(
        AccuracyEntry,
        seq_id=COUNT,
        sample_index=COUNT,
        data=st.binary(max_size=20),
        token_data=st.none() | st.binary(max_size=8),
        token_count=st.none() | st.integers(-5, 2**40),
    ),
    max_size=10,
)


@given(ENTRIES, ENTRIES)
def test_accuracy_logs(first: list[AccuracyEntry], second: list[AccuracyEntry]) -> None:
    stream = io.StringIO()
    writer = AccuracyWriter(stream)
    writer.write(first)
    writer.write(second)
    writer.close()
    reader = AccuracyReader(io.StringIO(stream.getvalue()))
    assert list(reader) == first + second
    assert (reader.complete, reader.truncated, reader.damaged) == (True, False, [])


LINES = st.text(st.characters(exclude_characters="\r\n=", exclude_categories=["Cs"]), max_size=30).map(
    lambda text: "x" + text
)
SECTIONS = st.lists(
    st.builds(
        Section,
        title=LINES,
        lines=st.tuples(st.lists(LINES | st.just(""), max_size=6), LINES).map(lambda pair: (*pair[0], pair[1])),
    ),
    min_size=1,
    max_size=3,
)


@given(SECTIONS, st.integers(0, 5), st.integers(0, 5))
def test_summaries(sections: list[Section], warnings: int, errors: int) -> None:
    summary = Summary(sections=tuple(sections), warning_count=warnings, error_count=errors)
    assert _parse(summary.text()) == summary


SAMPLES = st.lists(
    st.builds(
        TraceSample,
        seq_id=COUNT,
        query_seq=COUNT,
        sample_index=COUNT,
        scheduled_ns=COUNT,
        issue_delay_ns=COUNT,
        latency_ns=COUNT,
    ),
    max_size=5,
)


@given(SAMPLES, st.booleans())
def test_traces(samples: list[TraceSample], counters: bool) -> None:
    stream = io.StringIO()
    writer = TraceWriter(stream, pid=1)
    writer.write(samples, counters=counters)
    writer.close(origin_us=0.0, version="v")
    assert list(read_trace(stream.getvalue().splitlines(keepends=True))) == samples
