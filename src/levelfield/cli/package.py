"""``levelfield submission package`` and ``verify-log``: make a tree of runs, and hold a full log against one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from levelfield.submission.package.package import Package

__all__ = ["package", "verify_log"]

SHOWN_REASONS = 5


@click.command(name="package")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--org", required=True, metavar="NAME", help="The submitter, as its folder is called.")
@click.option("--division", required=True, help="closed or open.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="An empty or new folder for the tree.")
@click.option("--system-json", type=click.Path(path_type=Path), help="What you state of the system: any of its fields.")
@click.option("--infer", is_flag=True, help="Claim scenarios from the logs of others, where the rules allow it (edge).")
@click.option("--rehearsal", is_flag=True, help="Package what is no result of the round, labelled so everywhere.")
@click.option("--round", "round_name", default="inference-v2.0", show_default=True, help="The round to hand in to.")
def package(
    *,
    runs: tuple[Path, ...],
    org: str,
    division: str,
    out: Path,
    system_json: Path | None,
    infer: bool,
    rehearsal: bool,
    round_name: str,
) -> int:
    """Make the tree that is handed in, from the folders of runs and audits.

    \b
    levelfield submission package runs/* --org Example --division closed --out tree
    levelfield submission package levelfield-demo --org Example --division open --out tree --rehearsal
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.cli.choices import division_of
    from levelfield.submission.package.package import package as make
    from levelfield.submission.package.request import PackageRequest

    made = make(
        PackageRequest(
            folders=runs,
            organisation=org,
            division=division_of(division),
            out=out,
            round=round_name,
            system_json=system_json,
            infer=infer,
            rehearsal=rehearsal,
        )
    )
    _show(made, round_name)
    return 0


def _show(made: Package, round_name: str) -> None:
    for result in made.results:
        run = result.entry.run
        inferred = f"  (inferred from {run.scenario})" if result.inferred else ""
        click.echo(f"{result.system.id}  {run.benchmark}  {result.scenario}{inferred}")
    click.echo(f"{'tree':<12}{made.root}  ({made.files} files)")
    needed = sum(item.needed for item in made.to_do)
    click.echo(f"{'to do':<12}{made.out / 'TODO.md'}  ({len(made.to_do)} to write, {needed} of them needed)")
    click.echo(f"{'next':<12}levelfield submission check {made.out} --round {round_name}")
    if made.reasons:
        more = len(made.reasons) - SHOWN_REASONS
        click.echo("levelfield: a rehearsal, not a result of the round:", err=True)
        for reason in made.reasons[:SHOWN_REASONS]:
            click.echo(f"  - {reason}", err=True)
        if more > 0:
            click.echo(f"  and {more} more in {made.root / 'REHEARSAL.md'}", err=True)


@click.command(name="verify-log")
@click.argument("log", type=click.Path(path_type=Path), metavar="FULL_LOG")
@click.argument("manifest", type=click.Path(path_type=Path), metavar="MANIFEST")
def verify_log(*, log: Path, manifest: Path) -> int:
    """Tell which accuracy log of a submission a full log is: MANIFEST is the accuracy_logs.json beside its code."""
    from levelfield.submission.package.log_manifest import verify_log as verify

    entry = verify(log, manifest)
    click.echo(f"{log} is the whole log of {entry.path}.")
    click.echo(f"{entry.whole.size_bytes:,} bytes, SHA-256 {entry.whole.sha256}, Merkle root {entry.whole.root}")
    return 0
