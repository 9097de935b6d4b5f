"""Checks of measured power that decide whether a power result counts; those of the session itself have own codes."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.rules.layout import PlaceName
from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.files import list_remarks
from levelfield.submission.inference.subjects import ResultSubject
from levelfield.submission.report import CheckText

__all__ = ["POWER_CHECKS"]

CLAUSE = "submission-checker.py, check_power_dir (mlcommons/inference v2.0)"


def _files(result: ResultSubject) -> Iterator[Remark]:
    if not result.has_power:
        return
    spl = f"{result.performance_path}/spl.txt"
    if result.reader.tree.file(spl) is None:
        yield Remark(path=spl, found="no such file", expected="the analyzer's samples")
    if result.ranging_path not in result.reader.tree:
        yield Remark(path=result.ranging_path, found="no such folder", expected="the ranging run")
    yield from list_remarks(result, PlaceName.RANGING, result.ranging_path)
    yield from list_remarks(result, PlaceName.POWER, result.power_path)


FILES = Check(
    text=CheckText(
        code="INF110",
        title="A power result has exactly the files of its session",
        why="The official checker drops a result whose power files differ from the list.",
        clause=CLAUSE,
        example="closed/…/performance/power/server.log: found no such file, expected this file",
        fix="Add the file of the same session; without one, remove the power folder to keep the performance result.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_files,
)


def _samples(result: ResultSubject) -> Iterator[Remark]:
    if not result.has_power or result.reader.tree.file(f"{result.performance_path}/spl.txt") is None:
        return
    try:
        watts = result.watts
    except CannotLook as problem:
        yield Remark(path=f"{result.performance_path}/spl.txt", found=problem.reason, expected="the analyzer's samples")
        return
    if watts is None:
        window = result.power_window
        yield Remark(
            path=f"{result.performance_path}/spl.txt",
            found=f"no sample between {window.begin} and {window.end}",
            expected="about one a second",
            hint="Both clocks are UTC; a shift of whole hours is a time zone.",
        )


SAMPLES = Check(
    text=CheckText(
        code="INF111",
        title="Power was sampled while the load ran",
        why="Without a sample between begin and end there is no power.",
        clause=CLAUSE,
        example="closed/…/run_1/spl.txt: found no sample between 02-07-2022 11:10:18.325 and …",
        fix="Hand in the samples of the same run, in UTC.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_samples,
)

POWER_CHECKS = (FILES, SAMPLES)
