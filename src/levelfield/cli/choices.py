"""Words from the command line to the vocabulary, each with the nearest one where it is unknown."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from levelfield.backends.port import Arithmetic
from levelfield.errors import nearest
from levelfield.loadgen.run import IssuingChoice
from levelfield.terms import Division, Edition, Scenario
from levelfield.training.port import NumberFormat
from levelfield.workloads.task import Precision

__all__ = [
    "arithmetic_of",
    "division_of",
    "edition_of",
    "issuing_of",
    "number_format_of",
    "precision_of",
    "scenarios_of",
]

Word = TypeVar("Word", bound=StrEnum)


def _of(vocabulary: type[Word], word: str, what: str) -> Word:
    for known in vocabulary:
        if known.value.lower() == word.lower():
            return known
    raise nearest(word, [known.value for known in vocabulary], what=what)


def scenarios_of(words: tuple[str, ...]) -> tuple[Scenario, ...]:
    """The scenarios, each once, in the order given; ``all`` for all four.

    Raises:
        UsageError: A word is none.
    """
    found: list[Scenario] = []
    for word in words:
        found += list(Scenario) if word.lower() == "all" else [_of(Scenario, word, "scenario")]
    return tuple(dict.fromkeys(found))


def edition_of(word: str) -> Edition:
    """``mini`` or ``full``."""
    return _of(Edition, word, "edition")


def division_of(word: str) -> Division:
    """``closed`` or ``open``."""
    return _of(Division, word, "division")


def precision_of(word: str) -> Precision:
    """``fp32`` or ``int8``."""
    return _of(Precision, word, "precision")


def number_format_of(word: str) -> NumberFormat:
    """``fp32``, ``bf16`` or ``fp16``."""
    return _of(NumberFormat, word, "precision")


def arithmetic_of(word: str) -> Arithmetic:
    """``model`` or ``bf16``."""
    return _of(Arithmetic, word, "arithmetic")


def issuing_of(word: str) -> IssuingChoice:
    """``auto``, ``inline`` or ``process``."""
    return _of(IssuingChoice, word, "way of issuing")
