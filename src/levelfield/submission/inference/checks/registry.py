"""Checks by what they look at, and the subjects that are more than one system."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from levelfield.rules.model import RuleSet
from levelfield.submission.check import Check
from levelfield.submission.inference.claims import RunClaim
from levelfield.submission.inference.official import OfficialOutcome
from levelfield.submission.inference.subjects import AuditSubject, BenchmarkSubject, ResultSubject, SystemSubject
from levelfield.submission.inference.tree import Layout, Tree
from levelfield.submission.power.check import SessionCheck
from levelfield.submission.report import CheckText
from levelfield.submission.sources.port import Source

__all__ = ["Registry", "RoundSubject", "TreeSubject"]


@dataclass(frozen=True, slots=True)
class TreeSubject:
    """The tree: names and sizes only."""

    source: Source
    tree: Tree
    layout: Layout
    rules: RuleSet


@dataclass(frozen=True, slots=True)
class RoundSubject:
    """What every run of the tree says about its own draws."""

    claims: tuple[RunClaim, ...]
    """By path."""
    rules: RuleSet
    exact_queries: int
    """Server schedules of up to so many queries are drawn again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The checks, by what each looks at; of each kind in the order of codes."""

    tree: tuple[Check[TreeSubject], ...] = ()
    systems: tuple[Check[SystemSubject], ...] = ()
    benchmarks: tuple[Check[BenchmarkSubject], ...] = ()
    results: tuple[Check[ResultSubject], ...] = ()
    audits: tuple[Check[AuditSubject], ...] = ()
    """Of closed submissions."""
    sessions: tuple[SessionCheck, ...] = ()
    """Of measured power."""
    round: tuple[Check[RoundSubject], ...] = ()
    official: tuple[Check[OfficialOutcome], ...] = ()

    @property
    def every(self) -> tuple[Check[Any], ...]:
        """All of them, by code."""
        groups: Iterable[tuple[Check[Any], ...]] = (
            self.tree, self.systems, self.benchmarks, self.results, self.audits, self.round, self.official,
        )  # fmt: skip
        return tuple(sorted((check for group in groups for check in group), key=lambda check: check.code))

    @property
    def texts(self) -> tuple[CheckText, ...]:
        """What is said of each, those of sessions included."""
        return (*(check.text for check in self.every), *(check.text for check in self.sessions))

    def only(self, takes: Callable[[CheckText], bool]) -> Registry:
        """Those whose text is taken."""
        return Registry(
            tree=tuple(check for check in self.tree if takes(check.text)),
            systems=tuple(check for check in self.systems if takes(check.text)),
            benchmarks=tuple(check for check in self.benchmarks if takes(check.text)),
            results=tuple(check for check in self.results if takes(check.text)),
            audits=tuple(check for check in self.audits if takes(check.text)),
            sessions=tuple(check for check in self.sessions if takes(check.text)),
            round=tuple(check for check in self.round if takes(check.text)),
            official=tuple(check for check in self.official if takes(check.text)),
        )
