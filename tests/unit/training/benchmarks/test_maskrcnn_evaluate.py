"""From answers to detections: masks in their pictures, suppression, and average precision of both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from levelfield.metrics.masks import drawn
from levelfield.training.benchmarks.maskrcnn.data import ScenePictures, Scored
from levelfield.training.benchmarks.maskrcnn.evaluate import Found, in_picture, pasted, precision
from levelfield.training.benchmarks.maskrcnn.settings import MINI


def naive_paste(mask: torch.Tensor, box: torch.Tensor, height: int, width: int) -> np.ndarray:
    """As the reference does it, on the whole picture."""
    padded = functional.pad(mask, (1, 1, 1, 1))
    scale = (mask.shape[0] + 2) / mask.shape[0]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half_w, half_h = (box[2] - box[0]) / 2 * scale, (box[3] - box[1]) / 2 * scale
    left, top, right, bottom = (int(side) for side in (x - half_w, y - half_h, x + half_w, y + half_h))
    w, h = max(right - left + 1, 1), max(bottom - top + 1, 1)
    seen = functional.interpolate(padded[None, None], (h, w), mode="bilinear", align_corners=False)[0, 0] > 0.5
    found = np.zeros((height, width), bool)
    for row in range(h):
        for column in range(w):
            if 0 <= top + row < height and 0 <= left + column < width:
                found[top + row, left + column] = bool(seen[row, column])
    return found


@pytest.mark.parametrize("seed", range(6))
def test_masks_are_pasted_as_the_reference_does(seed: int) -> None:
    torch.manual_seed(seed)
    mask = torch.rand(14, 14)
    corner = torch.rand(2) * 40 - 8
    box = torch.cat([corner, corner + torch.rand(2) * 30])
    np.testing.assert_array_equal(drawn(pasted(mask, box, 40, 50), 40, 50), naive_paste(mask, box, 40, 50))


@pytest.fixture(scope="module")
def scored() -> Scored:
    pictures = ScenePictures(replace(MINI, train_samples=1, eval_samples=6), shuffled=None)
    pictures.open()
    return pictures.scored


def truth_as_found(scored: Scored) -> list[Found]:
    assert scored.truth.masks is not None
    masks = list(scored.truth.masks)
    found = []
    for row, number in enumerate(scored.numbers):
        mine = np.flatnonzero(scored.truth.pictures == number)
        found.append(
            Found(
                row,
                scored.truth.boxes[mine],
                np.linspace(0.9, 0.5, len(mine)),
                scored.truth.classes[mine],
                [masks[one] for one in mine],
            )
        )
    return found


def test_truth_itself_has_an_ap_of_1(scored: Scored) -> None:
    assert precision(truth_as_found(scored), scored) == {"BBOX": 1.0, "SEGM": 1.0}


def test_masks_and_boxes_are_scored_apart(scored: Scored) -> None:
    found = [
        Found(one.row, one.boxes, one.scores, one.classes, [np.zeros(0, np.int64)] * len(one.masks))
        for one in truth_as_found(scored)
    ]
    assert precision(found, scored) == {"BBOX": 1.0, "SEGM": 0.0}


def test_nothing_found_is_0(scored: Scored) -> None:
    nothing = [Found(0, np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64), [])]
    assert precision(nothing, scored) == {"BBOX": 0.0, "SEGM": 0.0}
    assert precision([], scored) == {"BBOX": 0.0, "SEGM": 0.0}


def test_boxes_come_back_to_the_size_of_the_picture() -> None:
    seen = (torch.tensor([[0.0, 0.0, 20.0, 40.0]]), torch.tensor([0.5]), torch.tensor([2]), torch.ones(1, 4, 4))
    found = in_picture(3, seen, (80.0, 100.0), 40, 50)
    assert found.boxes.tolist() == [[0, 0, 11, 21]]
    assert (found.row, found.scores.tolist(), found.classes.tolist()) == (3, [0.5], [2])
    assert drawn(found.masks[0], 40, 50)[1:20, 1:10].all()
