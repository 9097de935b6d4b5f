"""Checks of a folder's convergence against the reference points."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.stats.rcp import Method, Status
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.subjects import FolderSubject
from levelfield.units import format_number

__all__ = ["CONVERGENCE_CHECKS"]

CLAUSE = "rcp_checker.py (mlcommons/logging beaf26d); training_rules.adoc, Reference Convergence Points"


def _batch_size(subject: FolderSubject) -> Iterator[Remark]:
    sizes = () if subject.tested is None else subject.tested.batch_sizes
    if len(sizes) > 1:
        found = f"global_batch_size {', '.join(f'{size:.10g}' for size in sizes)}"
        yield Remark(path=subject.path, found=found, expected="the same in all runs")


BATCH_SIZE = Check(
    text=CheckText(
        code="TRN092",
        title="All runs have the same batch size",
        why="Epochs to the target depend on it; the official checker looks at one log and tests all runs by it.",
        clause=CLAUSE,
        example="…/resnet: found global_batch_size 3264, 4096, expected the same in all runs",
        fix="Run again with one setting.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_batch_size,
)


def _figures(subject: FolderSubject) -> Iterator[Remark]:
    if subject.tested is None or subject.tested.convergence.status is Status.NOT_APPLICABLE:
        return
    for one in subject.tested.figures:
        if one.converged and one.figure.value is None:
            yield Remark(path=one.path, found=one.figure.problem, expected="what the run needed to reach its target")


FIGURES = Check(
    text=CheckText(
        code="TRN093",
        title="Every run says what it needed",
        why="Without the figure of a run nobody can tell whether the model converged as the reference does.",
        clause=CLAUSE,
        example="…/bert/result_0.txt: found epoch_num 1 and train_samples 156,725,653, neither of which …",
        fix="Log the samples until the target as epoch_num of each evaluation, or choose with --rcp-figure.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_figures,
)


def _sources(subject: FolderSubject) -> Iterator[Remark]:
    sources = () if subject.tested is None else subject.tested.sources
    if len(sources) > 1:
        yield Remark(path=subject.path, found=f"figures in {' and '.join(sources)}", expected="one place in all logs")


SOURCES = Check(
    text=CheckText(
        code="TRN094",
        title="All runs write what they needed at one place",
        why="Figures from different places may count different things.",
        clause=CLAUSE,
        example="…/bert: found figures in epoch_num and train_samples, expected one place in all logs",
        fix="Log all runs with one version of the code.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_sources,
)


def _converges(subject: FolderSubject) -> Iterator[Remark]:
    if subject.tested is None or subject.tested.convergence.status is not Status.FAIL:
        return
    convergence = subject.tested.convergence
    if convergence.method is Method.NO_FIGURE:  # said of each run
        return
    if convergence.mean is None or convergence.floor is None:
        yield Remark(path=subject.path, found=convergence.explanation.rstrip("."), expected="runs that can be tested")
        return
    points = subject.tested.points
    mean, floor = (format_number(one, digits=6) for one in (convergence.mean, convergence.floor))
    found = f"a mean of {mean} {subject.tested.unit} (batch size {convergence.batch_size:.10g})"
    expected = f"{floor} or more ({convergence.method} in set {points})"
    yield Remark(path=subject.path, found=found, expected=expected)


CONVERGES = Check(
    text=CheckText(
        code="TRN095",
        title="The runs need no fewer epochs than the reference",
        why="Significantly faster convergence means that something else was trained than the reference.",
        clause=CLAUSE,
        example="…/unet3d: found a mean of 1940.2 epochs (batch size 28), expected 1983.1 or more (interpolated …)",
        fix="Compare hyperparameters with the reference's; the rules allow a review, or points of one's own.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_converges,
)


def _point(subject: FolderSubject) -> Iterator[Remark]:
    if subject.tested is None or subject.tested.convergence.status is not Status.MISSING:
        return
    convergence = subject.tested.convergence
    found = f"no point for batch size {convergence.batch_size:.10g} in set {subject.tested.points}"
    yield Remark(path=subject.path, found=found, expected="one to test against", hint=convergence.explanation)


POINT = Check(
    text=CheckText(
        code="TRN096",
        title="There is a reference point for the batch size",
        why="Without one there is nothing that the convergence can be held against.",
        clause=CLAUSE,
        example="…/rnnt: found no point for batch size 512 in set 1.1.0, expected one to test against",
        fix="Run the reference at this batch size, twice as often as a submission, and hand its figures in.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_point,
)

CONVERGENCE_CHECKS = (BATCH_SIZE, FIGURES, SOURCES, CONVERGES, POINT)
