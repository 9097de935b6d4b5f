"""The live progress line.

It is written by a thread of the measuring process, so an update must cost next to nothing: no drawing library, at most
four writes per second, one partial sort of the last latencies. An update takes about 20 µs (2 cores, Python 3.11).
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

import numpy as np

from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.progress import Snapshot
from levelfield.units import format_compact, format_ns

__all__ = ["LEAST_GAP_S", "Plan", "Progress", "Style", "progress_line", "style_of"]

LEAST_GAP_S = 0.25
MOST_LATENCIES = 2_048
BAR_WIDTH = 16
NARROWEST_BAR = 6
CLEAR = "\x1b[K"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a phase is going to be; ``None`` = not known beforehand."""

    name: str
    planned_s: float | None = None
    planned_queries: int | None = None
    planned_samples: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the terminal can show."""

    unicode: bool = True
    colour: bool = False


def style_of(stream: TextIO, environment: Mapping[str, str]) -> Style:
    """Colour only on a terminal that wants it (https://no-color.org); characters beyond ASCII only where they fit."""
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    colour = stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") not in {None, "dumb"}
    return Style(unicode=encoding.startswith("utf"), colour=colour)


def progress_line(snapshot: Snapshot, plan: Plan, width: int, style: Style | None = None) -> str:
    """One line of at most ``width`` columns: name, bar, share, time left, rate, median and tail latency.

    What matters least is left out first: the bar, the tail, the median, the rate, the time left.
    """
    style = style or Style()
    share = share_done(snapshot, plan)
    parts = [(9, plan.name)]
    if share is not None:
        parts.append((8, f"{share * 100:3.0f} %"))
        parts.append((7, _left(snapshot, share)))
    else:
        parts.append((8, _duration(snapshot.elapsed_s)))
    parts.append((6, f"{format_compact(_rate(snapshot))}/s"))
    parts += _latencies(snapshot.latencies_ns)
    kept = _fitting(parts, width)
    line = "  ".join(text for _, text in kept)
    room = width - len(line) - 2
    if share is not None and len(kept) > 1 and room >= NARROWEST_BAR:
        name, rest = kept[0][1], "  ".join(text for _, text in kept[1:])
        line = f"{name}  {_bar(share, min(room, BAR_WIDTH), style)}  {rest}"
    return line if style.unicode else line.replace("µ", "u").replace("…", "...")


def share_done(snapshot: Snapshot, plan: Plan) -> float | None:
    """How much of the phase is over: a phase ends when every minimum is reached, so the furthest behind counts."""
    pairs = [
        (snapshot.elapsed_s, plan.planned_s),
        (snapshot.queries_issued, plan.planned_queries),
        (snapshot.samples_completed, plan.planned_samples),
    ]
    shares = [min(1.0, done / planned) for done, planned in pairs if planned]
    return min(shares, default=None)


class Progress:
    """Shows phases on a terminal; on anything else it writes one line for each.

    It is a :class:`~levelfield.loadgen.progress.ProgressListener`. A stream that breaks silences it, never the run.

    Args:
        stream: Usually ``sys.stderr``.
        environment: Usually ``os.environ``; ``NO_COLOR`` and ``TERM`` are looked at.
        clock_s: Seconds of a monotonic clock.
        columns: How wide the terminal is.
    """

    def __init__(
        self,
        stream: TextIO,
        environment: Mapping[str, str],
        *,
        clock_s: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._stream = stream
        self._live = stream.isatty() and environment.get("TERM") != "dumb"
        self._style = style_of(stream, environment)
        self._clock_s = clock_s
        self._columns = columns
        self._plan: Plan | None = None
        self._written_s = -LEAST_GAP_S
        self._lock = threading.Lock()

    def phase(
        self,
        name: str,
        planned_s: float | None,
        planned_queries: int | None,
        planned_samples: int | None = None,
    ) -> None:
        """A phase begins.

        Args:
            name: For example ``Server``.
            planned_s: How long it will last at least.
            planned_queries: How many queries it will issue at least.
            planned_samples: How many samples will complete; for Offline, where one query holds them all.
        """
        with self._lock:
            self._end_line()
            self._plan = Plan(
                name=name, planned_s=planned_s, planned_queries=planned_queries, planned_samples=planned_samples
            )
            self._written_s = -LEAST_GAP_S
            self._write(f"\r{name} …{CLEAR}" if self._live else f"{name}: ")

    def update(self, snapshot: Snapshot) -> None:
        """Redraw the line, unless that was done less than a quarter of a second ago."""
        if not self._live:
            return
        now_s = self._clock_s()
        if now_s - self._written_s < LEAST_GAP_S:
            return
        with self._lock:
            if self._plan is None:
                return
            self._written_s = now_s
            line = progress_line(snapshot, self._plan, self._columns() - 1, self._style)
            self._write(f"\r{line}{CLEAR}")

    def done(self, text: str) -> None:
        """The phase is over; ``text`` says what came out."""
        with self._lock:
            if self._plan is None:
                return
            name, self._plan = self._plan.name, None
            self._write(f"\r{name}  {text}{CLEAR}\n" if self._live else f"{text}\n")

    def close(self) -> None:
        """End a line that is still being written: after an interruption, before a traceback."""
        with self._lock:
            self._end_line()

    def _end_line(self) -> None:
        if self._plan is not None:
            self._plan = None
            self._write("\n")

    def _write(self, text: str) -> None:
        if not self._style.unicode:
            text = text.replace("…", "...").replace("µ", "u").encode("ascii", "replace").decode()
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal went away, or the stream is closed
            self._live = False


def _rate(snapshot: Snapshot) -> float:
    return snapshot.samples_completed / snapshot.elapsed_s if snapshot.elapsed_s > 0 else 0.0


def _left(snapshot: Snapshot, share: float) -> str:
    if share >= 1:
        return "finishing"
    if share <= 0:
        return "starting"
    return f"{_duration(snapshot.elapsed_s * (1 - share) / share)} left"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _latencies(latencies_ns: IntArray) -> list[tuple[int, str]]:
    """Median and 99th percentile of the last completions; one partial sort."""
    recent = latencies_ns[-MOST_LATENCIES:]
    count = len(recent)
    if not count:
        return []
    middle, high = count // 2, count * 99 // 100
    placed = np.partition(recent, (middle, high))
    return [(5, f"p50 {format_ns(int(placed[middle]))}"), (4, f"p99 {format_ns(int(placed[high]))}")]


def _fitting(parts: list[tuple[int, str]], width: int) -> list[tuple[int, str]]:
    """Leave out the least important parts until the line fits; the name alone is cut."""
    while len(parts) > 1 and sum(len(text) + 2 for _, text in parts) - 2 > width:
        parts.remove(min(parts))
    if len(parts) == 1:
        return [(parts[0][0], parts[0][1][: max(0, width)])]
    return parts


def _bar(share: float, width: int, style: Style) -> str:
    if not style.unicode:
        done = int(share * (width - 2))
        return f"[{'#' * done}{'-' * (width - 2 - done)}]"
    done = int(share * width)
    full, empty = "━" * done, "─" * (width - done)
    return f"\x1b[32m{full}\x1b[0;2m{empty}\x1b[0m" if style.colour else full + empty
