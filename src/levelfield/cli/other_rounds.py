"""``levelfield rules`` for the rounds of training, tiny and mobile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from levelfield.cli.drawing import draw, note, table, title
from levelfield.errors import UsageError, nearest
from levelfield.rules import MobileRules, TinyRules, TrainingRules
from levelfield.rules.log_keys import KeyRules
from levelfield.rules.mobile import MobileBenchmark
from levelfield.rules.model import Citation
from levelfield.rules.round import Measure, Target
from levelfield.rules.tiny import TinyBenchmark
from levelfield.rules.training import TrainingBenchmark
from levelfield.units import NS_PER_S

__all__ = ["listed", "other_json", "show_other"]

OtherRules: TypeAlias = TrainingRules | TinyRules | MobileRules
OtherBenchmark: TypeAlias = TrainingBenchmark | TinyBenchmark | MobileBenchmark
Fact: TypeAlias = tuple[str, str, Citation]
"""What a person asks, the answer with its unit, and the clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """One benchmark as it is shown."""

    benchmark: OtherBenchmark
    facts: tuple[Fact, ...]
    run: str
    """What a run of it is, in a few words."""


def listed(rules: OtherRules) -> tuple[str, str]:
    """For the list of rounds: what is measured, and what runs it."""
    match rules:
        case TrainingRules():
            return rules.measure.name, f"ruleset {rules.ruleset}"
        case TinyRules():
            return f"{rules.throughput.unit}, {rules.energy.unit}", "host runner"
        case MobileRules():
            return ", ".join(scenario for scenario, _ in rules.measures), "app"


def show_other(rules: OtherRules, benchmark: str | None, scenario: str | None) -> None:
    """Draw a round or one of its benchmarks.

    Raises:
        UsageError: There is no such benchmark or scenario.
    """
    cards = _cards(rules, benchmark, scenario)
    if benchmark is not None:
        _show_benchmark(rules, cards[0])
        return
    draw(title(f"MLPerf {rules.family} {rules.version}", ", ".join(rules.divisions)))
    rows = [
        (
            f"[bold]{card.benchmark.name}[/]",
            "\n".join(map(str, card.benchmark.targets)),
            card.run,
            card.benchmark.model,
        )
        for card in cards
    ]
    draw(table(("benchmark", "closed target", "runs", "model"), rows))
    draw(title("Every result", ""))
    facts = _round_facts(rules)
    draw(table(("", "", "clause"), [(name, text, f"[dim]{citation.key}[/]") for name, text, citation in facts]))
    draw(title("Sources", ""))
    sources = [(source.key, str(source), source.date) for source in rules.sources]
    draw(table(("", "", ""), sources, header=False))
    files = [(file.name, f"SHA-256 {file.sha256[:16]}", "") for file in rules.files]
    draw(table(("", "", ""), files, header=False))
    draw(note(f"\nlevelfield rules show {rules.name} --benchmark {rules.benchmarks[0].name}   shows clauses"))


def other_json(rules: OtherRules, benchmark: str | None, scenario: str | None) -> dict[str, object]:
    """A round, or one benchmark of it, as JSON.

    Raises:
        UsageError: There is no such benchmark or scenario.
    """
    return {
        "name": rules.name,
        "extends": rules.extends,
        "sha256": rules.sha256,
        "files": [{"name": file.name, "sha256": file.sha256} for file in rules.files],
        "measures": [
            {"name": one.name, "unit": one.unit, "higher_is_better": one.higher_is_better} for one in _measures(rules)
        ],
        "benchmarks": [_benchmark_json(card.benchmark) for card in _cards(rules, benchmark, scenario)],
    }


# ------------------------------------------------------------------------------------------------ what is said


def _cards(rules: OtherRules, benchmark: str | None, scenario: str | None) -> list[_Card]:
    if scenario is not None and not isinstance(rules, MobileRules):
        raise UsageError(f"{rules.name} has no scenarios.", hint="Leave --scenario away.")
    chosen: Sequence[OtherBenchmark] = rules.benchmarks if benchmark is None else [rules.benchmark(benchmark)]
    if isinstance(rules, MobileRules) and scenario is not None:
        chosen = _with_scenario(rules, [one for one in chosen if isinstance(one, MobileBenchmark)], scenario)
    return [_card(rules, one) for one in chosen]


def _with_scenario(rules: MobileRules, chosen: Sequence[MobileBenchmark], scenario: str) -> Sequence[MobileBenchmark]:
    names = [str(name) for name, _ in rules.measures]
    found = [one for one in chosen if any(task.scenario.lower() == scenario.lower() for task in one.tasks)]
    if scenario.lower() not in {name.lower() for name in names}:
        raise nearest(scenario, names, what=f"scenario of {rules.name}")
    if not found:
        raise UsageError(f"{chosen[0].name} is not run in {scenario}.")
    return found


def _card(rules: OtherRules, one: OtherBenchmark) -> _Card:
    facts: list[Fact] = [(target.name, _target(target), target.citation) for target in one.targets]
    match one:
        case TrainingBenchmark():
            facts.append(("runs", f"{one.runs}, of which {one.dropped} may fail", one.runs_citation))
            left = f"mean without the {one.dropped} fastest and the {one.dropped} slowest"
            facts.append(("score", left, one.runs_citation))
            facts += _log_facts(one)
            run = f"{one.runs}, mean of {one.runs - 2 * one.dropped}"
        case TinyBenchmark():
            assert isinstance(rules, TinyRules)
            facts.append(("accuracy run", f"{one.files:,} files, {one.classes} classes", one.files_citation))
            if one.windows_per_file > 1:
                facts.append(("each file", f"mean of {one.windows_per_file} inferences", one.files_citation))
            run = f"{rules.windows} x {rules.min_window_ns / NS_PER_S:g} s"
        case MobileBenchmark():
            for task in one.tasks:
                least = f" and {task.min_duration_ns / NS_PER_S:g} s" if task.min_duration_ns else ""
                facts.append((task.scenario, f"≥ {task.min_queries:,} samples{least}", task.run_citation))
                facts.append(("ids", ", ".join(task.ids), task.run_citation))
            run = ", ".join(task.scenario for task in one.tasks)
    return _Card(benchmark=one, facts=tuple(facts), run=run)


def _log_facts(one: TrainingBenchmark) -> list[Fact]:
    """What logs of a benchmark say, in a few words: how often they have an evaluation, and their keys."""
    cadence = one.log.cadence
    first = "" if cadence.first is None else f"first at {cadence.first.text}, then "
    facts: list[Fact] = [("evaluated", f"{first}every {cadence.every.text} {cadence.unit}", cadence.citation)]
    groups = [("closed logs", one.log.closed)]
    groups += [(f"{key} {value}", keys) for key, value, keys in one.log.chosen]
    for name, keys in groups:
        if keys:
            rules = [rule.key if rule.value is None else f"{rule.key}: {rule.value}" for rule in keys.values()]
            facts.append((name, "\n".join(rules), next(iter(keys.values())).citation))
    advice = [f"{key}: {rule}" for key, rule in one.log.advice.items()]
    if advice:
        facts.append(("by the text", "\n".join(advice), one.log.advice_citation))
    facts.append(("borrowed", f"as a group, but for {', '.join(one.borrowing.free)}", one.borrowing.citation))
    if one.borrowing.never:
        facts.append(("never borrowed", ", ".join(one.borrowing.never), one.borrowing.never_citation))
    if one.log.weights:
        facts.append(("initialised", f"{len(one.log.weights)} tensors", one.log.weights_citation))
    return facts


def _round_facts(rules: OtherRules) -> list[Fact]:
    facts: list[Fact] = [
        (one.name, f"{one.unit}, {'more' if one.higher_is_better else 'less'} is better", one.citation)
        for one in _measures(rules)
    ]
    match rules:
        case TrainingRules():
            limit = f"less than {rules.init_limit_ns / NS_PER_S / 60:g} minutes"
            facts.append(("initialisation", limit, rules.init_citation))
        case TinyRules():
            windows = (
                f"{rules.windows}, each ≥ {rules.min_window_ns / NS_PER_S:g} s and {rules.min_inferences} inferences"
            )
            facts.append(("windows", windows, rules.run_citation))
        case MobileRules():
            pass
    return facts


def _measures(rules: OtherRules) -> tuple[Measure, ...]:
    match rules:
        case TrainingRules():
            return (rules.measure,)
        case TinyRules():
            return (rules.throughput, rules.energy)
        case MobileRules():
            return tuple(one for _, one in rules.measures)


def _target(target: Target) -> str:
    """The bounds in full, with what is said about their source."""
    lower = "" if target.at_least is None else f"≥ {target.at_least:.8g}"
    lower = f"> {target.above:g}" if target.above is not None else lower
    upper = "" if target.at_most is None else f"≤ {target.at_most:.8g}"
    upper = f"< {target.below:g}" if target.below is not None else upper
    bounds = ", ".join(bound for bound in (lower, upper) if bound) + ("" if target.unit == "1" else f" {target.unit}")
    unverified = "" if target.verified else "\nunverified"
    return f"{bounds}{unverified}" + (f"\n{target.note}" if target.note else "")


def _show_benchmark(rules: OtherRules, card: _Card) -> None:
    one = card.benchmark
    draw(title(f"{one.name} in {rules.name}", f"\n {one.title}: {one.model} on {one.dataset}"))
    if one.aliases:
        draw(table(("", ""), [("also", ", ".join(one.aliases))], header=False))
    draw(table(("", "", "clause"), [(name, text, f"[dim]{citation.key}[/]") for name, text, citation in card.facts]))
    draw(title("Clauses", ""))
    citations = {citation.key: citation for _, _, citation in card.facts}
    rows = [(key, f"{found.document}, {found.section}\n[dim]{found.source}[/]") for key, found in citations.items()]
    draw(table(("", ""), rows, header=False))


# ------------------------------------------------------------------------------------------------------- JSON


def _benchmark_json(one: OtherBenchmark) -> dict[str, object]:
    common: dict[str, object] = {
        "name": one.name,
        "aliases": list(one.aliases),
        "title": one.title,
        "model": one.model,
        "dataset": one.dataset,
        "targets": [_target_json(target) for target in one.targets],
    }
    match one:
        case TrainingBenchmark():
            return common | {"runs": one.runs, "dropped": one.dropped, "log": _log_json(one)}
        case TinyBenchmark():
            return common | {"files": one.files, "classes": one.classes, "windows_per_file": one.windows_per_file}
        case MobileBenchmark():
            return common | {
                "tasks": {
                    task.scenario: {
                        "ids": list(task.ids),
                        "min_queries": task.min_queries,
                        "min_duration_ns": task.min_duration_ns,
                    }
                    for task in one.tasks
                }
            }


def _log_json(one: TrainingBenchmark) -> dict[str, object]:
    cadence = one.log.cadence
    return {
        "closed": _keys_json(one.log.closed),
        "chosen": [{"key": key, "value": value, "keys": _keys_json(keys)} for key, value, keys in one.log.chosen],
        "advice": {key: str(rule) for key, rule in one.log.advice.items()},
        "borrowing": {"free": list(one.borrowing.free), "never": list(one.borrowing.never)},
        "weights": list(one.log.weights),
        "evaluated": {
            "unit": cadence.unit,
            "every": cadence.every.text,
            "first": cadence.first and cadence.first.text,
            "last": cadence.last and cadence.last.text,
        },
    }


def _keys_json(keys: KeyRules) -> dict[str, object]:
    return {
        key: {"occurs": rule.occurs, "value": str(rule.value) if rule.value else "any value"}
        for key, rule in keys.items()
    }


def _target_json(target: Target) -> dict[str, object]:
    return {
        "key": target.key,
        "name": target.name,
        "unit": target.unit,
        "at_least": target.at_least,
        "at_most": target.at_most,
        "above": target.above,
        "below": target.below,
        "verified": target.verified,
        "note": target.note,
        "clause": str(target.citation),
    }
