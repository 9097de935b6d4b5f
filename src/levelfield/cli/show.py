"""Carrying a run out for a person: progress while it lasts, then table, report and exit code."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from levelfield.cli.progress import Progress
from levelfield.cli.tables import print_closing
from levelfield.errors import OutputError
from levelfield.inference.report import write_report
from levelfield.inference.request import RunRequest
from levelfield.inference.result import Accuracy
from levelfield.inference.run import BenchmarkRun, run_benchmark
from levelfield.terms import Scenario
from levelfield.units import unit_suffix

__all__ = ["INTERRUPTED", "INVALID", "OK", "execute", "exit_code_of", "perform", "show"]

OK, INVALID, INTERRUPTED = 0, 1, 130


def execute(request: RunRequest, *, as_json: bool) -> int:
    """Run, show, and return the exit code."""
    run, report = perform(request)
    if as_json:
        click.echo(run.result_file.read_text(), nl=False)
    else:
        show(run, report)
    return exit_code_of(run)


def perform(request: RunRequest) -> tuple[BenchmarkRun, Path | None]:
    """Run with progress on standard error, and write the report if there is a result.

    Raises:
        LevelfieldError: The request cannot be run; nothing was measured.
    """
    progress = Progress(sys.stderr, os.environ)
    try:
        run = run_benchmark(request, listener=progress)
    finally:
        progress.close()
    if not run.runs:
        return run, None
    report = request.out / "report.html"
    try:
        write_report(report, run.runs)
    except OutputError as error:  # the table still tells what was measured
        return replace(run, failures=(*run.failures, error)), None
    return run, report


def show(run: BenchmarkRun, report: Path | None) -> None:
    """Print what came out: results on standard output, what broke on standard error."""
    paths = [("report", report)] if report is not None else []
    paths.append(("result", run.result_file))
    if run.results:
        print_closing(run.results, paths)
    else:
        for scenario, accuracy in run.accuracies:
            click.echo(_accuracy_line(scenario, accuracy))
        for name, path in paths:
            click.echo(f"{name:<12}{path}")
    for failure in run.failures:
        click.echo(f"levelfield: {failure.text()}", err=True)
    if run.interrupted:
        click.echo("levelfield: interrupted; what was measured until then is kept.", err=True)


def exit_code_of(run: BenchmarkRun) -> int:
    """130 interrupted, 1 when something does not hold (2: the disk is full), 0 when everything does."""
    if run.interrupted:
        return INTERRUPTED
    if run.failures:
        return run.failures[0].exit_code
    return OK if run.holds else INVALID


def _accuracy_line(scenario: Scenario, accuracy: Accuracy) -> str:
    verdict = "passes" if accuracy.passed else "FAILS"
    unit = unit_suffix(accuracy.unit)
    more = 0 if unit else 2  # a share of 1 has its first digit behind the point
    return (
        f"{scenario:<13}{accuracy.metric} {accuracy.value:.{3 + more}f}{unit} {verdict} the gate of "
        f"{accuracy.target:.{3 + more}f}{unit} (95 % interval {accuracy.confidence_low:.{2 + more}f} to "
        f"{accuracy.confidence_high:.{2 + more}f})"
    )
