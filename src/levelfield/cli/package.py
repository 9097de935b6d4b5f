"""``levelfield submission package`` and ``verify-log``: make a tree of runs, and hold a full log against one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from levelfield.submission.package.package import Package
    from levelfield.submission.package.training.entry import TrainingEntry
    from levelfield.submission.package.training.package import TrainingPackage

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
@click.option(
    "--round", "round_name", help="The round to hand in to.  [default: inference-v2.0, or training-v1.1 for its runs]"
)
def package(
    *,
    runs: tuple[Path, ...],
    org: str,
    division: str,
    out: Path,
    system_json: Path | None,
    infer: bool,
    rehearsal: bool,
    round_name: str | None,
) -> int:
    """Make the tree that is handed in, from the folders of runs and audits; of one suite at a time.

    \b
    levelfield submission package runs/* --org Example --division closed --out tree
    levelfield submission package levelfield-demo --org Example --division open --out tree --rehearsal
    levelfield submission package five-runs --org Example --division closed --out tree --system-json box.json
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.cli.choices import division_of
    from levelfield.submission.package.request import PackageRequest, hold_training

    training = hold_training(runs)
    request = PackageRequest(
        folders=runs,
        organisation=org,
        division=division_of(division),
        out=out,
        round=round_name or ("training-v1.1" if training else "inference-v2.0"),
        system_json=system_json,
        infer=infer,
        rehearsal=rehearsal,
    )
    if training:
        from levelfield.submission.package.training.package import package_training

        trained = package_training(request)
        for entry in trained.plan.entries:
            _show_entry(entry, trained.plan.system(entry))
        _show(trained, request.round)
        return 0
    from levelfield.submission.package.package import package as make

    made = make(request)
    for result in made.results:
        run = result.entry.run
        inferred = f"  (inferred from {run.scenario})" if result.inferred else ""
        click.echo(f"{result.system.id}  {run.benchmark}  {result.scenario}{inferred}")
    _show(made, request.round)
    return 0


def _show_entry(entry: TrainingEntry, system: str) -> None:
    """A benchmark on a system: how many runs, which of them, and those that count as the slowest."""
    count, wanted = len(entry.handed_in), entry.benchmark.runs
    runs = f"{count} runs" if count == wanted else f"{count} of {wanted} runs"
    score = "" if entry.minutes is None else f", {entry.minutes:.4g} minutes"
    window = ""
    if len(entry.runs) > wanted:
        window = f"  (runs {entry.first + 1} to {entry.first + wanted} of {len(entry.runs)}: the median window)"
    click.echo(f"{system}  {entry.benchmark.name}  {runs}{score}{window}")
    for one in entry.failed:
        click.echo(f"{'':<12}counts as the slowest: {one.run.path}: {one.log.failure or 'no time'}")


def _show(made: Package | TrainingPackage, round_name: str) -> None:
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
