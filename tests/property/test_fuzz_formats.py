"""Law: whatever bytes a log or description holds, its reader gives a value or raises one of our errors.

Run time and examples are stated in ``docs/design/0009-sources-and-hostile-input.md``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from mutations import damaged, fuzz

from levelfield.errors import LevelfieldError
from levelfield.formats import loadgen_conf
from levelfield.formats.accuracy_log import AccuracyEntry, format_entry, read_accuracy_log
from levelfield.formats.loadgen_conf_traps import traps
from levelfield.formats.loadgen_line import DetailLine, detail_line
from levelfield.formats.loadgen_log import DetailLog, read_detail_log
from levelfield.formats.loadgen_summary import Section, Summary, read_summary
from levelfield.formats.loadgen_trace import TraceSample, TraceWriter, read_trace
from levelfield.formats.system_description import SystemDescription, read_system_description
from levelfield.terms import Profile, Scenario

DETAIL = "".join(
    detail_line(key, value, time_ns=12345678, file="a.cc", line_no=3, pid=4, tid=5, is_error=error).text() + "\n"
    for key, value, error in (
        ("loadgen_version", "v2.0 @ \u00e9", False),
        ("result_validity", "VALID", False),
        ("loaded_qsl_set", list(range(40)), False),
        ("result_99.00_percentile_latency_ns", 12345678901234, False),
        ("effective_target_qps", 1.5, False),
        ("logged", {"a": "b"}, False),
        ("error_runtime", 'it said "no"', True),
        ("flag", True, False),
        ("nothing", None, False),
    )
).encode()
OTHER_LAYOUT = b"".join(
    b":::MLLOG " + json.dumps(json.loads(line[9:]), sort_keys=True).encode() + b"\r\n" for line in DETAIL.splitlines()
)
ACCURACY = "[\n" + ",\n".join(
    format_entry(AccuracyEntry(seq_id=n, sample_index=n * 7, data=bytes([n]) * 9)) for n in range(9)
)
ACCURACIES = (
    f"{ACCURACY}\n]\n".encode(),
    json.dumps(json.loads(f"{ACCURACY}]"), indent=2).encode(),
    f"{ACCURACY[:200]}\n...\n{ACCURACY[300:]}\n]".encode(),
)
CONF = (
    b"# comment\n*.*.qsl_rng_seed = 6655344265603136530\n*.SingleStream.target_latency = 10.5\n\n"
    b"resnet50.Server.target_latency = 0x0f 010\n*.Offline.min_query_count = 1\n*.Server.target_qps = 1e3\n"
)
SUMMARY = Summary(
    sections=(
        Section(title="MLPerf Results Summary", lines=("Scenario : Offline", "Result is : VALID", "Why:", " * a")),
        Section(title="Test Parameters Used", lines=("samples_per_query : 24576",)),
    ),
    warning_count=0,
    error_count=2,
)
DESCRIPTION = SystemDescription(submitter="\u00c9clair", number_of_nodes="2", extra=(("a", "b"),)).to_json()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def read(data: bytes, reader: Callable[[Path], object]) -> object:
    """What a reader makes of a file with these bytes; ``None`` where it raises one of our errors."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        try:
            return reader(path)
        except LevelfieldError:
            return None


def ask(log: DetailLog) -> None:
    """Everything that can be asked of a log."""
    for key in log.keys:
        for question in (log.integer, log.number, log.text, log.flag, log.integers):
            try:
                question(key)
            except LevelfieldError:
                continue
    for event in log.events:
        event.text()
        try:
            _ = event.value
        except ValueError:  # as it says
            continue


@fuzz(120)
@given(damaged(DETAIL, OTHER_LAYOUT))
def test_detail_log(data: bytes) -> None:
    found = read(data, read_detail_log)
    if isinstance(found, DetailLog):
        ask(found)


@fuzz(120)
@given(st.sampled_from(["key", "value", "time_ms", "metadata", "is_error", "line_no", "pid"]), st.data())
def test_detail_lines_with_members_of_another_type(member: str, data: st.DataObject) -> None:
    line = json.loads(OTHER_LAYOUT.splitlines()[0][9:])
    holder = line if member in line else line["metadata"]
    holder[member] = data.draw(JSON)
    found = read(b":::MLLOG " + json.dumps(line).encode() + b"\n", read_detail_log)
    if isinstance(found, DetailLog):
        ask(found)
        assert all(isinstance(event, DetailLine) for event in found.events)


@fuzz(150)
@given(damaged(*ACCURACIES))
def test_accuracy_log(data: bytes) -> None:
    log = read(data, read_accuracy_log)
    assert log is not None


@fuzz(150)
@given(damaged(SUMMARY.text().encode()))
def test_summary(data: bytes) -> None:
    found = read(data, read_summary)
    if isinstance(found, Summary):
        _ = found.validity, found.value("Scenario"), found.text()
        for section in found.sections:
            section.below("Why")


@fuzz(150)
@given(damaged(CONF), st.sampled_from(list(Profile)), st.booleans())
def test_loadgen_conf(data: bytes, profile: Profile, official: bool) -> None:
    conf = read(data, loadgen_conf.read)
    if isinstance(conf, loadgen_conf.ConfFile):
        for scenario in Scenario:
            loadgen_conf.evaluate(conf, model="resnet50", scenario=scenario, profile=profile, official=official)
    traps(data.decode("utf-8", "surrogateescape"), path="x", profile=profile)


@fuzz(150)
@given(damaged(DESCRIPTION.encode()))
def test_system_description(data: bytes) -> None:
    read(data, read_system_description)


@fuzz(120)
@given(st.dictionaries(st.sampled_from(list(json.loads(DESCRIPTION))), JSON, max_size=3))
def test_system_description_with_members_of_another_type(changes: dict[str, object]) -> None:
    found = read(json.dumps(json.loads(DESCRIPTION) | changes).encode(), read_system_description)
    if isinstance(found, SystemDescription):
        assert all(isinstance(value, str) for value in found.as_dict().values())


@fuzz(120)
@given(st.data())
def test_trace(data: st.DataObject) -> None:
    out = io.StringIO()
    writer = TraceWriter(out, pid=1)
    writer.write(
        [TraceSample(seq_id=1, query_seq=2, sample_index=3, scheduled_ns=4, issue_delay_ns=5, latency_ns=6)] * 3,
        counters=True,
    )
    writer.close(origin_us=1.5, version="v")
    text = data.draw(damaged(out.getvalue().encode())).decode("utf-8", "replace")
    with suppress(ValueError):  # as it says
        list(read_trace(text.splitlines()))
