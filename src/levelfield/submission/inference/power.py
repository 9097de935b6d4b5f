"""The seam to measured power: the watts of a result while its load ran, from the files of its session."""

from __future__ import annotations

import re
from datetime import datetime

from levelfield.frozen import frozen

__all__ = ["Window", "mean_watts", "power_figure"]

SAMPLE = re.compile(rb"^[^,\n]*,(\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3}),[^,\n]*,([^,\n]*)[^\n]*", re.MULTILINE)
TIME_WIDTH = len("02-07-2022 11:10:18.325")


@frozen
class Window:
    """The time between the load generator's ``power_begin`` and ``power_end``, as the logs spell it."""

    begin: str
    """``02-07-2022 11:10:18.325``, UTC."""
    end: str

    @property
    def duration_s(self) -> float:
        """From begin to end.

        Raises:
            ValueError: A time is spelled otherwise.
        """
        layout = "%m-%d-%Y %H:%M:%S.%f"
        begin, end = (datetime.strptime(text, layout) for text in (self.begin, self.end))  # noqa: DTZ007 - both UTC
        return (end - begin).total_seconds()


def mean_watts(spl: bytes, window: Window) -> float | None:
    """The mean of the samples strictly between begin and end, as the official checker of round v2.0 takes it.

    Source: mlcommons/inference, ``submission-checker.py``, ``check_power_dir`` at v2.0.

    Returns:
        ``None`` where no sample lies inside.

    Raises:
        ValueError: A line is no sample; the official checker gives the result up there.
    """
    begin, end = window.begin.encode(), window.end.encode()
    year = _sortable(begin)[:4]
    samples: list[tuple[bytes, bytes]] = SAMPLE.findall(spl)
    if len(samples) == spl.count(b"\n") and _sortable(end)[:4] == year and spl.count(b"-%s " % year) == len(samples):
        # One year and one layout throughout: the texts are in the order of time as they stand.
        watts = [float(reading) for time, reading in samples if begin < time < end]
    else:
        watts = _watts_line_by_line(spl, _sortable(begin), _sortable(end))
    return sum(watts) / len(watts) if watts else None


def _watts_line_by_line(spl: bytes, begin: bytes, end: bytes) -> list[float]:
    watts = []
    for line in spl.removesuffix(b"\n").split(b"\n"):
        fields = line.split(b",", 4)
        if len(fields) < 4:
            raise ValueError(f"{line[:60]!r} is no sample")
        if begin < _sortable(fields[1]) < end:
            watts.append(float(fields[3]))
    return watts


def power_figure(watts: float, *, unit: str, duration_s: float, queries: int, factor: int) -> float:
    """What the round publishes: the mean itself, or the energy of a query in J.

    Args:
        watts: The mean while the load ran.
        unit: ``Watts`` or ``Joules``, by the scenario that is claimed.
        duration_s: From ``power_begin`` to ``power_end``.
        queries: As many were issued.
        factor: What an inferred result is multiplied with; 1 for others.
    """
    if unit == "Watts":
        return watts
    return watts * duration_s * factor / queries  # in the order of the official checker


def _sortable(time: bytes) -> bytes:
    """``02-07-2022 11:10:18.325`` with the year first, so that texts are in the order of time."""
    if len(time) != TIME_WIDTH or time[2:3] != b"-" or time[19:20] != b".":
        raise ValueError(f"{time!r} is no time of the form MM-DD-YYYY HH:MM:SS.mmm")
    return time[6:10] + time[:5] + time[10:]
