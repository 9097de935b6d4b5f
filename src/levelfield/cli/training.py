"""``levelfield training``: train a benchmark to its target under the clock of the rules, and what follows."""

from __future__ import annotations

import json
from typing import Unpack

import click

from levelfield.cli.training_borrow import command as borrow_command
from levelfield.cli.training_check import command as check_command
from levelfield.cli.training_export import command as export_command
from levelfield.cli.training_options import TrainingOptionsGiven, request_of, training_options
from levelfield.cli.training_score import command as score_command

__all__ = ["command"]

WIDE = 140
"""From this width on the terminal has room for what is trained on what."""


@click.group(name="training")
def command() -> None:
    """Train a benchmark to its target, under the clock of the rules."""


@command.command(name="run")
@training_options
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def run(*, as_json: bool, **given: Unpack[TrainingOptionsGiven]) -> int:
    """Train one or more times, log each run, and score them together.

    \b
    levelfield training run -b resnet
    levelfield training run -b dlrm --runs 5 --out five-runs
    torchrun --nproc-per-node 2 -m levelfield training run -b bert
    """  # noqa: D301 - click's mark for lines that stay as they are
    import os
    import sys

    from levelfield.cli.training_progress import TrainingProgress
    from levelfield.cli.training_show import exit_code_of, show
    from levelfield.training.needs import require_torch

    require_torch()
    request = request_of(given)
    from levelfield.training.distributed import processes_of
    from levelfield.training.run import run_training

    progress = TrainingProgress(sys.stderr, os.environ, runs=request.runs)
    trained = run_training(request, processes=processes_of(os.environ), watch=progress.watch)
    if trained is None:  # another process than the first
        return 0
    show(trained, as_json=as_json)
    return exit_code_of(trained)


@command.command(name="list")
@click.option("--rules", "round_name", default="training-v1.1", show_default=True, help="The round.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_benchmarks(*, round_name: str, as_json: bool) -> None:
    """List the benchmarks that can be trained, with targets and numbers of runs."""
    from levelfield.cli.drawing import draw, table
    from levelfield.rules import load_training
    from levelfield.terms import Edition
    from levelfield.training.catalog import available
    from levelfield.training.goals import targets_of

    rules = load_training(round_name)
    rows = [
        {
            "benchmark": benchmark.name,
            "runs": rules.benchmark(benchmark.name).runs,
            "full": rules.benchmark(benchmark.name).model + " on " + rules.benchmark(benchmark.name).dataset,
            "full target": ", ".join(map(str, targets_of(benchmark, Edition.FULL, rules))),
            "mini": benchmark.mini,
            "mini target": ", ".join(map(str, targets_of(benchmark, Edition.MINI, rules))),
        }
        for benchmark in available()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    headings = ["benchmark", "runs", "full target", "mini target"]
    if Console().width >= WIDE:
        headings += ["full", "mini"]
    draw(table(headings, [[str(row[name]) for name in headings] for row in rows], right=[1]))


command.add_command(score_command)
command.add_command(check_command)
command.add_command(borrow_command)
command.add_command(export_command)
