"""Raw records into what the network reads.

The official steps of the DLRM loader (facebookresearch/dlrm, ``data_utils.py`` and ``data_loader_terabyte.py``, which
mlcommons/inference at tag v2.0 calls): counts below 0 become 0, then the natural logarithm of one more, in float32;
categories modulo the largest number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FULL", "MINI", "RecordLayout", "Records", "model_inputs"]

Records: TypeAlias = NDArray[np.int32]
"""(pairs, 1 + counts + categories) little-endian int32: label, counts, categories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLayout:
    """How a pair is written, and how wide its categories may get."""

    counts: int
    categories: int
    modulus: int
    """The most rows that an embedding table has."""

    @property
    def columns(self) -> int:
        """Numbers in a record."""
        return 1 + self.counts + self.categories


FULL = RecordLayout(counts=13, categories=26, modulus=40_000_000)
MINI = RecordLayout(counts=4, categories=8, modulus=1_000)


def model_inputs(records: Records, layout: RecordLayout) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The numbers that a model reads for some pairs.

    Args:
        records: (pairs, columns) int32.
        layout: Of the records.

    Returns:
        (pairs, counts) float32 logarithms, and (categories, pairs) int32 rows: features first, as the reference stacks
        its index tensors.
    """
    counts = records[:, 1 : 1 + layout.counts]
    logarithms = np.log(np.maximum(counts, 0).astype(np.float32) + np.float32(1))
    rows = np.ascontiguousarray((records[:, 1 + layout.counts :] % np.int32(layout.modulus)).T)
    return logarithms, rows
