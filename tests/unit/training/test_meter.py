"""What is added up from events."""

from __future__ import annotations

from itertools import pairwise

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
from levelfield.training.meter import MOST_LOSSES, Curve, Meter
from levelfield.training.port import Cadence


def at(seconds: float) -> Stamp:
    return Stamp(wall_ns=0, monotonic_ns=int(seconds * 1e9))


def block(start: float, step: int) -> list[Event]:
    """Four seconds of training in two groups of losses, then two of evaluation."""
    return [
        BlockStarted(stamp=at(start), first_epoch=1, epochs=1.0),
        Learned(stamp=at(start + 1), step=step + 2, progress=0.5, losses=(0.5, 0.4)),
        Learned(stamp=at(start + 4), step=step + 5, progress=1.0, losses=(0.3, 0.2, 0.1)),
        EvaluationStarted(stamp=at(start + 4), step=step + 5, progress=1.0),
        Evaluated(stamp=at(start + 6), step=step + 5, progress=1.0, quality={"top1": 0.5}, reached=False),
        EvaluationStopped(stamp=at(start + 6), step=step + 5, progress=1.0),
        BlockStopped(stamp=at(start + 6), first_epoch=1),
    ]


def test_time_of_training_and_of_evaluation_are_kept_apart() -> None:
    meter = Meter()
    events: list[Event] = [
        InitStarted(stamp=at(0)),
        ModelBuilt(
            stamp=at(3), hyperparameters={"global_batch_size": 64}, initial_weights=(), parameters=1,
            cadence=Cadence(epoch=5, first=5, every=5, last=10),
        ),
        InitStopped(stamp=at(7), started_by_itself=False),
        RunStarted(stamp=at(10), step=0),
        *block(11, 0),
        *block(20, 5),
    ]  # fmt: skip
    assert meter.samples_per_s is None
    for event in events:
        meter.on(event)
    assert (meter.init_ns, meter.training_ns, meter.evaluation_ns) == (7 * 10**9, 8 * 10**9, 4 * 10**9)
    assert meter.samples_per_s == 10 * 64 / 8
    assert [(point.step, point.at_s) for point in meter.points] == [(5, 7.0), (10, 16.0)]
    assert meter.losses.points[:3] == [(1, 0.5), (2, 0.4), (3, 0.3)]


def test_evaluation_off_the_clock_takes_no_time() -> None:
    meter = Meter(batch_size=1)
    meter.on(RunStarted(stamp=at(0), step=0))
    for event in (EvaluationStarted, EvaluationStopped):
        meter.on(event(stamp=at(5), step=1, progress=1.0))
    assert meter.evaluation_ns == 0


def test_curve_that_grows_long_is_thinned_evenly() -> None:
    curve = Curve()
    for step in range(1, 10 * MOST_LOSSES + 1):
        curve.add(step, 1 / step)
    steps = [step for step, _ in curve.points]
    assert MOST_LOSSES / 2 < len(steps) <= MOST_LOSSES
    assert {later - earlier for earlier, later in pairwise(steps)} == {16}
