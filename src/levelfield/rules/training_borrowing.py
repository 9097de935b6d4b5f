"""Borrowing during review: another submitter's hyperparameters of the same benchmark, as a group."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from levelfield.rules.citations import Cites
from levelfield.rules.model import Citation
from levelfield.rules.table import Table

__all__ = ["BorrowingKind", "BorrowingRules", "borrowing_rules"]


class BorrowingKind(StrEnum):
    """What becomes of a hyperparameter when others are borrowed."""

    FREE = "free"
    """The borrower sets it: batch sizes, span of batch normalisation."""
    GROUP = "group"
    """It is replaced together with all others of its kind, or none is."""
    NEVER = "never borrowed"
    """It is none that can be borrowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowingRules:
    """How each hyperparameter is borrowed; what is named in neither list is a member of the group."""

    free: tuple[str, ...]
    never: tuple[str, ...]
    unrelated: tuple[str, ...]
    """Keys that logs of some benchmark have and that are no hyperparameters."""
    citation: Citation
    never_citation: Citation

    @property
    def named(self) -> tuple[str, ...]:
        """Every key that it names."""
        return (*self.free, *self.never, *self.unrelated)

    def with_those_of(self, benchmark: BorrowingRules) -> BorrowingRules:
        """With what holds for one benchmark beside it."""
        return BorrowingRules(
            free=(*self.free, *benchmark.free),
            never=(*self.never, *benchmark.never),
            unrelated=(*self.unrelated, *benchmark.unrelated),
            citation=self.citation,
            never_citation=benchmark.citation,
        )

    def kind(self, key: str) -> BorrowingKind:
        """Of a hyperparameter."""
        if key in self.never:
            return BorrowingKind.NEVER
        return BorrowingKind.FREE if key in self.free else BorrowingKind.GROUP


def borrowing_rules(table: Table, cites: Cites) -> BorrowingRules:
    """Read a table ``borrowing``, of a round or of a benchmark."""
    citation = cites.of("borrowing", table)
    rules = BorrowingRules(
        free=table.texts("free"),
        never=table.texts("never"),
        unrelated=table.texts("unrelated"),
        citation=citation,
        never_citation=citation,
    )
    table.seen.add("cites")
    table.finish()
    return rules
