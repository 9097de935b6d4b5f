"""The outcome of checking a training round: what every suite's report has, and the scores."""

from __future__ import annotations

from levelfield.frozen import frozen
from levelfield.submission.report import Report
from levelfield.submission.training.official import OfficialFolder, OfficialPackage
from levelfield.submission.training.score import FolderScore

__all__ = ["TrainingReport"]


@frozen
class TrainingReport(Report):
    """Everything that checking a source gave."""

    scores: tuple[FolderScore, ...]
    """One of each result folder that is a benchmark of the round, by path."""
    official_folders: tuple[OfficialFolder, ...]
    """What the official package checker says of each, by path."""
    official_packages: tuple[OfficialPackage, ...]
    """Its last line for each submitter, by path."""
