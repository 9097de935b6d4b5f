"""Laws of the power formats: what is written is read again, both ways to read agree, and no bytes break a reader."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from power_sessions import SampleSession

from levelfield.errors import InputError
from levelfield.formats import spl_log
from levelfield.formats.power_session import FileName, parse_session_file
from levelfield.formats.power_time import format_power_time, parse_power_time, parse_power_times
from levelfield.formats.ptd_log import read_ptd_log
from levelfield.formats.spl_log import Reading, SplSample, parse_sample, read_spl, spl_text
from levelfield.rules import load
from levelfield.rules.power_check import power_checks
from levelfield.submission.power.judge import judge_session
from levelfield.submission.power.official import official_verdict
from levelfield.submission.power.session import read_session

RULES = load("inference-v2.0")
FILES = SampleSession().write()
MOMENTS = st.integers(0, 7_258_118_399_999)
"""Milliseconds: the years 1970 to 2199."""
VALUES = st.integers(-(10**12), 10**12).map(lambda millionths: millionths / 1e6)
READINGS = st.builds(Reading, watts=VALUES, volts=VALUES, amps=VALUES, power_factor=VALUES)
SAMPLES = st.builds(
    SplSample,
    time_ns=MOMENTS.map(lambda millisecond: millisecond * 1_000_000),
    total=READINGS,
    mark=st.text("abc-_0123456789", min_size=1, max_size=20),
    channels=st.lists(READINGS, max_size=3).map(tuple),
)
PIECES = st.sampled_from(
    [
        b"Time,02-07-2022 11:00:57.300,Watts,100.000000,Volts,230.000000,Amps,0.450000,PF,0.980000,Mark,a",
        b"02-07-2022 10:59:18.289: ",
        b"ERROR:",
        b"WARNING:",
        b"Go with mark '",
        b"Completed test",
        b"Response to client sent: ",
        b"Uncertainty checking for YokogawaWT310E is activated",
        b"Avg watts 1.0, min watts 1.0, max watts 1.0, samples 1, errors 0, valid 1",
        b"Watts,",
        b"nan",
        b"1e999",
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b"\x00",
        b"\xff",
    ]
)
JUNK = st.lists(PIECES | st.binary(max_size=8), max_size=30).map(b"".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(MOMENTS)
def test_stamp_is_read_as_it_was_written(millisecond: int) -> None:
    """For every moment to the millisecond, parse(format(t)) = t."""
    assert parse_power_time(format_power_time(millisecond * 1_000_000)) == millisecond * 1_000_000


@given(st.lists(MOMENTS, max_size=8))
def test_many_stamps_are_read_as_each_is(moments: list[int]) -> None:
    """parse_power_times(a + b + ..) = [parse_power_time(a), parse_power_time(b), ..]."""
    stamps = [format_power_time(moment * 1_000_000).encode() for moment in moments]
    found = parse_power_times(b"".join(stamps))
    assert found is not None
    assert found.tolist() == [parse_power_time(stamp) for stamp in stamps]


@given(st.lists(SAMPLES, max_size=5))
def test_samples_are_read_as_they_were_written(samples: list[SplSample]) -> None:
    """parse(text(x)) = x, and the columns hold the same values."""
    data = spl_text(samples).encode()
    assert [parse_sample(line) for line in data.splitlines()] == samples
    log = read_spl(data)
    assert log.times_ns.tolist() == [sample.time_ns for sample in samples]
    assert log.watts.tolist() == [sample.total.watts for sample in samples]
    assert log.amps.tolist() == [sample.total.amps for sample in samples]
    assert log.damaged == ()


@given(JUNK)
def test_both_ways_to_read_samples_agree(data: bytes) -> None:
    """Where the fast way takes a log, both ways say the same; and each line is a sample, damaged, or empty."""
    slow, fast = spl_log._read_line_by_line(data), spl_log._read_regular(data)
    if fast is not None:
        assert fast.times_ns.tolist() == slow.times_ns.tolist()
        assert fast.marks == slow.marks
        assert fast.damaged == slow.damaged
        for column in ("watts", "volts", "amps", "power_factors"):
            assert np.array_equal(getattr(fast, column), getattr(slow, column), equal_nan=True)
    assert len(slow) + slow.damaged_count == sum(bool(line.strip()) for line in data.split(b"\n"))


@given(JUNK)
def test_no_complaint_of_the_daemon_is_lost(data: bytes) -> None:
    """Every line with ERROR: or WARNING: is a complaint, and no other line is."""
    lines = data.replace(b"\r", b"").split(b"\n")
    complaining = {number for number, line in enumerate(lines, 1) if b"ERROR:" in line or b"WARNING:" in line}
    log = read_ptd_log(data)
    assert {int(number) for one in log.complaints for number in one.numbers} == complaining
    assert all(one.times_ns is None or len(one.times_ns) == len(one.numbers) for one in log.complaints)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()), st.booleans())
def test_what_is_no_record_is_refused_and_nothing_else(data: bytes, server: bool) -> None:
    """A reader of records gives a record or an InputError."""
    with suppress(InputError):
        parse_session_file(data, source="server.json", server=server)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_change_of_a_session_breaks_the_checks(data: st.DataObject) -> None:
    """Whatever stands in a file, or in a field of a record: findings, no exception."""
    files = dict(FILES)
    name = data.draw(st.sampled_from(list(FileName)))
    if name.endswith(".json"):
        document = json.loads(files[name])
        at = deepcopy(document)
        whole = at
        while True:
            key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
                break
            at = at[key]
        at[key] = data.draw(JSON)
        files[name] = json.dumps(whole).encode()
    else:
        cut = data.draw(st.integers(0, len(files[name])))
        files[name] = files[name][:cut] + data.draw(JUNK) + files[name][cut + data.draw(st.integers(0, 200)) :]
    report = judge_session(read_session(files.get, folder="s"), rules=RULES)
    assert len(report.outcomes) == 19
    for revision in power_checks():
        assert len(official_verdict(files.get, revision).outcomes) == 11
