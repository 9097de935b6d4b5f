"""Checks of the source and of each submitter's folder: what can be read, and what is missing beside the results."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.subjects import OrganisationSubject, TreeSubject
from levelfield.submission.training.tree import LOG_PLACE

__all__ = ["ORGANISATION_CHECKS", "TREE_CHECKS"]


def _nothing(subject: TreeSubject) -> Iterator[Remark]:
    if not any(folder.logs for folder in subject.tree.folders):
        yield Remark(path=".", found="no result_<i>.txt", expected=LOG_PLACE)


NOTHING = Check(
    text=CheckText(
        code="TRN009",
        title="The source holds results",
        why="A source without any is most likely another folder than was meant.",
        clause="submission_rules.adoc, Directory structure",
        example=".: found no result_<i>.txt, expected <org>/results/<system>/<benchmark>/result_<i>.txt",
        fix="Name the folder that holds the submitters' folders.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_nothing,
)


def _refused(subject: TreeSubject) -> Iterator[Remark]:
    for refused in subject.source.refused():
        yield Remark(path=refused.path, found=refused.reason, expected="a file inside the tree")


REFUSED = Check(
    text=CheckText(
        code="TRN080",
        title="Every entry of the source can be read",
        why="A link that leaves the tree, or a damaged entry, is not there for whoever gets the submission.",
        clause="our own: a submission must be complete in itself",
        example="HPE/results/XL675d/bert/result_3.txt: found a link that leaves the tree, expected a file inside it",
        fix="Replace the link by what it points to.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_refused,
)


def _benchmarks_of(subject: OrganisationSubject) -> list[str]:
    """Names of benchmark folders with results, as they are spelled."""
    return sorted({folder.benchmark for folder in subject.organisation.folders if not folder.is_bare})


def _code(subject: OrganisationSubject) -> Iterator[Remark]:
    own, there = subject.organisation, _benchmarks_of(subject)
    if there and not own.code:
        found = "no code of any benchmark"
        yield Remark(path=f"{own.root}benchmarks", found=found, expected=f"the code of {', '.join(there)}")
        return
    for name in there:
        folder = f"{own.root}benchmarks/{name}/"
        if not any(entry.path.startswith(folder) for entry in own.code):
            yield Remark(path=folder.rstrip("/"), found="no such folder", expected="the code of this benchmark")


CODE = Check(
    text=CheckText(
        code="TRN081",
        title="The code of every benchmark is there",
        why="A result must be reproducible by others; without its code nobody can tell what was trained.",
        clause="submission_rules.adoc, Directory structure",
        example="HPE/benchmarks/rnnt: found no such folder, expected the code of this benchmark",
        fix="Add benchmarks/<benchmark>/implementations/<implementation>/.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_code,
)


def _steps(subject: OrganisationSubject) -> Iterator[Remark]:
    own, wanted = subject.organisation, subject.rules.submission.code_files
    for folder in own.folders:
        base = f"{own.root}benchmarks/{folder.benchmark}/"
        # Submitters lay the system's folder beside the implementations or inside of them; both are in order.
        inside = [entry.path[len(base) :] for entry in own.code if entry.path.startswith(base)]
        names = {path.rpartition("/")[2] for path in inside if folder.system in path.split("/")[:-1]}
        if inside and (missing := [name for name in wanted if name not in names]):
            expected = f"{folder.system}/ with {', '.join(wanted)}"
            yield Remark(path=base.rstrip("/"), found=f"no {', '.join(missing)} of {folder.system}", expected=expected)


STEPS = Check(
    text=CheckText(
        code="TRN082",
        title="The steps of every system's run are there",
        why="They say how the system is set up, where the data come from, and what starts the clock.",
        clause="submission_rules.adoc, Directory structure",
        example="HPE/benchmarks/bert: found no run_and_time.sh of XL675d, expected XL675d/ with README.md, …",
        fix="Add the files to benchmarks/<benchmark>/<system>/.",
        official=False,
    ),
    severity=Severity.NOTE,
    look=_steps,
)

TREE_CHECKS = (NOTHING, REFUSED)
ORGANISATION_CHECKS = (CODE, STEPS)
