"""The live line of a training run: how far it is, the loss, the rate, and the curve of its quality."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from levelfield.cli.progress import LEAST_GAP_S, Style, style_of
from levelfield.units import format_compact, format_number

if TYPE_CHECKING:
    from levelfield.rules.round import Target
    from levelfield.training.events import Event, RunStopped
    from levelfield.training.meter import Meter
    from levelfield.training.port import Quality
    from levelfield.training.result import RunResult

__all__ = ["RunDisplay", "TrainingProgress", "curve_of", "quality_text"]

_CLEAR = "\x1b[K"
_BLOCKS, _PLAIN_BLOCKS = "▁▂▃▄▅▆▇█", "_.-=+*#@"
_CURVE_WIDTH = 20


def curve_of(values: Sequence[float], target: float, *, unicode: bool = True) -> str:
    """A row of bars, one for each value, thinned to twenty; full height is the better of the target and the best.

    Args:
        values: In the order of the run; what is not finite is left out.
        target: The number to reach.
        unicode: Whether the terminal has block characters.
    """
    shown = [value for value in values if value - value == 0]
    if len(shown) > _CURVE_WIDTH:
        shown = [shown[round(at * (len(shown) - 1) / (_CURVE_WIDTH - 1))] for at in range(_CURVE_WIDTH)]
    if not shown:
        return ""
    blocks = _BLOCKS if unicode else _PLAIN_BLOCKS
    low, high = min(*shown, target), max(*shown, target)
    scale = (len(blocks) - 1) / (high - low) if high > low else 0.0
    return "".join(blocks[round((value - low) * scale)] for value in shown)


def quality_text(quality: Quality, targets: Sequence[Target]) -> str:
    """``top-1 accuracy 0.9712 (≥ 0.98)``."""
    parts = []
    for target in targets:
        sign = "≤" if target.at_least is None else "≥"
        value = quality.get(target.key)
        found = "missing" if value is None else format_number(value)
        parts.append(f"{target.name} {found} ({sign} {target.bound:.8g})")
    return ", ".join(parts)


class TrainingProgress:
    """Shows runs on a terminal as one line that changes; on anything else as a line for each evaluation.

    Args:
        stream: Usually ``sys.stderr``.
        environment: Usually ``os.environ``; ``NO_COLOR`` and ``TERM`` are looked at.
        runs: How many there will be.
        clock_s: Seconds of a monotonic clock.
        columns: How wide the terminal is.
    """

    def __init__(
        self,
        stream: TextIO,
        environment: Mapping[str, str],
        *,
        runs: int,
        clock_s: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self.live = stream.isatty() and environment.get("TERM") != "dumb"
        self.style: Style = style_of(stream, environment)
        self.clock_s = clock_s
        self._stream = stream
        self._runs = runs
        self._columns = columns

    def watch(self, result: RunResult, targets: Sequence[Target]) -> RunDisplay:
        """What shows one run."""
        from levelfield.training.meter import Meter

        resumed = "" if result.resumed_after is None else " resumed"
        return RunDisplay(self, f"run {result.number + 1}/{self._runs}{resumed}", targets, Meter())

    def replace_line(self, text: str) -> None:
        """Write over the line; cut to the terminal."""
        self._write(f"\r{text[: max(0, self._columns() - 1)]}{_CLEAR}")

    def end_line(self, text: str) -> None:
        """Write a line that stays."""
        self._write(f"\r{text}{_CLEAR}\n" if self.live else f"{text}\n")

    def _write(self, text: str) -> None:
        if not self.style.unicode:
            for beyond, plain in (("≥", ">="), ("≤", "<=")):
                text = text.replace(beyond, plain)
            text = text.encode("ascii", "replace").decode()
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal went away: that ends the showing, not the run
            self.live = False


class RunDisplay:
    """Shows one run; it is a :class:`~levelfield.training.events.Listener`."""

    def __init__(self, progress: TrainingProgress, name: str, targets: Sequence[Target], meter: Meter) -> None:
        self._progress = progress
        self._name = name
        self._targets = targets
        self._meter = meter
        self._drawn_s = -LEAST_GAP_S
        self._loss = 0.0
        self._at = 0.0

    def on(self, event: Event) -> None:
        """Take one event."""
        from levelfield.training.events import Evaluated, Learned, RunStopped

        self._meter.on(event)
        match event:
            case Learned():
                self._loss, self._at = event.losses[-1], event.progress
                self._redraw()
            case Evaluated():
                self._at = event.progress
                if not self._progress.live:
                    self._progress.end_line(
                        f"{self._name}  {self._far()}  {quality_text(event.quality, self._targets)}"
                    )
            case RunStopped():
                self._progress.end_line(self._closing(event))
            case _:
                pass

    def _redraw(self) -> None:
        now_s = self._progress.clock_s()
        if not self._progress.live or now_s - self._drawn_s < LEAST_GAP_S:
            return
        self._drawn_s = now_s
        parts = [self._name, self._far(), f"loss {self._loss:.4g}"]
        if rate := self._meter.samples_per_s:
            parts.append(f"{format_compact(rate)}/s")
        if self._meter.points:
            parts.append(quality_text(self._meter.points[-1].quality, self._targets))
            parts.append(self._curve())
        self._progress.replace_line("  ".join(parts))

    def _closing(self, event: RunStopped) -> str:
        parts = [self._name, str(event.status), f"{format_number(event.duration_ns / 60e9)} min", self._far()]
        if self._meter.points:
            parts += [quality_text(self._meter.points[-1].quality, self._targets), self._curve()]
        if event.reason:
            parts.append(event.reason)
        return "  ".join(parts)

    def _far(self) -> str:
        return f"epoch {self._at:,.6g}"

    def _curve(self) -> str:
        target = self._targets[0]
        values = [point.quality[target.key] for point in self._meter.points if target.key in point.quality]
        return curve_of(values, target.bound, unicode=self._progress.style.unicode)
