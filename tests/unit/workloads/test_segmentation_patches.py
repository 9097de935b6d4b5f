"""Patches that the shipped 3-D U-Net learns from."""

from __future__ import annotations

import numpy as np

from levelfield.workloads.medical_segmentation.patches import Patches


def test_patches_follow_from_their_seed() -> None:
    one, same, other = (Patches(4, seed).batch(6) for seed in (1, 1, 2))
    images, labels = one
    assert (images.shape, images.dtype) == ((6, 1, 16, 16, 16), np.float32)
    assert (labels.shape, labels.dtype) == ((6, 16, 16, 16), np.int64)
    assert np.array_equal(images, same[0])
    assert np.array_equal(labels, same[1])
    assert not np.array_equal(images, other[0])


def test_label_and_voxel_stay_together() -> None:
    """Flipped alike: a kidney is brighter than most around it, and a tumour than its kidney."""
    images, labels = Patches(16, 5).batch(64)
    brightness = [images[:, 0][labels == kind].mean() for kind in (0, 1, 2)]
    assert brightness[0] < brightness[1] < brightness[2]


def test_most_patches_show_a_kidney() -> None:
    _, labels = Patches(8, 3).batch(64)
    shown = (labels > 0).any(axis=(1, 2, 3)).mean()
    assert shown > 0.6
