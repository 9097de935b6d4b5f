"""COCO's average precision of boxes or masks: the mean over classes and overlaps of .50 to .95, as pycocotools has it.

Source: cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py (``evaluateImg``, ``accumulate``, ``summarize``) and
maskApi.c (``bbIou``, ``rleIou``). Odd behaviour is kept where it decides a number, and said where it stands. Arrays
throughout: a round takes the next detection of every picture and class at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from levelfield.metrics.masks import Masks, intersections

__all__ = [
    "AREA_RANGES",
    "OVERLAPS",
    "RECALLS",
    "AveragePrecision",
    "Detections",
    "Matching",
    "Truth",
    "average_precision",
    "bootstrap",
    "matching",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OVERLAPS: Floats = np.linspace(0.5, 0.95, 10)
"""Least intersection over union of a hit."""
RECALLS: Floats = np.linspace(0.0, 1.0, 101)
AREA_RANGES: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Square pixels, both ends included."""
MOST_DETECTIONS = 100
"""The best so many of a picture and class count."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The objects of a dataset in columns, in the order of its file."""

    pictures: Ints
    """(objects,): which picture each is in."""
    classes: Ints
    """(objects,)."""
    boxes: Floats
    """(objects, 4): left, top, width, height in pixels."""
    areas: Floats
    """(objects,): square pixels, of the outline rather than the box where the dataset has one."""
    crowd: Bools
    """(objects,): a group that is outlined as one; what lies in it is neither hit nor mistake."""
    masks: Masks | None = None
    """The outlines; where detections have them, too, these are matched instead of the boxes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """What was found, in columns; of equal scores in a picture the earlier row is the better one."""

    pictures: Ints
    classes: Ints
    boxes: Floats
    """(detections, 4): left, top, width, height in pixels."""
    scores: Floats
    masks: Masks | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Class:
    """The detections of one class, the best first."""

    picture: Ints
    """(detections,): position in the list of pictures."""
    hit: Bools
    """(areas, overlaps, detections)."""
    ignored: Bools
    """(areas, overlaps, detections): neither hit nor mistake."""
    objects: Ints
    """(areas, pictures): how many are to be found."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matching:
    """Which detections hit, for every class; enough to score any weighting of the pictures."""

    pictures: Ints
    """Their numbers, ascending."""
    areas: tuple[str, ...]
    classes: tuple[_Class, ...]

    @property
    def detections(self) -> int:
        """How many there are, of all classes."""
        return sum(len(column.picture) for column in self.classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragePrecision:
    """The six means that are usually stated, each 0..1; -1 where nothing is to be found, or was not matched."""

    ap: float
    """The metric: over all overlaps, classes and areas."""
    ap50: float
    ap75: float
    small: float
    medium: float
    large: float

    @property
    def line(self) -> str:
        """The line of the official script (accuracy-coco.py), which ``accuracy.txt`` holds."""
        return f"mAP={100.0 * self.ap:.3f}%"


def matching(
    truth: Truth, found: Detections, *, pictures: Ints, classes: Ints, areas: Sequence[str] = tuple(AREA_RANGES)
) -> Matching:
    """Match detections with objects.

    Args:
        truth: The objects; those of other pictures are left out.
        found: The detections; those of other pictures or classes are left out.
        pictures: The pictures that are scored, with or without detections.
        classes: The classes that are scored.
        areas: Which ranges of :data:`AREA_RANGES`; ``("all",)`` is enough for the metric, and four times as quick.

    Raises:
        ValueError: One of the two has masks and the other has not.
    """
    if (truth.masks is None) != (found.masks is None):
        raise ValueError("masks: found on one side only, expected on both for mask AP, on neither for box AP.")
    pictures, classes = np.unique(pictures), np.unique(classes)
    truth = _chosen_truth(truth, pictures, classes)
    found = _best(_chosen_found(found, pictures, classes))
    ranges = np.array([AREA_RANGES[name] for name in areas])
    out_of_range = (truth.areas < ranges[:, :1]) | (truth.areas > ranges[:, 1:])
    ignorable = out_of_range | truth.crowd  # (areas, objects)
    best = _matches(truth, found, ignorable)  # (areas, overlaps, detections): object, or -1
    matched = best >= 0
    by_ignorable = matched & ignorable[np.arange(len(ranges))[:, None, None], best] if len(truth.areas) else matched
    sizes = _sizes(found)
    outside = (sizes < ranges[:, :1]) | (sizes > ranges[:, 1:])
    ignored = by_ignorable | (~matched & outside[:, None, :])
    hit = matched & ~ignored
    columns = []
    for number in range(len(classes)):
        # Over all pictures the best first; of equal scores the earlier picture. pycocotools sorts in two steps, too.
        rows = np.flatnonzero(found.classes == number)
        rows = rows[np.lexsort((np.arange(len(rows)), found.pictures[rows], -found.scores[rows]))]
        of_class = truth.classes == number
        objects = np.stack(
            [np.bincount(truth.pictures[of_class & ~skip], minlength=len(pictures)) for skip in ignorable]
        )
        columns.append(
            _Class(picture=found.pictures[rows], hit=hit[..., rows], ignored=ignored[..., rows], objects=objects)
        )
    return Matching(pictures=pictures, areas=tuple(areas), classes=tuple(columns))


def average_precision(matched: Matching, *, weights: Ints | None = None) -> AveragePrecision:
    """Precision at 101 recalls, averaged.

    Args:
        matched: From :func:`matching`.
        weights: (pictures,), how often each picture occurs; ``None`` = once.
    """
    tables = {name: _table(matched, area, weights) for area, name in enumerate(matched.areas)}
    mean = {name: _mean(table) for name, table in tables.items()}
    return AveragePrecision(
        ap=mean["all"],
        ap50=_mean(tables["all"][0]),
        ap75=_mean(tables["all"][5]),
        small=mean.get("small", -1.0),
        medium=mean.get("medium", -1.0),
        large=mean.get("large", -1.0),
    )


def bootstrap(matched: tuple[Matching, ...], *, draws: int, seed: int) -> Floats:
    """(draws, len(matched)): the metric on pictures drawn with replacement, the same for each matching.

    Raises:
        ValueError: The matchings are not of the same pictures.
    """
    pictures = matched[0].pictures
    if any(not np.array_equal(pictures, other.pictures) for other in matched):
        raise ValueError("matched: found different pictures, expected the same in each.")
    random = np.random.default_rng(seed)
    rows = np.empty((draws, len(matched)))
    for draw in range(draws):
        weights = np.bincount(random.integers(0, len(pictures), len(pictures)), minlength=len(pictures))
        rows[draw] = [_mean(_table(one, one.areas.index("all"), weights)) for one in matched]
    return rows


def _mean(values: Floats) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else -1.0


def _table(matched: Matching, area: int, weights: Ints | None) -> Floats:
    """(overlaps, recalls, classes): interpolated precision; -1 where a class has nothing to find."""
    table = np.full((len(OVERLAPS), len(RECALLS), len(matched.classes)), -1.0)
    for number, column in enumerate(matched.classes):
        objects = column.objects[area]
        wanted = int(objects.sum() if weights is None else objects @ weights)
        if wanted:
            table[:, :, number] = _interpolated(column, area, wanted, weights)
    return table


def _interpolated(column: _Class, area: int, wanted: int, weights: Ints | None) -> Floats:
    """(overlaps, recalls): the best precision at that recall or a higher one; 0 where it is never reached."""
    hit, ignored = column.hit[area], column.ignored[area]
    mistake = ~hit & ~ignored
    each: Ints | int = 1 if weights is None else weights[column.picture]
    hits = np.cumsum(hit * each, axis=1).astype(float)
    mistakes = np.cumsum(mistake * each, axis=1).astype(float)
    # The term keeps 0/0 from being none, as in the source.
    precision = hits / (mistakes + hits + np.spacing(1))
    highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    found = np.zeros((len(OVERLAPS), len(RECALLS)))
    for row, recall in enumerate(hits / wanted):
        places = np.searchsorted(recall, RECALLS, side="left")
        reached = places < len(recall)
        found[row, reached] = highest[row, places[reached]]
    return found


def _chosen_truth(truth: Truth, pictures: Ints, classes: Ints) -> Truth:
    """The objects that count, pictures and classes as positions."""
    rows = np.flatnonzero(np.isin(truth.pictures, pictures) & np.isin(truth.classes, classes))
    return Truth(
        pictures=np.searchsorted(pictures, truth.pictures[rows]),
        classes=np.searchsorted(classes, truth.classes[rows]),
        boxes=truth.boxes[rows].astype(float),
        areas=truth.areas[rows].astype(float),
        crowd=truth.crowd[rows].astype(bool),
        masks=None if truth.masks is None else truth.masks.take(rows),
    )


def _chosen_found(found: Detections, pictures: Ints, classes: Ints) -> Detections:
    rows = np.flatnonzero(np.isin(found.pictures, pictures) & np.isin(found.classes, classes))
    return Detections(
        pictures=np.searchsorted(pictures, found.pictures[rows]),
        classes=np.searchsorted(classes, found.classes[rows]),
        boxes=found.boxes[rows].astype(float),
        scores=found.scores[rows].astype(float),
        masks=None if found.masks is None else found.masks.take(rows),
    )


def _best(found: Detections) -> Detections:
    """Sorted by picture, class and falling score, a hundred of each picture and class."""
    order = np.lexsort((np.arange(len(found.scores)), -found.scores, found.classes, found.pictures))
    group = found.pictures[order] * (found.classes.max(initial=0) + 1) + found.classes[order]
    rows = order[_ranks(group) < MOST_DETECTIONS]
    return Detections(
        pictures=found.pictures[rows],
        classes=found.classes[rows],
        boxes=found.boxes[rows],
        scores=found.scores[rows],
        masks=None if found.masks is None else found.masks.take(rows),
    )


def _ranks(groups: NDArray[np.generic]) -> Ints:
    """For values that stand together: the position of each among its equals."""
    positions = np.arange(len(groups))
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]])) if len(groups) else positions
    return positions - np.repeat(starts, np.diff(np.append(starts, len(groups))))


def _pairs(truth: Truth, found: Detections) -> tuple[Ints, Ints, Floats]:
    """Detection, object and overlap of all that are of the same picture and class and overlap by a half or more.

    Sorted by detection, then by the place of the object in its file.
    """
    classes = int(max(truth.classes.max(initial=0), found.classes.max(initial=0))) + 1
    key_of_object, key_of_found = (one.pictures * classes + one.classes for one in (truth, found))
    order = np.argsort(key_of_object, kind="stable")
    first = np.searchsorted(key_of_object[order], key_of_found, side="left")
    count = np.searchsorted(key_of_object[order], key_of_found, side="right") - first
    detection = np.repeat(np.arange(len(key_of_found)), count)
    chosen = order[np.repeat(first, count) + _ranks(detection)]
    if truth.masks is not None and found.masks is not None:
        return _near_masks(truth.masks, truth.crowd, found.masks, detection, chosen)
    overlap = _overlap(found.boxes[detection], truth.boxes[chosen], truth.crowd[chosen])
    near = overlap >= OVERLAPS[0]
    return detection[near], chosen[near], overlap[near]


def _near_masks(objects: Masks, crowd: Bools, found: Masks, detection: Ints, chosen: Ints) -> tuple[Ints, Ints, Floats]:
    """What is left of some pairs of detection and object when their masks overlap by a half or more."""
    own, whole = found.areas[detection].astype(float), objects.areas[chosen].astype(float)
    boxes = found.boxes[detection], objects.boxes[chosen]
    low = np.maximum(boxes[0][:, :2], boxes[1][:, :2])
    high = np.minimum(boxes[0][:, :2] + boxes[0][:, 2:], boxes[1][:, :2] + boxes[1][:, 2:])
    most_shared = np.prod(np.maximum(high - low, 0), axis=1)
    # Masks share no more than their boxes do, and have no smaller union than the larger of them.
    least_union = np.where(crowd[chosen], own, np.maximum(own, whole))
    rows = np.flatnonzero((most_shared > 0) & (most_shared >= OVERLAPS[0] * least_union))
    shared = intersections(found, objects, (detection[rows], chosen[rows])).astype(float)
    union = np.where(crowd[chosen[rows]], own[rows], own[rows] + whole[rows] - shared)
    overlap = np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
    near = overlap >= OVERLAPS[0]
    return detection[rows[near]], chosen[rows[near]], overlap[near]


def _sizes(found: Detections) -> Floats:
    """(detections,): square pixels, of the mask where there is one."""
    if found.masks is not None:
        return found.masks.areas.astype(float)
    sizes: Floats = found.boxes[:, 2] * found.boxes[:, 3]
    return sizes


def _overlap(found: Floats, objects: Floats, crowd: Bools) -> Floats:
    """(pairs,): intersection over union; over the detection's own area where the object is a crowd."""
    low = np.maximum(found[:, :2], objects[:, :2])
    high = np.minimum(found[:, 2:] + found[:, :2], objects[:, 2:] + objects[:, :2])
    width, height = (high - low).T
    shared = np.where((width > 0) & (height > 0), width * height, 0.0)
    own = found[:, 2] * found[:, 3]
    union = np.where(crowd, own, own + objects[:, 2] * objects[:, 3] - shared)
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)


def _matches(truth: Truth, found: Detections, ignorable: Bools) -> NDArray[np.int32]:
    """(areas, overlaps, detections): the object that each detection takes, or -1.

    Within a picture and class the better detection chooses first. It takes the free object that it overlaps most, of
    equals the last in the file; one that can be ignored only where no other is left. A crowd is never used up.
    """
    areas, thresholds = len(ignorable), np.minimum(OVERLAPS, 1 - 1e-10)
    best = np.full((areas, len(thresholds), len(found.scores)), -1, np.int32)
    detection, chosen, overlap = _pairs(truth, found)
    if not len(detection):
        return best
    # What a detection likes best stands last among its pairs, and has the highest rank.
    order = np.stack([np.lexsort((chosen, overlap, ~skip[chosen], detection)) for skip in ignorable])
    rank = np.argsort(order, axis=1)  # (areas, pairs)
    enough = overlap >= thresholds[:, None]  # (overlaps, pairs)
    free = np.ones((areas, len(thresholds), len(truth.areas)), bool)
    which = np.cumsum(np.concatenate([[False], detection[1:] != detection[:-1]]))  # detections that have a pair
    starts = np.flatnonzero(_ranks(detection) == 0)
    group = (found.pictures * (found.classes.max() + 1) + found.classes)[detection[starts]]
    turn = _ranks(group)[which]  # of each pair: when its detection chooses
    by_turn = np.argsort(turn, kind="stable")
    bounds = np.searchsorted(turn[by_turn], np.arange(turn.max() + 2))
    at_area, at_overlap = np.arange(areas)[:, None, None], np.arange(len(thresholds))[None, :, None]
    for begin, end in pairwise(bounds):
        pairs = by_turn[begin:end]
        allowed = enough[:, pairs] & free[:, :, chosen[pairs]]
        wish = np.where(allowed, rank[:, None, pairs], -1)
        firsts = np.flatnonzero(np.concatenate([[True], which[pairs][1:] != which[pairs][:-1]]))
        top = np.maximum.reduceat(wish, firsts, axis=2)
        taken = np.where(top >= 0, order[at_area, top], -1)  # pairs
        best[:, :, detection[pairs[firsts]]] = np.where(taken >= 0, chosen[taken], -1)
        rows = np.broadcast_arrays(at_area, at_overlap, taken)
        used = (taken >= 0) & ~truth.crowd[chosen[taken]]
        free[rows[0][used], rows[1][used], chosen[taken[used]]] = False
    return best
