from __future__ import annotations

import io
import re

import numpy as np
import pytest

from levelfield.cli.progress import Plan, Progress, Style, progress_line, share_done, style_of
from levelfield.loadgen.progress import ProgressListener, Snapshot

NOTHING = np.zeros(0, np.int64)
LATENCIES = np.arange(1, 101, dtype=np.int64) * 100_000
PLAN = Plan(name="Server", planned_s=60.0, planned_queries=20_000)
TERMINAL = {"TERM": "xterm-256color"}


def snapshot(elapsed_s: float = 15.0, issued: int = 15_000, completed: int = 15_000, latencies=LATENCIES) -> Snapshot:
    return Snapshot(elapsed_s=elapsed_s, queries_issued=issued, samples_completed=completed, latencies_ns=latencies)


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self.terminal = terminal
        self.named = encoding

    @property
    def encoding(self) -> str:
        return self.named

    def isatty(self) -> bool:
        return self.terminal


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def progress(stream: Stream, environment: dict[str, str] | None = None, columns: int = 80) -> tuple[Progress, Clock]:
    clock = Clock()
    return Progress(stream, environment or TERMINAL, clock_s=clock, columns=lambda: columns), clock


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (100, "Server  ━━━━────────────   25 %  45 s left  1k/s  p50 5.10 ms  p99 10.0 ms"),
        (72, "Server  ━━━───────────   25 %  45 s left  1k/s  p50 5.10 ms  p99 10.0 ms"),
        (60, "Server   25 %  45 s left  1k/s  p50 5.10 ms  p99 10.0 ms"),
        (30, "Server   25 %  45 s left  1k/s"),
        (14, "Server   25 %"),
        (4, "Serv"),
        (0, ""),
    ],
)
def test_line_fits_its_width_and_leaves_out_what_matters_least(width: int, line: str) -> None:
    found = progress_line(snapshot(), PLAN, width)
    assert len(found) <= width
    assert found == line


@pytest.mark.parametrize("width", range(0, 130, 7))
@pytest.mark.parametrize("style", [Style(), Style(unicode=False)])
def test_line_is_never_wider_than_the_terminal(width: int, style: Style) -> None:
    assert len(progress_line(snapshot(), PLAN, width, style)) <= width


def test_line_in_ascii() -> None:
    found = progress_line(snapshot(latencies=LATENCIES // 1_000), PLAN, 80, Style(unicode=False))
    assert found == "Server  [###-----------]   25 %  45 s left  1k/s  p50 5.10 us  p99 10.0 us"
    assert found.isascii()


def test_line_in_colour_has_the_same_characters() -> None:
    coloured = progress_line(snapshot(), PLAN, 80, Style(colour=True))
    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == progress_line(snapshot(), PLAN, 80)


def test_line_without_a_plan_shows_how_long_it_has_lasted() -> None:
    assert progress_line(snapshot(elapsed_s=75), Plan(name="Accuracy"), 80).startswith("Accuracy  1 min 15 s  200/s")


def test_line_before_anything_completed() -> None:
    assert progress_line(snapshot(0.0, 0, 0, NOTHING), PLAN, 60).endswith("0 %  starting  0/s")


@pytest.mark.parametrize(
    ("elapsed_s", "issued", "completed", "plan", "share"),
    [
        (15.0, 20_000, 0, PLAN, 0.25),
        (90.0, 5_000, 0, PLAN, 0.25),
        (90.0, 50_000, 0, PLAN, 1.0),
        (5.0, 1, 250, Plan(name="Offline", planned_queries=1, planned_samples=1_000), 0.25),
        (5.0, 1, 250, Plan(name="x"), None),
        (5.0, 1, 250, Plan(name="x", planned_s=0.0), None),
    ],
)
def test_share_is_that_of_the_minimum_furthest_behind(
    elapsed_s: float, issued: int, completed: int, plan: Plan, share: float | None
) -> None:
    assert share_done(snapshot(elapsed_s, issued, completed), plan) == share


def test_remaining_time_in_minutes_and_hours() -> None:
    long = Plan(name="Server", planned_s=36_000.0)
    assert "9 h 00 min left" in progress_line(snapshot(elapsed_s=3_600), long, 80)
    assert "9 min 00 s left" in progress_line(snapshot(elapsed_s=60), Plan(name="x", planned_s=600.0), 80)
    assert "finishing" in progress_line(snapshot(elapsed_s=61), Plan(name="x", planned_s=60.0), 80)


def test_a_terminal_sees_one_line_that_is_redrawn_four_times_a_second() -> None:
    stream = Stream()
    shown, clock = progress(stream)
    listener: ProgressListener = shown
    listener.phase("Server", 60.0, 20_000)
    for tick in range(20):
        clock.now_s = tick * 0.05
        listener.update(snapshot())
    listener.done("VALID, 912 samples/s")
    written = stream.getvalue()
    assert written.count("25 %") == 4
    assert written.count("\n") == 1
    assert written.endswith("\rServer  VALID, 912 samples/s\x1b[K\n")


def test_what_is_no_terminal_gets_one_line_for_each_phase() -> None:
    stream = Stream(terminal=False)
    shown, _ = progress(stream)
    for name in ("SingleStream", "Server"):
        shown.phase(name, 60.0, 20_000)
        shown.update(snapshot())
        shown.done("VALID")
    assert stream.getvalue() == "SingleStream: VALID\nServer: VALID\n"


def test_an_interrupted_line_is_ended() -> None:
    stream = Stream()
    shown, _ = progress(stream)
    shown.phase("Server", 60.0, None)
    shown.close()
    shown.close()
    shown.update(snapshot())
    shown.done("late")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\n")


def test_a_stream_that_breaks_silences_the_progress_and_not_the_run() -> None:
    stream = Stream()
    shown, _ = progress(stream)
    shown.phase("Server", 60.0, None)
    stream.close()
    shown.update(snapshot())
    shown.done("VALID")


@pytest.mark.parametrize(
    ("terminal", "encoding", "environment", "expected"),
    [
        (True, "utf-8", TERMINAL, Style(unicode=True, colour=True)),
        (True, "utf-8", TERMINAL | {"NO_COLOR": "1"}, Style(unicode=True, colour=False)),
        (True, "utf-8", TERMINAL | {"NO_COLOR": ""}, Style(unicode=True, colour=True)),
        (True, "ANSI_X3.4-1968", TERMINAL, Style(unicode=False, colour=True)),
        (True, "utf-8", {"TERM": "dumb"}, Style(unicode=True, colour=False)),
        (False, "utf-8", TERMINAL, Style(unicode=True, colour=False)),
    ],
)
def test_style_follows_the_terminal_and_the_environment(
    terminal: bool, encoding: str, environment: dict[str, str], expected: Style
) -> None:
    assert style_of(Stream(terminal=terminal, encoding=encoding), environment) == expected


def test_no_color_and_ascii_leave_only_plain_characters() -> None:
    stream = Stream(encoding="ascii")
    shown, _ = progress(stream, TERMINAL | {"NO_COLOR": "1"})
    shown.phase("Sérver", 60.0, None)
    shown.update(snapshot())
    shown.done("VALID µ")
    assert stream.getvalue().isascii()
    assert "\x1b[3" not in stream.getvalue()
