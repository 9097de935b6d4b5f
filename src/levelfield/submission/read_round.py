"""Reading the results of any round but inference by its rules; inference has checks, and its results come from them."""

from __future__ import annotations

from levelfield.results.model import Verification
from levelfield.rules import MobileRules, TinyRules, TrainingRules
from levelfield.submission.mobile.checks import CHECKS as MOBILE
from levelfield.submission.mobile.reading import read_mobile
from levelfield.submission.reading import Reading, ReadingCheck
from levelfield.submission.sources.port import Source
from levelfield.submission.tiny.checks import CHECKS as TINY
from levelfield.submission.tiny.reading import NO_LABELS, Labels, read_tiny
from levelfield.submission.training.checks import CHECKS as TRAINING
from levelfield.submission.training.reading import read_training

__all__ = ["READING_CHECKS", "read_round"]

READING_CHECKS: tuple[ReadingCheck, ...] = (*TRAINING, *TINY, *MOBILE)
"""Everything that reading can find, with its text: for ``explain`` and the docs."""


def read_round(
    source: Source,
    rules: TrainingRules | TinyRules | MobileRules,
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
        case TrainingRules():
            return read_training(source, rules, verification=verification)
        case TinyRules():
            return read_tiny(source, rules, labels=labels, verification=verification)
        case MobileRules():
            return read_mobile(source, rules, verification=verification)
