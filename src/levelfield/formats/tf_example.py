"""``tf.train.Example``: the named lists of numbers or texts that a TFRecord holds.

Source: tensorflow ``core/example/example.proto`` and ``feature.proto``: Example.features 1, Features.feature 1 (key 1,
value 2), Feature.bytes_list 1, float_list 2, int64_list 3, and value 1 of each list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from levelfield.formats.protobuf import FIXED32, LENGTH, encoded, fields, numbers, varint

__all__ = ["Feature", "read_example", "write_example"]

Feature: TypeAlias = "NDArray[np.int64] | NDArray[np.float32] | tuple[bytes, ...]"
"""(values,): whole numbers, single-precision numbers or texts."""

TEXTS, FLOATS, INTEGERS = 1, 2, 3


def read_example(record: bytes) -> dict[str, Feature]:
    """The features of a record by their names; lists may be packed or not.

    Raises:
        ValueError: It is no Example; says what is wrong with it.
    """
    found: dict[str, Feature] = {}
    try:
        for outer in fields(record, 0, len(record)):
            if outer.number != 1:
                continue
            for entry in fields(record, outer.begin, outer.end):
                if entry.number == 1:
                    name, feature = _entry(record, entry.begin, entry.end)
                    found[name] = feature
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("found a record of another kind, expected a tf.train.Example") from error
    return found


def _entry(record: bytes, begin: int, end: int) -> tuple[str, Feature]:
    name = ""
    feature: Feature = np.empty(0, np.int64)
    for part in fields(record, begin, end):
        if part.number == 1:
            name = record[part.begin : part.end].decode()
        elif part.number == 2:
            for kind in fields(record, part.begin, part.end):
                feature = _values(record, kind.number, kind.begin, kind.end)
    return name, feature


def _values(record: bytes, kind: int, begin: int, end: int) -> Any:
    parts = [part for part in fields(record, begin, end) if part.number == 1]
    contents = [record[part.begin : part.end] for part in parts]
    if kind == TEXTS:
        return tuple(contents)
    if kind == INTEGERS:
        return numbers(b"".join(contents))  # alone or packed: the same bytes
    if kind == FLOATS and all(
        part.kind in {FIXED32, LENGTH} and len(c) % 4 == 0 for part, c in zip(parts, contents, strict=True)
    ):
        return np.frombuffer(b"".join(contents), "<f4")
    raise IndexError


def write_example(features: Mapping[str, Sequence[int] | NDArray[Any]]) -> bytes:
    """A record of lists of whole or single-precision numbers, packed, the names in the order given."""
    entries = b""
    for name, values in features.items():
        array = np.asarray(values)
        if array.dtype.kind == "f":
            kind, packed = FLOATS, array.astype("<f4").tobytes()
        else:
            kind, packed = INTEGERS, b"".join(varint(value) for value in array.tolist())
        feature = encoded(kind, encoded(1, packed))
        entries += encoded(1, encoded(1, name.encode()) + encoded(2, feature))
    return encoded(1, entries)
