"""The quality that ends a run: the rule book's targets, in a mini edition with the mini's own numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from levelfield.errors import RulesError
from levelfield.rules import load_training
from levelfield.rules.round import Target
from levelfield.rules.training import TrainingRules
from levelfield.terms import Edition
from levelfield.training.port import Benchmark, LogValue, Quality

__all__ = ["is_reached", "logged", "round_bounds", "targets_of"]


def round_bounds(benchmark: str) -> dict[str, float]:
    """The quality that Training v1.1 asks of a benchmark, by the names of its targets."""
    return {target.key: target.bound for target in load_training("training-v1.1").benchmark(benchmark).targets}


def targets_of(benchmark: Benchmark, edition: Edition, rules: TrainingRules) -> tuple[Target, ...]:
    """The targets of an edition; which way is better, and which bound does not count, is the rule book's in both.

    Raises:
        UsageError: The round has no such benchmark.
        RulesError: The benchmark names other targets than the round.
    """
    known = rules.benchmark(benchmark.name).targets
    bounds = benchmark.targets(edition)
    if set(bounds) != {target.key for target in known}:
        raise RulesError(
            f"The targets of {benchmark.name} are {', '.join(sorted(bounds)) or 'none'}; "
            f"{rules.name} has {', '.join(sorted(target.key for target in known))}."
        )
    if edition is Edition.FULL:
        if wrong := [str(target) for target in known if target.bound != bounds[target.key]]:
            raise RulesError(f"The full edition of {benchmark.name} has other targets than {rules.name}: {wrong[0]}.")
        return known
    return tuple(
        replace(target, at_least=bounds[target.key])
        if target.at_least is not None
        else replace(target, at_most=bounds[target.key])
        for target in known
    )


def is_reached(quality: Quality, targets: Sequence[Target]) -> bool:
    """Whether one evaluation meets every target; a value that is missing or no number meets none."""
    return all(target.holds(quality.get(target.key, math.nan)) for target in targets)


def logged(quality: Quality, targets: Sequence[Target]) -> LogValue:
    """As ``eval_accuracy`` has it: the number, or an object of them where the benchmark has several targets."""
    if len(targets) == 1:
        return float(quality[targets[0].key])
    return {target.key: float(quality[target.key]) for target in targets}
