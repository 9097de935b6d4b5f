"""Which samples of a library are in memory together, drawn as LoadGen draws them from the seed of the library's order.

Source: mlcommons/inference, ``loadgen/loadgen.cc``, GenerateLoadableSets, v2.0 and b66003e1.
"""

from __future__ import annotations

import numpy as np

from levelfield.stats.randomness import IntArray, RandomStream
from levelfield.terms import DrawVariant

__all__ = ["cut_into_sets", "library_order"]


def library_order(seed: int, variant: DrawVariant, library: int) -> IntArray:
    """(library,) the indices of a library in the order that the seed gives."""
    return RandomStream(seed, variant).order(library)


def cut_into_sets(order: IntArray, *, size: int, padding: int) -> list[IntArray]:
    """An order, cut into sets; the last one may be shorter.

    Args:
        order: (library,) indices.
        size: Samples of a set.
        padding: So many of its own first samples are repeated at the end of each set, cyclically (MultiStream).

    Returns:
        Each (samples + padding,) indices.
    """
    pieces = (order[start : start + size] for start in range(0, len(order), size))
    return [piece[np.arange(len(piece) + padding) % len(piece)] for piece in pieces]
