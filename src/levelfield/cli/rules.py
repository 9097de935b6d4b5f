"""``levelfield rules``: look into the rule book."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import click

from levelfield.cli.drawing import draw, note, table, title
from levelfield.cli.other_rounds import listed, other_json, show_other
from levelfield.rules import AnyRules, Benchmark, LimitKind, RuleSet, ScenarioRule, available, load_any
from levelfield.rules.model import AccuracyMetric, Citation, SuiteScenarios
from levelfield.terms import Suite
from levelfield.units import NS_PER_MS, NS_PER_S, percentile_name

__all__ = ["command"]

SHORT = {"SingleStream": "SS", "MultiStream": "MS", "Server": "Srv", "Offline": "Off", "Interactive": "Int"}
LIMIT_NAMES = {
    LimitKind.LATENCY: "latency limit",
    LimitKind.TTFT: "first token limit",
    LimitKind.TPOT: "per token limit",
}


@click.group(name="rules")
def command() -> None:
    """Look into the rule book: rounds, benchmarks, limits, targets."""


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(*, as_json: bool) -> None:
    """List the rounds that ship with the package."""
    rounds = [load_any(name) for name in available()]
    if as_json:
        click.echo(json.dumps([_any_json(rules) for rules in rounds], indent=2))
        return
    rows = [
        (f"[bold]{rules.name}[/]", str(len(rules.benchmarks)), *_measured(rules), rules.sha256[:12]) for rules in rounds
    ]
    draw(table(("round", "benchmarks", "what is measured", "runs by", "rule file"), rows, right={1}))
    draw(note(f"[dim]levelfield rules show {rounds[0].name}[/] shows one."))


def _measured(rules: AnyRules) -> tuple[str, str]:
    if isinstance(rules, RuleSet):
        return ", ".join(rules.scenarios), f"LoadGen {rules.profile}"
    return listed(rules)


def _any_json(rules: AnyRules) -> dict[str, object]:
    return _round_json(rules) if isinstance(rules, RuleSet) else other_json(rules, None, None)


@command.command()
@click.argument("name")
@click.option("--benchmark", help="Only this benchmark, in detail.")
@click.option("--scenario", help="Only this scenario.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(*, name: str, benchmark: str | None, scenario: str | None, as_json: bool) -> None:
    """Show the rules of a round, of a benchmark, or of one scenario.

    \b
    levelfield rules show inference-v2.0
    levelfield rules show inference-v2.0 --benchmark resnet50 --scenario Server
    levelfield rules show training-v1.1 --benchmark bert
    """  # noqa: D301 - \b is click's mark for text that is not to be wrapped
    rules = load_any(name)
    if not isinstance(rules, RuleSet):
        if as_json:
            click.echo(json.dumps(other_json(rules, benchmark, scenario), indent=2, ensure_ascii=False))
        else:
            show_other(rules, benchmark, scenario)
        return
    chosen = [rules.benchmark(benchmark)] if benchmark else list(rules)
    wanted = chosen[0].rule(scenario).scenario if scenario else None
    if as_json:
        value = _round_json(rules) | {"benchmarks": [_benchmark_json(one, wanted) for one in chosen]}
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return
    if benchmark is None:
        _show_round(rules, wanted)
    else:
        _show_benchmark(rules, chosen[0], wanted)


# -------------------------------------------------------------------------------------------------- the round


def _show_round(rules: RuleSet, scenario: str | None) -> None:
    draw(title(f"MLPerf {rules.family} {rules.version}", f"LoadGen {rules.profile}, {rules.draw_variant} draw"))
    rows: list[Sequence[str]] = [
        (
            f"[bold]{one.name}[/]",
            _targets(one.rule(scenario or rules.scenarios[0]).accuracy),
            _limits(one, scenario),
            _scenarios(one, Suite.DATACENTER),
            _scenarios(one, Suite.EDGE),
        )
        for one in rules
        if scenario is None or any(scenario in found.names for _, found in one.suites)
    ]
    draw(table(("benchmark", "accuracy", "limit", "datacenter", "edge"), rows))
    draw(note("\n" + ", ".join(f"{SHORT[word]} {word}" for word in rules.scenarios if word in SHORT)))
    draw(title("Every run", ""))
    rows = [_run_row(rules, name) for name in rules.scenarios if scenario in {None, name}]
    draw(table(("scenario", "tail", "duration", "queries", "samples", "result"), rows, right={1, 2, 3, 4}))
    if any(rule.early_stopping for rule in rules.benchmarks[0].rules):
        draw(note("* Fewer are enough where the early-stopping condition holds."))
    seeds = (("qsl", rules.seeds.qsl), ("sample index", rules.seeds.sample_index), ("schedule", rules.seeds.schedule))
    draw(title("Seeds", rules.seeds.citation.clause))
    draw(table(("", ""), [(seed, str(value)) for seed, value in seeds], header=False))
    draw(title("Sources", ""))
    sources = [(source.key, str(source), source.date) for source in rules.sources]
    draw(table(("", "", ""), sources, header=False))
    files = [(file.name, f"SHA-256 {file.sha256[:16]}", "") for file in rules.files]
    draw(table(("", "", ""), files, header=False))
    draw(note(f"\nlevelfield rules show {rules.name} --benchmark {rules.benchmarks[0].name}   shows clauses"))


def _targets(metrics: Sequence[AccuracyMetric]) -> str:
    return "\n".join(f"{metric.key} {_bounds(metric)}" for metric in metrics)


def _bounds(metric: AccuracyMetric) -> str:
    return f"≥ {metric.lower:.8g}" if metric.upper is None else f"{metric.lower:.8g} to {metric.upper:.8g}"


def _limits(benchmark: Benchmark, scenario: str | None) -> str:
    lines = []
    for rule in benchmark.rules:
        if scenario not in {None, rule.scenario} or not any(rule.scenario in s.names for _, s in benchmark.suites):
            continue
        limits = " / ".join(f"{limit.limit_ns / NS_PER_MS:g}" for limit in rule.limits)
        lines += [f"{SHORT.get(rule.scenario, rule.scenario)} {limits} ms"] if limits else []
    return "\n".join(lines) or "[dim]-[/]"


def _scenarios(benchmark: Benchmark, suite: Suite) -> str:
    found = benchmark.in_suites(frozenset({suite}))
    return "[dim]-[/]" if found is None else _scenario_list(found)


def _scenario_list(found: SuiteScenarios) -> str:
    in_groups = {name for group in found.one_of for name in group}
    parts = [SHORT.get(name, name) for name in found.required]
    parts += [" or ".join(SHORT.get(name, name) for name in group) for group in found.one_of]
    parts += [f"({SHORT.get(name, name)})" for name in found.optional if name not in in_groups]
    return ", ".join(parts)


def _run_row(rules: RuleSet, scenario: str) -> tuple[str, ...]:
    """What holds in a scenario for the benchmarks that have it; "varies" where it depends on which."""
    having = [one for one in rules if any(scenario in found.names for _, found in one.suites)]
    rows = [_run_cells(one.rule(scenario)) for one in having or rules]
    return tuple(cells[0] if len(set(cells)) == 1 else "varies" for cells in zip(*rows, strict=True))


def _run_cells(rule: ScenarioRule) -> tuple[str, ...]:
    star = "*" if rule.early_stopping else ""
    per_query = f"{rule.samples_per_query} a query" if rule.samples_per_query > 1 else "1 a query"
    samples = f"≥ {rule.min_samples:,}" if rule.min_samples > 1 else per_query
    return (
        rule.scenario if rule.scenario == rule.runs_as else f"{rule.scenario} (runs {rule.runs_as})",
        "-" if rule.percentile is None else percentile_name(rule.percentile),
        _seconds(rule),
        f"{rule.min_queries:,}{star}",
        samples,
        rule.result.unit,
    )


def _seconds(rule: ScenarioRule) -> str:
    return f"{rule.min_duration_ns / NS_PER_S:g} s" if rule.min_duration_ns else "none"


# ---------------------------------------------------------------------------------------------- one benchmark


def _show_benchmark(rules: RuleSet, benchmark: Benchmark, scenario: str | None) -> None:
    draw(title(f"{benchmark.name} in {rules.name}", f"\n {benchmark.model} on {benchmark.dataset}"))
    facts = [(str(suite), ", ".join(found.names)) for suite, found in benchmark.suites]
    if benchmark.checker_name != benchmark.name:
        facts.append(("checker's name", benchmark.checker_name))
    if benchmark.aliases:
        facts.append(("also", ", ".join(benchmark.aliases)))
    facts += [("note", note) for note in benchmark.notes]
    draw(table(("", ""), facts, header=False))
    used = {name for _, found in benchmark.suites for name in found.names}
    shown = [rule for rule in benchmark.rules if (rule.scenario == scenario if scenario else rule.scenario in used)]
    facts_of = [list(_facts(rule)) for rule in shown]
    shared = [fact for fact in facts_of[0] if len(shown) > 1 and all(fact in facts for facts in facts_of)]
    if shared:
        _show_facts("Every scenario", "", shared)
    for rule, own in zip(shown, facts_of, strict=True):
        runs = "" if rule.scenario == rule.runs_as else f"runs LoadGen's {rule.runs_as}"
        _show_facts(rule.scenario, runs, [fact for fact in own if fact not in shared])
    if any(rule.early_stopping for rule in shown):
        draw(note("\n* Fewer are enough where the early-stopping condition holds."))
    for remark in dict.fromkeys(metric.note for rule in shown for metric in rule.accuracy if metric.note):
        draw(note(f"\n{remark}"))
    draw(title("Clauses", ""))
    citations = {citation.key: citation for facts in facts_of for _, _, citation in facts}
    rows = [(key, f"{found.document}, {found.section}\n[dim]{found.source}[/]") for key, found in citations.items()]
    draw(table(("", ""), rows, header=False))


def _show_facts(heading: str, detail: str, facts: Iterable[tuple[str, str, Citation]]) -> None:
    draw(title(heading, detail))
    rows = [(name, value, f"[dim]{citation.key}[/]") for name, value, citation in facts]
    draw(table(("", "", "clause"), rows))


def _facts(rule: ScenarioRule) -> Iterable[tuple[str, str, Citation]]:
    """What a person asks about a rule: name, value with unit, clause."""
    yield "result", f"{rule.result.unit}, {_better(rule)}\nlog key {rule.result.key}", rule.citation("result_field")
    for metric in rule.accuracy:
        unit = "" if metric.unit == "1" else f" {metric.unit}"
        of = f"\n{metric.fraction * 100:g} % of {metric.reference:.8g}" if metric.fraction and metric.reference else ""
        yield metric.name, f"{_bounds(metric)}{unit}{of}", metric.citation
    for limit in rule.limits:
        value = f"{percentile_name(limit.percentile)} ≤ {limit.limit_ns / NS_PER_MS:g} ms"
        yield LIMIT_NAMES[limit.kind], value, limit.citation
    if rule.percentile is not None and not rule.limits:
        yield "tail that counts", percentile_name(rule.percentile), rule.citation("percentile")
    yield "duration", f"≥ {_seconds(rule)}" if rule.min_duration_ns else "any", rule.citation("min_duration_ns")
    yield "queries", f"≥ {rule.min_queries:,}{'*' if rule.early_stopping else ''}", rule.citation("min_queries")
    if rule.samples_per_query > 1:
        yield "samples per query", f"{rule.samples_per_query}", rule.citation("samples_per_query")
    if rule.min_samples > 1:
        yield "samples per query", f"≥ {rule.min_samples:,}", rule.citation("min_samples")
    sizes = rule.sizes
    yield "dataset", f"{sizes.dataset:,} samples", rule.citation("dataset_samples")
    if sizes.accuracy != sizes.dataset:
        yield "accuracy run", f"{sizes.accuracy:,} samples", rule.citation("accuracy_samples")
    yield "loaded at least", f"{sizes.performance:,} samples", rule.citation("performance_samples")
    if rule.equal_issue:
        yield "equal issue", "every sample equally often", rule.citation("equal_issue")
    if rule.audits:
        yield "audits", ", ".join(audit.name for audit in rule.audits), rule.citation("audits")


def _citations(rule: ScenarioRule) -> list[Citation]:
    return [citation for _, _, citation in _facts(rule)]


def _better(rule: ScenarioRule) -> str:
    return "more is better" if rule.result.higher_is_better else "less is better"


# ------------------------------------------------------------------------------------------------------- JSON


def _round_json(rules: RuleSet) -> dict[str, object]:
    seeds = rules.seeds
    return {
        "name": rules.name,
        "extends": rules.extends,
        "profile": rules.profile,
        "draw_variant": rules.draw_variant,
        "sha256": rules.sha256,
        "files": [{"name": file.name, "sha256": file.sha256} for file in rules.files],
        "scenarios": list(rules.scenarios),
        "seeds": {"qsl": seeds.qsl, "sample_index": seeds.sample_index, "schedule": seeds.schedule},
        "benchmarks": [benchmark.name for benchmark in rules],
    }


def _benchmark_json(benchmark: Benchmark, scenario: str | None) -> dict[str, object]:
    return {
        "name": benchmark.name,
        "checker_name": benchmark.checker_name,
        "aliases": list(benchmark.aliases),
        "model": benchmark.model,
        "dataset": benchmark.dataset,
        "suites": {
            suite: {
                "required": list(found.required),
                "optional": list(found.optional),
                "one_of": [list(group) for group in found.one_of],
                "accuracy_only": list(found.accuracy_only),
            }
            for suite, found in benchmark.suites
        },
        "notes": list(benchmark.notes),
        "scenarios": {rule.scenario: _rule_json(rule) for rule in benchmark.rules if scenario in {None, rule.scenario}},
    }


def _rule_json(rule: ScenarioRule) -> dict[str, object]:
    return {
        "runs_as": rule.runs_as,
        "percentile": rule.percentile,
        "samples_per_query": rule.samples_per_query,
        "min_duration_ns": rule.min_duration_ns,
        "min_queries": rule.min_queries,
        "min_samples": rule.min_samples,
        "early_stopping": rule.early_stopping,
        "equal_issue": rule.equal_issue,
        "limits": [
            {"kind": limit.kind, "limit_ns": limit.limit_ns, "percentile": limit.percentile} for limit in rule.limits
        ],
        "samples": {
            "dataset": rule.sizes.dataset,
            "accuracy": rule.sizes.accuracy,
            "performance": rule.sizes.performance,
        },
        "accuracy": [
            {
                "key": metric.key,
                "unit": metric.unit,
                "reference": metric.reference,
                "fraction": metric.fraction,
                "lower": metric.lower,
                "upper": metric.upper,
                "note": metric.note,
            }
            for metric in rule.accuracy
        ],
        "result": {
            "key": rule.result.key,
            "divisor": rule.result.divisor,
            "unit": rule.result.unit,
            "higher_is_better": rule.result.higher_is_better,
        },
        "audits": [audit.name for audit in rule.audits],
        "clauses": {name: str(citation) for name, citation in rule.citations},
    }
