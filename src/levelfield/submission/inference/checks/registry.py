"""Checks by what they look at, and the subjects that are more than one system."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from levelfield.frozen import frozen
from levelfield.rules.model import RuleSet
from levelfield.submission.check import Check
from levelfield.submission.engine import Selection
from levelfield.submission.inference.claims import RunClaim
from levelfield.submission.inference.official import OfficialOutcome
from levelfield.submission.inference.redraw import Draws
from levelfield.submission.inference.subjects import AuditSubject, BenchmarkSubject, ResultSubject, SystemSubject
from levelfield.submission.inference.tree import Layout, Tree
from levelfield.submission.report import CheckText
from levelfield.submission.sources.port import Source

if TYPE_CHECKING:
    from levelfield.submission.power.check import SessionCheck

__all__ = ["Registry", "RoundSubject", "TreeSubject"]


@frozen
class TreeSubject:
    """The tree: names and sizes only."""

    source: Source
    tree: Tree
    layout: Layout
    rules: RuleSet


@frozen
class RoundSubject:
    """What every run of the tree says about its own draws."""

    claims: tuple[RunClaim, ...]
    """By path."""
    rules: RuleSet
    draws: Draws
    """Of what the runs say; schedules of very many queries are not drawn again."""


@frozen
class Registry:
    """The checks, by what each looks at; of each kind in the order of codes."""

    tree: tuple[Check[TreeSubject], ...] = ()
    systems: tuple[Check[SystemSubject], ...] = ()
    benchmarks: tuple[Check[BenchmarkSubject], ...] = ()
    results: tuple[Check[ResultSubject], ...] = ()
    audits: tuple[Check[AuditSubject], ...] = ()
    """Of closed submissions."""
    load_sessions: Callable[[], tuple[SessionCheck, ...]] = tuple
    """Gives those of measured power: a tenth of all code, for the few trees that have some."""
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
    def sessions(self) -> tuple[SessionCheck, ...]:
        """Of measured power."""
        return self.load_sessions()

    @property
    def texts(self) -> tuple[CheckText, ...]:
        """What is said of each, those of sessions included."""
        return tuple(self.each_text())

    def each_text(self) -> Iterator[CheckText]:
        """The same, one after the other: nothing is loaded before it is asked for."""
        yield from (check.text for check in self.every)
        yield from (check.text for check in self.sessions)

    def only(self, selection: Selection) -> Registry:
        """Those that are selected."""
        takes = selection.takes

        @cache
        def sessions() -> tuple[SessionCheck, ...]:
            # None of them is the official submission checker's, so they need not be loaded to be left out.
            return () if selection.is_official_only else tuple(check for check in self.sessions if takes(check.text))

        return Registry(
            tree=tuple(check for check in self.tree if takes(check.text)),
            systems=tuple(check for check in self.systems if takes(check.text)),
            benchmarks=tuple(check for check in self.benchmarks if takes(check.text)),
            results=tuple(check for check in self.results if takes(check.text)),
            audits=tuple(check for check in self.audits if takes(check.text)),
            load_sessions=sessions,
            round=tuple(check for check in self.round if takes(check.text)),
            official=tuple(check for check in self.official if takes(check.text)),
        )
