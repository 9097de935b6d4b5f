"""``levelfield training check``: hold logs of training against the rules of a round."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from levelfield.submission.training.log import JudgedLog
    from levelfield.submission.training.rule_files import FileVerdict

__all__ = ["command"]

FILE = click.Path(path_type=Path)


@click.command(name="check")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=FILE)
@click.option("--rules", "round_name", default="training-v1.1", show_default=True, help="The round.")
@click.option(
    "--rule-files",
    type=FILE,
    metavar="FOLDER",
    help="Also apply official rule files: a folder that holds training_1.1.0/common.yaml and its like.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as JSON.")
def command(*, logs: tuple[Path, ...], round_name: str, rule_files: Path | None, as_json: bool) -> int:
    """Hold each LOG against the rules: keys, order, hyperparameters, target.

    The verdict is the official compliance checker's; what it cannot see is told beside it. The exit code is 1 where
    a log does not count.

    \b
    levelfield training check result_0.txt
    levelfield training check my-run/*.txt --json
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.errors import InputError
    from levelfield.rules import load_training
    from levelfield.submission.outputs.records import to_plain
    from levelfield.submission.reading import MAX_FILE_BYTES
    from levelfield.submission.training.log import judge_log

    rules = load_training(round_name)
    apply = _rule_files(rule_files, rules.ruleset) if rule_files is not None else None
    results: list[tuple[JudgedLog, FileVerdict | None]] = []
    for path in logs:
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except OSError as problem:
            raise InputError(f"{path} cannot be read: {problem.strerror}.") from problem
        if len(data) > MAX_FILE_BYTES:
            raise InputError(f"{path} has more than {MAX_FILE_BYTES:,} bytes, which no log has.")
        log = judge_log(str(path), data, rules=rules, benchmark_folder=path.absolute().parent.name, division="")
        results.append((log, apply(data) if apply is not None else None))
    if as_json:
        plain = [{"log": to_plain(log), "rule_files": verdict and to_plain(verdict)} for log, verdict in results]
        click.echo(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        for log, verdict in results:
            _show(log, verdict)
    return int(any(not log.counts or (verdict is not None and not verdict.compliant) for log, verdict in results))


def _rule_files(folder: Path, ruleset: str) -> Callable[[bytes], FileVerdict]:
    from levelfield.errors import InputError
    from levelfield.formats.mllog import read_mllog
    from levelfield.submission.training.rule_files import apply_rule_files, rule_files_in

    load, start = rule_files_in(folder), f"training_{ruleset}/common.yaml"
    if load(start) is None:
        raise InputError(f"{folder} holds no official rule files.", hint=f"Expected {folder / start}.")
    return lambda data: apply_rule_files(read_mllog(data).events, load, start=start)


def _show(log: JudgedLog, verdict: FileVerdict | None) -> None:
    said = "counts" if log.counts else "complies and does not count" if log.compliant else "does not comply"
    parts = [said, f"{log.benchmark or 'no benchmark'}, {log.division or 'no division'}"]
    if log.minutes is not None:
        parts.append(f"{log.minutes:.6g} minutes")
    if log.quality is not None:
        parts.append("quality " + ", ".join(f"{value:.6g}" for value in log.quality))
    click.echo(f"{log.path}: {'; '.join(parts)}")
    for finding in log.findings:
        place = f"line {finding.line}: " if finding.line else ""
        text = f"{place}found {finding.found}, expected {finding.expected}"
        click.echo(f"  {finding.severity:8}{finding.code}  {text}")
    for skipped in log.skipped:
        click.echo(f"  {'skipped':8}{skipped.code}  {skipped.reason}")
    if verdict is None:
        return
    agrees = "as the rule files say" if verdict.compliant == log.compliant else "unlike the rule files"
    click.echo(
        f"  {'complies' if verdict.compliant else 'does not comply'} by {len(verdict.files)} rule files; {agrees}"
    )
    for complaint in verdict.complaints:
        place = f"line {complaint.line}: " if complaint.line else ""
        click.echo(f"    {complaint.file}: {place}{complaint.key}: {complaint.rule}: {complaint.found}")
