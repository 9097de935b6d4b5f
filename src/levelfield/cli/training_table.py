"""What checking and scoring a training round prints: scores, runs that do not count, convergence, both verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterable

import click

from levelfield.cli.submission_table import print_findings, print_head, print_ours, print_table
from levelfield.stats.rcp import Convergence, Status
from levelfield.submission.training.report import TrainingReport
from levelfield.submission.training.score import FolderScore
from levelfield.terms import Edition
from levelfield.units import format_number

__all__ = ["print_power", "print_scores", "print_training_report"]

NAME_WIDTH = 44
SHOWN = 12
"""Failed runs that are listed; the files hold all of them."""
COLOURS = {Status.FAIL: "red", Status.MISSING: "yellow"}


def print_training_report(report: TrainingReport) -> None:
    """Print everything that a check found."""
    print_head(report)
    print_scores(report)
    print_findings(report)
    _print_packages(report)
    print_ours(report)


def print_scores(report: TrainingReport) -> None:
    """Print a line for each system and benchmark, then what stands out in them."""
    if not report.scores:
        return
    heads = (
        "system",
        "benchmark",
        "minutes",
        "95 %",
        "runs",
        "failed",
        "batch",
        "convergence",
        "mean",
        "floor",
        "margin",
    )
    print_table((heads, *(_row(score) for score in report.scores)))
    _print_failed(report.scores)
    _print_convergence(report.scores)
    _print_windows(report.scores)


def _row(score: FolderScore) -> tuple[str, ...]:
    convergence = score.convergence
    margin = convergence.margin
    return (
        _name(score),
        score.benchmark if score.edition is Edition.FULL else f"{score.benchmark} (mini)",
        "none" if score.score is None else f"{score.score:.3f}",
        _interval(score),
        str(score.runs) if score.runs == score.runs_required else f"{score.runs} of {score.runs_required}",
        str(len(score.failed) or ""),
        "" if score.batch_size is None else f"{score.batch_size:.10g}",
        "" if convergence.status is Status.NOT_APPLICABLE else convergence.status.value,
        _figure(convergence.mean),
        _figure(convergence.floor),
        "" if margin is None else f"{margin:+.1%}".replace("%", " %"),
    )


def _name(score: FolderScore) -> str:
    """Submitter and system, cut in the middle: long names differ at their ends."""
    name = "/".join(part for part in (score.organisation, score.system) if part) or score.path
    if len(name) <= NAME_WIDTH:
        return name
    half = (NAME_WIDTH - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def _interval(score: FolderScore) -> str:
    if score.low is None or score.high is None:
        return ""
    return f"{score.low:.3f} or more" if math.isinf(score.high) else f"{score.low:.3f} to {score.high:.3f}"


def _figure(value: float | None) -> str:
    return "" if value is None else format_number(value, digits=5)


def _print_failed(scores: Iterable[FolderScore]) -> None:
    failed = [run for score in scores for run in score.failed]
    if not failed:
        return
    one = len(failed) == 1
    words = "run does not count, and is the slowest" if one else "runs do not count, and each is the slowest"
    click.secho(f"{len(failed)} {words} of its folder", bold=True)
    for run in failed[:SHOWN]:
        click.echo(f"    {run.path}:{run.line}" if run.line else f"    {run.path}")
        click.echo(f"        {run.reason}")
    if len(failed) > SHOWN:
        click.echo(f"    … and {len(failed) - SHOWN} more")
    click.echo()


def _print_convergence(scores: Iterable[FolderScore]) -> None:
    """Only verdicts that ask for something."""
    judged = [score for score in scores if score.convergence.status in {Status.FAIL, Status.MISSING}]
    if not judged:
        return
    click.secho("Convergence that needs a look", bold=True)
    for score in judged:
        verdict = click.style(f"{score.convergence.status.value:<8}", fg=COLOURS[score.convergence.status], bold=True)
        click.echo(f"    {verdict}{score.path}")
        click.echo(f"            {_explained(score.convergence, score)}")
    click.echo()


def _explained(convergence: Convergence, score: FolderScore) -> str:
    return f"{convergence.method} in set {score.points}: {convergence.explanation}"


def _print_windows(scores: Iterable[FolderScore]) -> None:
    for score in scores:
        if not score.windows:
            continue
        shown = ", ".join("none" if one.score is None else f"{one.score:.3f}" for one in score.windows)
        click.echo(f"{score.path}: {len(score.windows)} windows of {score.runs_required} runs, with the scores {shown}")
        if score.ambiguous:
            click.secho("    Two windows are in the middle; --median says which one counts.", fg="yellow")
    if any(score.windows for score in scores):
        click.echo()


def _print_packages(report: TrainingReport) -> None:
    click.echo(f"official summary: {report.official_results} scores, {report.official_no_results} folders without")
    passed = [package.path for package in report.official_packages if package.passed]
    if not report.official_packages:
        return
    words = f"no errors in {', '.join(passed)}" if passed else "errors in every folder"
    click.echo(f"official package check: {words}")
    for package in report.official_packages:
        for problem in package.problems:
            click.echo(f"    error {problem}")


def print_power(report: TrainingReport, *, speed_up: float) -> None:
    """Print how likely the test would see faster convergence, and with how many runs it would in four cases of five.

    Args:
        report: With its verdicts.
        speed_up: As a share of the reference's mean.
    """
    from levelfield.stats.rcp_power import power_of_test, runs_needed

    rows = []
    for score in report.scores:
        reference = score.convergence.reference
        if reference is None:
            continue
        power = power_of_test(reference, runs=score.runs_required, speed_up=speed_up)
        needed = runs_needed(reference, speed_up=speed_up)
        rows.append((_name(score), score.benchmark, f"{power:.0%}", "no number" if needed is None else str(needed)))
    if rows:
        click.secho(f"How likely the test sees convergence that is {100 * speed_up:g} % faster", bold=True)
        print_table((("system", "benchmark", "likely", "runs for 80 %"), *rows))
