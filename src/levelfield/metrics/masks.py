"""Outlines of objects as runs of pixels: from polygons, counts and bitmaps, with area, box and intersection.

The pixels of a picture are counted down its columns, the left column first, as COCO does. A mask is the ascending list
of the pixels at which it begins and ends, in turn (its *edges*), so a mask without pixels has none.

Source: pycocotools (cocodataset/cocoapi), common/maskApi.c (``rleFrPoly``, ``rleFrString``, ``rleToBbox``, ``rleIou``).
Polygons are drawn exactly as there, on a grid of a fifth of a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Floats",
    "Ints",
    "Masks",
    "bitmap_edges",
    "counts_edges",
    "drawn",
    "intersections",
    "pasted_edges",
    "polygon_edges",
    "text_counts",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GRID = 5
"""Points for each pixel on the way along a polygon."""
BLOCK = 2_000_000
"""Edges looked up at a time, which bounds the memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Masks:
    """Many masks, their edges one after another."""

    heights: Ints
    """(masks,): of the picture that each lies in."""
    first: Ints
    """(masks + 1,): where the edges of each begin; the last entry is their number."""
    edges: Ints

    @classmethod
    def of(cls, masks: Sequence[Ints], heights: Sequence[int] | Ints) -> Masks:
        """Put masks together, each given by its edges."""
        counts = np.array([len(edges) for edges in masks], np.int64)
        return cls(
            heights=np.asarray(heights, np.int64),
            first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            edges=np.concatenate([np.zeros(0, np.int64), *masks]).astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.heights)

    def __iter__(self) -> Iterator[Ints]:
        """The edges of each mask."""
        for begin, end in zip(self.first[:-1], self.first[1:], strict=True):
            yield self.edges[begin:end]

    def take(self, rows: Ints) -> Masks:
        """Some of them, in the order given."""
        places, counts = _places(self, rows)
        return Masks(
            heights=self.heights[rows],
            first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            edges=self.edges[places],
        )

    @property
    def areas(self) -> Ints:
        """(masks,): pixels."""
        return _sums(self.edges[1::2] - self.edges[::2], self.first // 2)

    @property
    def boxes(self) -> Ints:
        """(masks, 4): left, top, width, height; zeros for a mask without pixels."""
        found = np.zeros((len(self), 4), np.int64)
        runs = np.diff(self.first) // 2
        filled = np.flatnonzero(runs)
        if not len(filled):
            return found
        height = np.repeat(self.heights, runs)
        begin, last = self.edges[::2], self.edges[1::2] - 1
        left, right = begin // height, last // height
        within = left == right  # otherwise the run goes over the foot of a column, and so reaches foot and head
        top = np.where(within, begin % height, 0)
        bottom = np.where(within, last % height, height - 1)
        starts = self.first[filled] // 2
        found[filled, 0] = np.minimum.reduceat(left, starts)
        found[filled, 1] = np.minimum.reduceat(top, starts)
        found[filled, 2] = np.maximum.reduceat(right, starts) - found[filled, 0] + 1
        found[filled, 3] = np.maximum.reduceat(bottom, starts) - found[filled, 1] + 1
        return found


def intersections(first: Masks, second: Masks, pairs: tuple[Ints, Ints]) -> Ints:
    """(pairs,): how many pixels two masks share; both masks of a pair lie in the same picture.

    Args:
        first: The one set.
        second: The other one.
        pairs: For each pair its place in the one and in the other.
    """
    # All masks of the second set stand on one line, so that one search finds an edge of any pair. Even places begin a
    # run, so the parity of a place says whether it lies in a mask.
    span = 1 + max(first.edges.max(initial=0), second.edges.max(initial=0))
    line = second.edges + np.repeat(np.arange(len(second)) * span, np.diff(second.first))
    before = np.concatenate([[0], np.cumsum(second.edges[1::2] - second.edges[::2])])

    def pixels_up_to(positions: Ints) -> Ints:
        place = np.searchsorted(line, positions, side="right")
        inside = place % 2 == 1
        begun = np.where(inside, positions - line[np.maximum(place - 1, 0)], 0) if len(line) else np.zeros_like(place)
        pixels: Ints = before[place // 2] + begun
        return pixels

    found = np.zeros(len(pairs[0]), np.int64)
    lengths = np.cumsum(np.diff(first.first)[pairs[0]])
    cuts = np.searchsorted(lengths, np.arange(BLOCK, lengths[-1] if len(lengths) else 0, BLOCK))
    for rows in np.split(np.arange(len(found)), cuts):
        places, counts = _places(first, pairs[0][rows])
        up_to = pixels_up_to(first.edges[places] + np.repeat(pairs[1][rows] * span, counts))
        found[rows] = _sums(up_to[1::2] - up_to[::2], np.concatenate([[0], np.cumsum(counts // 2)]))
    return found


def _places(masks: Masks, rows: Ints) -> tuple[Ints, Ints]:
    """Where the edges of some masks stand, one mask after another, and how many each has."""
    counts = np.diff(masks.first)[rows]
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(masks.first[:-1][rows] - ends + counts, counts), counts


def _sums(values: Ints, first: Ints) -> Ints:
    """The sum of each group of values that stand together."""
    total = np.concatenate([[0], np.cumsum(values)])
    sums: Ints = total[first[1:]] - total[first[:-1]]
    return sums


def bitmap_edges(bitmap: NDArray[np.generic]) -> Ints:
    """The edges of a mask given as (height, width), true or not 0 where it is."""
    flat = (bitmap != 0).ravel(order="F")
    return np.flatnonzero(np.diff(np.concatenate([[False], flat, [False]]).astype(np.int8))).astype(np.int64)


def drawn(edges: Ints, height: int, width: int) -> Bools:
    """(height, width): where a mask is."""
    turns = np.zeros(height * width + 1, np.int8)
    turns[edges[::2]] += 1
    turns[edges[1::2]] -= 1
    return np.cumsum(turns[:-1], dtype=np.int8).astype(bool).reshape((height, width), order="F")


def counts_edges(counts: Sequence[int], height: int, width: int) -> Ints:
    """The edges of a mask given as lengths of runs, outside first.

    Raises:
        ValueError: A length is below 0, or they do not add up to the picture.
    """
    lengths = np.asarray(counts, np.int64)
    if lengths.ndim != 1 or (lengths < 0).any() or lengths.sum() != height * width:
        raise ValueError(f"counts: found {lengths.sum()} pixels in all, expected {height} x {width}, none below 0")
    ends = np.cumsum(lengths)
    return _turned(ends[: len(ends) // 2 * 2])


def text_counts(text: str) -> list[int]:
    """Lengths of runs from COCO's compressed form: five bits a character, later lengths as differences.

    Raises:
        ValueError: A character is not of the form, or the text ends within a number.
    """
    counts: list[int] = []
    value = shift = 0
    for place, character in enumerate(text):
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"counts: found {character!r} at {place}, expected a character from '0' to 'o'")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            if shift > 60:
                raise ValueError(f"counts: found a number of more than 60 bits at {place}")
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("counts: the text ends within a number")
    return counts


def polygon_edges(polygons: Sequence[Floats], height: int, width: int) -> Ints:
    """The edges of what at least one of some polygons covers.

    Args:
        polygons: Each (2 * points,): x and y of the corners in turn, in pixels.
        height: Of the picture.
        width: Of the picture.
    """
    masks = [_one_polygon(np.asarray(polygon, np.float64).reshape(-1, 2), height, width) for polygon in polygons]
    if len(masks) == 1:
        return masks[0]
    edges = np.concatenate([np.zeros(0, np.int64), *masks])
    steps = np.where(np.arange(len(edges)) % 2, -1, 1)  # each mask has an even number of edges
    order = np.argsort(edges, kind="stable")
    depth = np.cumsum(steps[order])
    inside = np.concatenate([[False], depth > 0])
    return _turned(edges[order][inside[1:] != inside[:-1]])


def _one_polygon(corners: Floats, height: int, width: int) -> Ints:
    # Casts to int cut off towards zero, as C's do.
    x, y = (np.append(side, side[:1]) for side in (GRID * corners + 0.5).astype(np.int64).T)
    x0, x1, y0, y1 = x[:-1], x[1:], y[:-1], y[1:]
    dx, dy = np.abs(x1 - x0), np.abs(y1 - y0)
    flat = dx >= dy
    flip = np.where(flat, x0 > x1, y0 > y1)
    x0, x1, y0, y1 = np.where(flip, x1, x0), np.where(flip, x0, x1), np.where(flip, y1, y0), np.where(flip, y0, y1)
    longer = np.maximum(dx, dy)
    slope = np.where(flat, y1 - y0, x1 - x0) / np.maximum(longer, 1)
    # Every point of the grid along the way, side by side.
    side = np.repeat(np.arange(len(longer)), longer + 1)
    step = np.arange(len(side)) - np.repeat(np.cumsum(longer + 1) - longer - 1, longer + 1)
    step = np.where(flip[side], longer[side] - step, step)
    across = (np.where(flat, y0, x0)[side] + slope[side] * step + 0.5).astype(np.int64)
    along = np.where(flat, x0, y0)[side] + step
    u, v = np.where(flat[side], along, across), np.where(flat[side], across, along)
    # Where the way crosses the middle of a column, the mask turns.
    crossing = np.flatnonzero(u[1:] != u[:-1])
    left, low = np.minimum(u[crossing], u[crossing + 1]), np.minimum(v[crossing], v[crossing + 1])
    column = (left + 0.5) / GRID - 0.5
    row = np.ceil(np.clip((low + 0.5) / GRID - 0.5, 0, height))
    kept = (np.floor(column) == column) & (column >= 0) & (column <= width - 1)
    turns = (column[kept] * height + row[kept]).astype(np.int64)
    return _turned(turns if len(turns) % 2 == 0 else np.append(turns, height * width))


def _turned(turns: Ints) -> Ints:
    """Edges from the pixels where a mask turns on or off, in any order: two turns at one pixel undo each other."""
    places, times = np.unique(turns, return_counts=True)
    edges: Ints = places[times % 2 == 1].astype(np.int64)
    return edges


def pasted_edges(bitmap: Bools, *, left: int, top: int, height: int) -> Ints:
    """The edges, in a picture of this height, of a bitmap that lies at (left, top) and wholly in it."""
    # A row of nothing below keeps each run in its column.
    edges = bitmap_edges(np.pad(bitmap, ((0, 1), (0, 0))))
    column, row = np.divmod(edges, bitmap.shape[0] + 1)
    placed: Ints = (column + left) * height + row + top
    return placed
