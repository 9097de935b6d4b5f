"""``levelfield inference``: run a benchmark, list what can be run; audits and the search for the peak join in."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from levelfield.cli.inference_audit import command as audit_command
from levelfield.cli.inference_data import command as data_command
from levelfield.cli.inference_list import command as list_command
from levelfield.cli.inference_peak import command as peak_command
from levelfield.cli.run_options import RunOptionsGiven, request_of, run_options

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


command.add_command(audit_command)
command.add_command(data_command)
command.add_command(list_command)
command.add_command(peak_command)
