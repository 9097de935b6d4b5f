"""``levelfield inference``: run a benchmark, list what can be run."""

from __future__ import annotations

import json
from pathlib import Path

import click

from levelfield.terms import Scenario

__all__ = ["command"]


@click.group(name="inference")
def command() -> None:
    """Measure a benchmark under the rules."""


@command.command(name="run")
@click.option("--benchmark", "-b", required=True, help="For example resnet50.")
@click.option(
    "--scenario",
    "-s",
    multiple=True,
    default=("SingleStream",),
    show_default=True,
    help="SingleStream, MultiStream, Server or Offline; may be given several times; 'all' for all four.",
)
@click.option("--edition", default="mini", show_default=True, help="mini (ships with the package) or full (yours).")
@click.option("--out", type=click.Path(path_type=Path), help="An empty or new folder.  [default: levelfield-BENCHMARK]")
@click.option("--rules", default="inference-v2.0", show_default=True, help="The round whose rules hold.")
@click.option("--official", is_flag=True, help="The round's full durations and counts; nothing it fixes may change.")
@click.option("--data", type=click.Path(path_type=Path), help="The dataset folder (full edition).")
@click.option("--model", type=click.Path(path_type=Path), help="A model file.  [default: the one that ships (mini)]")
@click.option("--precision", default="fp32", show_default=True, help="Which shipped model: fp32 or int8.")
@click.option("--backend", default="onnxruntime", show_default=True, help="The runtime.")
@click.option("--threads", type=int, help="Threads of the runtime in each call.  [default: by scenario]")
@click.option("--workers", type=int, help="Threads that call the runtime; 0 = the issuing one.  [default: by scenario]")
@click.option("--batch", type=int, help="Most samples in a call.  [default: by scenario]")
@click.option("--batch-delay", type=float, metavar="MS", help="How long a worker waits for a fuller batch.")
@click.option("--duration", type=float, metavar="SECONDS", help="Minimum duration.  [default: 4, or the rule's]")
@click.option("--qps", type=float, help="Target rate in Server, expected rate in Offline.  [default: measured]")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any setting, by its key in mlperf.conf.")
@click.option("--user-conf", multiple=True, type=click.Path(path_type=Path), help="A user.conf in LoadGen's format.")
@click.option("--config", type=click.Path(path_type=Path), help="A levelfield.toml with a [settings] table.")
@click.option("--audit-config", type=click.Path(path_type=Path), help="An audit.config; never picked up by itself.")
@click.option("--no-accuracy", is_flag=True, help="Performance only: a quick look, no result.")
@click.option("--accuracy-only", is_flag=True, help="Accuracy only.")
@click.option("--issuing", default="auto", show_default=True, help="Server: auto, inline, or process (one of its own).")
@click.option("--stall", type=float, metavar="SECONDS", help="No completion for this long ends the run.")
@click.option("--system-name", help="The system's folder name.  [default: after the processor]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run(
    *,
    benchmark: str,
    scenario: tuple[str, ...],
    edition: str,
    out: Path | None,
    rules: str,
    official: bool,
    data: Path | None,
    model: Path | None,
    precision: str,
    backend: str,
    threads: int | None,
    workers: int | None,
    batch: int | None,
    batch_delay: float | None,
    duration: float | None,
    qps: float | None,
    settings: tuple[str, ...],
    user_conf: tuple[Path, ...],
    config: Path | None,
    audit_config: Path | None,
    no_accuracy: bool,
    accuracy_only: bool,
    issuing: str,
    stall: float | None,
    system_name: str | None,
    as_json: bool,
) -> int:
    """Run a benchmark and judge the result.

    \b
    levelfield inference run -b resnet50 -s all
    levelfield inference run -b resnet50 -s Server --qps 800 --out server-800
    levelfield inference run -b resnet50 --edition full --data imagenet/ --model resnet50.onnx --official
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.backends import backend_named
    from levelfield.cli.choices import edition_of, issuing_of, precision_of, scenarios_of
    from levelfield.cli.show import execute
    from levelfield.errors import UsageError
    from levelfield.inference.request import RunRequest, ServingOverrides

    if no_accuracy and accuracy_only:
        raise UsageError("--no-accuracy and --accuracy-only leave nothing to run.", hint="Give at most one of them.")
    request = RunRequest(
        benchmark=benchmark,
        scenarios=scenarios_of(scenario),
        out=out or Path(f"levelfield-{benchmark}"),
        edition=edition_of(edition),
        rules=rules,
        official=official,
        accuracy=not no_accuracy,
        performance=not accuracy_only,
        backend=backend_named(backend),
        precision=precision_of(precision),
        model=model,
        data=data,
        serving=ServingOverrides(threads=threads, workers=workers, batch_size=batch, batch_delay_ms=batch_delay),
        system_name=system_name,
        user_conf=user_conf,
        native_conf=config,
        audit_conf=audit_config,
        settings=(*settings, *((f"target_qps={qps!r}",) if qps is not None else ())),
        duration_s=duration,
        issuing=issuing_of(issuing),
        stall_s=stall,
    )
    return execute(request, as_json=as_json)


@command.command(name="list")
@click.option("--rules", "round_name", default="inference-v2.0", show_default=True, help="The round.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_benchmarks(*, round_name: str, as_json: bool) -> None:
    """List the benchmarks that can be run, with scenarios, limits and targets."""
    from levelfield.inference.benchmarks import BENCHMARKS
    from levelfield.rules.load import load
    from levelfield.units import format_ns

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
                "target (full)": f"{metric.name} {metric.lower:g} {metric.unit}",
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
