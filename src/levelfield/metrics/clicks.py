"""Area under the ROC curve of click predictions, from the payloads of an accuracy log.

Source: mlcommons/inference, recommendation/dlrm/pytorch/tools/accuracy-dlrm.py, tag v2.0. A sample is some hundred
user-item pairs. Its payload is float32 in one of two forms: a prediction and the label for each pair, as the reference
implementation writes it, or the predictions alone. Which one it is follows from the length, since the number of pairs
of each sample is known. Labels always come from the dataset; those in a payload must agree with it.

Ours is stricter where the script would give a number that means nothing: samples that are missing, repeats that
contradict each other, payloads of another length, and predictions that are no numbers are errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import InputError
from levelfield.metrics.auc import AreaOfMany, RocArea

__all__ = ["ClickAuc", "click_auc"]

FLOAT = np.dtype("<f4")
_SHOWN = 10
"""Problems that are spelled out; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickAuc:
    """How well predictions tell clicks from the rest."""

    area: RocArea
    good: int
    """Pairs whose prediction, rounded, is the label."""
    queries: int
    """Samples scored."""

    @property
    def total(self) -> int:
        """Pairs scored."""
        return self.area.positives + self.area.negatives

    @property
    def percent(self) -> float:
        """The area in percent, unrounded."""
        return 100 * self.area.value

    @property
    def above_chance(self) -> float:
        """The part of the way from chance (0) to perfect (1), since an area of 0.5 is reached without a model."""
        return 2 * self.area.value - 1

    @property
    def line(self) -> str:
        """The line of the official script, which ``accuracy.txt`` holds."""
        share = 100 * self.good / self.total
        return (
            f"AUC={self.percent:.3f}%, accuracy={share:.3f}%, good={self.good}, total={self.total}, "
            f"queries={self.queries}"
        )


def click_auc(
    entries: Iterable[tuple[int, bytes]],
    labels_of: Callable[[int], NDArray[np.bool_]],
    samples: int,
    *,
    whole: bool = True,
) -> ClickAuc:
    """Score the entries of an accuracy log against the labels.

    The first entry of a sample counts; LoadGen repeats samples to fill the last query of MultiStream. Entries are
    looked at one after the other: what stays is 4 bytes for each pair.

    Args:
        entries: Sample index and payload of each, in the order of the log.
        labels_of: For a sample, (pairs,) whether each of its pairs was clicked.
        samples: How many samples the dataset has.
        whole: Every sample must occur; ``False`` scores those that do, one at least.

    Raises:
        InputError: An index outside the dataset, a payload that does not fit its sample, repeats that differ, or
            samples that never occur. All are collected.
    """
    many = AreaOfMany()
    seen: dict[int, bytes] = {}
    problems = []
    good = 0
    for index, payload in entries:
        digest = blake2b(payload, digest_size=16).digest()
        if (known := seen.get(index)) is not None:
            if known != digest:
                problems.append(f"sample {index}: found two different payloads")
            continue
        seen[index] = digest
        if not 0 <= index < samples:
            problems.append(f"sample {index}: expected an index of 0..{samples - 1}")
            continue
        labels = labels_of(index)
        try:
            predictions = _predictions(payload, labels)
        except ValueError as error:
            problems.append(f"sample {index}: {error}")
            continue
        many.add(predictions, labels)
        good += int((predictions.round() == labels).sum())
    missing = [index for index in range(samples) if index not in seen]
    if missing and (whole or not seen):
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        problems.append(f"{len(missing)} of {samples} samples have no entry: {shown}")
    if not problems:
        try:
            return ClickAuc(area=many.area(), good=good, queries=len(seen))
        except ValueError:
            problems.append("all pairs have the same label, so there is no area under the curve")
    raise InputError("The accuracy log cannot be scored.", problems=_shortened(problems))


def _predictions(payload: bytes, labels: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(pairs,): the predictions of one payload."""
    count = len(labels)
    if len(payload) not in {FLOAT.itemsize * count, 2 * FLOAT.itemsize * count}:
        raise ValueError(
            f"found a payload of {len(payload)} bytes, expected {2 * FLOAT.itemsize * count} (prediction and label of "
            f"{count} pairs, float32) or {FLOAT.itemsize * count} (predictions only)"
        )
    numbers = np.frombuffer(payload, FLOAT)
    if len(numbers) > count:
        predictions, written = numbers[::2], numbers[1::2]
        wrong = np.flatnonzero(written != labels)
        if wrong.size:
            raise ValueError(f"found {wrong.size} labels that are not the dataset's, the first of pair {wrong[0]}")
    else:
        predictions = numbers
    if not np.isfinite(predictions).all():
        raise ValueError(f"found the prediction {predictions[~np.isfinite(predictions)][0]}, expected numbers")
    return predictions.astype(np.float32)


def _shortened(problems: list[str]) -> list[str]:
    rest = len(problems) - _SHOWN
    return problems if rest <= 0 else [*problems[:_SHOWN], f"and {rest} more"]
