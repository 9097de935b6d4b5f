"""The live line of a training run, on streams that a test makes."""

from __future__ import annotations

import io

import pytest

from levelfield.cli.training_progress import TrainingProgress, curve_of, quality_text
from levelfield.rules import load_training
from levelfield.training.clock import Stamp
from levelfield.training.events import (
    BlockStarted,
    Evaluated,
    EvaluationStarted,
    EvaluationStopped,
    Event,
    Learned,
    RunStarted,
    RunStopped,
    Status,
)
from levelfield.training.result import RunResult

TARGETS = load_training("training-v1.1").benchmark("resnet").targets


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Ascii(Terminal):
    encoding = "ascii"


def at(seconds: float) -> Stamp:
    return Stamp(wall_ns=int(seconds * 1e9), monotonic_ns=int(seconds * 1e9))


def course() -> list[Event]:
    events: list[Event] = [RunStarted(stamp=at(0), step=0)]
    for step, quality in ((1, 0.25), (2, 0.5), (3, 0.76)):
        begin = at(10 * step)
        events += [
            BlockStarted(stamp=begin, first_epoch=step, epochs=1.0),
            Learned(stamp=at(10 * step + 5), step=step, progress=float(step), losses=(1 / step,)),
            EvaluationStarted(stamp=at(10 * step + 5), step=step, progress=float(step)),
            Evaluated(
                stamp=at(10 * step + 6), step=step, progress=float(step), quality={"top1": quality}, reached=False
            ),
            EvaluationStopped(stamp=at(10 * step + 6), step=step, progress=float(step)),
        ]
    events.append(
        RunStopped(
            stamp=at(40), status=Status.SUCCESS, reason="", step=3, progress=3.0, duration_ns=40 * 10**9, drift_ns=0
        )
    )
    return events


def shown(stream: io.StringIO, *, columns: int = 200) -> str:
    ticks = iter(range(1000))
    progress = TrainingProgress(
        stream, {"TERM": "xterm"}, runs=2, clock_s=lambda: float(next(ticks)), columns=lambda: columns
    )
    display = progress.watch(RunResult(number=0, log="l", seed=1, seed_given=False), TARGETS)
    for event in course():
        display.on(event)
    return stream.getvalue()


def test_on_anything_but_a_terminal_there_is_a_line_for_each_evaluation() -> None:
    assert shown(io.StringIO()).splitlines() == [
        "run 1/2  epoch 1  top-1 accuracy 0.2500 (>= 0.759)",
        "run 1/2  epoch 2  top-1 accuracy 0.5000 (>= 0.759)",
        "run 1/2  epoch 3  top-1 accuracy 0.7600 (>= 0.759)",
        "run 1/2  success  0.6667 min  epoch 3  top-1 accuracy 0.7600 (>= 0.759)  _=@",
    ]


def test_on_a_terminal_one_line_changes_and_the_last_stays() -> None:
    text = shown(Terminal())
    lines = text.split("\r")[1:]
    assert lines[0] == "run 1/2  epoch 1  loss 1\x1b[K"
    assert "top-1 accuracy 0.5000 (≥ 0.759)" in lines[2]
    assert lines[-1].startswith("run 1/2  success  0.6667 min")
    assert text.count("\n") == 1
    assert text.endswith("▁▄█\x1b[K\n")


def test_line_is_cut_to_the_terminal() -> None:
    for line in shown(Terminal(), columns=30).split("\r")[1:-1]:
        assert len(line.removesuffix("\x1b[K")) <= 29


def test_terminal_without_unicode_gets_ascii() -> None:
    text = shown(Ascii())
    assert text.isascii()
    assert ">= 0.759" in text


def test_terminal_that_goes_away_does_not_end_the_run() -> None:
    class Gone(Terminal):
        def write(self, text: str) -> int:
            raise OSError("gone")

    assert shown(Gone()) == ""


@pytest.mark.parametrize(
    ("values", "target", "curve"),
    [
        ([], 1.0, ""),
        ([0.5], 0.5, "▁"),
        ([0.0, 0.5, 1.0], 1.0, "▁▅█"),
        ([0.0, 0.5], 1.0, "▁▅"),
        ([0.3, 0.1], 0.1, "█▁"),
        ([float("nan"), 0.0, 1.0], 1.0, "▁█"),
        ([float("inf"), 0.0, 1.0], 1.0, "▁█"),
    ],
)
def test_curve_is_a_bar_for_each_value(values: list[float], target: float, curve: str) -> None:
    assert curve_of(values, target) == curve


def test_curve_that_grows_long_is_thinned_and_keeps_its_ends() -> None:
    curve = curve_of([step / 1000 for step in range(1001)], 1.0)
    assert len(curve) == 20
    assert (curve[0], curve[-1]) == ("▁", "█")


def test_value_that_is_missing_is_called_so() -> None:
    assert quality_text({}, TARGETS) == "top-1 accuracy missing (≥ 0.759)"
