"""The checks of a training round, by what each looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from levelfield.submission.check import Check
from levelfield.submission.engine import Selection
from levelfield.submission.report import CheckText
from levelfield.submission.training.compliance.record import LogRecord
from levelfield.submission.training.compliance.seeds import SeedSubject
from levelfield.submission.training.subjects import (
    FolderSubject,
    OrganisationSubject,
    RoundSubject,
    SystemSubject,
    TreeSubject,
)

__all__ = ["Registry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The checks; of each kind in the order of codes."""

    tree: tuple[Check[TreeSubject], ...] = ()
    organisations: tuple[Check[OrganisationSubject], ...] = ()
    systems: tuple[Check[SystemSubject], ...] = ()
    folders: tuple[Check[FolderSubject], ...] = ()
    seeds: tuple[Check[SeedSubject], ...] = ()
    """Of closed folders."""
    round: tuple[Check[RoundSubject], ...] = ()
    logs: tuple[Check[LogRecord], ...] = ()
    """Of single logs. All of them run wherever a log is judged; what is not selected is left out afterwards."""

    @property
    def every(self) -> tuple[Check[Any], ...]:
        """All of them, by code."""
        groups: Iterable[tuple[Check[Any], ...]] = (
            self.tree, self.organisations, self.systems, self.folders, self.seeds, self.round, self.logs,
        )  # fmt: skip
        return tuple(sorted((check for group in groups for check in group), key=lambda check: check.code))

    @property
    def texts(self) -> tuple[CheckText, ...]:
        """What is said of each, by code."""
        return tuple(check.text for check in self.every)

    def only(self, selection: Selection) -> Registry:
        """Those that are selected."""
        takes = selection.takes
        return Registry(
            tree=tuple(check for check in self.tree if takes(check.text)),
            organisations=tuple(check for check in self.organisations if takes(check.text)),
            systems=tuple(check for check in self.systems if takes(check.text)),
            folders=tuple(check for check in self.folders if takes(check.text)),
            seeds=tuple(check for check in self.seeds if takes(check.text)),
            round=tuple(check for check in self.round if takes(check.text)),
            logs=tuple(check for check in self.logs if takes(check.text)),
        )
