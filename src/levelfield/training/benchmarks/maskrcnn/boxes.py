"""Boxes in torch: overlap, the way from one to another, and suppression of those that say the same.

A box is left, top, right, bottom of its outermost pixels, so a box of one pixel has left == right: the convention of
the reference (``structures/bounding_box.py``, ``TO_REMOVE``), whose widths are ``right - left + 1``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["HEAD_WEIGHTS", "PROPOSAL_WEIGHTS", "areas", "clipped", "moved", "overlaps", "survivors", "ways"]

PROPOSAL_WEIGHTS = (1.0, 1.0, 1.0, 1.0)
HEAD_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
"""Scale of the ways in x, y, width and height."""
MOST_GROWTH = math.log(1000 / 16)
"""Logarithm of how much wider or higher a box becomes, at most."""


def areas(boxes: Tensor) -> Tensor:
    """(...,): pixels of boxes (..., 4)."""
    area: Tensor = (boxes[..., 2] - boxes[..., 0] + 1) * (boxes[..., 3] - boxes[..., 1] + 1)
    return area


def overlaps(first: Tensor, second: Tensor) -> Tensor:
    """(..., n, m): intersection over union of boxes (..., n, 4) and (..., m, 4)."""
    low = torch.maximum(first[..., :, None, :2], second[..., None, :, :2])
    high = torch.minimum(first[..., :, None, 2:], second[..., None, :, 2:])
    shared = (high - low + 1).clamp(min=0).prod(dim=-1)
    return shared / (areas(first)[..., :, None] + areas(second)[..., None, :] - shared)


def clipped(boxes: Tensor, sizes: Tensor) -> Tensor:
    """Boxes (pictures, n, 4) moved into their pictures, of height and width (pictures, 2)."""
    most = (sizes.flip(-1) - 1).repeat(1, 2)[:, None, :]
    return torch.minimum(boxes.clamp(min=0), most)


def ways(start: Tensor, target: Tensor, weights: tuple[float, float, float, float]) -> Tensor:
    """(..., 4): from boxes to others, as centre and logarithm of size, relative to the first (``BoxCoder.encode``)."""
    size, centre = _size_centre(start)
    wanted_size, wanted_centre = _size_centre(target)
    way = torch.cat([(wanted_centre - centre) / size, torch.log(wanted_size / size)], dim=-1)
    return way * way.new_tensor(weights)


def moved(start: Tensor, way: Tensor, weights: tuple[float, float, float, float]) -> Tensor:
    """(..., 4): boxes at the end of their ways (``BoxCoder.decode``)."""
    size, centre = _size_centre(start)
    way = way / way.new_tensor(weights)
    middle = way[..., :2] * size + centre
    half = torch.exp(way[..., 2:].clamp(max=MOST_GROWTH)) * size / 2
    return torch.cat([middle - half, middle + half - 1], dim=-1)


def _size_centre(boxes: Tensor) -> tuple[Tensor, Tensor]:
    size = boxes[..., 2:] - boxes[..., :2] + 1
    return size, boxes[..., :2] + size / 2


def survivors(boxes: Tensor, most_overlap: float) -> Tensor:
    """(..., n) bool: boxes that no better one which survives itself overlaps by ``most_overlap`` or more.

    Whether a box survives follows from those before it, so the greedy answer is the one fixed point of this step; it is
    reached after as many steps as the longest chain of boxes that suppress each other, usually a handful.

    Args:
        boxes: (..., n, 4), the best first.
        most_overlap: Intersection over union.
    """
    rivals = (overlaps(boxes, boxes) >= most_overlap).triu(diagonal=1).to(boxes.dtype)
    alive = boxes.new_ones(boxes.shape[:-1])
    for _ in range(boxes.shape[-2]):
        left = (torch.einsum("...i,...ij->...j", alive, rivals) == 0).to(boxes.dtype)
        if torch.equal(left, alive):
            break
        alive = left
    return alive > 0
