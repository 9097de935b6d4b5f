"""``levelfield demo``: the main job in about a minute, with nothing to download."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from levelfield.inference.audit.run import AuditRun
    from levelfield.submission.package.package import Package
    from levelfield.submission.report import Report

__all__ = ["command"]

AUDITED = "TEST01"
PAIRS = 4
"""Where two short runs leave the audit open, so many pairs by turns settle most of it in some seconds."""
ORGANISATION = "Demo"
LABEL_WIDTH = 12


@click.command(name="demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("levelfield-demo"), show_default=True, help="Output folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(*, out: Path, as_json: bool) -> int:
    """Measure the mini resnet50 in all four scenarios, audit it, package it, check the tree, and make a site of it."""
    from levelfield.cli.show import OK, exit_code_of, perform, show
    from levelfield.inference.request import RunRequest
    from levelfield.terms import Scenario
    from levelfield.workloads.task import Precision

    if not as_json:
        click.echo("Image classification (resnet50, mini edition, int8) on this machine, in four scenarios.", err=True)
    request = RunRequest(benchmark="resnet50", scenarios=tuple(Scenario), out=out, precision=Precision.INT8)
    run, report = perform(request)
    if as_json:
        click.echo(run.result_file.read_text(), nl=False)
    else:
        show(run, report)
    code = exit_code_of(run)
    if run.failures or run.interrupted or not run.results:
        return code
    followed = _follow_up(out)
    if not as_json:
        click.echo()
        for name, text in followed.lines:
            click.echo(f"{name:<{LABEL_WIDTH}}{text}")
    return code if code != OK or followed.holds else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _FollowUp:
    """What came after measuring."""

    holds: bool
    lines: tuple[tuple[str, str], ...]
    """What was done, and what came of it."""


def _follow_up(out: Path) -> _FollowUp:
    """Audit, package, check and publish what was measured."""
    audit = _audit(out)
    made = _package(out)
    report = _check(made.out)
    page = _site(out)
    return _FollowUp(
        holds=not audit.interrupted and not any(result.verdict.name == "FAIL" for result in audit.results),
        lines=(
            *(("audit", line) for line in _audit_lines(audit)),
            ("package", f"{made.out}  ({made.files} files; what only a submitter can write: TODO.md)"),
            *_check_lines(report),
            ("site", str(page)),
        ),
    )


def _audit(out: Path) -> AuditRun:
    from levelfield.cli.progress import Progress
    from levelfield.inference.audit.run import AuditRequest, audit_run
    from levelfield.terms import Scenario

    progress = Progress(sys.stderr, os.environ)
    try:
        asked = AuditRequest(folder=out, scenarios=(Scenario.SINGLE_STREAM,), tests=(AUDITED,), pairs=PAIRS)
        return audit_run(asked, listener=progress)
    finally:
        progress.close()


def _audit_lines(audit: AuditRun) -> list[str]:
    lines = [f"levelfield: {failure.message}" for failure in audit.failures]
    for result in audit.results:
        official = "PASS" if result.official_pass else "FAIL (by the one official score)"
        lines.append(f"{result.test} in {result.scenario}: {result.verdict}; the official script says {official}")
    return lines


def _package(out: Path) -> Package:
    from levelfield.submission.package.package import package
    from levelfield.submission.package.request import PackageRequest
    from levelfield.terms import Division

    return package(
        PackageRequest(
            folders=(out,), organisation=ORGANISATION, division=Division.OPEN, out=out / "submission", rehearsal=True
        )
    )


def _check(tree: Path) -> Report:
    from levelfield.rules.load import load
    from levelfield.submission.engine import Selection
    from levelfield.submission.inference.check_round import check_round
    from levelfield.submission.sources.open import open_source

    with closing(open_source(str(tree))) as source:
        return check_round(source, load("inference-v2.0"), Selection(), jobs=1)


def _check_lines(report: Report) -> list[tuple[str, str]]:
    """The void findings by code: what keeps a quick run of the mini edition from being a submission."""
    from levelfield.submission.finding import Severity

    titles = {text.code: text.title for text in report.checks}
    void = Counter(finding.code for finding in report.findings if finding.severity is Severity.VOID)
    found = f"{len(report.checks)} checks"
    if not void:
        return [("check", f"{found}, nothing void")]
    lines = [("check", f"{found}; a quick run of the mini edition is no submission, and this is why:")]
    lines += [("", f"{code}  {titles[code]}") for code in sorted(void)]
    return lines


def _site(out: Path) -> Path:
    from datetime import UTC, datetime

    from levelfield.results.own import read_own_run
    from levelfield.results.site import SiteInputs, write_site

    today = datetime.now(UTC).date()
    results = read_own_run(out / "result.json")
    write_site(out / "site", SiteInputs(results=results, retrieved=today, private=True), today=today)
    return out / "site" / "index.html"
