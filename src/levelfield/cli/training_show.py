"""What a training command came to, for a person: a line for each run, the score, and where the files are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from levelfield.units import NS_PER_S, format_ns, format_number

if TYPE_CHECKING:
    from levelfield.training.result import Report, RunResult, Score
    from levelfield.training.run import Trained

__all__ = ["exit_code_of", "show"]

OK, FAILED, INTERRUPTED = 0, 1, 130


def exit_code_of(trained: Trained) -> int:
    """130 interrupted; what broke says its own; 1 where a run failed that the score does not forgive; else 0."""
    if trained.interrupted:
        return INTERRUPTED
    if trained.failure is not None:
        return trained.failure.exit_code
    score = trained.report.score
    if score is not None and score.minutes is not None:
        return OK
    return OK if all(run.status == "success" for run in trained.report.runs) else FAILED


def show(trained: Trained, *, as_json: bool) -> None:
    """Print the record, or what it says."""
    if as_json:
        click.echo(trained.report.to_json(), nl=False)
    else:
        _print_report(trained.report)
        click.echo(f"{'record':<12}{trained.record}")
        if trained.report.runs:
            click.echo(f"{'logs':<12}{(trained.record.parent / trained.report.runs[-1].log).parent}")
        if trained.report.header.request.get("keep_model") and trained.failure is None:
            click.echo(f"{'export it':<12}levelfield training export {trained.record.parent} --out FOLDER")
    if trained.failure is not None:
        click.echo(f"levelfield: {trained.failure.text()}", err=True)
    if trained.interrupted:
        click.echo("levelfield: interrupted; what was trained until then is kept, as an aborted run.", err=True)


def _print_report(report: Report) -> None:
    from levelfield.cli.drawing import draw, note, table, title

    header = report.header
    draw(title(f"{header.benchmark} ({header.edition})", f"{', '.join(header.targets)} · {header.device}"))
    columns = ("run", "status", "minutes", "epoch", "quality", "samples/s", "evals", "seed")
    draw(table(columns, [_row(run) for run in report.runs], right=[2, 3, 5, 6, 7]))
    for run in report.runs:
        for remark in _remarks(run):
            draw(note(f"run {run.number + 1}: {remark}"))
    if report.score is not None:
        click.echo(_score_line(report.score))


def _row(run: RunResult) -> tuple[str, ...]:
    last = run.quality[-1].quality if run.quality else {}
    quality = ", ".join(f"{name} {format_number(value)}" for name, value in last.items())
    return (
        str(run.number + 1),
        f"[green]{run.status}[/]" if run.succeeded else f"[red]{run.status}[/]",
        "" if run.minutes is None else format_number(run.minutes),
        f"{run.progress:,.6g}",
        quality,
        "" if run.samples_per_s is None else format_number(run.samples_per_s),
        format_ns(run.evaluation_s * NS_PER_S),
        f"{run.seed}{' (given)' if run.seed_given else ''}",
    )


def _remarks(run: RunResult) -> list[str]:
    """What a reader of the figures must know: a finite list."""
    found = []
    if run.reason:
        found.append(f"{run.reason.rstrip('.')}.")
    if run.resumed_after is not None:
        found.append(f"resumed after step {run.resumed_after}: for development, never scored.")
    if run.init_too_long:
        found.append("initialisation reached its limit; what came after it counts as training.")
    if abs(run.drift_ms) > 5:
        found.append(f"the wall clock was moved by {run.drift_ms:.0f} ms during the run; its minutes are not sure.")
    if run.utilisation is not None:
        found.append(f"{run.utilisation * 100:.1f} % of the peak arithmetic (MFU).")
    if run.joules is not None:
        found.append(f"{format_number(run.joules)} J by the processors' own counters.")
    return found


def _score_line(score: Score) -> str:
    label = f"{'score':<12}"
    if score.minutes is None:
        return f"{label}none: {score.explanation}"
    interval = ""
    if score.low is not None and score.high is not None and math.isfinite(score.low):
        interval = f" (95 % interval {format_number(score.low)} to {format_number(score.high)})"
    of = score.explanation if score.window_first is not None else f"{score.runs} runs"
    failed = f", {score.failed} failed" if score.failed else ""
    return f"{label}{format_number(score.minutes)} minutes{interval}, olympic mean of {of}{failed}"
