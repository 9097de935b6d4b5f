"""``levelfield inference``: run a benchmark, list what can be run; audits and the search for the peak join in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Unpack

import click

from levelfield.cli.inference_audit import command as audit_command
from levelfield.cli.inference_data import command as data_command
from levelfield.cli.inference_peak import command as peak_command
from levelfield.cli.run_options import RunOptionsGiven, request_of, run_options
from levelfield.terms import Scenario

__all__ = ["command"]


@click.group(name="inference")
def command() -> None:
    """Measure a benchmark under the rules."""


@command.command(name="run")
@run_options
@click.option(
    "--scenario",
    "-s",
    multiple=True,
    default=("SingleStream",),
    show_default=True,
    help="SingleStream, MultiStream, Server or Offline; may be given several times; 'all' for all four.",
)
@click.option("--audit-config", type=click.Path(path_type=Path), help="An audit.config; never picked up by itself.")
@click.option("--no-accuracy", is_flag=True, help="Performance only: a quick look, no result.")
@click.option("--accuracy-only", is_flag=True, help="Accuracy only.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(
    *,
    scenario: tuple[str, ...],
    audit_config: Path | None,
    no_accuracy: bool,
    accuracy_only: bool,
    as_json: bool,
    **given: Unpack[RunOptionsGiven],
) -> int:
    """Run a benchmark and judge the result.

    \b
    levelfield inference run -b resnet50 -s all
    levelfield inference run -b resnet50 -s Server --qps 800 --out server-800
    levelfield inference run -b resnet50 --edition full --data imagenet/ --model resnet50.onnx --official
    """  # noqa: D301 - click's mark for lines that stay as they are
    from dataclasses import replace

    from levelfield.cli.choices import scenarios_of
    from levelfield.cli.show import execute
    from levelfield.errors import UsageError

    if no_accuracy and accuracy_only:
        raise UsageError("--no-accuracy and --accuracy-only leave nothing to run.", hint="Give at most one of them.")
    request = replace(
        request_of(given, scenarios=scenarios_of(scenario)),
        accuracy=not no_accuracy,
        performance=not accuracy_only,
        audit_conf=audit_config,
    )
    return execute(request, as_json=as_json)


@command.command(name="list")
@click.option("--rules", "round_name", default="inference-v2.0", show_default=True, help="The round.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_benchmarks(*, round_name: str, as_json: bool) -> None:
    """List the benchmarks that can be run, with scenarios, limits and targets."""
    from levelfield.inference.benchmarks import BENCHMARKS
    from levelfield.rules.load import load
    from levelfield.units import format_ns, unit_suffix

    rules = load(round_name)
    rows = []
    for benchmark in BENCHMARKS:
        found = rules.benchmark(benchmark.name)
        limits = [rule.limit() for rule in found.rules if rule.runs_as is Scenario.SERVER]
        metric = found.rules[0].accuracy[0]
        rows.append(
            {
                "benchmark": benchmark.name,
                "task": benchmark.title,
                "editions": "mini, full",
                "scenarios": ", ".join(rule.scenario for rule in found.rules),
                "server limit": ", ".join(format_ns(limit.limit_ns) for limit in limits if limit),
                "target (full)": f"{metric.name} {metric.lower:g}{unit_suffix(metric.unit)}",
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in rows[0]:
        table.add_column(heading)
    for row in rows:
        table.add_row(*row.values())
    Console(highlight=False).print(table)


command.add_command(audit_command)
command.add_command(data_command)
command.add_command(peak_command)
