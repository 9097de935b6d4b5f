"""``levelfield power``: measured power."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from levelfield.errors import InputError, UsageError
from levelfield.files import write_atomically
from levelfield.formats.power_session import FileName
from levelfield.formats.power_time import format_power_time
from levelfield.rules import RuleSet, load
from levelfield.rules.power_check import power_check
from levelfield.submission.power.checks.complaints import ComplaintCount
from levelfield.submission.power.document import report_json
from levelfield.submission.power.judge import SessionReport, complaints_of, judge_session
from levelfield.submission.power.metric import MeasuredPower, PowerMetric
from levelfield.submission.power.official import OfficialVerdict, official_verdict
from levelfield.submission.power.outcome import OFFICIAL_NAMES, CheckOutcome, Outcome
from levelfield.submission.power.session import LARGEST_FILE_BYTES, read_session
from levelfield.units import NS_PER_S, format_number

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["command"]

OK, FINDINGS = 0, 1
WORDS = {
    Outcome.PASS: ("pass", "green"),
    Outcome.WARNING: ("warning", "yellow"),
    Outcome.FAIL: ("FAIL", "bold red"),
    Outcome.SKIPPED: ("skipped", "red"),
}


@click.group(name="power")
def command() -> None:
    """Measured power: check sessions, give watts or joules per query."""


@command.command()
@click.argument("session", type=click.Path(path_type=Path))
@click.option("--round", "round_", default="inference-v2.0", show_default=True, help="The round whose rules apply.")
@click.option("--as", "revision", help="Give the verdict of a revision of check.py beside ours: check@f7b3b51.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report as JSON; - for stdout.")
def check(*, session: Path, round_: str, revision: str | None, json_file: Path | None) -> int:
    """Check a measured session, and give its power.

    SESSION is the folder that holds power, ranging and run_1, or the folder of the result above it. The exit code is 0
    where the session holds, 1 where it does not; with --as, it is that of the official check.

    \b
    levelfield power check results/mysystem/resnet50/offline
    levelfield power check results/mysystem/resnet50/offline --as check@f7b3b51
    """  # noqa: D301 - \b is click's mark for text that is not to be wrapped
    rules = load(round_)
    pinned = None if revision is None else power_check(revision)
    folder = _session_folder(session)
    files = _Files(folder)
    read = read_session(files.read, folder="", subject=folder.as_posix())
    report = judge_session(read, rules=rules, folder_scenario=_claimed_scenario(folder, rules))
    official = None if pinned is None else official_verdict(files.read, pinned)
    if json_file is not None:
        text = report_json(read, report, official)
        if json_file == Path("-"):
            click.echo(text, nl=False)
        else:
            write_atomically(json_file, text)
    if json_file != Path("-"):
        _show(report, complaints_of(read), official)
    return OK if (report.holds if official is None else official.passed) else FINDINGS


class _Files:
    """The files of a session on disk, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contents: dict[str, bytes | None] = {}

    def read(self, name: str) -> bytes | None:
        if name not in self._contents:
            self._contents[name] = self._read(self._folder / name)
        return self._contents[name]

    def _read(self, path: Path) -> bytes | None:
        try:
            if not path.is_file():
                return None
            with path.open("rb") as stream:
                return stream.read(LARGEST_FILE_BYTES + 1)  # one byte more tells that it is too large
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _session_folder(given: Path) -> Path:
    """The folder that holds ``power``."""
    inside = given.name in {"power", "ranging", "run_1"}
    tried = [*([given.parent] if inside else []), given, given / "performance"]
    for folder in tried:
        if (folder / "power").is_dir():
            return folder
    if not given.exists():
        raise UsageError(f"There is no folder {given}.")
    raise UsageError(
        f"{given} holds no measured session: it has no folder power, nor performance/power.",
        hint=f"A session has {FileName.CLIENT_JSON}, {FileName.SERVER_JSON}, {FileName.TESTING_SPL} and more.",
    )


def _claimed_scenario(folder: Path, rules: RuleSet) -> str:
    """The scenario that the folder of a result is named after; empty where it is named after none."""
    parts = folder.resolve().parts
    name = parts[-2].lower() if len(parts) > 1 and parts[-1] == "performance" else ""
    return next((scenario for scenario in rules.scenarios if scenario.lower() == name), "")


# ------------------------------------------------------------------------------------------------ what is printed


def _show(report: SessionReport, complaints: Sequence[ComplaintCount], official: OfficialVerdict | None) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for line in _headline(report):
        console.print(line, markup=False, soft_wrap=True)
    count = len(OFFICIAL_NAMES)
    console.print(_table(f"The official checks, limits of check@{report.revision}", report.outcomes[:count]))
    console.print(_table("Our own", report.outcomes[count:]))
    if complaints:
        console.print(_complaint_table(complaints))
    for one in report.findings:
        place = f"{one.path}:{one.line}" if one.line else one.path
        console.print(f"\n{one.severity.value} {one.code} {place}", style="bold", markup=False, soft_wrap=True)
        console.print(f"  found     {one.found}", markup=False, soft_wrap=True)
        console.print(f"  expected  {one.expected}", markup=False, soft_wrap=True)
        if one.hint:
            console.print(f"  {one.hint}", markup=False, soft_wrap=True)
    if official is not None:
        console.print(_table(f"What check.py at {official.revision} says", official.outcomes))
        verdict = "All checks passed" if official.passed else "Not all checks passed"
        console.print(f" {verdict} (by check@{official.revision}).", markup=False)


def _headline(report: SessionReport) -> list[str]:
    lines = [report.subject]
    if report.metric is None or report.power is None:
        lines.append(f"{report.scenario or 'no scenario'}: no power can be given")
    else:
        lines.append(f"{report.scenario}: {_metric_text(report.metric)}")
        lines += _power_lines(report.power)
    if report.clock_difference_ns is not None:
        lines.append(f"clocks of client and server at most {report.clock_difference_ns / 1e6:.1f} ms apart")
    return lines


def _metric_text(metric: PowerMetric) -> str:
    value = format_number(metric.value, digits=6)
    per = " per query" if metric.per_query else ""
    inferred = f" (inferred: energy of a query that ran, times {metric.factor})" if metric.factor != 1 else ""
    return f"{value} {metric.unit}{per}{inferred}"


def _power_lines(power: MeasuredPower) -> list[str]:
    if power.mean_watts is None:
        return []
    watts = format_number(power.mean_watts, digits=6)
    gap = f"{power.largest_gap_ns / NS_PER_S:.2f} s at {format_power_time(power.largest_gap_at_ns)}"
    lines = [f"{watts} W over {power.duration_s:.3f} s from {power.sample_count} samples, largest gap {gap}"]
    if power.positive_mean_watts is not None and power.positive_mean_watts != power.mean_watts:
        lines.append(
            f"{format_number(power.positive_mean_watts, digits=6)} W without the samples that are not positive, "
            "as later rounds take it"
        )
    if power.trapezoid_joules is not None and power.trapezoid_fraction is not None:
        joules = format_number(power.trapezoid_joules, digits=6)
        lines.append(
            f"{joules} J by the times of the samples, {power.trapezoid_fraction:+.3%} from watts times seconds"
        )
    return lines


def _table(title: str, outcomes: tuple[CheckOutcome, ...]) -> Table:
    from rich.text import Text

    table = _empty_table(title)
    table.add_column("check")
    table.add_column("outcome", no_wrap=True)
    table.add_column("reason", overflow="fold")
    for one in outcomes:
        word, style = WORDS[one.outcome]
        table.add_row(one.name, Text(word, style=style), Text(one.reason))
    return table


def _complaint_table(complaints: Sequence[ComplaintCount]) -> Table:
    from rich.text import Text

    table = _empty_table("What PTDaemon complained of")
    for name in ("", "when", "lines", "first", "text"):
        table.add_column(name, justify="right" if name == "lines" else "left", overflow="fold")
    for one in complaints:
        first = "" if one.first_ns is None else format_power_time(one.first_ns)
        row = (one.kind.value, one.when.value, f"{one.count:,}", f"{first} (line {one.line})", one.text)
        table.add_row(*(Text(cell) for cell in row))
    return table


def _empty_table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, show_edge=False, header_style="dim", title=f"\n {title}", title_justify="left")
