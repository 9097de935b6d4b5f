"""The log of the host runner of MLPerf Tiny: what was sent to the device, and what it answered.

A line is ``SSSSS.mmm <source>: <text>``; the device's own lines start with ``m-``. Real logs also hold echoed commands
and carriage returns before the device's text, and device lines without a prefix, so the marks are looked for anywhere.
Source: mlcommons/tiny, ``benchmark/api`` at v0.7 (7a738cd); eembc/energyrunner, user guide at cf7c2f2.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

__all__ = ["MAX_INFERENCES", "MAX_WINDOWS", "Inference", "TimedWindow", "TinyLog", "read_tiny_log"]

_MARK = re.compile(
    rb"m-infer-start-(?P<start>\d{1,18})"
    rb"|m-lap-us-(?P<lap>\d{1,18})"
    rb"|m-infer-(?P<done>done)"
    rb"|m-results-\[(?P<results>[^\[\]\n]{0,4000})\]"
    rb"|m-model-\[(?P<model>[^\]\n]{0,80})\]"
    rb"|key\[runMode\]-val\[(?P<mode>[^\]\n]{0,80})\]"
    rb"|Command \"bloadp? (?:dut )?\"(?P<file>[^\"\n]{1,4000})\"(?: (?P<offset>\d{1,18}) \d{1,18})?"
)
_TIME = re.compile(rb"(?:^|\n)(\d{5}\.\d{3}) ")
_WRAPS_US = (2**32, *(2**32 / mhz for mhz in (7.5, 8, 10, 12, 16, 24, 25, 32, 40, 48, 64, 72, 78, 80, 84, 96, 98, 100)))
"""What a counter of 32 bits wraps at, us: a microsecond counter, or ticks of a timer of so many MHz. A published log
steps back by 572.41 s, which fits 7.5 MHz."""
_HOST_TOLERANCE = 0.1
_TIME_BYTES = 1 << 12
"""How far back the time of a line is looked for."""
MAX_WINDOWS, MAX_INFERENCES = 1_000, 100_000
"""What is kept of a log, so that a hostile one takes bounded time and memory: five windows are asked for, and 48,608
answers at most (anomaly detection)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedWindow:
    """One ``infer`` command with its first and last lap."""

    file: str
    """The input's name without folders; empty where the log begins later."""
    inferences: int
    duration_us: float
    unwrapped: bool
    """Whether the device's counter wrapped in it, and the duration was put right by the host's time."""

    @property
    def throughput(self) -> float:
        """Inferences per second."""
        return self.inferences / (self.duration_us / 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """What the device answered for one input."""

    file: str
    """The input's name without folders."""
    offset: int
    """In bytes, of the window of the file; 0 for whole files."""
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyLog:
    """What a log holds."""

    run_mode: str
    """``bmark``, ``single`` or ``multi``; empty where the header is missing."""
    model: str
    """What the device says it runs: ``kws01``; empty where it does not say."""
    windows: tuple[TimedWindow, ...]
    unclear: int
    """Windows without two laps in order, or with a wrapped counter that nothing explains."""
    inferences: tuple[Inference, ...]
    """One per input, the last where there are several; in the order of the log."""


@dataclass(slots=True)
class _Reading:
    run_mode: str = ""
    model: str = ""
    file: str = ""
    offset: int = 0
    count: int | None = None
    laps: list[tuple[int, int]] = field(default_factory=list)
    windows: list[TimedWindow] = field(default_factory=list)
    unclear: int = 0
    inferences: dict[tuple[str, int], Inference] = field(default_factory=dict)


def read_tiny_log(data: bytes) -> TinyLog:
    """Read a log; what is none of the known marks is passed over."""
    now = _Reading()
    for found in _MARK.finditer(data):
        match found.lastgroup:
            case "start" if len(now.windows) + now.unclear < MAX_WINDOWS:
                now.count, now.laps = int(found["start"]), []
            case "lap" if now.count is not None:
                now.laps[1:] = [(int(found["lap"]), found.start())]  # only the first and the last one count
            case "done" if now.count is not None:
                _close_window(data, now)
            case "results":
                _add_inference(found["results"].decode("latin-1"), now)
            case "model":
                now.model = found["model"].decode("latin-1")
            case "mode":
                now.run_mode = found["mode"].decode("latin-1")
            case "file" | "offset":
                now.file = PurePosixPath(found["file"].decode("latin-1").replace("\\", "/")).name
                now.offset = int(found["offset"] or 0)
            case _:
                pass  # a lap outside of a window: the runner's own test of the clock
    return TinyLog(
        run_mode=now.run_mode,
        model=now.model,
        windows=tuple(now.windows),
        unclear=now.unclear,
        inferences=tuple(now.inferences.values()),
    )


def _close_window(data: bytes, now: _Reading) -> None:
    count, laps, now.count = now.count, now.laps, None
    duration = _duration_us(data, laps) if len(laps) > 1 else None
    if not count or duration is None:
        now.unclear += 1
        return
    unwrapped = duration != laps[-1][0] - laps[0][0]
    now.windows.append(TimedWindow(file=now.file, inferences=count, duration_us=duration, unwrapped=unwrapped))


def _duration_us(data: bytes, laps: list[tuple[int, int]]) -> float | None:
    """From the first to the last lap; a counter that wrapped is put right where the host's time says how."""
    difference = laps[-1][0] - laps[0][0]
    if difference > 0:
        return float(difference)
    first, last = _host_time_s(data, laps[0][1]), _host_time_s(data, laps[-1][1])
    if first is None or last is None or last <= first:
        return None
    host_us = (last - first) * 1e6
    fitting = [difference + wrap for wrap in _WRAPS_US if abs(difference + wrap - host_us) <= _HOST_TOLERANCE * host_us]
    return min(fitting, key=lambda duration: abs(duration - host_us), default=None)


def _host_time_s(data: bytes, at: int) -> float | None:
    """The time of the line that a mark stands on, or of the last line with a time before it."""
    end = data.find(b"\n", at)
    times = _TIME.findall(data, max(0, at - _TIME_BYTES), end if end >= 0 else len(data))
    return float(times[-1]) if times else None


def _add_inference(text: str, now: _Reading) -> None:
    try:
        values = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        return  # half a line, or two that ran into each other
    if now.file and values and len(now.inferences) < MAX_INFERENCES and all(map(math.isfinite, values)):
        now.inferences[now.file, now.offset] = Inference(file=now.file, offset=now.offset, values=values)
