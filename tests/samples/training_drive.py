"""The loop of the harness in a few lines, without clock, log and checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.training.port import Benchmark, Quality, Setup, Training


@dataclass(frozen=True)
class Driven:
    losses: list[float]
    qualities: list[tuple[int, Quality]]
    training: Training


def drive(benchmark: Benchmark, setup: Setup, *, steps: int | None = None, until_target: bool = False) -> Driven:
    """Train for some steps, or to the end of the cadence; evaluate where the cadence says."""
    benchmark.prepare(setup)
    training = benchmark.build(setup)
    training.open_data()
    return go_on(benchmark, setup, training, first=1, steps=steps, until_target=until_target)


def go_on(
    benchmark: Benchmark, setup: Setup, training: Training, *, first: int, steps: int | None, until_target: bool = False
) -> Driven:
    cadence, targets = training.cadence, benchmark.targets(setup.edition)
    losses, qualities = [], []
    for step in range(first, (steps or cadence.last) + 1):
        if (step - 1) % cadence.epoch == 0:
            training.begin_epoch((step - 1) // cadence.epoch + 1)
        losses.append(float(training.step()))
        if cadence.evaluates_after(step):
            qualities.append((step, training.evaluate()))
            if until_target and all(qualities[-1][1][name] >= bound for name, bound in targets.items()):
                break
    return Driven(losses, qualities, training)
