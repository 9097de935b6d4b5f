"""``levelfield inference audit``: the round's compliance audits, run and judged in one command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from levelfield.inference.audit.record import AuditResult, Estimate, PayloadComparison, ScoreComparison
    from levelfield.inference.audit.run import AuditRun

__all__ = ["command"]

MARKS = {"PASS": ("✓", "green"), "FAIL": ("✗", "red"), "NOT DECIDABLE": ("?", "yellow")}


@click.command(name="audit")
@click.argument("folder", type=click.Path(path_type=Path), metavar="[RUN_FOLDER]", required=False)
@click.option("--benchmark", "-b", help="Without RUN_FOLDER: make the run first, of this benchmark's mini edition.")
@click.option("--out", type=click.Path(path_type=Path), help="Where that run goes.  [default: levelfield-BENCHMARK]")
@click.option(
    "--scenario", "-s", multiple=True, help="Which scenarios; may be repeated.  [default: all that were measured]"
)
@click.option("--test", "tests", multiple=True, help="TEST01, TEST04 or TEST05; may be repeated.  [default: all]")
@click.option(
    "--pairs",
    type=click.IntRange(0, 1000),
    help="Reference and audit by turns, so often, where two runs leave it open.  [default: 12; with --official 0]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def command(
    *,
    folder: Path | None,
    benchmark: str | None,
    out: Path | None,
    scenario: tuple[str, ...],
    tests: tuple[str, ...],
    pairs: int | None,
    as_json: bool,
) -> int:
    """Audit a run: the same system again, under the settings of the round's compliance tests.

    RUN_FOLDER is what `levelfield inference run` wrote; the official files go into its compliance folder. A run that is
    to be audited with other options than the usual ones is made by `levelfield inference run` first.

    \b
    levelfield inference run -b resnet50 -s all --out mine
    levelfield inference audit mine
    levelfield inference audit mine -s Offline --test TEST01
    levelfield inference audit -b resnet50 -s SingleStream
    """  # noqa: D301 - click's mark for lines that stay as they are
    import os
    import sys

    from levelfield.cli.choices import scenarios_of
    from levelfield.cli.progress import Progress
    from levelfield.errors import UsageError
    from levelfield.inference.audit.run import AuditRequest, audit_run

    scenarios = scenarios_of(scenario)
    if folder is None and benchmark is None:
        raise UsageError(
            "There is nothing to audit.", hint="Give the folder of a run, or a benchmark with -b to make one first."
        )
    if folder is None or benchmark is not None or out is not None:
        folder = _made_first(folder, benchmark, out, scenario)
    progress = Progress(sys.stderr, os.environ)
    shown = 0

    def show(result: AuditResult) -> None:
        nonlocal shown
        shown += 1
        progress.close()
        if not as_json:
            _print(result)

    try:
        request = AuditRequest(folder=folder, scenarios=scenarios, tests=tests, pairs=pairs)
        run = audit_run(request, listener=progress, on_result=show)
    finally:
        progress.close()
    _close(run, as_json=as_json)
    return 130 if run.interrupted else run.failures[0].exit_code if run.failures else 0 if run.holds else 1


def _made_first(folder: Path | None, benchmark: str | None, out: Path | None, scenario: tuple[str, ...]) -> Path:
    """The folder of a run that is made now."""
    from levelfield.cli.choices import scenarios_of
    from levelfield.cli.show import perform, show
    from levelfield.errors import RunError, UsageError
    from levelfield.inference.request import RunRequest
    from levelfield.terms import Scenario

    if folder is not None or benchmark is None:
        raise UsageError(
            "RUN_FOLDER is a run that is there; --benchmark and --out are for one that is made first.",
            hint="Give the one or the other.",
        )
    wanted = scenarios_of(scenario) or (Scenario.SINGLE_STREAM,)
    request = RunRequest(benchmark=benchmark, scenarios=wanted, out=out or Path(f"levelfield-{benchmark}"))
    run, report = perform(request)
    if not run.holds:
        show(run, report)
        raise RunError(
            "The run that was to be audited does not hold; the table says why.",
            hint=f"Make a run that does, then: levelfield inference audit {request.out}",
        )
    return request.out


def _print(result: AuditResult) -> None:
    for number, line in enumerate(_lines(result)):
        sign, colour = MARKS["PASS" if result.holds and result.verdict != "NOT DECIDABLE" else _mark(result)]
        click.echo(click.style(f"{sign} {line}", fg=colour, bold=True) if number == 0 else f"    {line}")


def _mark(result: AuditResult) -> str:
    return "FAIL" if not result.official_pass else result.verdict.value


def _lines(result: AuditResult) -> Iterator[str]:
    official = "PASS" if result.official_pass else "FAIL"
    yield f"{result.test} {result.scenario}: official {official}, ours {result.verdict}. {result.title}."
    yield from (f"void: {problem}" for problem in result.problems)
    if result.payloads is not None:
        yield from _about_payloads(result.payloads)
    if result.score is not None:
        yield from _about_score(result.score, latency=result.scenario in {"SingleStream", "MultiStream"})


def _about_payloads(found: PayloadComparison) -> Iterator[str]:
    if found.identical:
        yield f"outputs: all {found.sampled_entries:,} that were sampled equal the accuracy run's, byte for byte"
        return
    shown = ", ".join(map(str, found.first_mismatches))
    yield f"outputs: {found.mismatches:,} of {found.sampled_entries:,} sampled ones differ from the accuracy run's" + (
        f" (samples {shown}, …)" if shown else ""
    )
    if found.missing:
        yield f"outputs: {found.missing:,} are of samples that the accuracy run lacks"
    scores = found.scores
    if scores is not None:
        from levelfield.units import unit_suffix

        unit = unit_suffix(scores.unit)
        yield (
            f"accuracy on the same samples: {scores.compliance:.4f}{unit}, in the accuracy run "
            f"{scores.baseline:.4f}{unit}; may differ by {scores.tolerance:.2%}: "
            f"{'permitted' if scores.passed else 'not permitted'}"
        )


def _about_score(score: ScoreComparison, *, latency: bool) -> Iterator[str]:
    from levelfield.units import format_ns, format_rate

    def text(spelled: str) -> str:
        return format_ns(float(spelled), digits=4) if latency else format_rate(float(spelled))

    yield (
        f"official score: {text(score.test_score)}, reference {text(score.reference_score)}: ratio {score.ratio:.4f}, "
        f"allowed {score.allowed}" + (" (relaxed: very short latencies)" if score.allowed.relaxed else "")
    )
    if score.chance_of_failing is not None:
        yield f"an honest system with this noise fails that by chance {_odds(score.chance_of_failing)}"
    yield from (f"from the records: {_about(estimate)}" for estimate in score.within_runs)
    for estimate in score.by_turns:
        yield f"ours, {len(estimate.pairs)} pairs by turns: {_about(estimate)}"
    if score.verdict == "NOT DECIDABLE":
        yield "not decidable: an interval reaches over a bound. Run longer (--duration), or with more --pairs."
    elif score.official_pass and score.verdict == "FAIL":
        yield "The official score does not show it, but the work of the system differs by more than is allowed."
    elif not score.official_pass and score.verdict == "PASS":
        yield "The official score fails in this run, but not the system by turns: noise. Run again, longer."
    if score.note:
        yield score.note


def _about(estimate: Estimate) -> str:
    if estimate.ratio is None:
        return f"{estimate.what}: none"
    if estimate.interval is None:
        return f"{estimate.what} {estimate.ratio:.4f}, too few values for an interval"
    low, high = estimate.interval.low, estimate.interval.high
    return f"{estimate.what} {estimate.ratio:.4f}, 95 % interval {low:.4f} to {high:.4f}: {estimate.verdict}"


def _odds(chance: float) -> str:
    if chance < 0.0001:
        return "in less than 1 of 10,000 tries"
    return f"in {chance:.1%} of tries" if chance >= 0.001 else f"in {chance:.2%} of tries"


def _close(run: AuditRun, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([json.loads(result.to_json()) for result in run.results], indent=2, ensure_ascii=False))
    elif run.results:
        passed = sum(result.holds for result in run.results)
        click.echo(f"{passed} of {len(run.results)} audits hold.")
        click.echo(f"{'audits':<12}{run.file}")
    for failure in run.failures:
        click.echo(f"levelfield: {failure.text()}", err=True)
    if run.interrupted:
        click.echo("levelfield: interrupted; what was judged until then is kept.", err=True)
