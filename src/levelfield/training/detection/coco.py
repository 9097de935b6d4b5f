"""COCO 2017 for training: the pictures of a part, what is on them, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from levelfield.errors import DatasetError
from levelfield.metrics.coco_map import Truth
from levelfield.training.detection.order import Ints
from levelfield.workloads.object_detection.annotations import Annotations, Outline, read_annotations
from levelfield.workloads.pictures import Pixels, decoded, opencv

__all__ = ["CocoPart", "read_part", "resized"]

SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoPart:
    """The pictures of ``train2017`` or ``val2017`` that a benchmark uses, in columns."""

    numbers: Ints
    """(pictures,): COCO's ids."""
    every: Ints
    """Those of all the pictures in the file, used or not."""
    paths: tuple[Path, ...]
    heights: Ints
    widths: Ints
    classes: Ints
    """(objects,): 1, 2, … in the order of the categories."""
    boxes: NDArray[np.float64]
    """(objects, 4): left, top, width, height in pixels."""
    objects: tuple[Ints, ...]
    """The objects of each picture."""
    outlines: tuple[Outline, ...] | None
    categories: Ints
    """COCO's ids by class: class k is ``categories[k - 1]``."""
    truth: Truth
    """Of the whole file, for the metric."""

    def picture(self, row: int) -> Pixels:
        """(height, width, 3) uint8, red first.

        Raises:
            DatasetError: It is missing, no picture, or of another size than the annotations say.
        """
        path = self.paths[row]
        try:
            pixels = decoded(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"{path} cannot be read: {error}.", hint="Copy this file again from its source."
            ) from error
        wanted = (int(self.heights[row]), int(self.widths[row]))
        if pixels.shape[:2] != wanted:
            raise DatasetError(
                f"{path}: found {pixels.shape[1]} x {pixels.shape[0]} pixels, expected {wanted[1]} x {wanted[0]}."
            )
        cv2 = opencv()
        turned: Pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)  # a tenth of the time that numpy takes for it
        return turned


def read_part(
    folder: Path, part: str, *, expected: int, outlines: bool, usable: Callable[[Annotations], NDArray[np.bool_]] | None
) -> CocoPart:
    """Read the annotations of a part and look whether its pictures are there.

    Args:
        folder: The COCO folder, with ``annotations/``, ``train2017/`` and ``val2017/``.
        part: ``train2017`` or ``val2017``.
        expected: How many pictures are used; a short dataset would be another benchmark.
        outlines: Whether the masks are needed.
        usable: Which objects make a picture worth using; ``None`` uses all pictures.

    Raises:
        DatasetError: Annotations or pictures are missing or contradict each other, or their number is not the expected.
    """
    path = folder / "annotations" / f"instances_{part}.json"
    annotations = read_annotations(path, outlines=outlines)
    truth = annotations.truth
    order = np.argsort(annotations.numbers)
    at = order[np.searchsorted(annotations.numbers[order], truth.pictures)]
    used = np.ones(len(order), bool)
    if usable is not None:
        used = np.bincount(at[usable(annotations)], minlength=len(order)) > 0
    rows = np.flatnonzero(used)
    if len(rows) != expected:
        raise DatasetError(
            f"{path}: found {len(rows):,} pictures to use, expected {expected:,}.",
            hint="Unpack annotations_trainval2017.zip again; for a trial on other data say how many it has, with the "
            f"setting {'train' if part.startswith('train') else 'eval'}_samples={len(rows)}.",
        )
    paths = tuple(folder / part / annotations.files[row] for row in rows)
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        rest = len(missing) - SHOWN
        raise DatasetError(
            f"{len(missing):,} of {len(paths):,} pictures are missing.",
            problems=missing if rest <= 0 else [*missing[:SHOWN], f"and {rest:,} more"],
            hint=f"Unpack {part}.zip into {folder}.",
        )
    by_picture = np.split(np.argsort(at, kind="stable"), np.cumsum(np.bincount(at, minlength=len(order)))[:-1])
    return CocoPart(
        numbers=annotations.numbers[rows],
        every=annotations.numbers,
        paths=paths,
        heights=annotations.heights[rows],
        widths=annotations.widths[rows],
        classes=np.searchsorted(annotations.categories, truth.classes) + 1,
        boxes=truth.boxes,
        objects=tuple(by_picture[row] for row in rows),
        outlines=annotations.outlines,
        categories=annotations.categories,
        truth=truth,
    )


def resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """Bilinear with a filter as wide as the step, as Pillow does, which the references resize with.

    Args:
        pixels: (h, w, 3) uint8.
        height: Of the result.
        width: Of the result.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    found = functional.interpolate(picture, (height, width), mode="bilinear", antialias=True)
    return np.ascontiguousarray(found[0].permute(1, 2, 0).numpy())
