"""The closing table of a run or demo: a column per scenario, what is wrong in words, and where the files are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from levelfield.cli.terminal import encodable
from levelfield.inference.report.words import badge_of, caution, disturbance, metric_text, verdict_sentence
from levelfield.inference.result import InferenceResult
from levelfield.terms import Scenario
from levelfield.units import format_ns, format_number, unit_suffix

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["closing_table", "print_closing", "reasons"]

COLOURS = {"good": "green", "bad": "red", "warn": "yellow"}
LABEL_WIDTH, CELL_WIDTH = 12, 17


def print_closing(
    results: Sequence[InferenceResult], paths: Sequence[tuple[str, Path]], *, console: Console | None = None
) -> None:
    """Print table, reasons and paths to standard output.

    Args:
        results: In the order in which they are to be shown.
        paths: What to look at next, with its name: ``("report", Path("out/report.html"))``.
        console: Another place to print to.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = console or Console(highlight=False)
    at_once = max(1, (console.width - LABEL_WIDTH) // CELL_WIDTH)

    def show(text: str, style: str = "") -> None:
        inner = text.lstrip(" ")
        console.print(Padding(Text(encodable(inner, console), style=style), (0, 0, 0, len(text) - len(inner))))

    for first in range(0, len(results), at_once):
        group = results[first : first + at_once]
        cell_width = min(CELL_WIDTH, console.width - LABEL_WIDTH) - 1
        console.print(closing_table(group, cell_width=cell_width, encodable=lambda text: encodable(text, console)))
        console.print()
    told = reasons(results)
    for text in told:
        show(text, "" if text.startswith(" ") else "bold")
    if told:
        console.print()
    warning = caution(list(results))
    if warning:
        show(warning[0].upper() + warning[1:] + ".", "yellow")
    for name, path in paths:
        # Paths stay on one line, whole, so that a terminal can open them.
        console.print(Text(encodable(f"{name:<{LABEL_WIDTH}}{path}", console)), soft_wrap=True)


def closing_table(
    results: Sequence[InferenceResult], *, cell_width: int = CELL_WIDTH - 1, encodable: Callable[[str], str] = str
) -> Table:
    """The table alone.

    Args:
        results: Few enough for their columns to fit.
        cell_width: Columns of the terminal for each of them.
        encodable: Replaces what the terminal cannot show.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = ", ".join(dict.fromkeys(f"{result.benchmark} ({result.edition.value})" for result in results))
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=0,
        pad_edge=False,
        title=Text(encodable(names), style="bold"),
        title_justify="left",
        title_style="",
    )
    table.add_column("", min_width=LABEL_WIDTH)
    for result in results:
        table.add_column(result.scenario.value, justify="right", overflow="fold", min_width=max(3, cell_width))
    for label, cell in _ROWS:
        table.add_row(label, *(Text(encodable(cell(result)), style=_style(label, result)) for result in results))
    return table


def reasons(results: Sequence[InferenceResult]) -> list[str]:
    """What keeps runs from being valid, in words; lines that begin with a space belong to the one before."""
    found = []
    for result in results:
        verdict = result.verdict
        if not verdict.validity.usable:
            found.append(f"{result.scenario.value} is {verdict.validity.value}: {verdict_sentence(verdict)}")
            for condition in verdict.conditions:
                if not condition.met:
                    found.append(f"  {condition.name}: required {condition.required}, measured {condition.measured}.")
                    found += [f"    {condition.advice}"] if condition.advice else []
            found += [f"  error in the log: {error}" for error in verdict.errors]
            found += [f"  {told}" for told in filter(None, [disturbance(result.contention)])]
    for accuracy, scenarios in _missed_gates(results):
        found.append(f"Accuracy misses its gate ({scenarios}): {accuracy}.")
    return found


def _missed_gates(results: Sequence[InferenceResult]) -> list[tuple[str, str]]:
    missed: dict[str, list[str]] = {}
    for result in results:
        accuracy = result.accuracy
        if accuracy is not None and not accuracy.passed:
            digits, unit = 5, unit_suffix(accuracy.unit)
            text = (
                f"{accuracy.metric} is {format_number(accuracy.value, digits=digits)}{unit}, "
                f"required {format_number(accuracy.target, digits=digits)}{unit}"
            )
            missed.setdefault(text, []).append(result.scenario.value)
    return [(text, ", ".join(scenarios)) for text, scenarios in missed.items()]


def _verdict(result: InferenceResult) -> str:
    sign = badge_of(result.verdict.validity)
    return f"{sign.sign} {sign.word}"


def _accuracy(result: InferenceResult) -> str:
    accuracy = result.accuracy
    if accuracy is None:
        return "not measured"
    return f"{format_number(accuracy.value)}{unit_suffix(accuracy.unit)} {'✓' if accuracy.passed else '✗'}"


def _percentile(name: str) -> Callable[[InferenceResult], str]:
    def cell(result: InferenceResult) -> str:
        value = result.performance.latency_percentiles_ns.get(name)
        return "" if value is None or result.scenario is Scenario.OFFLINE else format_ns(value)

    return cell


def _lateness(result: InferenceResult) -> str:
    """Only Server has due times to be late for."""
    return "" if result.lateness.bound_ns is None else format_ns(result.lateness.p99_ns)


_ROWS: tuple[tuple[str, Callable[[InferenceResult], str]], ...] = (
    ("verdict", _verdict),
    ("metric", lambda result: " ".join(metric_text(result.metric))),
    ("", lambda result: result.metric.name),
    ("accuracy", _accuracy),
    ("latency p50", _percentile("50.00")),
    ("p90", _percentile("90.00")),
    ("p99", _percentile("99.00")),
    ("lateness p99", _lateness),
    ("queries", lambda result: f"{result.performance.query_count:,}"),
    ("samples", lambda result: f"{result.performance.sample_count:,}"),
    ("time", lambda result: format_ns(result.performance.duration_s * 1e9)),
)


def _style(label: str, result: InferenceResult) -> str:
    match label:
        case "verdict":
            return f"bold {COLOURS[badge_of(result.verdict.validity).class_]}"
        case "metric":
            return "bold"
        case "":
            return "dim"
        case "accuracy" if result.accuracy is not None:
            return "" if result.accuracy.passed else "red"
        case "lateness p99":
            return "" if result.lateness.met else "red"
        case _:
            return ""
