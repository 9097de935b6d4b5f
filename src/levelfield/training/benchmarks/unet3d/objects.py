"""Connected pieces of a class in a volume, and the boxes around the largest; scipy is not needed for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["CLASSES", "MOST_OBJECTS", "Box", "SharedObjects", "largest_objects"]

CLASSES = (1, 2)
"""Kidney and tumour."""
_UNKNOWN = -1
MOST_OBJECTS = 2
"""Of a class, that a patch may be aimed at."""

Box: TypeAlias = tuple[tuple[int, int], ...]
"""Of each axis: the first voxel, and the one behind the last."""


def largest_objects(labels: NDArray[Any], label: int, *, most: int = MOST_OBJECTS) -> list[Box]:
    """The boxes of the pieces with a label, the largest boxes, from small to large.

    Voxels hang together that share a face. Equal to ``scipy.ndimage.label`` and ``find_objects``, which the reference
    calls for every patch; of boxes of the same size the later ones are taken, as its ``argsort`` does for few of them.

    Args:
        labels: (D, H, W).
        label: Of the class.
        most: How many are wanted.
    """
    found = np.stack(np.nonzero(labels == label))
    if not found.size:
        return []
    corner = found.min(axis=1)
    places = found - corner[:, None]
    piece = _pieces(places)
    order = np.argsort(piece, kind="stable")
    _, first = np.unique(piece[order], return_index=True)
    lows = np.minimum.reduceat(places[:, order], first, axis=1) + corner[:, None]
    stops = np.maximum.reduceat(places[:, order], first, axis=1) + corner[:, None] + 1
    boxes = [tuple(zip(low, stop, strict=True)) for low, stop in zip(lows.T.tolist(), stops.T.tolist(), strict=True)]
    boxes.sort(key=_volume)
    return boxes[-most:]


class SharedObjects:
    """The objects of all cases, in memory that the processes that read patches share: each case is searched once.

    Args:
        cases: How many there are.
    """

    def __init__(self, cases: int) -> None:
        self._boxes = torch.zeros(cases, len(CLASSES), MOST_OBJECTS, 3, 2, dtype=torch.int32).share_memory_().numpy()
        self._counts = torch.full((cases, len(CLASSES)), _UNKNOWN, dtype=torch.int32).share_memory_().numpy()

    def of(self, case: int) -> list[list[Box]] | None:
        """By class; ``None`` where nobody has looked yet."""
        counts = self._counts[case].tolist()
        if _UNKNOWN in counts:
            return None
        boxes = self._boxes[case].tolist()
        return [
            [tuple((start, stop) for start, stop in box) for box in of_class[:count]]
            for of_class, count in zip(boxes, counts, strict=True)
        ]

    def keep(self, case: int, found: Sequence[Sequence[Box]]) -> None:
        """Tell the others. Two who looked at the same time write the same."""
        for number, boxes in enumerate(found):
            if boxes:
                self._boxes[case, number, : len(boxes)] = boxes
        self._counts[case] = [len(boxes) for boxes in found]  # last: it says that the boxes are there


def _pieces(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """(voxels,) a number for each voxel, the same for those that hang together: the least index among them.

    Args:
        places: (3, voxels), in the order of the volume, from 0 on.
    """
    count = places.shape[1]
    number = np.full(tuple(int(axis.max()) + 2 for axis in places), -1, np.int64)
    number[tuple(places)] = np.arange(count)
    pairs = []
    for axis in range(3):
        beside = places.copy()
        beside[axis] += 1
        neighbour = number[tuple(beside)]
        here = np.flatnonzero(neighbour >= 0)
        pairs.append(np.stack([here, neighbour[here]]))
    one, other = np.concatenate(pairs, axis=1)
    root = np.arange(count)
    while len(one):
        # Every root takes the smaller of the roots it meets, then all chains are followed to their ends.
        low, high = np.minimum(root[one], root[other]), np.maximum(root[one], root[other])
        apart = low != high
        if not apart.any():
            break
        one, other = one[apart], other[apart]
        np.minimum.at(root, high[apart], low[apart])
        while True:
            followed = root[root]
            if np.array_equal(followed, root):
                break
            root = followed
    return root


def _volume(box: Box) -> int:
    return int(np.prod([stop - start for start, stop in box]))
