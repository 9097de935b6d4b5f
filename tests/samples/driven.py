"""Drives a training as the harness does, without clock, log and listeners."""

from __future__ import annotations

from collections.abc import Callable

from levelfield.training.port import Benchmark, Quality, Setup, Training

__all__ = ["opened", "reaches", "stepped"]


def opened(benchmark: Benchmark, setup: Setup) -> Training:
    """Prepared, built, with its data open."""
    benchmark.prepare(setup)
    training = benchmark.build(setup)
    training.open_data()
    return training


def stepped(training: Training, count: int, *, done: int = 0) -> list[float]:
    """The losses of some steps, after some that were done before."""
    losses = []
    epoch = training.cadence.epoch
    for step in range(done + 1, done + count + 1):
        if (step - 1) % epoch == 0:
            training.begin_epoch((step - 1) // epoch + 1)
        losses.append(float(training.step()))
    return losses


def reaches(training: Training, passes: Callable[[Quality], bool]) -> bool:
    """Whether an evaluation passes before the training is given up."""
    for done in range(training.cadence.last):
        stepped(training, 1, done=done)
        if training.cadence.evaluates_after(done + 1) and passes(training.evaluate()):
            return True
    return False
