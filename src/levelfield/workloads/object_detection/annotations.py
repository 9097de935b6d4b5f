"""COCO's annotation file: pictures, categories and objects, read into columns and checked.

Format: https://cocodataset.org/#format-data, object detection.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.metrics.coco_map import Truth
from levelfield.metrics.masks import Floats, Ints, counts_edges, polygon_edges, text_counts

__all__ = [
    "ANNOTATIONS",
    "ANNOTATIONS_SHA256",
    "PICTURES",
    "Annotations",
    "Outline",
    "annotation_problems",
    "read_annotations",
]

ANNOTATIONS = Path("annotations/instances_val2017.json")
ANNOTATIONS_SHA256 = "e8c7f7908f1d7278341fae127d0da654f102f11bd7b21d8aeefa635b8c810b6f"
"""Of the file in annotations_trainval2017.zip, as several public projects pin it."""
PICTURES = Path("val2017")

COUNTS = {"pictures": 5000, "objects": 36_781, "crowds": 446, "categories": 80, "pictures with objects": 4952}
"""Of the published validation part."""
SHOWN = 10

FARTHEST = 1e5
"""Pixels from the corner of a picture to that of an outline, at most; a polygon's cost grows with its way."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outline:
    """Where an object is, as the file has it."""

    polygons: tuple[Floats, ...]
    """Each (2 * corners,): x and y in turn, in pixels; none where runs are given."""
    counts: tuple[int, ...] | None
    """Lengths of runs down the columns, outside first: crowds have these."""

    def edges(self, height: int, width: int) -> Ints:
        """The mask in a picture (``metrics/masks.py``).

        Raises:
            ValueError: The runs do not fit the picture.
        """
        if self.counts is not None:
            return counts_edges(self.counts, height, width)
        return polygon_edges(self.polygons, height, width)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotations:
    """The file in columns; pictures in its order, which is that of the sample library."""

    numbers: NDArray[np.int64]
    """(pictures,): COCO's ids."""
    files: tuple[str, ...]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    categories: NDArray[np.int64]
    """COCO's ids, ascending; ten numbers of 1..90 are left out."""
    truth: Truth
    outlines: tuple[Outline, ...] | None = None
    """Of each object of the truth, where they were asked for."""


@dataclass(frozen=True, slots=True)
class _Picture:
    number: int
    file: str
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class _Object:
    picture: int
    category: int
    box: tuple[float, ...]
    area: float
    crowd: bool
    outline: Outline | None


def read_annotations(path: Path, *, outlines: bool = False) -> Annotations:
    """Read the file.

    Args:
        path: For example ``annotations/instances_val2017.json``.
        outlines: Read these, too; without, an annotation needs none.

    Raises:
        DatasetError: It is missing, is no such file, or contradicts itself; every problem is listed.
    """
    document = _document(path)
    problems: list[str] = []
    pictures = _rows(document, "images", _picture, path, problems)
    categories = _rows(document, "categories", lambda entry: _whole(entry, "id"), path, problems)
    objects = _rows(document, "annotations", lambda entry: _object(entry, outlines=outlines), path, problems)
    numbers = {picture.number for picture in pictures}
    problems += _repeated("images", [picture.number for picture in pictures], path)
    problems += _repeated("categories", categories, path)
    for row, one in enumerate(objects):
        if one.picture not in numbers and not problems:
            problems.append(f"{path}: annotations[{row}].image_id: found {one.picture}, which no image has")
        if one.category not in categories and not problems:
            problems.append(f"{path}: annotations[{row}].category_id: found {one.category}, which no category has")
    if not problems and not pictures:
        problems.append(f"{path}: images: found none")
    if problems:
        rest = len(problems) - SHOWN
        shown = problems if rest <= 0 else [*problems[:SHOWN], f"and {rest} more"]
        raise DatasetError(f"{path} cannot be used.", problems=shown, hint="Unpack annotations_trainval2017.zip again.")
    return Annotations(
        numbers=np.array([picture.number for picture in pictures], np.int64),
        files=tuple(picture.file for picture in pictures),
        heights=np.array([picture.height for picture in pictures], np.int64),
        widths=np.array([picture.width for picture in pictures], np.int64),
        categories=np.array(sorted(categories), np.int64),
        truth=Truth(
            pictures=np.array([one.picture for one in objects], np.int64),
            classes=np.array([one.category for one in objects], np.int64),
            boxes=np.array([one.box for one in objects], float).reshape(-1, 4),
            areas=np.array([one.area for one in objects], float),
            crowd=np.array([one.crowd for one in objects], bool),
        ),
        outlines=tuple(one.outline for one in objects if one.outline is not None) if outlines else None,
    )


def annotation_problems(annotations: Annotations) -> list[str]:
    """What differs from the counts of the published file."""
    found = {
        "pictures": len(annotations.files),
        "objects": len(annotations.truth.areas),
        "crowds": int(annotations.truth.crowd.sum()),
        "categories": len(annotations.categories),
        "pictures with objects": len(np.unique(annotations.truth.pictures)),
    }
    return [
        f"{ANNOTATIONS}: {name}: found {found[name]:,}, expected {wanted:,}"
        for name, wanted in COUNTS.items()
        if found[name] != wanted
    ]


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} is not there.",
            hint="Give the COCO folder with --data: it holds annotations/instances_val2017.json and the pictures in "
            "val2017/; for training those of train2017 as well.",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    if not isinstance(document, dict):
        raise DatasetError(f"{path} cannot be used: found {type(document).__name__}, expected an object.")
    return document


def _rows(
    document: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], T], path: Path, problems: list[str]
) -> list[T]:
    entries = document.get(key)
    if not isinstance(entries, list):
        problems.append(
            f"{path}: {key}: found {'nothing' if entries is None else type(entries).__name__}, expected a list"
        )
        return []
    rows = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            problems.append(f"{path}: {key}[{number}]: found {type(entry).__name__}, expected an object")
            continue
        try:
            rows.append(read(entry))
        except ValueError as error:
            problems.append(f"{path}: {key}[{number}]{error}")
    return rows


def _picture(entry: Mapping[str, Any]) -> _Picture:
    height, width = _whole(entry, "height"), _whole(entry, "width")
    for key, value in (("height", height), ("width", width)):
        if value < 1:
            raise ValueError(f".{key}: found {value}, expected 1 or more")
    name = entry.get("file_name")
    if not isinstance(name, str) or not name or Path(name).name != name or "\0" in name:
        raise ValueError(f".file_name: found {name!r}, expected the name of a file")
    return _Picture(_whole(entry, "id"), name, height, width)


def _object(entry: Mapping[str, Any], *, outlines: bool) -> _Object:
    box = entry.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(side) for side in box):
        raise ValueError(f".bbox: found {box!r}, expected left, top, width, height")
    area = entry.get("area")
    if not isinstance(area, int | float) or not _is_number(area):
        raise ValueError(f".area: found {area!r}, expected a number")
    return _Object(
        _whole(entry, "image_id"),
        _whole(entry, "category_id"),
        tuple(float(side) for side in box),
        float(area),
        bool(entry.get("iscrowd", 0)),
        _outline(entry.get("segmentation")) if outlines else None,
    )


def _outline(found: object) -> Outline:
    if isinstance(found, dict):
        counts = found.get("counts")
        if isinstance(counts, str):
            try:
                counts = text_counts(counts)
            except ValueError as error:
                raise ValueError(f".segmentation.{error}") from error
        if not isinstance(counts, list) or not all(isinstance(run, int) and 0 <= run < 2**31 for run in counts):
            raise ValueError(".segmentation.counts: found something else, expected lengths of runs")
        return Outline((), tuple(counts))
    if not isinstance(found, list) or not all(isinstance(polygon, list) for polygon in found):
        raise ValueError(f".segmentation: found {type(found).__name__}, expected a list of polygons, or runs")
    for polygon in found:
        if len(polygon) % 2 or not all(_is_number(side) and abs(side) <= FARTHEST for side in polygon):
            raise ValueError(".segmentation: found a polygon that is not a list of x and y in turn, in pixels")
    return Outline(tuple(np.array(polygon, float) for polygon in found), None)


def _whole(entry: Mapping[str, Any], key: str) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise ValueError(f".{key}: found {value!r}, expected a whole number")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _repeated(key: str, numbers: list[int], path: Path) -> list[str]:
    seen: set[int] = set()
    repeated = [number for number in numbers if number in seen or seen.add(number)]  # type: ignore[func-returns-value]
    return [f"{path}: {key}: the id {number} occurs a second time" for number in repeated]
