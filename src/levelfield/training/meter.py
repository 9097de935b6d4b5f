"""What a run has come to, added up from its events: where the time went, the quality curve, the losses."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.training.clock import Stamp
from levelfield.training.events import (
    BlockStarted,
    BlockStopped,
    Evaluated,
    EvaluationStarted,
    EvaluationStopped,
    Event,
    InitStarted,
    InitStopped,
    Learned,
    ModelBuilt,
    RunStarted,
)
from levelfield.training.port import Quality
from levelfield.units import NS_PER_S

__all__ = ["MOST_LOSSES", "Curve", "Meter", "Point"]

MOST_LOSSES = 1_000
"""A longer curve of losses is thinned to every second one, and again, so that a record stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One evaluation."""

    step: int
    progress: float
    at_s: float
    """Since the run's start."""
    quality: Quality


class Curve:
    """Losses by step, never more than :data:`MOST_LOSSES`."""

    def __init__(self) -> None:
        self.points: list[tuple[int, float]] = []
        self._every = 1

    def add(self, step: int, loss: float) -> None:
        """Take a loss, or pass it over."""
        if step % self._every:
            return
        self.points.append((step, loss))
        if len(self.points) > MOST_LOSSES:
            self._every *= 2
            self.points = [point for point in self.points if point[0] % self._every == 0]


class Meter:
    """Adds up the events of one run; evaluations are kept apart from training."""

    def __init__(self, batch_size: int | None = None) -> None:
        self.batch_size = batch_size
        """Samples of one step; read from the hyperparameters where it is not given."""
        self.init_ns = 0
        self.training_ns = 0
        self.evaluation_ns = 0
        self.steps = 0
        """That were made in this run, without those before a resumption."""
        self.points: list[Point] = []
        self.losses = Curve()
        self._init: Stamp | None = None
        self._run: Stamp | None = None
        self._since: Stamp | None = None
        self._evaluating: Stamp | None = None

    def on(self, event: Event) -> None:
        """Take one event."""
        match event:
            case Learned():
                first = event.step - len(event.losses) + 1
                for step, loss in enumerate(event.losses, first):
                    self.losses.add(step, loss)
                self.steps += len(event.losses)
                self._train_until(event.stamp)
                self._since = event.stamp
            case BlockStarted():
                self._since = event.stamp
            case EvaluationStarted():
                self._evaluating, self._since = event.stamp, None
            case EvaluationStopped() if self._evaluating:
                self.evaluation_ns += event.stamp.monotonic_ns - self._evaluating.monotonic_ns
                self._evaluating, self._since = None, event.stamp
            case Evaluated():
                self.points.append(
                    Point(step=event.step, progress=event.progress, at_s=self._at_s(event.stamp), quality=event.quality)
                )
            case BlockStopped():
                self._since = None
            case InitStarted():
                self._init = event.stamp
            case ModelBuilt() if self.batch_size is None:
                logged = event.hyperparameters.get("global_batch_size")
                self.batch_size = logged if isinstance(logged, int) else None
            case InitStopped() if self._init:
                self.init_ns = event.stamp.monotonic_ns - self._init.monotonic_ns
            case RunStarted():
                self._run = event.stamp
            case _:
                pass

    @property
    def samples_per_s(self) -> float | None:
        """Samples learned per second of training, evaluations left out; ``None`` before the first step."""
        if not self.batch_size or not self.training_ns:
            return None
        return self.steps * self.batch_size * NS_PER_S / self.training_ns

    def _train_until(self, stamp: Stamp) -> None:
        if self._since is not None:
            self.training_ns += stamp.monotonic_ns - self._since.monotonic_ns

    def _at_s(self, stamp: Stamp) -> float:
        return (stamp.monotonic_ns - self._run.monotonic_ns) / NS_PER_S if self._run else 0.0
