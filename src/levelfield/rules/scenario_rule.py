"""From tables of a rule file to one :class:`ScenarioRule`: what holds for a benchmark in a scenario.

The same fields may stand in ``[defaults]``, ``[scenarios.S]``, ``[benchmarks.B]`` and ``[benchmarks.B.scenarios.S]``;
the innermost one holds. Each table is checked where it stands, so that a problem names the line that somebody wrote;
then the tables are laid over each other and read once more as a whole.
"""

from __future__ import annotations

from dataclasses import field

from levelfield.frozen import frozen
from levelfield.rules.document import laid_over
from levelfield.rules.model import (
    AccuracyMetric,
    Audit,
    AuditSetting,
    Citation,
    Document,
    LatencyLimit,
    LimitKind,
    ResultField,
    ScenarioRule,
    Sizes,
    Thresholds,
)
from levelfield.rules.table import Problems, Table
from levelfield.terms import Scenario

__all__ = ["RULE_FIELDS", "Shared", "check_audit_part", "check_cites", "check_rule_table", "scenario_rule"]

LIMITS = {
    "latency_limit_ns": LimitKind.LATENCY,
    "ttft_limit_ns": LimitKind.TTFT,
    "tpot_limit_ns": LimitKind.TPOT,
}
RULE_FIELDS = (
    "runs_as",
    "config_model",
    "percentile",
    "samples_per_query",
    "min_duration_ns",
    "min_queries",
    "min_samples",
    "early_stopping",
    "equal_issue",
    "token_latencies",
    *LIMITS,
    "dataset_samples",
    "accuracy_samples",
    "performance_samples",
    "performance_sample_count_override",
    "result_field",
    "result_divisor",
    "result_unit",
    "higher_is_better",
    "power_unit",
    "placeholder_latency_ns",
    "placeholder_qps",
    "accuracy",
    "audits",
    "cites",
)
UNCITED = {"result_divisor", "higher_is_better", "cites"}
"""Fields that say how to read another field, and so have its clause."""


@frozen
class Shared:
    """What the tables of single scenarios refer to."""

    citations: dict[str, Citation]
    metrics: Table
    audits: Table
    scenarios: tuple[str, ...]
    unchanged: dict[str, Audit] = field(default_factory=dict)
    """Audits that were read as they stand: nearly all scenarios change nothing of them."""


def check_rule_table(table: Table, shared: Shared) -> None:
    """Note what is wrong in one of the four tables that rule fields may stand in."""
    for name in RULE_FIELDS:
        if name not in table:
            continue
        match name:
            case "runs_as":
                table.choice(name, Scenario)
            case "config_model" | "result_field" | "result_unit" | "power_unit":
                table.text(name)
            case "percentile":
                table.share(name)
            case "early_stopping" | "equal_issue" | "token_latencies" | "higher_is_better":
                table.flag(name)
            case "min_duration_ns" | "performance_sample_count_override":
                table.integer(name)
            case "placeholder_qps":
                table.number(name)
            case "accuracy":
                for key, metric in table.table(name).tables():
                    table.check_known(key, shared.metrics.values, "metric", name)
                    _check_metric(metric)
            case "audits":
                for key, audit in table.table(name).tables():
                    table.check_known(key, shared.audits.values, "audit", name)
                    check_audit_part(audit, shared)
            case "cites":
                check_cites(table.table(name), shared)
            case _:
                table.integer(name, at_least=1)


def check_cites(cites: Table, shared: Shared) -> None:
    """Note citations of unknown fields, and unknown citations."""
    for key in cites.values:
        cites.check_known(key, set(RULE_FIELDS) - UNCITED, "field")
        cites.known(key, shared.citations, "citation")


def scenario_rule(
    benchmark: str, scenario: str, layers: list[Document], shared: Shared, problems: Problems
) -> ScenarioRule:
    """Lay the tables over each other, outermost first, and read what holds."""
    whole: Document = {"config_model": benchmark}
    if scenario in list(Scenario):
        whole["runs_as"] = scenario
    for layer in layers:
        whole = laid_over(whole, {key: layer[key] for key in RULE_FIELDS if key in layer})
    table = Table(whole, ("benchmarks", benchmark), problems)
    cites = _citations(table, shared)
    sizes = _sizes(table)
    percentile = table.share("percentile")
    return ScenarioRule(
        benchmark=benchmark,
        scenario=scenario,
        runs_as=table.choice("runs_as", Scenario),
        config_model=table.text("config_model"),
        percentile=percentile,
        samples_per_query=table.integer("samples_per_query", at_least=1),
        min_duration_ns=table.integer("min_duration_ns"),
        min_queries=table.integer("min_queries", at_least=1),
        min_samples=table.integer("min_samples", at_least=1),
        early_stopping=table.flag("early_stopping"),
        equal_issue=table.flag("equal_issue"),
        token_latencies=table.flag("token_latencies"),
        limits=_limits(table, percentile, cites),
        sizes=sizes,
        performance_sample_count_override=table.integer("performance_sample_count_override", default=sizes.performance),
        accuracy=_metrics(table, shared, cites),
        result=ResultField(
            key=table.text("result_field"),
            divisor=table.integer("result_divisor", at_least=1),
            unit=table.text("result_unit"),
            higher_is_better=table.flag("higher_is_better"),
            power_unit=table.text("power_unit"),
        ),
        audits=tuple(
            _audit(name, table.table("audits").table(name), shared)
            for name in shared.audits.values
            if name in _names(table, "audits")
        ),
        placeholder_latency_ns=table.integer("placeholder_latency_ns") if "placeholder_latency_ns" in table else None,
        placeholder_qps=table.optional_number("placeholder_qps"),
        citations=tuple(cites.items()),
    )


def _audit(name: str, own: Table, shared: Shared) -> Audit:
    """An audit with what a benchmark changes of it."""
    if not own.values and name in shared.unchanged:
        return shared.unchanged[name]
    whole = laid_over(shared.audits.table(name).values, own.values)
    table = Table(whole, own.path, own.problems)
    settings = table.table("settings")
    audit = Audit(
        name=name,
        title=table.text("title"),
        compared_with=table.text("compared_with") if "compared_with" in table else None,
        settings=tuple(AuditSetting(key=key, value=_setting(settings, key)) for key in settings.values),
        thresholds=_thresholds(table.table("thresholds"), shared),
        files=table.texts("files"),
        citation=shared.citations[table.text("cite")],
    )
    if not own.values:
        shared.unchanged[name] = audit
    return audit


def _names(table: Table, key: str) -> list[str]:
    value = table.values.get(key, {})
    return list(value) if isinstance(value, dict) else []


def _citations(table: Table, shared: Shared) -> dict[str, Citation]:
    """The clause of every value that stands in the table; each must have one."""
    cites = table.table("cites")
    found = {}
    for name in RULE_FIELDS:
        if name in UNCITED or name not in table:
            continue
        if name not in cites:
            cites.wrong(name, "the citation of this value")
            continue
        found[name] = shared.citations[cites.text(name)]
    return found


def _sizes(table: Table) -> Sizes:
    dataset = table.integer("dataset_samples", at_least=1)
    return Sizes(
        dataset=dataset,
        accuracy=table.integer("accuracy_samples", at_least=1, default=dataset),
        performance=table.integer("performance_samples", at_least=1),
    )


def _limits(table: Table, percentile: float | None, cites: dict[str, Citation]) -> tuple[LatencyLimit, ...]:
    found = []
    for name, kind in LIMITS.items():
        if name not in table:
            continue
        if percentile is None:
            table.wrong(name, "a percentile beside it")
        elif name in cites:
            limit_ns = table.integer(name, at_least=1)
            found.append(LatencyLimit(kind=kind, limit_ns=limit_ns, percentile=percentile, citation=cites[name]))
    return tuple(found)


def _check_metric(table: Table) -> None:
    for name in ("reference", "lower", "upper"):
        table.optional_number(name)
    for name in ("fraction", "delta_fraction"):
        table.share(name)
    if "upper_fraction" in table and table.number("upper_fraction") <= 1:
        table.wrong("upper_fraction", "a fraction above 1 (1.1 for 110 %)")
    table.text("note", "")
    table.finish()


def _metrics(table: Table, shared: Shared, cites: dict[str, Citation]) -> tuple[AccuracyMetric, ...]:
    if not _names(table, "accuracy"):
        table.wrong("accuracy", "at least one metric")
    found = []
    for key in _names(table, "accuracy"):
        entry = table.table("accuracy").table(key)
        what = shared.metrics.table(key)
        reference, fraction = entry.optional_number("reference"), entry.share("fraction")
        upper_fraction = entry.optional_number("upper_fraction")
        if (fraction is None) == ("lower" not in entry):
            entry.wrong("lower", "either a lower bound or a fraction of the reference, not both")
            continue
        if reference is None and (fraction is not None or upper_fraction is not None):
            entry.wrong("reference", "the number that the fraction is of")
            continue
        lower = entry.number("lower") if fraction is None else (reference or 0.0) * fraction
        upper = entry.optional_number("upper")
        if upper_fraction is not None:
            upper = (reference or 0.0) * upper_fraction
        if upper is not None and upper <= lower:
            entry.wrong("upper", f"more than the lower bound {lower!r}")
        if "accuracy" in cites:
            found.append(
                AccuracyMetric(
                    key=key,
                    name=what.text("name"),
                    unit=what.text("unit"),
                    pattern=what.text("pattern"),
                    reference=reference,
                    fraction=fraction,
                    lower=lower,
                    upper=upper,
                    delta_fraction=entry.share("delta_fraction"),
                    note=entry.text("note", ""),
                    citation=cites["accuracy"],
                )
            )
    return tuple(found)


def check_audit_part(table: Table, shared: Shared) -> None:
    """Note what is wrong in an audit, or in what a benchmark changes of one."""
    settings = table.table("settings")
    for key in settings.values:
        _setting(settings, key)
    _thresholds(table.table("thresholds"), shared)
    table.texts("files")
    if "cite" in table:
        table.known("cite", shared.citations, "citation")
    table.finish()


def _setting(table: Table, key: str) -> int | float:
    value = table.values[key]
    table.seen.add(key)
    if isinstance(value, str):
        return table.seed(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    table.wrong(key, "a number, as audit.config holds it")
    return 0


def _thresholds(table: Table, shared: Shared) -> Thresholds:
    relaxed = table.table("relaxed_up_to_ns")
    for scenario in relaxed.values:
        relaxed.check_known(scenario, shared.scenarios, "scenario")
    result = Thresholds(
        performance_fraction=table.share("performance_fraction"),
        faster_fraction=table.share("faster_fraction"),
        relaxed_fraction=table.share("relaxed_fraction"),
        relaxed_up_to_ns=tuple((key, relaxed.integer(key, at_least=1)) for key in relaxed.values),
        accuracy_fraction=table.share("accuracy_fraction"),
        score_min=table.optional_number("score_min"),
        output_tokens_min=table.optional_number("output_tokens_min"),
        output_tokens_max=table.optional_number("output_tokens_max"),
        entropy_fraction=table.share("entropy_fraction"),
    )
    table.finish()
    return result
