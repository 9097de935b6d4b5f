"""What ``levelfield submission check`` prints: counts by submitter, findings by code, and both verdicts.

Plain lines, so that a check in a script pays for no table library and reads the same in a pipe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import click

from levelfield.submission.finding import Finding, Severity
from levelfield.submission.report import CheckText, Report
from levelfield.units import format_bytes

__all__ = [
    "print_explanation",
    "print_findings",
    "print_head",
    "print_ours",
    "print_report",
    "print_table",
    "print_texts",
]

PLACES = 3
"""Findings of one code that are shown; the files hold all of them."""
COLOURS = {Severity.VOID: "red", Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def print_report(report: Report) -> None:
    """Print a report to standard output."""
    print_head(report)
    _print_submitters(report)
    print_findings(report)
    _print_verdicts(report)


def print_head(report: Report) -> None:
    """Print what was looked at, and what was left out."""
    click.secho(f"{report.round}  {report.source}", bold=True)
    click.echo(f"{report.files} files, {format_bytes(report.bytes_read)} read, {len(report.checks)} checks")
    if report.selected or report.ignored:
        chosen = [f"only {', '.join(report.selected)}"] if report.selected else []
        chosen += [f"without {', '.join(report.ignored)}"] if report.ignored else []
        click.secho(f"Not every check was made: {'; '.join(chosen)}.", fg="yellow")
    click.echo()


def _print_submitters(report: Report) -> None:
    found: Counter[tuple[str, Severity]] = Counter()
    for finding in report.findings:
        found[_owner(finding.path), finding.severity] += 1
    owners = {f"{one.division}/{one.submitter}" for one in report.results} | {owner for owner, _ in found if owner}
    rows = []
    for owner in sorted(owners):
        results = [one for one in report.results if f"{one.division}/{one.submitter}" == owner]
        rows.append(
            (
                owner,
                str(len(results)),
                str(sum(one.void for one in results)),
                str(sum(one.inferred for one in results)),
                str(sum(one.power_value is not None for one in results)),
                *(str(found[owner, severity]) for severity in Severity),
            )
        )
    heads = ("submitter", "results", "void", "inferred", "power", "voids", "errors", "warnings", "notes")
    print_table((heads, *rows))


def _owner(path: str) -> str:
    """Division and submitter of a path; empty for what is above them."""
    return "/".join(path.split("/")[:2]) if path.count("/") > 1 else ""


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print a head and rows, all columns but the first set to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        numbers = (text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))
        click.secho("  ".join([row[0].ljust(widths[0]), *numbers]), dim=number == 0)
    click.echo()


def print_findings(report: Report) -> None:
    """Print findings by code, the heaviest first, a few places of each."""
    groups: dict[tuple[int, str], list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault((finding.severity.rank, finding.code), []).append(finding)
    titles = {text.code: text.title for text in report.checks}
    for _, findings in sorted(groups.items(), key=lambda group: group[0]):
        head = findings[0]
        severity = click.style(f"{head.severity:<8}", fg=COLOURS[head.severity], bold=True)
        click.echo(f"{severity}{head.code}  {titles.get(head.code, '')}")
        for finding in findings[:PLACES]:
            place = f"{finding.path}:{finding.line}" if finding.line else finding.path
            click.echo(f"    {place}")
            click.echo(f"        found {finding.found}, expected {finding.expected}")
            if finding.hint:
                click.secho(f"        {finding.hint}", dim=True)
        if len(findings) > PLACES:
            click.echo(f"    … and {len(findings) - PLACES} more")
    if report.findings_left_out:
        click.echo(f"{report.findings_left_out} more findings were counted and not kept.")
    if groups:
        click.echo()


def _print_verdicts(report: Report) -> None:
    click.echo(f"official checker: {report.official_results} results, {report.official_no_results} without")
    print_ours(report)


def print_ours(report: Report) -> None:
    """Print our verdict and what to ask next."""
    void = sum(result.void for result in report.results)
    counts = ", ".join(f"{report.count(severity)} {severity}" for severity in Severity)
    click.echo(f"levelfield:       {len(report.results) - void} results hold, {void} void; findings: {counts}")
    if report.skipped:
        click.echo(f"                  {len(report.skipped)} times a check could not look, for want of a file or value")
    if report.findings:
        click.secho(f"levelfield submission explain {report.findings[0].code}   says what a code means", dim=True)


def print_texts(texts: Iterable[CheckText]) -> None:
    """Print one line for each check."""
    for text in texts:
        click.echo(f"{text.code}  {'official' if text.official else 'ours    '}  {text.title}")


def print_explanation(text: CheckText, weights: str) -> None:
    """Print all that is said of one check."""
    official = "the official checker" if text.official else text.also
    click.secho(f"{text.code}  {text.title}", bold=True)
    for name, words in (
        ("why", text.why),
        ("weighs", weights),
        ("rule", text.clause),
        ("looked at by", f"{official} and levelfield" if official else "levelfield only"),
        ("example", text.example),
        ("fix", text.fix),
    ):
        click.echo(f"  {name:<14}{words}")
