"""How many filters the levels of the 3-D U-Net have, from the one at full resolution down."""

from __future__ import annotations

__all__ = ["FULL_FILTERS", "MINI_FILTERS"]

FULL_FILTERS = (32, 64, 128, 256, 320, 320)
"""mlcommons/training at 4a4d5a0, ``image_segmentation/pytorch/model/unet3d.py``; the last is its bottleneck."""
MINI_FILTERS = (8, 16, 32)
