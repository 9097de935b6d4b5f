"""Which number types the weights of an ONNX file have, read from the file itself.

Only the few fields of the format that say so are followed (``onnx.proto``: ``ModelProto.graph`` 7,
``GraphProto.initializer`` 5, ``TensorProto.dims`` 1 and ``data_type`` 2); the rest, gigabytes of numbers included, is
stepped over. Neither the package ``onnx`` nor a runtime is needed.
"""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from levelfield.errors import FormatError, InputError
from levelfield.formats.protobuf import fields, number

__all__ = ["type_name", "weight_types"]

GRAPH, INITIALIZER, DIMS, DATA_TYPE = 7, 5, 1, 2
NAMES = {
    1: "fp32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "fp16",
    11: "fp64",
    12: "uint32",
    13: "uint64",
    16: "bf16",
    17: "fp8",
    18: "fp8",
    19: "fp8",
    20: "fp8",
    21: "uint4",
    22: "int4",
    23: "fp4",
}
"""``TensorProto.DataType``, as submissions spell the types."""


def weight_types(path: Path) -> tuple[str, ...]:
    """The types of a model's weights, the one with most numbers first: ``("int8",)``, ``("fp32",)``.

    Weights are the initializers with two or more axes. Biases, scales, zero points and shapes have fewer and do not
    count; a model with nothing else is described by those. Empty where there are no initializers.

    Raises:
        InputError: The file cannot be read.
        FormatError: It is not an ONNX file.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = list(_initializers(data))
    except (OSError, ValueError) as error:  # ValueError: an empty file
        raise InputError(f"{path} cannot be read: {error}.") from error
    except IndexError as error:
        raise FormatError(path, "whole file", "a field that ends beyond the file", "an ONNX model") from error
    elements: Counter[str] = Counter()
    for least in (2, 0):
        for kind, shape in found:
            if len(shape) >= least:
                size = 1
                for axis in shape:
                    size *= axis
                elements[NAMES.get(kind, f"type {kind}")] += size
        if elements:
            break
    return tuple(name for name, _ in elements.most_common())


def type_name(dtype: np.dtype[Any]) -> str:
    """A type of numpy's as submissions spell it: ``fp32``, ``int8``."""
    return f"fp{8 * dtype.itemsize}" if dtype.kind == "f" else dtype.name


def _initializers(data: mmap.mmap) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Data type and shape of each initializer."""
    for field, _, begin, end in fields(data, 0, len(data)):
        if field == GRAPH:
            for inner, _, start, stop in fields(data, begin, end):
                if inner == INITIALIZER:
                    yield _tensor(data, start, stop)


def _tensor(data: mmap.mmap, begin: int, end: int) -> tuple[int, tuple[int, ...]]:
    kind, shape = 0, []
    for field, _, start, stop in fields(data, begin, end):
        if field == DATA_TYPE:
            kind = number(data, start)[0]
        elif field == DIMS:  # one by one, or packed
            position = start
            while position < stop:
                axis, position = number(data, position)
                shape.append(axis)
    return kind, tuple(shape)
