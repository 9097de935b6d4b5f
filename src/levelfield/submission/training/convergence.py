"""The convergence test of one folder: what its runs needed, and what the reference points say to it.

Source: mlcommons/logging, ``rcp_checker`` at beaf26d; mlcommons/training_policies, ``training_rules.adoc`` at 8c7f5e70.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from levelfield.rules.training import TrainingBenchmark
from levelfield.stats.rcp import Convergence, Floor, Method, Point, Status, judge_convergence, reference_of, untested
from levelfield.stats.rcp_figure import Figure, FigureMode, FigureSource, figure_of, plausible_samples
from levelfield.submission.training.judging import Judging
from levelfield.submission.training.log import JudgedLog
from levelfield.terms import Edition

__all__ = ["RunFigure", "Tested", "edition_of", "tested_folder"]

SAMPLES = "samples"
"""The unit of figures that loggers write at different places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigure:
    """What one run needed."""

    path: str
    figure: Figure
    converged: bool
    """Whether ``run_stop`` says success."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """The verdict on a folder."""

    convergence: Convergence
    points: str
    """The set that it rests on; empty where there is none."""
    figures: tuple[RunFigure, ...]
    """By number of the log; of runs that did not converge too."""
    batch_sizes: tuple[float, ...]
    """That the logs say, each once, ascending."""
    unit: str
    """Of the figures; empty where the benchmark has no points."""

    @property
    def sources(self) -> tuple[FigureSource, ...]:
        """Where the figures of runs that converged stand."""
        found = {one.figure.source for one in self.figures if one.converged and one.figure.source is not None}
        return tuple(sorted(found))


def tested_folder(logs: Sequence[JudgedLog], benchmark: TrainingBenchmark, judging: Judging, *, closed: bool) -> Tested:
    """Test the runs of a folder.

    Args:
        logs: By number.
        benchmark: Of the folder.
        judging: The points and how they are used.
        closed: Whether the folder is in the closed division.
    """
    edition = edition_of(logs)
    chosen = judging.points_of(edition)
    points = () if chosen is None else chosen.of(benchmark.name)
    unit = points[0].unit if points else ""
    plain = [Point(batch_size=point.batch_size, figures=point.figures) for point in points]
    plausible = None
    if unit == SAMPLES:
        plausible = plausible_samples([reference_of(point, dropped=benchmark.dropped).mean for point in plain])
    figures = tuple(_figure(log, plausible, judging.figure) for log in logs)
    sizes = [log.batch_size for log in logs if log.batch_size is not None]
    if not benchmark.has_reference:
        verdict = _not_tested(f"{benchmark.name} has no reference points.")
    elif chosen is None:
        verdict = _not_tested("No reference points of mini editions ship with this version.")
    elif not (closed or judging.points_for_all or edition is Edition.MINI):
        verdict = _not_tested("Convergence is tested in the closed division only.")
    else:
        batch_size = sizes[-1] if sizes else None
        verdict = _judged(figures, batch_size, plain, benchmark, judging.floor)
    return Tested(
        convergence=verdict,
        points="" if chosen is None else chosen.name,
        figures=figures,
        batch_sizes=tuple(sorted(set(sizes))),
        unit=unit,
    )


def edition_of(logs: Iterable[JudgedLog]) -> Edition:
    """Mini where any of the runs is one."""
    return Edition.MINI if any(log.edition is Edition.MINI for log in logs) else Edition.FULL


def _not_tested(why: str) -> Convergence:
    return untested(Status.NOT_APPLICABLE, Method.NOT_TESTED, why)


def _figure(log: JudgedLog, plausible: tuple[float, float] | None, mode: FigureMode) -> RunFigure:
    figure = figure_of(
        epoch_num=log.figures.epoch_num,
        train_samples=log.figures.train_samples,
        train_samples_as_text=log.figures.train_samples_as_text,
        plausible=plausible,
        mode=mode,
    )
    return RunFigure(path=log.path, figure=figure, converged=log.status == "success")


def _judged(
    runs: Sequence[RunFigure],
    batch_size: float | None,
    points: Sequence[Point],
    benchmark: TrainingBenchmark,
    floor: Floor,
) -> Convergence:
    converged = [run for run in runs if run.converged]
    silent = next((run for run in converged if run.figure.value is None), None)
    if silent is not None and batch_size is not None:
        name = silent.path.rpartition("/")[2]
        return untested(Status.FAIL, Method.NO_FIGURE, f"{name}: {silent.figure.problem}.", batch_size=batch_size)
    return judge_convergence(
        [run.figure.value for run in converged if run.figure.value is not None],
        failed=len(runs) - len(converged),
        batch_size=batch_size,
        points=points,
        runs=benchmark.runs,
        dropped=benchmark.dropped,
        how=floor,
    )
