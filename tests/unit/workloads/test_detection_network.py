"""What the mini detectors are trained to say: anchors, their targets, and the loss."""

from __future__ import annotations

import numpy as np
import pytest

from levelfield.workloads.object_detection.boxes import overlaps
from levelfield.workloads.object_detection.generator import scenes
from levelfield.workloads.object_detection.network import (
    MOBILENET,
    RESNET,
    Design,
    anchors,
    detection_loss,
    detector,
    network,
    targets,
)

by_name = pytest.mark.parametrize("design", [MOBILENET, RESNET], ids=lambda design: design.name)


@by_name
def test_anchors_cover_the_picture_map_by_map(design: Design) -> None:
    found = anchors(design)
    assert len(found) == {"ssd-mobilenet": 1344, "ssd-resnet34": 756}[design.name]
    first = design.maps[0]
    np.testing.assert_allclose(found[0, :2], 0.5 / first.cells, rtol=1e-6)
    np.testing.assert_allclose(found[0, 2:], first.side / design.scenes.size, rtol=1e-6)
    assert (np.diff(found[: 4 * first.cells, 1]) >= 0).all()  # along a row


@by_name
def test_every_object_has_an_anchor_that_leads_to_its_box(design: Design) -> None:
    truth = scenes(design.scenes, 3, 8)
    wanted = targets(design, truth)
    centred = anchors(design)
    centre = centred[:, :2] + 0.1 * wanted.moves[..., :2] * centred[:, 2:]
    half = centred[:, 2:] * np.exp(0.2 * wanted.moves[..., 2:]) / 2
    boxes = np.concatenate([centre - half, centre + half], axis=-1) * design.scenes.size
    for row in range(len(truth.classes)):
        number = truth.scene_of[row]
        left, top, width, height = truth.boxes[row]
        box = np.array([[top, left, top + height, left + width]], np.float32)
        leads = (overlaps(boxes[number].astype(np.float32), box)[:, 0] > 0.999) & (
            wanted.classes[number] == truth.classes[row]
        )
        assert leads.any()
    assert (wanted.moves[wanted.classes == 0] == 0).all()


def test_right_answer_costs_less_than_a_wrong_one() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    classes = torch.zeros((1, 50), dtype=torch.int64)
    classes[0, 3] = 2
    moves = torch.zeros((1, 50, 4))
    right = torch.full((1, 50, 4), -8.0)
    right[0, :, 0] = 8.0
    right[0, 3] = torch.tensor([-8.0, -8.0, 8.0, -8.0])
    assert detection_loss(right, moves, classes, moves) < 1e-3
    moved = moves.clone()
    moved[0, 3] = 3.0
    assert detection_loss(right, moved, classes, moves) == pytest.approx(4 * 2.5, abs=1e-3)
    blind = right.clone()
    blind[0, 3] = torch.tensor([8.0, -8.0, -8.0, -8.0])
    assert detection_loss(blind, moves, classes, moves) == pytest.approx(16.0, abs=1e-3)


@by_name
def test_network_has_the_parameters_of_the_shipped_model(design: Design) -> None:
    torch = pytest.importorskip("torch")
    model = network(design).eval()
    assert (
        sum(weights.numel() for weights in model.parameters())
        == {"ssd-mobilenet": 130_572, "ssd-resnet34": 324_380}[design.name]
    )
    size, count = design.scenes.size, len(anchors(design))
    with torch.no_grad():
        boxes, scores = detector(model, torch.from_numpy(anchors(design)))(torch.zeros(2, 3, size, size))
    assert boxes.shape == (2, count, 4)
    assert scores.shape == (2, count, 1 + design.classes)
    np.testing.assert_allclose(scores.sum(-1), 1, rtol=1e-5)
