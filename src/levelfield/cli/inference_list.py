"""``levelfield inference list``: which benchmarks there are, what each is run for, and what it must reach."""

from __future__ import annotations

import json

import click

from levelfield.terms import Scenario, Suite

__all__ = ["command"]

SHORT = {
    Scenario.SINGLE_STREAM: "SS",
    Scenario.MULTI_STREAM: "MS",
    Scenario.SERVER: "S",
    Scenario.OFFLINE: "O",
}
WIDE = 120
"""From this width on the terminal has room for the tasks."""


@click.command(name="list")
@click.option("--rules", "round_name", default="inference-v2.0", show_default=True, help="The round.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(*, round_name: str, as_json: bool) -> None:
    """List the benchmarks that can be run, with scenarios, limits and targets."""
    rows = _rows(round_name)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    columns = ["benchmark", "datacenter", "edge", "server limit", "target (full)"]
    columns += ["task"] if console.width >= WIDE else []
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    console.print(table)
    console.print(
        "\nEach in the mini edition, which ships with the package, and in the full edition, with your model and data."
    )
    legend = ", ".join(f"{short} {scenario}" for scenario, short in SHORT.items())
    console.print(f"What a closed submission needs: {legend}. Every benchmark runs in all four.")


def _rows(round_name: str) -> list[dict[str, str | list[str]]]:
    from levelfield.inference.benchmarks import BENCHMARKS
    from levelfield.rules.load import load
    from levelfield.units import format_ns, unit_suffix

    rules = load(round_name)
    rows: list[dict[str, str | list[str]]] = []
    for benchmark in BENCHMARKS:
        found = rules.benchmark(benchmark.name)
        limits = [rule.limit() for rule in found.rules if rule.runs_as is Scenario.SERVER]
        metric = found.rules[0].accuracy[0]
        required = {suite: list(scenarios.required) for suite, scenarios in found.suites}
        server = Scenario.SERVER in {name for names in required.values() for name in names}
        rows.append(
            {
                "benchmark": benchmark.name,
                "task": benchmark.title,
                "editions": ["mini", "full"],
                "scenarios": [rule.scenario for rule in found.rules],
                "datacenter": required.get(Suite.DATACENTER, []),
                "edge": required.get(Suite.EDGE, []),
                "server limit": ", ".join(format_ns(limit.limit_ns) for limit in limits if limit) if server else "",
                "target (full)": f"{metric.name} {metric.lower:g}{unit_suffix(metric.unit)}",
            }
        )
    return rows


def _cell(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(SHORT[Scenario(name)] for name in value) or "-"
