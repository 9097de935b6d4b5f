"""Boxes from the payloads of an accuracy log.

Source: mlcommons/inference, vision/classification_and_detection/tools/accuracy-coco.py, tag v2.0. A payload is seven
little-endian float32 for each detection: the sample's index, top, left, bottom, right (fractions of the picture's
size), score, class; nothing where nothing was found. Ours is stricter where the script would give a number that means
nothing: samples that are missing, repeats that contradict each other, an index that is not the entry's, numbers that
are none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import InputError
from levelfield.metrics.coco_map import Detections

__all__ = ["FIELDS", "Logged", "PictureFacts", "logged_detections"]

FIELDS = 7
"""Numbers of a detection."""
FIELD = np.dtype("<f4")
SHOWN = 10
"""Problems that are spelled out; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureFacts:
    """What has to be known of the samples of a dataset to read their boxes."""

    numbers: NDArray[np.int64]
    """(samples,): of the picture, as the truth has it."""
    heights: NDArray[np.int64]
    """(samples,): pixels of the original picture."""
    widths: NDArray[np.int64]
    classes: NDArray[np.int64] | None
    """Class k of a payload is ``classes[k - 1]`` of the truth; ``None`` where payloads hold the truth's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Logged:
    """What stands in a log, ready to be scored."""

    pictures: NDArray[np.int64]
    """Numbers of the pictures that occur, with or without detections."""
    found: Detections


def logged_detections(entries: Iterable[tuple[int, bytes]], facts: PictureFacts, *, whole: bool = True) -> Logged:
    """Read the entries of an accuracy log. The first entry of a sample counts.

    Args:
        entries: Sample index and payload of each, in the order of the log.
        facts: Of the dataset.
        whole: Every sample must occur; ``False`` takes those that do, one at least.

    Raises:
        InputError: An index outside the dataset, a payload that is not such numbers, repeats that differ, or samples
            that never occur. All are collected.
    """
    total = len(facts.numbers)
    first: dict[int, bytes] = {}
    problems = []
    for index, payload in entries:
        if first.setdefault(index, payload) != payload:
            problems.append(
                f"sample {index}: found two different payloads, of {len(first[index])} and {len(payload)} bytes"
            )
    problems += [f"sample {index}: expected an index of 0..{total - 1}" for index in first if not 0 <= index < total]
    missing = np.setdiff1d(np.arange(total), np.fromiter(first, np.int64, len(first)))
    if len(missing) and (whole or not first):
        shown = ", ".join(map(str, missing[:SHOWN])) + (", …" if len(missing) > SHOWN else "")
        problems.append(f"{len(missing)} of {total} samples have no entry: {shown}")

    samples, tables = [], []
    for index, payload in first.items():
        try:
            table = _table(index, payload, facts)
        except ValueError as error:
            problems.append(f"sample {index}: {error}")
            continue
        samples.append(np.full(len(table), index))
        tables.append(table)
    if problems:
        rest = len(problems) - SHOWN
        shortened = problems if rest <= 0 else [*problems[:SHOWN], f"and {rest} more"]
        raise InputError("The accuracy log cannot be scored.", problems=shortened)
    return Logged(
        pictures=facts.numbers[np.fromiter(first, np.int64, len(first))],
        found=_in_pixels(np.concatenate(samples), np.concatenate(tables), facts),
    )


def _table(index: int, payload: bytes, facts: PictureFacts) -> NDArray[np.float32]:
    """(detections, 7).

    Raises:
        ValueError: The payload is not that.
    """
    size = FIELDS * FIELD.itemsize
    if len(payload) < size and len(payload) % FIELD.itemsize == 0:
        return np.empty((0, FIELDS), FIELD)  # as the script: fewer than seven numbers are no detection
    if len(payload) % size:
        raise ValueError(
            f"found a payload of {len(payload)} bytes, expected a multiple of {size} (seven float32 a box)"
        )
    table = np.frombuffer(payload, FIELD).reshape(-1, FIELDS)
    if not np.isfinite(table).all():
        raise ValueError("found a number that is infinite or none")
    if (table[:, 0].astype(np.int64) != index).any():
        other = table[table[:, 0].astype(np.int64) != index][0, 0]
        raise ValueError(f"found a box of sample {other:g} in its payload")
    classes = table[:, 6].astype(np.int64)
    if facts.classes is not None and ((classes < 1) | (classes > len(facts.classes))).any():
        raise ValueError(f"found the class {classes.max():d}, expected 1..{len(facts.classes)}")
    return table


def _in_pixels(samples: NDArray[np.int64], table: NDArray[np.float32], facts: PictureFacts) -> Detections:
    """Boxes as the truth has them.

    In double precision, as the script computed under the NumPy of its time (float32 times int gave float64).
    """
    top, left, bottom, right = table[:, 1:5].astype(float).T
    heights, widths = facts.heights[samples], facts.widths[samples]
    top, bottom, left, right = top * heights, bottom * heights, left * widths, right * widths
    classes = table[:, 6].astype(np.int64)
    return Detections(
        pictures=facts.numbers[samples],
        classes=classes if facts.classes is None else facts.classes[classes - 1],
        boxes=np.column_stack([left, top, right - left, bottom - top]),
        scores=table[:, 5].astype(float),
    )
