"""What a site is made from, apart from the results themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from levelfield.results.model import Result

__all__ = ["SiteFinding", "SiteInputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFinding:
    """One thing that a check found, with what is said of that check."""

    round: str
    code: str
    severity: str
    """``void``, ``error``, ``warning`` or ``note``."""
    path: str
    line: int
    """From 1; 0 for the whole file."""
    found: str
    expected: str
    subject: str
    """The folder of the result that it counts for; empty for the whole submission."""
    title: str
    """What the check looks at, in one line; empty where it is not known."""
    fix: str
    """The next step; empty where none is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInputs:
    """Everything that decides the bytes of a site. There is no clock in it but these dates."""

    results: tuple[Result, ...]
    findings: tuple[SiteFinding, ...] = ()
    title: str = "levelfield results"
    """Not the mark: the name may not be part of a product's name."""
    retrieved: date
    """When the results were taken from their source; stands in every footnote."""
    private: bool = False
    """For results that are not published: every page says so and asks not to be indexed."""
    single_file: bool = False
