"""A small COCO folder with both parts: coloured rectangles and triangles, a crowd, a picture without objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

CATEGORIES = ((1, "person"), (3, "car"), (90, "toothbrush"))
"""Numbers with gaps, as COCO's."""


def write_train_folder(folder: Path, *, pictures: int = 5, height: int = 120, width: int = 160) -> Path:
    """Write ``annotations/``, ``train2017/`` and ``val2017/``.

    Of each part the last picture has no object; its first has a crowd, too. Odd pictures are higher than wide.
    """
    (folder / "annotations").mkdir(parents=True)
    for part, seed in (("train2017", 1), ("val2017", 2)):
        (folder / part).mkdir()
        (folder / "annotations" / f"instances_{part}.json").write_text(
            json.dumps(_part(folder / part, seed, pictures, (height, width)))
        )
    return folder


def _part(folder: Path, seed: int, pictures: int, size: tuple[int, int]) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for place in range(pictures):
        height, width = size if place % 2 == 0 else size[::-1]
        name, number = f"{1000 * seed + 7 * place:012d}.jpg", 1000 * seed + 7 * place
        pixels = draw.integers(60, 120, (height, width, 3)).astype(np.uint8)
        for _ in range(2 if place < pictures - 1 else 0):
            kind = int(draw.integers(len(CATEGORIES)))
            w, h = (int(side) for side in draw.integers(30, 70, 2))
            left, top = int(draw.integers(0, width - w)), int(draw.integers(0, height - h))
            corners = [[left, top], [left + w, top], [left + w, top + h], [left, top + h]][: 3 if kind == 1 else 4]
            cv2.fillPoly(pixels, [np.array(corners)], [(250, 40, 40), (40, 250, 40), (40, 40, 250)][kind])
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": CATEGORIES[kind][0],
                    "bbox": [left, top, w, h],
                    "area": w * h / (2 if kind == 1 else 1),
                    "iscrowd": 0,
                    "segmentation": [[float(side) for corner in corners for side in corner]],
                }
            )
        if place == 0:
            counts = [0, 5 * height, height * width - 5 * height]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "bbox": [0, 0, 5, height],
                    "area": 5 * height,
                    "iscrowd": 1,
                    "segmentation": {"counts": counts, "size": [height, width]},
                }
            )
        assert cv2.imwrite(str(folder / name), pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])
        images.append({"id": number, "file_name": name, "height": height, "width": width})
    categories = [{"id": number, "name": name} for number, name in CATEGORIES]
    return {"images": images, "annotations": annotations, "categories": categories}
