"""RoIAlign: the features of a region on a grid of fixed size, in plain torch.

Each cell is the mean of a few points, each point the bilinear mean of four features. Both means are one weighted sum of
rows of a table, which ``embedding_bag`` computes forward and backward without the points in between.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["levels_of", "region_features"]


def levels_of(boxes: Tensor, canonical: tuple[float, int], strides: Sequence[int]) -> Tensor:
    """(n,): which level each box (n, 4) is looked at in (``poolers.py``, ``LevelMapper``)."""
    side, stride = canonical
    extent = ((boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)).sqrt()
    level = torch.floor(torch.log2(extent / side + 1e-6) + torch.log2(extent.new_tensor(float(stride / strides[0]))))
    return level.clamp(0, len(strides) - 1).long()


def region_features(
    maps: Sequence[Tensor],
    strides: Sequence[int],
    boxes: Tensor,
    where: tuple[Tensor, Tensor],
    *,
    cells: int,
    samples: int,
) -> Tensor:
    """(n, channels, cells, cells): what the regions look like.

    As ``ROIAlign`` of the reference (csrc/cpu/ROIAlign_cpu.cpp): no half pixel is subtracted, regions are one cell of
    the map wide at least, and points further than one cell outside the map are 0.

    Args:
        maps: (pictures, channels, height, width) for each level.
        strides: Pixels of a cell of each.
        boxes: (n, 4) in pixels.
        where: (n,) and (n,): which picture each region lies in, and which map is used.
        cells: Of the result, on a side.
        samples: Points on a side of each cell.
    """
    pictures, levels = where
    channels = maps[0].shape[1]
    table = torch.cat([one.permute(0, 2, 3, 1).reshape(-1, channels) for one in maps])
    shapes = torch.tensor([one.shape[2:] for one in maps], device=boxes.device)
    rows_before = torch.tensor([0, *(one.shape[0] * one.shape[2] * one.shape[3] for one in maps)], device=boxes.device)
    height, width = shapes[levels].unbind(dim=1)
    first_row = rows_before.cumsum(0)[levels] + pictures * height * width
    scaled = boxes / boxes.new_tensor([float(stride) for stride in strides])[levels][:, None]
    y, y_weights = _points(scaled[:, 1], scaled[:, 3], height, cells, samples)
    x, x_weights = _points(scaled[:, 0], scaled[:, 2], width, cells, samples)
    # (n, cells, cells, points down, points across): every pair of a row and a column.
    rows = first_row[:, None, None, None, None] + y[:, :, None, :, None] * width[:, None, None, None, None]
    rows = rows + x[:, None, :, None, :]
    weights = y_weights[:, :, None, :, None] * x_weights[:, None, :, None, :]
    bags = (len(boxes) * cells * cells, 4 * samples * samples)
    found = functional.embedding_bag(
        rows.reshape(bags), table.float(), mode="sum", per_sample_weights=weights.reshape(bags)
    )
    return found.reshape(len(boxes), cells, cells, channels).permute(0, 3, 1, 2)


def _points(begin: Tensor, end: Tensor, length: Tensor, cells: int, samples: int) -> tuple[Tensor, Tensor]:
    """Along one axis: places (n, cells, 2 * samples) in the map and their weights, which add up to 1 within it."""
    step = (end - begin).clamp(min=1) / cells
    offsets = (torch.arange(cells * samples, device=begin.device, dtype=begin.dtype) + 0.5) / samples
    points = begin[:, None] + step[:, None] * offsets
    last = (length - 1)[:, None].to(points.dtype)
    inside = (points >= -1) & (points <= last + 1)
    points = torch.minimum(points.clamp(min=0), last)
    low = points.floor()
    part = points - low
    places = torch.stack([low, torch.minimum(low + 1, last)], dim=-1).long()
    weights = torch.stack([1 - part, part], dim=-1) * (inside / samples)[..., None]
    shape = (len(begin), cells, 2 * samples)
    return places.reshape(shape), weights.reshape(shape)
