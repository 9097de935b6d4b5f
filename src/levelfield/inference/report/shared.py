"""The parts of the page that runs share: overview, accuracy, settings, system, software, rules, files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from levelfield.inference.report.run import ReportedRun
from levelfield.inference.report.sections import badge, facts
from levelfield.inference.report.words import accuracy_badge, accuracy_sentence, badge_of, metric_text
from levelfield.inference.result import Accuracy, InferenceResult
from levelfield.loadgen.configure import Provenance
from levelfield.page.axis import Axis
from levelfield.page.markup import Child, Markup, element, join, table
from levelfield.terms import Scenario
from levelfield.units import format_bytes, format_ns, format_number, unit_suffix

__all__ = ["accuracy_section", "details_sections", "grouped", "overview"]

T = TypeVar("T")


def grouped(runs: Sequence[ReportedRun], part: Callable[[InferenceResult], T]) -> list[tuple[T, str]]:
    """What runs share is shown once: each different part, with the scenarios that it holds for."""
    found: list[tuple[T, list[str]]] = []
    for run in runs:
        value = part(run.result)
        names = next((names for known, names in found if known == value), None)
        if names is None:
            found.append((value, [run.result.scenario.value]))
        else:
            names.append(run.result.scenario.value)
    return [(value, ", ".join(names)) for value, names in found]


def overview(runs: Sequence[ReportedRun], identifiers: Sequence[str]) -> Markup:
    """One card per run: scenario, verdict, headline number, and three figures that qualify it."""
    return element(
        "nav",
        element("ul", *(_card(run, name) for run, name in zip(runs, identifiers, strict=True)), class_="cards"),
        aria_label="Results by scenario",
    )


def _card(run: ReportedRun, identifier: str) -> Markup:
    result = run.result
    value, unit = metric_text(result.metric)
    return element(
        "li",
        element(
            "a",
            element("span", result.scenario.value, class_="scenario"),
            badge(badge_of(result.verdict.validity)),
            element("span", element("strong", value), f" {unit}", class_="big"),
            element("span", result.metric.name, class_="muted"),
            href=f"#{identifier}",
        ),
        facts(_qualifying(result)),
        class_=f"card {badge_of(result.verdict.validity).class_}",
    )


def _qualifying(result: InferenceResult) -> list[tuple[str, Child]]:
    """The figures that qualify the headline number."""
    performance, lateness = result.performance, result.lateness
    count = ("samples", f"{performance.sample_count:,}")
    if result.scenario is Scenario.OFFLINE:
        return [count, ("took", format_ns(performance.duration_s * 1e9))]
    named = performance.latency_percentiles_ns
    found: list[tuple[str, Child]] = [
        (f"p{float(name):g}", format_ns(named[name])) for name in ("50.00", "99.00") if name in named
    ]
    found.append(("queries", f"{performance.query_count:,}"))
    if lateness.bound_ns is not None:
        found.append(("lateness p99", format_ns(lateness.p99_ns)))
    return found


def accuracy_section(runs: Sequence[ReportedRun]) -> Markup:
    """Each different accuracy once."""
    parts = []
    for number, (accuracy, names) in enumerate(grouped(runs, lambda result: result.accuracy)):
        if accuracy is None:
            parts.append(element("p", f"Accuracy was not measured for {names}.", class_="muted"))
            continue
        parts.append(
            element(
                "div",
                element(
                    "p",
                    element("strong", format_number(accuracy.value, digits=5)),
                    f"{unit_suffix(accuracy.unit)} {accuracy.metric} ",
                    badge(accuracy_badge(accuracy)),
                    class_="metric",
                ),
                _gauge(accuracy, f"accuracy-{number}"),
                element("p", accuracy_sentence(accuracy)),
                element("p", f"Holds for {names}. Logged as ", element("code", accuracy.line), class_="muted"),
                class_="accuracy",
            )
        )
    return element(
        "section",
        element("h2", "Accuracy", id="accuracy-heading"),
        *parts,
        id="accuracy",
        aria_labelledby="accuracy-heading",
    )


def _gauge(accuracy: Accuracy, identifier: str) -> Markup:
    """Value and interval against gate and reference, on a scale that holds all of them."""
    values = (accuracy.value, accuracy.target, accuracy.reference, accuracy.confidence_low, accuracy.confidence_high)
    room = (max(values) - min(values)) * 0.15 or abs(accuracy.value) * 0.01 or 1.0
    scale = Axis(title="", low=min(values) - room, high=max(values) + room, start=12, end=688, ticks=())
    value, low, high = (scale.at(v) for v in (accuracy.value, accuracy.confidence_low, accuracy.confidence_high))
    gate, reference = scale.at(accuracy.target), scale.at(accuracy.reference)
    return element(
        "svg",
        element("title", f"{accuracy.metric} against its gate", id=f"{identifier}-title"),
        element("desc", accuracy_sentence(accuracy), id=f"{identifier}-desc"),
        element("rect", class_="wanted", x=gate, y=30, width=max(0.0, 688 - gate), height=28, rx=3),
        element("line", class_="axis", x1=12, x2=688, y1=58, y2=58),
        element("line", class_="flag target", x1=gate, x2=gate, y1=24, y2=64),
        _label("gate", accuracy.target, gate, 18),
        element("line", class_="flag percentile", x1=reference, x2=reference, y1=24, y2=64),
        _label("reference", accuracy.reference, reference, 80),
        element("line", class_="whisker", x1=low, x2=high, y1=44, y2=44),
        element("line", class_="whisker", x1=low, x2=low, y1=38, y2=50),
        element("line", class_="whisker", x1=high, x2=high, y1=38, y2=50),
        element("circle", class_="dot", cx=value, cy=44, r=6),
        class_="gauge",
        viewBox="0 0 700 88",
        role="img",
        aria_labelledby=f"{identifier}-title {identifier}-desc",
    )


def _label(name: str, value: float, place: float, y: float) -> Markup:
    anchor = "start" if place < 150 else "end" if place > 550 else "middle"
    text = f"{name} {format_number(value, digits=5)}"
    return element("text", text, class_="tick", x=place, y=y, text_anchor=anchor)


def details_sections(runs: Sequence[ReportedRun]) -> list[Markup]:
    """What is needed to judge or repeat the runs."""
    return [
        _section("Settings", _settings(runs)),
        _section("System", _each(runs, lambda result: result.system, _system)),
        _section("Software and model", _each(runs, lambda result: (result.backend, result.software), _software)),
        _section("Rules and seeds", _each(runs, _rules_of, _rules)),
        _section("Files", _files(runs)),
    ]


def _section(title: str, *children: Child) -> Markup:
    name = title.lower().replace(" ", "-")
    return element(
        "section", element("h2", title, id=f"{name}-heading"), *children, id=name, aria_labelledby=f"{name}-heading"
    )


def _each(runs: Sequence[ReportedRun], part: Callable[[InferenceResult], T], show: Callable[[T], Markup]) -> Markup:
    groups = grouped(runs, part)
    return join(join([element("h3", names) if len(groups) > 1 else None, show(value)]) for value, names in groups)


def _settings(runs: Sequence[ReportedRun]) -> Markup:
    """Every effective value once; what took the place of something else comes first and is always in sight."""
    holds: dict[Provenance, list[str]] = {}
    for run in runs:
        for line in run.result.settings:
            holds.setdefault(line, []).append(run.result.scenario.value)
    rows = [(line.name, "all" if len(names) == len(runs) else ", ".join(names), line) for line, names in holds.items()]
    if not rows:
        return element("p", "No setting was recorded.", class_="muted")
    changed = [row for row in rows if row[2].overridden]
    told = "Overridden settings, and what they took the place of:" if changed else "No setting was overridden."
    return join(
        [
            element("p", told),
            _setting_table(changed, "Overridden settings") if changed else None,
            element("details", element("summary", f"All {len(rows)} settings"), _setting_table(rows, "Settings")),
        ]
    )


def _setting_table(rows: Sequence[tuple[str, str, Provenance]], label: str) -> Markup:
    return table(
        ("setting", "value", "from", "took the place of", "scenario"),
        [(name, line.value, line.origin, "; ".join(line.overridden), where) for name, where, line in rows],
        label=label,
    )


def _system(system: dict[str, str]) -> Markup:
    known = [(name.replace("_", " "), value) for name, value in system.items() if value]
    unknown = [name for name, value in system.items() if not value]
    return join(
        [
            table(("field", "value"), known, label="System description") if known else None,
            element("p", "Nothing is known about the system.", class_="muted") if not known else None,
            element(
                "details",
                element("summary", f"{len(unknown)} fields that only the submitter can fill in"),
                element("p", ", ".join(unknown), class_="muted"),
            )
            if unknown
            else None,
        ]
    )


def _software(parts: tuple[dict[str, str], dict[str, str]]) -> Markup:
    backend, software = parts
    rows = [(name.replace("_", " "), value) for name, value in backend.items()]
    rows += [(f"package {name}", version) for name, version in software.items()]
    if not rows:
        return element("p", "Nothing was recorded.", class_="muted")
    return table(("what", "version or value"), rows, label="Software and model", class_="hashes")


def _rules_of(result: InferenceResult) -> tuple[tuple[str, str], ...]:
    return (
        ("rules", result.rules.name),
        ("rule file SHA-256", result.rules.sha256),
        ("profile of LoadGen", result.rules.profile),
        ("integer draw", result.rules.draw_variant),
        *((f"seed: {name}", str(seed)) for name, seed in result.seeds.items()),
    )


def _rules(rows: tuple[tuple[str, str], ...]) -> Markup:
    return table(("what", "value"), rows, label="Rules and seeds", class_="hashes")


def _files(runs: Sequence[ReportedRun]) -> Markup:
    rows = [
        (file.path, run.result.scenario.value, role, format_bytes(file.bytes), element("code", file.sha256))
        for run in runs
        for role, file in run.result.files.items()
    ]
    if not rows:
        return element("p", "No file is recorded.", class_="muted")
    head = ("file, from the folder of result.json", "scenario", "role", "size", "SHA-256")
    return table(head, rows, label="Files of the results", class_="hashes")
