"""``levelfield inference data``: look at a copy of a dataset before a long run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

__all__ = ["command"]


@click.command(name="data")
@click.option("--benchmark", "-b", required=True, help="For example bert-99.")
@click.option("--check", "folder", required=True, type=click.Path(path_type=Path), help="The dataset folder.")
@click.option("--rules", "round_name", default="inference-v2.0", show_default=True, help="The round.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(*, benchmark: str, folder: Path, round_name: str, as_json: bool) -> int:
    """Check a copy of a dataset: names, counts, and checksums where they are published.

    Exit code 1 if something is wrong with it.
    """
    from levelfield.errors import DatasetError, UsageError
    from levelfield.inference.benchmarks import BENCHMARKS, benchmark_named
    from levelfield.rules.load import load

    found = benchmark_named(benchmark, load(round_name))
    if found.check is None:
        able = ", ".join(known.name for known in BENCHMARKS if known.check is not None)
        raise UsageError(f"levelfield cannot check a copy of the dataset of {found.name} yet.", hint=f"It can for: {able}.")
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the dataset folder with --check.")
    report = found.check(folder)
    if as_json:
        click.echo(json.dumps({"benchmark": found.name, **asdict(report)}, indent=2))
        return 1 if report.problems else 0
    click.echo(f"{report.dataset} for {found.name}, in {folder}")
    width = max((len(name) for name, _ in report.facts), default=0)
    for name, value in report.facts:
        click.echo(f"  {name:<{width}}  {value}")
    if not report.problems:
        click.echo("Everything is as it should be.")
        return 0
    count = len(report.problems)
    click.echo(f"{count} {'thing is' if count == 1 else 'things are'} wrong:")
    for problem in report.problems:
        click.echo(f"  - {problem}")
    return 1
