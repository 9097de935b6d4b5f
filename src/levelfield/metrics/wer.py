"""Word error rate from the payloads of an accuracy log.

Source: mlcommons/inference, speech_recognition/rnnt/accuracy_eval.py and pytorch/metrics.py, tag v2.0: the word edit
distances of all utterances, summed, by the words of all transcripts. Ours is stricter where the script would give a
number that means nothing: utterances that are missing, repeats that contradict each other, labels without a letter.
The script's ``--output_dtype int32`` reads eight bytes a label on 64-bit Linux (C's ``long``); here it is four.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import InputError

__all__ = ["LabelType", "WordErrors", "edit_distance", "word_errors", "word_errors_of_log"]

_SHOWN = 10
"""Problems that are spelled out; the rest is counted."""
_RESAMPLES = 2_000
_SEED = 20220406
"""Of the bootstrap: the same utterances always give the same interval."""


class LabelType(StrEnum):
    """How a payload holds its labels, one for each character; the submitter's choice, never guessed. Little-endian."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy type."""
        return np.dtype(self.value).newbyteorder("<")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordErrors:
    """Errors and words of each utterance that was scored, in the order of the dataset."""

    errors: NDArray[np.int64]
    """(utterances,): words to be replaced, put in or left out."""
    words: NDArray[np.int64]
    """(utterances,): of the transcript."""

    @property
    def rate(self) -> float:
        """Errors by words; above 1 where more is heard than was said."""
        return int(self.errors.sum()) / int(self.words.sum())

    @property
    def accuracy_percent(self) -> float:
        """100 minus the rate in percent, with the script's arithmetic."""
        return (1 - self.rate) * 100

    @property
    def line(self) -> str:
        """The line of the official script, which ``accuracy.txt`` holds."""
        return f"Word Error Rate: {self.rate * 100}%, accuracy={self.accuracy_percent}%"

    def accuracy_interval(self) -> tuple[float, float]:
        """95 % interval of ``accuracy_percent``: whole utterances drawn again with replacement (B. Efron, 1979)."""
        draws = np.random.Generator(np.random.PCG64(_SEED))
        count = len(self.words)
        rates = []
        for _ in range(_RESAMPLES):
            times = np.bincount(draws.integers(0, count, count), minlength=count)
            rates.append(float(times @ self.errors) / max(1.0, float(times @ self.words)))
        low, high = np.quantile(rates, [0.025, 0.975])
        return float(100 - 100 * high), float(100 - 100 * low)


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's distance: the fewest words to replace, put in or leave out to make one sequence the other."""
    if not one or not other:
        return len(one) + len(other)
    known: dict[str, int] = {}
    columns = np.array([known.setdefault(word, len(known)) for word in other])
    steps = np.arange(len(other) + 1)
    row = steps.copy()
    for number, word in enumerate(one, 1):
        # Moving along the row costs one each step: the running minimum of what is left after taking the steps off.
        kept_or_replaced = row[:-1] + (columns != known.get(word, -1))
        row[1:] = np.minimum(kept_or_replaced, row[1:] + 1)
        row[0] = number
        row = np.minimum.accumulate(row - steps) + steps
    return int(row[-1])


def word_errors(pairs: Iterable[tuple[str, str]]) -> WordErrors:
    """Count over pairs of transcript and what was heard; words are what white space parts.

    Raises:
        InputError: The transcripts have no word.
    """
    errors, words = [], []
    for transcript, heard in pairs:
        said = transcript.split()
        words.append(len(said))
        errors.append(edit_distance(heard.split(), said))
    if not sum(words):
        raise InputError("The transcripts have no word, so there is no word error rate.")
    return WordErrors(errors=np.array(errors, np.int64), words=np.array(words, np.int64))


def word_errors_of_log(
    entries: Iterable[tuple[int, bytes]],
    transcripts: Sequence[str],
    label_type: LabelType,
    *,
    alphabet: str,
    whole: bool = True,
) -> WordErrors:
    """Score the entries of an accuracy log against the transcripts.

    The first entry of an utterance counts. The official script counts all.

    Args:
        entries: Sample index and payload of each, in the order of the log.
        transcripts: The normalised text of every utterance of the dataset.
        label_type: How a payload holds its labels.
        alphabet: The character of each label.
        whole: Every utterance must occur; ``False`` scores those that do, one at least.

    Raises:
        InputError: An index without a transcript, a payload that is not whole labels of that type, labels without a
            character, repeats that differ, or utterances that never occur. All are collected.
    """
    first: dict[int, bytes] = {}
    problems = []
    for index, payload in entries:
        if not 0 <= index < len(transcripts):
            problems.append(f"sample {index}: expected an index of 0..{len(transcripts) - 1}")
        elif first.setdefault(index, payload) != payload:
            problems.append(f"sample {index}: found two different payloads")
    missing = [index for index in range(len(transcripts)) if index not in first]
    if missing and (whole or not first):
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        problems.append(f"{len(missing)} of {len(transcripts)} samples have no entry: {shown}")
    heard = {}
    for index in sorted(first):
        try:
            heard[index] = _text(first[index], label_type, alphabet)
        except ValueError as error:
            problems.append(f"sample {index}: {error}")
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise InputError("The accuracy log cannot be scored.", problems=problems[:_SHOWN] + more)
    return word_errors((transcripts[index], text) for index, text in heard.items())


def _text(payload: bytes, label_type: LabelType, alphabet: str) -> str:
    size = label_type.dtype.itemsize
    if len(payload) % size:
        raise ValueError(
            f"found a payload of {len(payload)} bytes, expected a multiple of {size} ({label_type} labels)"
        )
    labels = np.frombuffer(payload, label_type.dtype)
    wrong = labels[(labels < 0) | (labels >= len(alphabet))]
    if wrong.size:
        raise ValueError(f"found the label {wrong[0]}, expected 0..{len(alphabet) - 1}")
    return "".join(alphabet[label] for label in labels)
