"""The quality of unet3d: mean DICE of kidney and tumour, by sliding windows over whole volumes.

Source: mlcommons/training at 4a4d5a0, image_segmentation/pytorch/runtime/inference.py and model/losses.py
(``DiceScore``). A volume is cut and padded as in the inference round, and the windows are that round's; what was padded
does not count here. The classes are compared as wholes, so DICE is :func:`levelfield.metrics.dice.dice_of_case`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.metrics.dice import dice_of_case
from levelfield.training.benchmarks.unet3d.data import Volumes
from levelfield.training.distributed import summed
from levelfield.training.port import World
from levelfield.workloads.medical_segmentation.preprocess import (
    PADDING,
    Image,
    Labels,
    cut_to_windows,
    padded_to_windows,
)
from levelfield.workloads.medical_segmentation.windows import segmented

__all__ = ["mean_dice", "segmentation"]

_VOXELS_AT_ONCE = 1 << 21
"""Of windows in one call of the network: one of the full edition, many of the mini's."""


def mean_dice(model: torch.nn.Module, volumes: Volumes, *, window: int, world: World) -> float:
    """DICE of both classes, over all volumes; each process takes a part of them.

    Args:
        model: Of scores from windows; is put into evaluation mode and back.
        volumes: The evaluation cases.
        window: Edge of the windows.
        world: Which process this is.
    """
    was_training = model.training
    model.eval()
    shares = []
    for index in range(world.rank, volumes.count, world.size):
        truth = cut_to_windows(volumes.labels(index), window)
        found = segmentation(model, volumes.image(index), window=window, device=world.device)
        shares.append(sum(dice_of_case(found, truth)) / 2)
    model.train(was_training)
    sums = torch.tensor([sum(shares), len(shares)], dtype=torch.float64, device=world.device)
    total, count = summed(sums, world).tolist()
    return float(total / count)


def segmentation(model: torch.nn.Module, image: Image, *, window: int, device: str) -> Labels:
    """(1, D, H, W) uint8: the likeliest class of each voxel of the cut volume."""

    @torch.inference_mode()
    def run(windows: NDArray[np.float32]) -> NDArray[Any]:
        scores: NDArray[Any] = model(torch.from_numpy(windows).to(device)).float().cpu().numpy()
        return scores

    padded, inside = padded_to_windows(cut_to_windows(image, window), window, PADDING)
    return segmented(padded, window, run, batch=max(1, _VOXELS_AT_ONCE // window**3))[inside]
