"""The part of the page that is about one run: verdict, conditions, latencies, plots, the load generator itself."""

from __future__ import annotations

from levelfield.inference.report.chart import Plot
from levelfield.inference.report.plots import lateness_plot, plots_of
from levelfield.inference.report.run import ReportedRun
from levelfield.inference.report.words import (
    Badge,
    badge_of,
    contention_sentence,
    lateness_sentence,
    metric_text,
    verdict_sentence,
)
from levelfield.inference.result import Condition, Lateness, Performance, Verdict
from levelfield.page.markup import Child, Markup, element, join, table
from levelfield.terms import Scenario
from levelfield.units import format_ns, format_number, format_rate

__all__ = ["badge", "facts", "run_section"]


def run_section(run: ReportedRun, identifier: str) -> Markup:
    """Everything about one run.

    Args:
        run: The run.
        identifier: Of the section, unique on the page.
    """
    result = run.result
    value, unit = metric_text(result.metric)
    late = lateness_plot(run, identifier)
    better = "higher" if result.metric.higher_is_better else "lower"
    return element(
        "section",
        element("h2", result.scenario.value, " ", badge(badge_of(result.verdict.validity)), id=f"{identifier}-heading"),
        element(
            "p",
            element("strong", value),
            f" {unit} ",
            element("span", f"{result.metric.name}, {better} is better", class_="muted"),
            class_="metric",
        ),
        element("p", verdict_sentence(result.verdict), class_="lead"),
        _missed(result.verdict),
        element("h3", "Conditions"),
        _conditions(result.verdict, result.scenario),
        *_latencies(result.performance, result.scenario),
        _plots(plots_of(run, identifier)) or element("p", "Too few queries completed for a plot.", class_="muted"),
        element("h3", "The load generator itself"),
        element("p", lateness_sentence(result.lateness, result.scenario)),
        element("p", contention_sentence(result.contention)) if result.contention else None,
        _lateness(result.lateness),
        _plots([late]) if late else None,
        id=identifier,
        class_="run",
        aria_labelledby=f"{identifier}-heading",
    )


def badge(sign: Badge) -> Markup:
    """A verdict as a sign."""
    return element(
        "span", element("span", sign.sign, aria_hidden="true"), f" {sign.word}", class_=f"badge {sign.class_}"
    )


def facts(pairs: list[tuple[str, Child]]) -> Markup:
    """Names and values."""
    return element(
        "dl",
        *(element("div", element("dt", name), element("dd", value)) for name, value in pairs),
        class_="facts",
    )


def _missed(verdict: Verdict) -> Markup | None:
    """What keeps the run from being valid, and what would help."""
    items = [
        element(
            "li",
            element("strong", condition.name),
            f": required {condition.required}, measured {condition.measured}. ",
            element("span", condition.advice, class_="advice") if condition.advice else None,
        )
        for condition in verdict.conditions
        if not condition.met
    ]
    items += [element("li", element("strong", "error in the log"), f": {error}") for error in verdict.errors]
    if not items:
        return None
    return element("div", element("h3", "What is wrong, and what would help"), element("ul", *items), class_="missed")


def _conditions(verdict: Verdict, scenario: Scenario) -> Markup:
    if not verdict.conditions:
        return element("p", "No condition was evaluated.", class_="muted")
    return table(
        ("condition", "met", "required", "measured", "rule"),
        [_condition(condition) for condition in verdict.conditions],
        label=f"Conditions of {scenario.value}",
        class_="conditions",
    )


def _condition(condition: Condition) -> tuple[Child, ...]:
    sign = Badge(class_="good", sign="✓", word="yes") if condition.met else Badge(class_="bad", sign="✗", word="no")
    return (condition.name, badge(sign), condition.required, condition.measured, condition.clause or "")


def _latencies(performance: Performance, scenario: Scenario) -> list[Markup]:
    """Counts and the percentiles that the logs hold."""
    counts: list[tuple[str, Child]] = [
        ("queries", f"{performance.query_count:,}"),
        ("samples", f"{performance.sample_count:,}"),
        ("until the last completion", format_ns(performance.duration_s * 1e9)),
        ("throughput", format_rate(performance.samples_per_s)),
    ]
    if performance.target_latency_ns is not None and performance.target_percentile is not None:
        share = f"{performance.target_percentile * 100:g} %"
        counts.append(("latency limit", f"{format_ns(performance.target_latency_ns)} for {share} of queries"))
    if performance.early_stopping_ns is not None:
        counts.append(("early-stopping estimate", format_ns(performance.early_stopping_ns)))
    columns = [
        ("min", performance.latency_min_ns),
        *((f"p{float(name):g}", value) for name, value in performance.latency_percentiles_ns.items()),
        ("max", performance.latency_max_ns),
        ("mean", performance.latency_mean_ns),
    ]
    heading = "Time from the start to completion" if scenario is Scenario.OFFLINE else "Latency"
    percentiles = table(
        ("", *(name for name, _ in columns)),
        [("per query" if scenario is Scenario.MULTI_STREAM else "per sample", *(format_ns(ns) for _, ns in columns))],
        label=f"{heading} of {scenario.value}",
        class_="numbers",
    )
    return [element("h3", heading), facts(counts), percentiles]


def _plots(plots: list[Plot]) -> Markup | None:
    if not plots:
        return None
    return element("div", join(plot.figure() for plot in plots), class_="plots")


def _lateness(lateness: Lateness) -> Markup:
    pairs: list[tuple[str, Child]] = []
    if lateness.bound_ns is not None:
        pairs += [
            ("lateness p50", format_ns(lateness.p50_ns)),
            ("p99", format_ns(lateness.p99_ns)),
            ("p99.9", format_ns(lateness.p999_ns)),
            ("max", format_ns(lateness.max_ns)),
            ("bound of p99", format_ns(lateness.bound_ns)),
        ]
    if lateness.overhead_ns_per_query is not None:
        pairs.append(("own CPU time", f"{format_number(lateness.overhead_ns_per_query, digits=3)} ns per query"))
    reason = f"{lateness.issuing_mode}: {lateness.issuing_reason}" if lateness.issuing_reason else lateness.issuing_mode
    return join([facts(pairs) if pairs else None, element("p", element("b", "Queries issued from "), reason)])
