"""Top-1 accuracy from the payloads of an accuracy log.

Source: mlcommons/inference, vision/classification_and_detection/tools/accuracy-imagenet.py, tag v2.0. Ours is stricter
where the script would give a number that means nothing: samples that are missing, repeats that contradict each other,
and payloads of another size than the stated type are errors.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import InputError

__all__ = ["ClassType", "Top1", "top1"]

_SHOWN = 10
"""Problems that are spelled out; the rest is counted."""


class ClassType(StrEnum):
    """How a payload holds its class number; the submitter's choice, and never guessed. All little-endian."""

    FLOAT32 = "float32"
    INT32 = "int32"
    INT64 = "int64"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy type."""
        return np.dtype(self.value).newbyteorder("<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Top1:
    """How many samples were given the right class."""

    good: int
    total: int

    @property
    def percent(self) -> float:
        """The accuracy in percent, unrounded."""
        return 100.0 * self.good / self.total

    @property
    def line(self) -> str:
        """The line of the official script, which ``accuracy.txt`` holds."""
        return f"accuracy={self.percent:.3f}%, good={self.good}, total={self.total}"


def top1(
    entries: Iterable[tuple[int, bytes]], labels: NDArray[np.int64], class_type: ClassType, *, whole: bool = True
) -> Top1:
    """Score the entries of an accuracy log against the labels.

    The first entry of a sample counts; LoadGen repeats samples to fill the last query of MultiStream.
    A fractional class is cut towards zero, as the script does.

    Args:
        entries: Sample index and payload of each, in the order of the log.
        labels: (samples,) int64, the true class of every sample of the dataset.
        class_type: How a payload holds its class.
        whole: Every sample must occur; ``False`` scores those that do, one at least.

    Raises:
        InputError: An index without a label, a payload that is not one number of that type, repeats that differ, or
            samples that never occur. All are collected.
    """
    truth: list[int] = labels.tolist()
    first: dict[int, bytes] = {}
    problems = []
    for index, payload in entries:
        known = first.setdefault(index, payload)
        if known != payload:
            problems.append(f"sample {index}: found two different payloads, {known.hex()} and {payload.hex()}")
    problems += [
        f"sample {index}: expected an index of 0..{len(truth) - 1}" for index in first if not 0 <= index < len(truth)
    ]
    missing = [index for index in range(len(truth)) if index not in first]
    if missing and (whole or not first):
        shown = ", ".join(map(str, missing[:_SHOWN])) + (", …" if len(missing) > _SHOWN else "")
        problems.append(f"{len(missing)} of {len(truth)} samples have no entry: {shown}")

    good = 0
    for index, payload in first.items():
        try:
            found = _class_number(payload, class_type)
        except ValueError as error:
            problems.append(f"sample {index}: {error}")
            continue
        good += 0 <= index < len(truth) and found == truth[index]
    if problems:
        _refuse(problems)
    return Top1(good=good, total=len(first))


def _class_number(payload: bytes, class_type: ClassType) -> int:
    dtype = class_type.dtype
    if len(payload) != dtype.itemsize:
        raise ValueError(f"found a payload of {len(payload)} bytes, expected {dtype.itemsize} (one {class_type})")
    number = np.frombuffer(payload, dtype)[0].item()
    if not math.isfinite(number):
        raise ValueError(f"found the class {number}, expected a number")
    return int(number)


def _refuse(problems: list[str]) -> None:
    shown = problems[:_SHOWN]
    if len(problems) > _SHOWN:
        shown.append(f"and {len(problems) - _SHOWN} more")
    raise InputError("The accuracy log cannot be scored.", problems=shown)
