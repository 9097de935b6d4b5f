"""The mean of the samples while the load ran, as the official checker takes it."""

from __future__ import annotations

import pytest

from levelfield.submission.inference.power import Window, mean_watts

WINDOW = Window(begin="02-25-2022 01:07:01.000", end="02-25-2022 01:07:05.000")


def log(*seconds_and_watts: tuple[str, str]) -> bytes:
    lines = (
        f"Time,02-25-2022 01:07:{second},Watts,{watts},Volts,121.590000,Amps,1.102500,PF,0.976900,Mark,s_testing\n"
        for second, watts in seconds_and_watts
    )
    return "".join(lines).encode()


ORDERED = log(
    ("00.000", "1.0"), ("01.000", "2.0"), ("02.000", "10.000000"), ("03.000", "40"), ("05.000", "4.0"), ("06.000", "x")
)


@pytest.mark.parametrize(
    ("spl", "watts"),
    [
        (ORDERED, 25.0),
        (ORDERED.removesuffix(b"\n"), 25.0),
        (ORDERED.replace(b"\n", b"\r\n"), 25.0),
        (ORDERED + log(("04.000", "100.0")), 50.0),
        (b"time,02-25-2022 01:07:04.000,watts,100.0\n" + ORDERED, 50.0),
        (log(("00.500", "1.0"), ("05.500", "2.0")), None),
    ],
)
def test_samples_strictly_inside_are_averaged(spl: bytes, watts: float | None) -> None:
    assert mean_watts(spl, WINDOW) == watts


def test_another_year_is_outside() -> None:
    other = log(("02.000", "100.0")).replace(b"2022", b"2021")
    assert mean_watts(other + ORDERED, WINDOW) == 25.0


@pytest.mark.parametrize(
    "spl",
    [
        b"",
        ORDERED + b"\n",
        log(("02.000", "much")),
        log(("02.00", "1.0")),
        log(("02.00,", "1.0")),
        ORDERED.replace(b"01:07:00.000", b"01:07:00,000"),
        ORDERED.replace(b"02-25", b"02/25"),
        b"Time,02-25-2022 01:07:02.000,Watts\n",
    ],
)
def test_a_line_that_is_no_sample_is_refused(spl: bytes) -> None:
    with pytest.raises(ValueError, match=r"is no sample|is no time|could not convert"):
        mean_watts(spl, WINDOW)
