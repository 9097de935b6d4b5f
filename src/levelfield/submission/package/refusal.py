"""Why something is no result of the round: every reason that can be seen in the runs, before anybody hands it in.

A round's own checker looks at a part of this and often only logs it; here each is a reason to refuse. A rehearsal is
packaged all the same, and its label lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from levelfield.rules.layout import PlaceName
from levelfield.rules.model import RuleSet, SuiteScenarios
from levelfield.submission.package.audit_folder import AuditFolder, AuditKey
from levelfield.submission.package.entry import Entry, PackagedResult
from levelfield.terms import Division, Edition, Scenario
from levelfield.units import NS_PER_MS

__all__ = ["reasons_against"]

FREE_IN_OPEN = frozenset({"accuracy"})
"""Conditions of our verdict that the open division does not ask for: it publishes what was reached."""


def reasons_against(
    results: tuple[PackagedResult, ...],
    audits: Mapping[AuditKey, AuditFolder],
    rules: RuleSet,
    division: Division,
) -> tuple[str, ...]:
    """Every reason, run by run, then those of the submission as a whole; none if it may be handed in."""
    told: list[str] = []
    for result in results:
        where = result.entry.run.name
        if not result.inferred:
            told += [f"{where}: {reason}" for reason in _of_run(result.entry, rules, division)]
        if division is Division.CLOSED:
            told += _of_audits(result, audits, rules)
    told += _of_scenarios(results, rules, division)
    return tuple(told)


def _of_run(entry: Entry, rules: RuleSet, division: Division) -> Iterable[str]:
    run = entry.run
    if run.edition is Edition.MINI:
        yield "it is the mini edition, whose model and data are not the round's."
    if division is Division.CLOSED and not run.official:
        yield "it was run without --official, so not with the round's own durations and counts."
    free = FREE_IN_OPEN if division is Division.OPEN else frozenset()
    unmet = [condition for condition in run.unmet if condition.name not in free]
    for condition in unmet:
        yield f"{condition.name}: required {condition.required}, measured {condition.measured}."
    if not run.validity.usable and not run.unmet:
        yield f"{run.validity}: {run.summary}"
    for error in entry.log.errors:
        yield f"its log holds an error: {error.value}"
    yield from _of_log(entry, rules)


def _of_log(entry: Entry, rules: RuleSet) -> Iterable[str]:
    """What the round fixes in both divisions, as the log says it was."""
    rule, seeds = entry.rule, rules.seeds
    exact = {
        "effective_qsl_rng_seed": seeds.qsl,
        "effective_sample_index_rng_seed": seeds.sample_index,
        "effective_schedule_rng_seed": seeds.schedule,
    }
    least = {
        "effective_min_duration_ms": rule.min_duration_ns // NS_PER_MS,
        "effective_performance_sample_count": rule.sizes.performance,
    }
    if rule.runs_as is Scenario.OFFLINE:
        least["effective_samples_per_query"] = rule.min_samples
    for key, expected in exact.items():
        if entry.number(key) != expected:
            yield f"{key}: found {_shown(entry, key)}, the round has {expected}."
    for key, expected in least.items():
        found = entry.number(key)
        if found is None or found < expected:
            yield f"{key}: found {_shown(entry, key)}, the round asks for {expected} or more."


def _shown(entry: Entry, key: str) -> str:
    value = entry.number(key)
    return "none" if value is None else str(value)


def _of_audits(result: PackagedResult, audits: Mapping[AuditKey, AuditFolder], rules: RuleSet) -> Iterable[str]:
    """Missing and failed audits; for an inferred result those of its source count."""
    if result.inferred:
        return
    run = result.entry.run
    place = rules.place(PlaceName.AUDIT_PERFORMANCE)
    logs = place.required if place else ()
    for audit in result.entry.rule.audits:
        key = AuditKey(system=run.system, benchmark=run.benchmark, scenario=run.scenario, test=audit.name)
        found = audits.get(key)
        if found is None:
            yield f"{run.name}: its audit {audit.name} is missing, which closed submissions need."
        else:
            yield from (f"{problem}." for problem in found.problems(result.entry.rule, logs))


def _of_scenarios(results: tuple[PackagedResult, ...], rules: RuleSet, division: Division) -> Iterable[str]:
    """Scenarios that a suite needs and the tree has not, or has and the suite does not know."""
    by_benchmark: dict[tuple[str, str], list[PackagedResult]] = {}
    for result in results:
        by_benchmark.setdefault((result.system.id, result.entry.run.benchmark), []).append(result)
    for (system, name), found in by_benchmark.items():
        suites = found[0].system.suites
        if not suites:
            continue  # the list of what is to be said has it
        wanted = rules.benchmark(name).in_suites(suites)
        kind = ",".join(sorted(suites))
        if wanted is None:
            yield f"{system}/{name}: {name} is no benchmark of {kind} systems."
        elif division is Division.CLOSED:
            yield from (f"{system}/{name}: {text}" for text in _gaps(wanted, {r.scenario for r in found}, kind))


def _gaps(wanted: SuiteScenarios, present: set[str], kind: str) -> Iterable[str]:
    if missing := [scenario for scenario in wanted.required if scenario not in present]:
        yield f"{kind} systems need {', '.join(wanted.required)}; missing: {', '.join(missing)}."
    for group in wanted.one_of:
        if not present & set(group):
            yield f"{kind} systems need one of {', '.join(group)}."
    if strange := sorted(present - set(wanted.names)):
        yield f"{', '.join(strange)}: not a scenario of {kind} systems here."
