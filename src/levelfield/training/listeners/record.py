"""The record of a run, written anew as it grows, so that a run killed at any moment is marked as unfinished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from levelfield.system.energy import EnergyCounter
from levelfield.training.events import (
    CachesCleared,
    DataOpened,
    Evaluated,
    Event,
    InitStopped,
    Learned,
    ModelBuilt,
    RunStarted,
    RunStopped,
)
from levelfield.training.meter import Meter
from levelfield.training.result import RunResult
from levelfield.units import NS_PER_MS, NS_PER_S

__all__ = ["RecordListener"]

_MOST_GAP_NS = 10 * NS_PER_S
"""Between evaluations the record is brought up to date this often; energy counters are read as often."""


class RecordListener:
    """Keeps a :class:`~levelfield.training.result.RunResult` and hands it on where it is worth writing.

    Args:
        result: What is known before the run.
        publish: Takes the result as it has become.
        energy: Counts what the processors take.
        utilisation: The share of the peak at so many samples per second; ``None`` where it is not known.
    """

    def __init__(
        self,
        result: RunResult,
        publish: Callable[[RunResult], None],
        energy: Callable[[], EnergyCounter],
        utilisation: Callable[[float | None], float | None],
    ) -> None:
        self.result = result
        self._publish = publish
        self._make_energy = energy
        self._energy: EnergyCounter | None = None
        self._utilisation = utilisation
        self._meter = Meter()
        self._started_ms = 0
        self._published_ns = 0
        publish(result)

    def on(self, event: Event) -> None:
        """Take one event."""
        self._meter.on(event)
        match event:
            case CachesCleared():
                self._change(caches_cleared=event.cleared)
            case ModelBuilt():
                self._change(
                    hyperparameters=dict(event.hyperparameters),
                    parameters=event.parameters,
                    batch_size=self._meter.batch_size,
                )
            case InitStopped():
                self._change(init_s=self._meter.init_ns / NS_PER_S, init_too_long=event.started_by_itself)
            case RunStarted():
                self._energy = self._make_energy()
                self._started_ms = event.stamp.time_ms
                started = datetime.fromtimestamp(event.stamp.time_ms / 1000, UTC)
                self._change(started=started.isoformat(timespec="seconds"), step=event.step)
                self._bring_up_to_date(event)
            case Learned():
                self._change(step=event.step, progress=event.progress)
                if event.stamp.monotonic_ns - self._published_ns > _MOST_GAP_NS:
                    self._bring_up_to_date(event)
            case DataOpened() | Evaluated():
                self._bring_up_to_date(event)
            case RunStopped():
                # As the score is taken from the log: whole milliseconds, divided in this order.
                minutes = (event.stamp.time_ms - self._started_ms) / 60 / 1000
                self._change(
                    status=event.status,
                    reason=event.reason,
                    minutes=minutes,
                    drift_ms=event.drift_ns / NS_PER_MS,
                    step=event.step,
                    progress=event.progress,
                )
                self._bring_up_to_date(event)
            case _:
                pass

    def _change(self, **changes: object) -> None:
        self.result = replace(self.result, **changes)  # type: ignore[arg-type]

    def _bring_up_to_date(self, event: Event) -> None:
        meter = self._meter
        self._published_ns = event.stamp.monotonic_ns
        self._change(
            samples_per_s=meter.samples_per_s,
            training_s=meter.training_ns / NS_PER_S,
            evaluation_s=meter.evaluation_ns / NS_PER_S,
            utilisation=self._utilisation(meter.samples_per_s),
            joules=self._energy.joules() if self._energy else None,
            quality=tuple(meter.points),
            losses=tuple(meter.losses.points),
        )
        self._publish(self.result)
