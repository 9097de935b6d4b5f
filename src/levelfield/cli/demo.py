"""``levelfield demo``: the main job in about a minute, with nothing to download."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["command"]


@click.command(name="demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("levelfield-demo"), show_default=True, help="Output folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(*, out: Path, as_json: bool) -> int:
    """Measure the mini resnet50 in all four scenarios, check its accuracy, and write a report."""
    from levelfield.cli.show import execute
    from levelfield.inference.request import RunRequest
    from levelfield.terms import Scenario
    from levelfield.workloads.task import Precision

    if not as_json:
        click.echo("Image classification (resnet50, mini edition, int8) on this machine, in four scenarios.", err=True)
    request = RunRequest(benchmark="resnet50", scenarios=tuple(Scenario), out=out, precision=Precision.INT8)
    return execute(request, as_json=as_json)
