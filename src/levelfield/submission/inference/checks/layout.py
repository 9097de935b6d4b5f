"""Checks of the tree as a whole: folders that mean nothing, entries that are not read, parts without a counterpart."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.rules.layout import PlaceName
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.registry import TreeSubject
from levelfield.submission.inference.subjects import LARGEST_FILE_BYTES
from levelfield.submission.report import CheckText
from levelfield.units import format_bytes

__all__ = ["TREE_CHECKS"]


def _divisions(subject: TreeSubject) -> Iterator[Remark]:
    for name in subject.layout.unknown_divisions(subject.tree):
        yield Remark(path=name, found="a folder at the root", expected=", ".join(subject.rules.divisions))


DIVISIONS = Check(
    text=CheckText(
        code="INF001",
        title="Folders at the root are divisions of the round",
        why="What lies elsewhere is not looked at by anybody: its results are lost.",
        clause="submission-checker.py, VALID_DIVISIONS (mlcommons/inference v2.0)",
        example="Closed: found a folder at the root, expected closed, open",
        fix="Rename the folder, or move it out of the tree.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_divisions,
)


def _refused(subject: TreeSubject) -> Iterator[Remark]:
    for refused in subject.source.refused():
        yield Remark(path=refused.path, found=refused.reason, expected="a file inside the tree")


REFUSED = Check(
    text=CheckText(
        code="INF002",
        title="Every entry of the source can be read",
        why="A link that leaves the tree, or a damaged entry, is not there for whoever gets the submission.",
        clause="our own: a submission must be complete in itself",
        example="closed/Org/code/resnet50/model: found a link that leaves the tree, expected a file inside the tree",
        fix="Replace the link by what it points to.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_refused,
)


def _large(subject: TreeSubject) -> Iterator[Remark]:
    for entry in subject.source.files():
        if entry.size > LARGEST_FILE_BYTES and "/code/" not in entry.path:
            yield Remark(
                path=entry.path,
                found=format_bytes(entry.size),
                expected=f"{format_bytes(LARGEST_FILE_BYTES)} at most: larger files are not read",
            )


LARGE = Check(
    text=CheckText(
        code="INF003",
        title="No file is larger than any log of a round",
        why="Such a file is no log of LoadGen, and reading it would cost memory without bound.",
        clause="our own: the largest detail log of round v2.0 is below 4 MiB",
        example="closed/Org/results/…/mlperf_log_detail.txt: found 2.1 GiB, expected 64 MiB at most",
        fix="Truncate accuracy logs; look into what filled a detail log.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_large,
)


def _counterparts(subject: TreeSubject) -> Iterator[Remark]:
    tree, layout = subject.tree, subject.layout
    for division, submitter in layout.submitters(tree):
        names = {"division": division, "submitter": submitter}
        results = layout.above(PlaceName.PERFORMANCE, "system", **names)
        systems = layout.above(PlaceName.SYSTEM, "system", **names)
        for name in sorted(tree.files(systems)):
            if name.endswith(".json") and f"{results}/{name.removesuffix('.json')}" not in tree:
                yield Remark(path=f"{systems}/{name}", found="a system without results", expected=results)
        for place in (PlaceName.MEASUREMENTS, PlaceName.AUDIT):
            yield from _without_results(subject, layout.above(place, "system", **names), results)


def _without_results(subject: TreeSubject, above: str, results: str) -> Iterator[Remark]:
    """Folders three levels down (system, benchmark, scenario) that have none beside them below results."""
    tree = subject.tree
    pending = [(name, 1) for name in tree.folders(above)]
    while pending:
        path, depth = pending.pop()
        if f"{results}/{path}" not in tree:
            yield Remark(path=f"{above}/{path}", found="a folder without results", expected=f"{results}/{path}")
        elif depth < 3:
            pending += [(f"{path}/{name}", depth + 1) for name in tree.folders(f"{above}/{path}")]


COUNTERPARTS = Check(
    text=CheckText(
        code="INF004",
        title="Systems, measurements and compliance folders have results",
        why="A folder without its counterpart is often one with a typing error in its name.",
        clause="submission_rules.adoc, submission form (policies 3e6a7adb)",
        example="closed/Org/measurements/edge-bx: found a folder without results, expected closed/Org/results/edge-bx",
        fix="Rename the folder like the one below results/, or remove it.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_counterparts,
)


def _code(subject: TreeSubject) -> Iterator[Remark]:
    tree, layout = subject.tree, subject.layout
    for division, submitter in layout.submitters(tree):
        names = {"division": division, "submitter": submitter}
        results = layout.above(PlaceName.PERFORMANCE, "system", **names)
        code = layout.above(PlaceName.CODE, "benchmark", **names)
        folders = {name for system in tree.folders(results) for name in tree.folders(f"{results}/{system}")}
        if folders and code not in tree:
            yield Remark(path=code, found="no such folder", expected="the code of every benchmark")
            continue
        for name in sorted(folders):
            if f"{code}/{name}" not in tree and tree.file(f"{code}/{name}") is None:
                yield Remark(path=f"{code}/{name}", found="no such folder", expected="the code of this benchmark")


CODE = Check(
    text=CheckText(
        code="INF005",
        title="The code of every benchmark is there",
        why="Results must be reproducible by others; the official checker counts an error and keeps the result.",
        clause="submission-checker.py, check_measurement_dir (mlcommons/inference v2.0)",
        example="closed/Org/code/resnet50: found no such folder, expected the code of this benchmark",
        fix="Add code/<benchmark>/<implementation>/, or a file code/<benchmark> that names another benchmark.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_code,
)

TREE_CHECKS = (DIVISIONS, REFUSED, LARGE, COUNTERPARTS, CODE)
