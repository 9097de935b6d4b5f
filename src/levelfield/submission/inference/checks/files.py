"""Checks of a result's files: which are there, and whether they can be read at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from levelfield.rules.layout import PlaceName
from levelfield.submission.check import CannotLook, Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.subjects import ACCURACY_LOG, DETAIL, ResultSubject
from levelfield.submission.report import CheckText

__all__ = ["FILE_CHECKS", "list_remarks"]

CLAUSE = "submission-checker.py, check_results_dir (mlcommons/inference v2.0)"
MEASUREMENT_CLAUSE = "submission-checker.py, check_measurement_dir (mlcommons/inference v2.0)"


def list_remarks(
    result: ResultSubject, place: PlaceName, path: str, *, judged_elsewhere: tuple[str, ...] = ()
) -> Iterator[Remark]:
    """What is missing from a folder, and what does not belong there.

    Args:
        result: For its tree and rules.
        place: Says what belongs there.
        path: The folder; nothing is said where it does not exist.
        judged_elsewhere: Files whose absence another check reports.
    """
    rule, tree = result.reader.rules.place(place), result.reader.tree
    if rule is None or path not in tree:
        return
    required = {*rule.required, *(rule.with_power if result.has_power else ())}
    there = set(tree.files(path))
    for name in sorted(required - there - set(judged_elsewhere)):
        yield Remark(path=f"{path}/{name}", found="no such file", expected="this file")
    for name in sorted(there - required - set(rule.optional)):
        known = ", ".join((*rule.required, *rule.with_power, *rule.optional))
        yield Remark(path=f"{path}/{name}", found="a file that does not belong there", expected=f"only {known}")


def _measurement_folder(result: ResultSubject) -> Iterator[Remark]:
    if result.measurement_path not in result.reader.tree:
        yield Remark(
            path=result.measurement_path,
            found="no such folder",
            expected="how the result was measured",
            hint="It is looked for in the spelling of the results folder.",
        )


MEASUREMENT_FOLDER = Check(
    text=CheckText(
        code="INF030",
        title="Every result has its folder below measurements/",
        why="It says with which settings and model a number was measured.",
        clause=CLAUSE,
        example="closed/Org/measurements/edge-box/resnet50/Offline: found no such folder",
        fix="Add measurements/<system>/<benchmark>/<scenario>/, spelled like the folders below results/.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_measurement_folder,
)


def _measurement_files(result: ResultSubject) -> Iterator[Remark]:
    tree, place = result.reader.tree, result.reader.rules.place(PlaceName.MEASUREMENTS)
    if result.measurement_path not in tree or place is None:
        return
    files = tree.files(result.measurement_path)
    for name in place.required:
        if name not in files:
            yield Remark(path=f"{result.measurement_path}/{name}", found="no such file", expected="this file")


MEASUREMENT_FILES = Check(
    text=CheckText(
        code="INF031",
        title="The measurement folder has its configuration files and README",
        why="The load generator's settings can only be reproduced from mlperf.conf and user.conf.",
        clause=MEASUREMENT_CLAUSE,
        example="closed/Org/measurements/edge-box/resnet50/Offline/user.conf: found no such file",
        fix="Add the file that was used in the run.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_measurement_files,
)


def _measurement_fields(result: ResultSubject) -> Iterator[Remark]:
    if result.measurement_path not in result.reader.tree:
        return
    try:
        measurement = result.measurement
    except CannotLook as problem:
        yield Remark(path=result.measurement_path, found=problem.reason, expected="<system>_<implementation>.json")
        return
    if measurement.problem:
        yield Remark(
            path=measurement.path, line=measurement.line, found=measurement.problem, expected="a JSON object of text"
        )
    for name in result.reader.rules.fields.measurement:
        if measurement.values and name not in measurement.values:
            yield Remark(path=measurement.path, found=f"no field {name}", expected=f"{name}, which may be empty")


MEASUREMENT_FIELDS = Check(
    text=CheckText(
        code="INF032",
        title="The measurement's description is there with its five fields",
        why="It says which weights, of which type and with which transformations, were used.",
        clause=MEASUREMENT_CLAUSE,
        example="closed/Org/measurements/…/edge-box_tvm_Offline.json: found no field retraining",
        fix="Add the file <system>_<implementation>_<scenario>.json with all five fields.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_measurement_fields,
)


def _performance_run(result: ResultSubject) -> Iterator[Remark]:
    if result.performance_path not in result.reader.tree:
        yield Remark(path=result.performance_path, found="no such folder", expected="the logs of the performance run")


PERFORMANCE_RUN = Check(
    text=CheckText(
        code="INF033",
        title="Every scenario folder has a performance run",
        why="Without it there is no number.",
        clause=CLAUSE,
        example="closed/Org/results/edge-box/resnet50/Offline/performance/run_1: found no such folder",
        fix="Add the run, or remove the scenario folder.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_performance_run,
)


def _performance_log(result: ResultSubject) -> Iterator[Remark]:
    if result.performance_path not in result.reader.tree:
        return
    yield from _readable(lambda: result.performance, f"{result.performance_path}/{DETAIL}")


def _readable(read: Callable[[], object], path: str) -> Iterator[Remark]:
    try:
        read()
    except CannotLook as problem:
        yield Remark(path=path, found=problem.reason, expected="LoadGen's detail log")


PERFORMANCE_LOG = Check(
    text=CheckText(
        code="INF034",
        title="The performance run has a detail log that can be read",
        why="Every number is taken from it; without it there is no result.",
        clause="submission-checker.py, check_performance_dir (mlcommons/inference v2.0)",
        example="open/Org/results/box/resnet50/Offline/performance/run_1/mlperf_log_detail.txt: found … is missing",
        fix="Add the log as LoadGen wrote it.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_performance_log,
)


def _performance_list(result: ResultSubject) -> Iterator[Remark]:
    yield from list_remarks(
        result, PlaceName.PERFORMANCE, result.performance_path, judged_elsewhere=(DETAIL, "spl.txt")
    )


PERFORMANCE_LIST = Check(
    text=CheckText(
        code="INF035",
        title="The performance folder holds exactly its files",
        why="The official checker compares lists; an extra file there hides a missing one.",
        clause="submission-checker.py, files_diff (mlcommons/inference v2.0)",
        example="closed/Org/results/…/run_1/notes.txt: found a file that does not belong there",
        fix="Remove what does not belong there, add what is missing.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_performance_list,
)


def _accuracy_text(result: ResultSubject) -> Iterator[Remark]:
    path = f"{result.accuracy_path}/accuracy.txt"
    if result.reader.tree.file(path) is None:
        yield Remark(path=path, found="no such file", expected="what the accuracy script printed")


ACCURACY_TEXT = Check(
    text=CheckText(
        code="INF036",
        title="The accuracy run has an accuracy.txt",
        why="It holds the achieved accuracy; without it the official checker gives no result, in open too.",
        clause=CLAUSE,
        example="closed/Org/results/edge-box/resnet50/Offline/accuracy/accuracy.txt: found no such file",
        fix="Run the benchmark's accuracy script and keep what it prints.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_accuracy_text,
)


def _accuracy_list(result: ResultSubject) -> Iterator[Remark]:
    elsewhere = (DETAIL, ACCURACY_LOG, "accuracy.txt")
    yield from list_remarks(result, PlaceName.ACCURACY, result.accuracy_path, judged_elsewhere=elsewhere)


ACCURACY_LIST = Check(
    text=CheckText(
        code="INF037",
        title="The accuracy folder holds exactly its files",
        why="The official checker compares lists; an extra file there hides a missing one.",
        clause="submission-checker.py, files_diff (mlcommons/inference v2.0)",
        example="closed/Org/results/…/accuracy/predictions.json: found a file that does not belong there",
        fix="Remove what does not belong there, add what is missing.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_accuracy_list,
)


def _accuracy_log(result: ResultSubject) -> Iterator[Remark]:
    if result.accuracy_path in result.reader.tree:
        yield from _readable(lambda: result.accuracy_run, f"{result.accuracy_path}/{DETAIL}")


ACCURACY_RUN = Check(
    text=CheckText(
        code="INF038",
        title="The accuracy run has a detail log that can be read",
        why="It shows that the whole dataset was run without an error.",
        clause="submission-checker.py, check_accuracy_dir (mlcommons/inference v2.0)",
        example="closed/Org/results/…/accuracy/mlperf_log_detail.txt: found … is missing",
        fix="Add the log as LoadGen wrote it.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_accuracy_log,
)

FILE_CHECKS = (
    MEASUREMENT_FOLDER, MEASUREMENT_FILES, MEASUREMENT_FIELDS, PERFORMANCE_RUN, PERFORMANCE_LOG, PERFORMANCE_LIST,
    ACCURACY_TEXT, ACCURACY_LIST, ACCURACY_RUN,
)  # fmt: skip
