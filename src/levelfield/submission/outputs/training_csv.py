"""The scores of a training round as CSV: as the official summarizer writes them, and one row for each folder."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable
from pathlib import Path

from levelfield.files import write_atomically
from levelfield.submission.outputs.spelling import printable
from levelfield.submission.training.report import TrainingReport
from levelfield.submission.training.score import FolderScore

__all__ = ["SCORE_COLUMNS", "write_scores_csv", "write_summary_csv"]


def write_summary_csv(report: TrainingReport, path: Path) -> None:
    """Write what the official summarizer of the round would write with ``--csv``, but for the order of submitters.

    That tool lists submitters as the file system does; here they stand by name. Numbers are the shortest that read
    back as the same, lines end in a line feed, cells are quoted where they must be.

    Raises:
        OutputError: The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(report.official_columns)
    writer.writerows(row.cells for row in report.official_rows)
    write_atomically(path, text.getvalue())


def write_scores_csv(report: TrainingReport, path: Path) -> None:
    """Write one row for each system and benchmark: RFC 4180, UTF-8, by path; an empty cell is what is not known.

    Raises:
        OutputError: The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(SCORE_COLUMNS)
    for score in report.scores:
        writer.writerow([_cell(value(score)) for value in SCORE_COLUMNS.values()])
    write_atomically(path, text.getvalue())


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if math.isinf(value):
            return "INF" if value > 0 else "-INF"
        case float():
            return repr(value)
        case _:
            return printable(str(value))


def _list(values: Iterable[object]) -> str:
    return " ".join(_cell(value) or "?" for value in values)


SCORE_COLUMNS: dict[str, Callable[[FolderScore], object]] = {
    "path": lambda score: score.path,
    "organisation": lambda score: score.organisation,
    "system": lambda score: score.system,
    "system_name": lambda score: score.system_name,
    "division": lambda score: score.division,
    "benchmark": lambda score: score.benchmark,
    "edition": lambda score: score.edition,
    "score_minutes": lambda score: score.score,
    "score_minutes_low": lambda score: score.low,
    "score_minutes_high": lambda score: score.high,
    "score_minutes_official": lambda score: score.official_score,
    "runs": lambda score: score.runs,
    "runs_required": lambda score: score.runs_required,
    "runs_failed": lambda score: len(score.failed),
    "run_minutes": lambda score: _list(score.run_minutes),
    "variation": lambda score: score.variation,
    "failures": lambda score: "; ".join(f"{one.path.rpartition('/')[2]}: {one.reason}" for one in score.failed),
    "batch_size": lambda score: score.batch_size,
    "figures": lambda score: _list(score.figures),
    "figure_unit": lambda score: score.unit,
    "figure_source": lambda score: score.figure_source,
    "rcp_set": lambda score: score.points,
    "rcp_verdict": lambda score: score.convergence.status,
    "rcp_method": lambda score: score.convergence.method,
    "rcp_floor": lambda score: score.convergence.floor,
    "rcp_reference_mean": lambda score: score.convergence.reference and score.convergence.reference.mean,
    "rcp_mean": lambda score: score.convergence.mean,
    "rcp_margin": lambda score: score.convergence.margin,
    "rcp_explanation": lambda score: score.convergence.explanation,
}
"""The columns, in order, and what stands in them."""
