"""Generated scenes: coloured shapes that hide each other, with clutter and noise, and the box of what is visible.

Only whole numbers and the raw output of PCG64 are used, both of which NumPy keeps fixed for ever, so a seed gives the
same bytes on every machine and version. A class is a shape in a range of colours: who takes red for blue is wrong.

What cannot be learnt: where a bar of clutter lies over an edge, where two objects of one class touch, and edges that
noise blurs. :data:`LARGE` and :data:`SMALL` say how much of each there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LARGE",
    "MINI_TEST_SEED",
    "MINI_TRAIN_SEED",
    "SMALL",
    "Scene",
    "SceneKind",
    "SceneSet",
    "Shape",
    "scene",
    "scenes",
]

MOST_TRIES = 6
"""To place one object; then the scene has one less."""
COLOUR_RANGES = 2
"""Warm (red the strongest) and cool (blue the strongest)."""


class Shape(Enum):
    """The outlines; each fills its box from side to side."""

    ELLIPSE = auto()
    RECTANGLE = auto()
    TRIANGLE = auto()
    RING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneKind:
    """What the scenes of a benchmark look like."""

    size: int
    """Height and width in pixels."""
    shapes: tuple[Shape, ...]
    most_objects: int
    sides: tuple[int, int]
    """Least and most pixels of an object's height and width."""
    bars: int
    """Most bars of clutter; half of them lie over the objects."""
    noise: int
    """Each value is moved by up to so much, of 255."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names; class number k of the truth is ``classes[k - 1]``."""
        return tuple(f"{colour} {shape.name.lower()}" for shape in self.shapes for colour in ("warm", "cool"))


SMALL = SceneKind(
    size=64, shapes=(Shape.ELLIPSE, Shape.RECTANGLE, Shape.TRIANGLE), most_objects=4, sides=(10, 34), bars=4, noise=28
)
"""For ``ssd-mobilenet``."""
LARGE = SceneKind(
    size=96,
    shapes=(Shape.ELLIPSE, Shape.RECTANGLE, Shape.TRIANGLE, Shape.RING),
    most_objects=5,
    sides=(18, 52),
    bars=5,
    noise=24,
)
"""For ``ssd-resnet34``."""

MINI_TRAIN_SEED, MINI_TEST_SEED = 20220401, 20220406
"""Of the scenes that minis learn from, and of those that they are tested with."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture and its truth, objects in the order of drawing."""

    pixels: NDArray[np.uint8]
    """(size, size, 3), red first."""
    boxes: NDArray[np.int64]
    """(objects, 4): left, top, width, height of the visible part in pixels."""
    classes: NDArray[np.int64]
    """(objects,): from 1."""
    areas: NDArray[np.int64]
    """(objects,): visible pixels, as COCO's area is that of the outline."""
    owners: NDArray[np.int8]
    """(size, size): which object each pixel shows, or -1; the clutter that lies over an object does not count."""


class _Draws:
    """Whole numbers from the raw output of PCG64."""

    def __init__(self, seed: int, index: int) -> None:
        self._source = np.random.PCG64(np.random.SeedSequence([seed, index]))
        self._ready: Iterator[int] = iter(())

    def below(self, bound: int) -> int:
        """0..bound-1. The remainder of 64 bits: its bias is far below anything that could be seen."""
        for value in self._ready:
            return value % bound
        self._ready = iter(self._source.random_raw(64).tolist())
        return self.below(bound)

    def between(self, low: int, high: int) -> int:
        """low..high, both included."""
        return low + self.below(high - low + 1)

    def bytes(self, count: int) -> NDArray[np.uint8]:
        """(count,) of 0..255, in the same order on machines of either byte order."""
        return self._source.random_raw(-(-count // 8)).astype("<u8").view(np.uint8)[:count]


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """A scene while it is drawn."""

    values: NDArray[np.int64]
    """(size, size, 3), before noise."""
    owner: NDArray[np.int64]
    """(size, size): which object each pixel shows, or -1."""
    drawn: list[int]
    """Pixels of each object when it was drawn."""
    classes: list[int]


def scene(kind: SceneKind, seed: int, index: int) -> Scene:
    """Draw one scene; it depends on nothing but its arguments."""
    draws = _Draws(seed, index)
    size = kind.size
    values = _background(draws, size)
    canvas = _Canvas(values, np.full((size, size), -1, np.int64), [], [])
    for _ in range(draws.below(kind.bars // 2 + 1)):
        _draw_bar(draws, values)
    for _ in range(draws.between(1, kind.most_objects)):
        _place(draws, kind, canvas)
    boxes, areas = _visible(canvas)
    for _ in range(draws.below(kind.bars // 2 + 1)):
        _draw_bar(draws, values)
    noise = draws.bytes(values.size).astype(np.int64).reshape(values.shape) * (2 * kind.noise + 1) // 256 - kind.noise
    pixels = (values + noise).clip(0, 255).astype(np.uint8)
    return Scene(pixels, boxes, np.array(canvas.classes, np.int64), areas, canvas.owner.astype(np.int8))


def _background(draws: _Draws, size: int) -> NDArray[np.int64]:
    """Grey of some tint, brighter towards one side."""
    steps = np.arange(size)
    level = draws.between(70, 150)
    slope_x, slope_y = draws.between(-40, 40), draws.between(-40, 40)
    grey = level + (steps[None, :] * slope_x + steps[:, None] * slope_y) // size
    tint = np.array([draws.between(-25, 25) for _ in range(3)])
    values: NDArray[np.int64] = grey[:, :, None] + tint
    return values


def _draw_bar(draws: _Draws, values: NDArray[np.int64]) -> None:
    """A thin bar of any colour, upright or lying."""
    size = len(values)
    length, thickness = draws.between(size // 8, size // 2), draws.between(1, 2)
    along, across = draws.below(size - length), draws.below(size - thickness)
    colour = [draws.between(20, 235) for _ in range(3)]
    if draws.below(2):
        values[along : along + length, across : across + thickness] = colour
    else:
        values[across : across + thickness, along : along + length] = colour


def _place(draws: _Draws, kind: SceneKind, canvas: _Canvas) -> None:
    """Draw one more object where every earlier one stays visible by half at least; or none, after some tries."""
    number = draws.below(len(kind.shapes) * COLOUR_RANGES)
    colour = _colour(draws, cool=bool(number % COLOUR_RANGES))
    count = len(canvas.drawn)
    least, most = kind.sides
    for _ in range(MOST_TRIES):
        # The smaller of two draws: small objects are commoner, as in photographs.
        width = min(draws.between(least, most), draws.between(least, most))
        height = min(max(width * draws.between(64, 156) // 100, least), most)
        left, top = draws.below(kind.size - width + 1), draws.below(kind.size - height + 1)
        mask = _outline(kind.shapes[number // COLOUR_RANGES], width, height)
        under = canvas.owner[top : top + height, left : left + width]
        hidden = np.bincount(under[mask] + 1, minlength=count + 1)[1:]
        visible = np.bincount(canvas.owner.ravel() + 1, minlength=count + 1)[1:] - hidden
        if (2 * visible >= canvas.drawn).all():
            under[mask] = count
            shade = draws.between(-30, 30) * np.arange(height)[:, None, None] // height
            region = canvas.values[top : top + height, left : left + width]
            region[mask] = (colour + shade + np.zeros_like(region))[mask]
            canvas.drawn.append(int(mask.sum()))
            canvas.classes.append(number + 1)
            return


def _colour(draws: _Draws, *, cool: bool) -> NDArray[np.int64]:
    strong, middle, weak = draws.between(150, 240), draws.between(30, 140), draws.between(10, 110)
    return np.array([weak, middle, strong] if cool else [strong, middle, weak])


@lru_cache(maxsize=8192)
def _outline(shape: Shape, width: int, height: int) -> NDArray[np.bool_]:
    """(height, width): which pixels belong to the shape, by their centres, in half pixels from the middle."""
    u = 2 * np.arange(width)[None, :] + 1 - width
    v = 2 * np.arange(height)[:, None] + 1 - height
    radius = (u * height) ** 2 + (v * width) ** 2
    match shape:
        case Shape.ELLIPSE:
            mask = radius <= (width * height) ** 2
        case Shape.RECTANGLE:
            mask = (u <= width) & (v <= height)
        case Shape.TRIANGLE:
            mask = 2 * height * np.abs(u) <= width * (v + height)
        case Shape.RING:
            mask = (radius <= (width * height) ** 2) & (4 * radius >= (width * height) ** 2)
    mask.setflags(write=False)
    return mask


def _visible(canvas: _Canvas) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Box and number of the visible pixels of each object."""
    count = len(canvas.classes)
    boxes = np.zeros((count, 4), np.int64)
    areas = np.zeros(count, np.int64)
    for i in range(count):
        rows, columns = np.nonzero(canvas.owner == i)
        left, top = columns.min(), rows.min()
        boxes[i] = left, top, columns.max() - left + 1, rows.max() - top + 1
        areas[i] = len(rows)
    return boxes, areas


@dataclass(frozen=True, slots=True, eq=False)
class SceneSet:
    """Many scenes, their objects in columns."""

    pixels: NDArray[np.uint8]
    """(scenes, size, size, 3)."""
    scene_of: NDArray[np.int64]
    """(objects,): which scene each object is in, ascending."""
    boxes: NDArray[np.int64]
    """(objects, 4): left, top, width, height."""
    classes: NDArray[np.int64]
    areas: NDArray[np.int64]
    owners: NDArray[np.int8]
    """(scenes, size, size): which object of its scene each pixel shows, or -1."""


def scenes(kind: SceneKind, seed: int, count: int, *, first: int = 0) -> SceneSet:
    """Scenes ``first`` to ``first + count - 1`` of a seed."""
    made = [scene(kind, seed, first + index) for index in range(count)]
    return SceneSet(
        pixels=np.stack([one.pixels for one in made]),
        scene_of=np.repeat(np.arange(count), [len(one.classes) for one in made]),
        boxes=np.concatenate([one.boxes for one in made]),
        classes=np.concatenate([one.classes for one in made]),
        areas=np.concatenate([one.areas for one in made]),
        owners=np.stack([one.owners for one in made]),
    )
