"""Time stamps of power logs."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.formats.power_time import format_power_time, parse_power_time, parse_power_times

MOMENT = 1_645_751_220_820_000_000
"""02-25-2022 01:07:00.820 UTC."""


def test_stamp_is_utc() -> None:
    assert parse_power_time(b"02-25-2022 01:07:00.820") == MOMENT
    assert parse_power_time("02-25-2022 01:07:00.820") == MOMENT
    assert format_power_time(MOMENT) == "02-25-2022 01:07:00.820"
    assert format_power_time(MOMENT + 999_999) == "02-25-2022 01:07:00.820"
    assert format_power_time(-1) == "12-31-1969 23:59:59.999"


@pytest.mark.parametrize("text", ["2-25-2022 1:7:0.82", "02-25-2022 01:07:00.820000", "02-25-2022 01:07:00.82"])
def test_other_spellings_that_the_official_tools_take(text: str) -> None:
    assert parse_power_time(text) == MOMENT


WRONG = [
    "",
    "02-30-2022 01:07:00.820",
    "25-02-2022 01:07:00.820",
    "02-25-2022 24:07:00.820",
    "02-25-2022 01:60:00.820",
    "02-25-2022 01:07:60.820",
    "02-25-2022 01:07:-1.820",
    "02-25-2022 01:07:00,820",
    "02-25-2022T01:07:00.820",
    "02-25-2022 01:07:00.8 0",
    "02-25-0000 01:07:00.820",
    "02-25-1969 01:07:00.820",
    "02-25-9022 01:07:00.820",
    "é2-25-2022 01:07:00.82",
]


@pytest.mark.parametrize("text", WRONG)
def test_wrong_stamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected one as"):
        parse_power_time(text)


@pytest.mark.parametrize("text", WRONG)
def test_wrong_stamp_among_many_is_noticed(text: str) -> None:
    good = b"02-25-2022 01:07:00.820"
    stamps = good + text.encode().ljust(23)[:23] + good
    assert parse_power_times(stamps) is None


def test_many_stamps_over_midnight() -> None:
    found = parse_power_times(b"02-25-2022 01:07:00.820" + b"12-31-2021 23:59:59.999" + b"01-01-2022 00:00:00.000")
    assert found is not None
    assert found.tolist() == [MOMENT, 1_640_995_199_999_000_000, 1_640_995_200_000_000_000]


def test_no_stamps_and_a_cut_one() -> None:
    found = parse_power_times(b"")
    assert found is not None
    assert found.dtype == np.int64
    assert len(found) == 0
    assert parse_power_times(b"02-25-2022") is None
