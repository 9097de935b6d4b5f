"""Reading the results of a round of tiny or mobile by its rules; those of other suites come from their checks."""

from __future__ import annotations

from levelfield.results.model import Verification
from levelfield.rules import MobileRules, TinyRules
from levelfield.submission.mobile.checks import CHECKS as MOBILE
from levelfield.submission.mobile.reading import read_mobile
from levelfield.submission.reading import Reading, ReadingCheck
from levelfield.submission.sources.port import Source
from levelfield.submission.tiny.checks import CHECKS as TINY
from levelfield.submission.tiny.reading import NO_LABELS, Labels, read_tiny

__all__ = ["READING_CHECKS", "read_round"]

READING_CHECKS: tuple[ReadingCheck, ...] = (*TINY, *MOBILE)
"""Everything that reading can find, with its text: for ``explain`` and the docs."""


def read_round(
    source: Source,
    rules: TinyRules | MobileRules,
    *,
    labels: Labels = NO_LABELS,
    verification: Verification = Verification.UNKNOWN,
) -> Reading:
    """The results of a source and what was found wrong on the way.

    Args:
        source: A submission, or a round of them.
        rules: Of the round.
        labels: Label sets of tiny benchmarks; other suites need none.
        verification: What is known of the source.
    """
    match rules:
        case TinyRules():
            return read_tiny(source, rules, labels=labels, verification=verification)
        case MobileRules():
            return read_mobile(source, rules, verification=verification)
