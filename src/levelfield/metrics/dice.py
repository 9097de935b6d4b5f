"""Mean Dice of kidney and tumour over segmented volumes, from the payloads of an accuracy log.

Source: mlcommons/inference, ``vision/medical_imaging/3d-unet-kits19/accuracy_kits.py``, tag v2.0. For each case and
each class but the background: twice the voxels that prediction and truth share, by the voxels of both, each sum with
1e-6 added. A case counts with the mean of its two classes; the score is the mean over the cases. A class that neither
has is found perfectly.

The script refuses logs that name a sample twice. Ours takes the first entry, as for every benchmark, and refuses only
repeats that differ. A log may have gigabytes: of each entry no more than a digest and two numbers are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import InputError

__all__ = ["DiceScores", "LabelType", "dice", "dice_of_case"]

CLASSES = (1, 2)
"""Kidney and tumour; 0 is the background."""
SMOOTH = 1e-6
_AT_ONCE = 1 << 22
"""Voxels compared at a time: bounds the memory, whatever the volume."""
_SHOWN = 10


class LabelType(StrEnum):
    """How a payload holds its labels; the submitter's choice, and never guessed. All little-endian."""

    UINT8 = "uint8"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy type."""
        return np.dtype(self.value).newbyteorder("<")


@dataclass(frozen=True, slots=True)
class DiceScores:
    """Dice of each case and class."""

    by_case: NDArray[np.float64]
    """(cases, 2): kidney and tumour, 0 to 1."""

    @property
    def composites(self) -> NDArray[np.float64]:
        """(cases,): the mean of the two classes."""
        means: NDArray[np.float64] = self.by_case.mean(axis=1)
        return means

    @property
    def mean(self) -> float:
        """The score, unrounded."""
        return float(self.composites.mean())

    @property
    def kidney(self) -> float:
        """Over the cases."""
        return float(self.by_case[:, 0].mean())

    @property
    def tumour(self) -> float:
        """Over the cases."""
        return float(self.by_case[:, 1].mean())

    @property
    def line(self) -> str:
        """The line of the official script, which ``accuracy.txt`` holds."""
        return f"Accuracy: mean = {self.mean:.5f}, kidney = {self.kidney:.4f}, tumor = {self.tumour:.4f}"


def dice_of_case(predicted: NDArray[Any], truth: NDArray[Any]) -> tuple[float, float]:
    """Dice of kidney and tumour in one volume.

    Args:
        predicted: Labels 0, 1 or 2 of any real type.
        truth: Of the same shape.

    Raises:
        ValueError: The shapes differ, or a prediction is no label.
    """
    if predicted.shape != truth.shape:
        raise ValueError(f"found the shape {predicted.shape}, expected {truth.shape}")
    flat, right = predicted.reshape(-1), truth.reshape(-1)
    shared, found, there = [0, 0], [0, 0], [0, 0]
    known = 0
    for start in range(0, len(flat), _AT_ONCE):
        piece, true_piece = flat[start : start + _AT_ONCE], right[start : start + _AT_ONCE]
        known += int(np.count_nonzero(piece == 0))
        for place, label in enumerate(CLASSES):
            is_found, is_there = piece == label, true_piece == label
            shared[place] += int(np.count_nonzero(is_found & is_there))
            found[place] += int(np.count_nonzero(is_found))
            there[place] += int(np.count_nonzero(is_there))
    if strange := len(flat) - known - sum(found):
        example = flat[~np.isin(flat, (0, *CLASSES))][0]
        raise ValueError(f"found {strange} voxels that are no label, the first is {example}; expected 0, 1 or 2")
    kidney, tumour = (
        (2 * both + SMOOTH) / (one + other + SMOOTH) for both, one, other in zip(shared, found, there, strict=True)
    )
    return kidney, tumour


def dice(
    entries: Iterable[tuple[int, bytes]],
    truth: Callable[[int], NDArray[Any]],
    cases: int,
    label_type: LabelType = LabelType.UINT8,
    *,
    whole: bool = True,
) -> DiceScores:
    """Score the entries of an accuracy log, one at a time.

    Args:
        entries: Sample index and payload of each, in the order of the log.
        truth: The true labels of a case; its shape is that of the prepared volume.
        cases: How many there are.
        label_type: How a payload holds its labels.
        whole: Every case must occur; ``False`` scores those that do, one at least.

    Raises:
        InputError: An index without a case, a payload that is not such a volume, repeats that differ, or cases that
            never occur. All are collected.
    """
    digests: dict[int, bytes] = {}
    scores: dict[int, tuple[float, float]] = {}
    problems = []
    for index, payload in entries:
        digest = blake2b(payload, digest_size=16).digest()
        if index in digests:
            if digests[index] != digest:
                problems.append(f"sample {index}: found two different payloads")
            continue
        digests[index] = digest
        if not 0 <= index < cases:
            problems.append(f"sample {index}: expected an index of 0..{cases - 1}")
            continue
        try:
            scores[index] = _scored(payload, truth(index), label_type)
        except ValueError as error:
            problems.append(f"sample {index}: {error}")
    missing = [index for index in range(cases) if index not in digests]
    if missing and (whole or not digests):
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        problems.append(f"{len(missing)} of {cases} samples have no entry: {shown}")
    if problems:
        rest = len(problems) - _SHOWN
        shown_problems = [*problems[:_SHOWN], f"and {rest} more"] if rest > 0 else problems
        raise InputError("The accuracy log cannot be scored.", problems=shown_problems)
    return DiceScores(np.array([scores[index] for index in sorted(scores)], np.float64))


def _scored(payload: bytes, truth: NDArray[Any], label_type: LabelType) -> tuple[float, float]:
    wanted = truth.size * label_type.dtype.itemsize
    if len(payload) != wanted:
        shape = ", ".join(map(str, truth.shape))
        raise ValueError(
            f"found a payload of {len(payload):,} bytes, expected {wanted:,}: the shape ({shape}) of {label_type}"
        )
    return dice_of_case(np.frombuffer(payload, label_type.dtype), truth.reshape(-1))
