"""The sample log: reading whole logs and single lines, and writing."""

from __future__ import annotations

import math

import pytest

from levelfield.formats.spl_log import Reading, SplSample, parse_sample, read_spl, spl_text

LINE = b"Time,02-25-2022 01:07:00.820,Watts,130.970000,Volts,121.590000,Amps,1.102500,PF,0.976900,Mark,session_testing"
CHANNELS = (
    b"Time,02-25-2022 01:07:00.820,Watts,130.970000,Volts,-1.000000,Amps,-1.000000,PF,-1.000000,Mark,session_testing"
    b",Ch1,Watts,130.970000,Volts,121.590000,Amps,1.102500,PF,0.976900"
    b",Ch2,Watts,0.000000,Volts,0.000000,Amps,0.000000,PF,0.000000"
)
SAMPLE = SplSample(
    time_ns=1_645_751_220_820_000_000,
    total=Reading(watts=130.97, volts=121.59, amps=1.1025, power_factor=0.9769),
    mark="session_testing",
)


def test_line_is_read_and_written() -> None:
    assert parse_sample(LINE) == SAMPLE
    assert parse_sample(LINE + b"\r\n") == SAMPLE
    assert SAMPLE.text().encode() == LINE


def test_channels_are_read_and_written() -> None:
    found = parse_sample(CHANNELS)
    assert found.total.volts == -1.0
    assert found.channels == (SAMPLE.total, Reading(watts=0.0, volts=0.0, amps=0.0, power_factor=0.0))
    assert found.text().encode() == CHANNELS


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("line", [LINE, CHANNELS])
def test_log_is_read_by_column(line: bytes, end: bytes) -> None:
    log = read_spl(line + end + line.replace(b"00.820", b"01.821").replace(b"_testing", b"_other") + end)
    assert log.times_ns.tolist() == [SAMPLE.time_ns, SAMPLE.time_ns + 1_001_000_000]
    assert log.watts.tolist() == [130.97, 130.97]
    assert log.volts.tolist() == [121.59] * 2 if line is LINE else [-1.0] * 2
    assert log.marks == ("session_testing", "session_other")
    assert log.damaged == ()
    assert len(log) == 2


def test_lines_of_many_shapes_stay_in_order() -> None:
    watts = [b"99.970000", b"130.970000", b"9.5", b"nan", b"-1.000000", b"130.970001", b"0.000001", b"1000000.123456"]
    lines = [LINE.replace(b"130.970000", one).replace(b"820", b"%03d" % at) for at, one in enumerate(watts)]
    lines[2] = lines[2].replace(b"session_testing", b"session_other!!")
    log = read_spl(b"\n".join(lines))
    assert log.watts.tolist() == pytest.approx(list(map(float, watts)), rel=0, abs=0, nan_ok=True)
    assert log.times_ns.tolist() == [SAMPLE.time_ns + (at - 820) * 1_000_000 for at in range(len(watts))]
    assert log.marks == ("session_testing", "session_other!!")
    assert log.damaged == ()


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n\r\n"])
def test_empty_log(data: bytes) -> None:
    log = read_spl(data)
    assert len(log) == 0
    assert log.damaged == ()
    assert log.watts.shape == (0,)


def test_values_that_are_no_numbers_are_kept() -> None:
    data = LINE.replace(b"130.970000", b"nan").replace(b"1.102500", b"inf").replace(b"121.590000", b"-3.5")
    log = read_spl(data)
    assert math.isnan(log.watts[0])
    assert (log.amps[0], log.volts[0]) == (math.inf, -3.5)
    sample = parse_sample(data)
    assert sample.text().startswith("Time,02-25-2022 01:07:00.820,Watts,nan,Volts,-3.500000,Amps,inf,")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (LINE.replace(b"Watts", b"Power"), "fields"),
        (LINE.replace(b"130.970000", b"much"), "could not convert"),
        (LINE.replace(b"02-25", b"02-31"), "time"),
        (LINE[:70], "fields"),
        (b"\xff\xfe\x00", "fields"),
    ],
)
def test_damaged_line_is_kept_with_number_and_reason(wrong: bytes, problem: str) -> None:
    log = read_spl(LINE + b"\n" + wrong + b"\n" + LINE + b"\n")
    assert len(log) == 2
    (damaged,) = log.damaged
    assert damaged.number == 2
    assert problem in damaged.problem
    assert len(damaged.text) <= 240
    with pytest.raises(ValueError, match=problem):
        parse_sample(wrong)


def test_wrong_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="found 'Ch3', expected 'Ch2'"):
        parse_sample(CHANNELS.replace(b"Ch2", b"Ch3"))
    with pytest.raises(ValueError, match="fields"):
        parse_sample(CHANNELS + b",Ch3")


def test_log_is_written() -> None:
    assert spl_text([SAMPLE, SAMPLE]).encode() == LINE + b"\n" + LINE + b"\n"
    assert spl_text([]) == ""
