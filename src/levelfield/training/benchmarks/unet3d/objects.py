"""Connected pieces of a class in a volume, and the boxes around the largest; scipy is not needed for them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "largest_objects"]

Box: TypeAlias = tuple[tuple[int, int], ...]
"""Of each axis: the first voxel, and the one behind the last."""


def largest_objects(labels: NDArray[Any], label: int, *, most: int = 2) -> list[Box]:
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
