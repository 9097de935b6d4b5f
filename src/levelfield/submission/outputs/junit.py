"""The report as JUnit XML, which every continuous-integration server shows.

There is no standard; this follows what Jenkins, GitLab and GitHub's actions read: a ``testsuite`` per check, in it a
``testcase`` per finding, or one that passes. Void findings and errors fail; warnings and notes pass and say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from levelfield.files import write_atomically
from levelfield.submission.finding import Finding, Severity, Skipped
from levelfield.submission.outputs.spelling import printable
from levelfield.submission.report import Report

__all__ = ["write_junit"]

FAILING = {Severity.VOID, Severity.ERROR}


def write_junit(report: Report, path: Path) -> None:
    """Write the report.

    Raises:
        OutputError: The file cannot be written.
    """
    write_atomically(path, _pieces(report))


def _pieces(report: Report) -> Iterator[str]:
    titles = {check.code: check.title for check in report.checks}
    findings: dict[str, list[Finding]] = {}
    skipped: dict[str, list[Skipped]] = {}
    for finding in report.findings:
        findings.setdefault(finding.code, []).append(finding)
    for check in report.skipped:
        skipped.setdefault(check.code, []).append(check)
    codes = sorted(titles.keys() | findings.keys() | skipped.keys())
    cases = sum(max(1, len(findings.get(code, ())) + len(skipped.get(code, ()))) for code in codes)
    failures = sum(finding.severity in FAILING for finding in report.findings)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<testsuites name={_attribute(f"{report.source} against {report.round}")} tests="{cases}" '
        f'failures="{failures}" errors="0" skipped="{len(report.skipped)}">\n'
    )
    for code in codes:
        yield from _suite(code, titles.get(code, ""), findings.get(code, []), skipped.get(code, []))
    yield "</testsuites>\n"


def _suite(code: str, title: str, findings: list[Finding], skipped: list[Skipped]) -> Iterator[str]:
    failures = sum(finding.severity in FAILING for finding in findings)
    cases = max(1, len(findings) + len(skipped))
    name = f"{code} {title}".rstrip()
    yield (
        f'  <testsuite name={_attribute(name)} tests="{cases}" failures="{failures}" errors="0" '
        f'skipped="{len(skipped)}">\n'
    )
    if not findings and not skipped:
        yield f"    <testcase classname={_attribute(code)} name={_attribute(title or 'passes')}/>\n"
    for finding in findings:
        yield _finding(finding)
    for check in skipped:
        subject = check.subject or "the submission"
        yield (
            f"    <testcase classname={_attribute(code)} name={_attribute(subject)}>"
            f"<skipped message={_attribute(check.reason)}/></testcase>\n"
        )
    yield "  </testsuite>\n"


def _finding(finding: Finding) -> str:
    line = f":{finding.line}" if finding.line else ""
    text = f"found {finding.found}, expected {finding.expected}"
    more = "".join(f"\n{part}" for part in (finding.subject, finding.hint) if part)
    place = finding.path or "the submission"
    head = f"    <testcase classname={_attribute(finding.code)} name={_attribute(f'{place}{line}')}>"
    if finding.severity in FAILING:
        kind = _attribute(finding.severity.value)
        inner = f"<failure type={kind} message={_attribute(text)}>{_content(f'{place}{line}: {text}{more}')}</failure>"
    else:
        inner = f"<system-out>{_content(f'{finding.severity.value}: {text}{more}')}</system-out>"
    return f"{head}{inner}</testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(printable(text))


def _content(text: str) -> str:
    # A carriage return would be read back as a line feed (XML 1.0, section 2.11).
    return escape(printable(text), {"\r": "&#13;"})
