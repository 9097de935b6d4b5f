"""What a tree is made of: results, each with the run that its logs come from, and the systems that they ran on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from levelfield.formats.loadgen_log import DetailLog
from levelfield.formats.system_description import SystemDescription
from levelfield.rules.model import InferenceKind, InferredResult, RuleSet, ScenarioRule
from levelfield.submission.package.run_folder import MeasuredRun
from levelfield.terms import Suite

__all__ = ["DescribedSystem", "Entry", "PackagedResult", "inferred_results", "inferred_value", "suites_of"]

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A run that was read, with its performance log."""

    run: MeasuredRun
    log: DetailLog
    rule: ScenarioRule

    def number(self, key: str) -> float | None:
        """A number of the log, as it stands there; ``None`` where there is none."""
        line = self.log.first(key)
        try:
            value = None if line is None else line.value
        except ValueError:
            return None
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedSystem:
    """A system as the tree describes it."""

    id: str
    """The name of its folders in the tree."""
    measured_as: str
    """The name of its folders in the runs."""
    description: SystemDescription
    to_be_said: tuple[str, ...]
    """Fields, by published name, that neither the machine nor the submitter told."""

    @property
    def suites(self) -> frozenset[Suite]:
        """Empty where its type is not stated."""
        return suites_of(self.description.system_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedResult:
    """One result of the tree."""

    entry: Entry
    system: DescribedSystem
    scenario: str
    """Of its folders; another one than the run's where it is inferred."""

    @property
    def inferred(self) -> bool:
        """Whether its logs are those of another scenario."""
        return self.scenario != self.entry.run.scenario


def suites_of(system_type: str) -> frozenset[Suite]:
    """The suites of ``datacenter``, ``edge`` or both with a comma; empty for any other text."""
    words = [word.strip() for word in system_type.split(",")]
    known = {suite.value: suite for suite in Suite}
    return frozenset(known[word] for word in words) if set(words) <= set(known) else frozenset()


def inferred_results(results: Iterable[PackagedResult], rules: RuleSet) -> tuple[PackagedResult, ...]:
    """The results that edge systems may claim beside those that they measured: for each missing scenario the best one.

    Only scenarios that the system's suites require are claimed, only from measured ones, and only where the log of the
    source gives a value (a SingleStream run of fewer than 662 queries gives none for MultiStream).
    """
    results = tuple(results)
    measured = {(result.system.id, result.entry.run.benchmark, result.scenario): result for result in results}
    best: dict[tuple[str, str, str], tuple[float, PackagedResult]] = {}
    for (system, name, scenario), result in measured.items():
        if Suite.EDGE not in result.system.suites:
            continue
        benchmark = rules.benchmark(name)
        wanted = benchmark.in_suites(result.system.suites)
        for how in rules.inferred:
            key = (system, name, how.target)
            if how.source != scenario or key in measured or wanted is None or how.target not in wanted.required:
                continue
            field = benchmark.rule(how.target).result
            value = inferred_value(result.entry, how, divisor=field.divisor)
            if value is None:
                continue
            goodness = value if field.higher_is_better else -value
            if key not in best or goodness > best[key][0]:
                claimed = PackagedResult(entry=result.entry, system=result.system, scenario=how.target)
                best[key] = (goodness, claimed)
    return tuple(result for _, result in best.values())


def inferred_value(entry: Entry, how: InferredResult, *, divisor: int) -> float | None:
    """The value that another scenario gets from a log; ``None`` where the log does not give it.

    Args:
        entry: The run.
        how: From which field of its log, and how.
        divisor: What a field in ns is divided by for the result's unit; 1 for rates.
    """
    field = entry.number(how.field)
    if not field or field < 0:
        return None
    match how.kind:
        case InferenceKind.SCALED:
            return how.factor * field / divisor
        case InferenceKind.SAMPLES_PER_LATENCY:
            samples = entry.number("effective_samples_per_query")
            return None if samples is None else how.factor * samples * NS_PER_S / field
