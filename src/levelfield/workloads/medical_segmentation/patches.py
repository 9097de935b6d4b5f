"""Patches of the mini edition: cubes of the model's window from the volumes for training, flipped at random.

The shipped model learns from these (``tools/mini_3d_unet.py``). The training suite's ``unet3d`` cuts its patches from
the same volumes by the rules of its reference, for both of its editions: around whole objects, brightened, made noisy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.medical_segmentation.dataset import TRAIN_SEED
from levelfield.workloads.medical_segmentation.generator import KIDNEY, MINI_WINDOW, TUMOUR, phantom
from levelfield.workloads.medical_segmentation.preprocess import Image, Labels, prepared_image, prepared_labels

__all__ = ["FOREGROUND_SHARE", "Patches"]

FOREGROUND_SHARE = 0.4
"""Of the patches around a voxel of kidney or tumour, as in the training reference."""
_FLIP_SHARE = 1 / 3


class Patches:
    """Patches in an order that follows from a seed.

    Args:
        cases: Volumes of the training series.
        seed: Of everything random.
    """

    def __init__(self, cases: int, seed: int) -> None:
        made = [phantom(TRAIN_SEED, index) for index in range(cases)]
        self._images: Sequence[Image] = [prepared_image(case.image_scan(), MINI_WINDOW)[0] for case in made]
        self._labels: Sequence[Labels] = [prepared_labels(case.label_scan(), MINI_WINDOW)[0] for case in made]
        self._draw = np.random.default_rng(seed)

    def batch(self, size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(size, 1, 16, 16, 16) and (size, 16, 16, 16)."""
        pairs = [self._patch() for _ in range(size)]
        images = np.stack([image for image, _ in pairs])[:, np.newaxis]
        return images, np.stack([labels for _, labels in pairs]).astype(np.int64)

    def _patch(self) -> tuple[Image, Labels]:
        draw = self._draw
        number = int(draw.integers(len(self._images)))
        image, labels = self._images[number], self._labels[number]
        room = np.array(image.shape) - MINI_WINDOW
        corner = draw.integers(0, room + 1)
        if draw.random() < FOREGROUND_SHARE:
            voxels = np.argwhere(labels == draw.integers(KIDNEY, TUMOUR + 1))
            if len(voxels):
                corner = np.clip(voxels[draw.integers(len(voxels))] - MINI_WINDOW // 2, 0, room)
        cube = tuple(slice(at, at + MINI_WINDOW) for at in corner)
        axes = tuple(np.flatnonzero(draw.random(3) < _FLIP_SHARE).tolist())
        return np.flip(image[cube], axes), np.flip(labels[cube], axes)
