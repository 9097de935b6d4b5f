"""What Mask R-CNN is trained on: who stands for what, what is chosen, and losses that know no processes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from levelfield.training.benchmarks.maskrcnn import loss
from levelfield.training.benchmarks.maskrcnn.data import (
    Bitmap,
    Objects,
    Polygons,
    Sample,
    ScenePictures,
    collated,
    size_of,
    targets_of,
)
from levelfield.training.benchmarks.maskrcnn.loss import BACKGROUND, BETWEEN, Losses, assigned, chosen, losses
from levelfield.training.benchmarks.maskrcnn.network import MaskRcnnNetwork
from levelfield.training.benchmarks.maskrcnn.proposals import proposed
from levelfield.training.benchmarks.maskrcnn.settings import MINI, Picking
from levelfield.training.detection.order import draws
from levelfield.training.port import World

SMALL = replace(MINI, train_samples=8, eval_samples=4)


def boxes(*rows: tuple[float, float, float, float]) -> torch.Tensor:
    return torch.tensor([rows])


def test_boxes_stand_for_what_they_overlap() -> None:
    objects = boxes((0, 0, 9, 9), (40, 40, 49, 59), (0, 0, 0, 0))
    real = torch.tensor([[True, True, False]])
    candidates = boxes((0, 0, 9, 9), (0, 0, 9, 14), (0, 0, 9, 29), (44, 40, 53, 59), (90, 90, 99, 99), (0, 0, 0, 0))
    # Overlaps with the first: 1, 2/3, 1/3; of the fourth with the second: 120 of 280.
    plain = assigned(candidates, objects, real, match=0.7, background=0.3)
    assert plain.tolist() == [[0, BETWEEN, BETWEEN, BETWEEN, BACKGROUND, BACKGROUND]]
    best = assigned(candidates, objects, real, match=0.7, background=0.3, best_in_any_case=True)
    assert best.tolist() == [[0, BETWEEN, BETWEEN, 1, BACKGROUND, BACKGROUND]]


def test_without_objects_all_is_background() -> None:
    nothing = torch.zeros(1, 0, 4)
    assert assigned(boxes((0, 0, 9, 9)), nothing, nothing[..., 0] > 0, match=0.5, background=0.5).tolist() == [
        [BACKGROUND]
    ]


def test_as_many_are_chosen_as_asked_for() -> None:
    positive = torch.zeros(3, 100, dtype=torch.bool)
    positive[0, :40], positive[1, :2] = True, True
    negative = ~positive
    negative[2, 5:] = False
    keys = torch.rand(3, 100, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    yes, no = chosen(positive, negative, keys, 16, 0.5)
    assert yes.sum(dim=1).tolist() == [8, 2, 0]
    assert no.sum(dim=1).tolist() == [8, 14, 5]
    assert not (yes & ~positive).any()
    assert not (no & ~negative).any()
    other = torch.rand(3, 100, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert not torch.equal(chosen(positive, negative, other, 16, 0.5)[0], yes)


def test_proposals_of_training_are_the_best_of_all_pictures() -> None:
    anchors = torch.tensor([[0.0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9]])
    scores = torch.tensor([[3.0, 2.0, 1.0], [9.0, 8.0, 7.0]])
    still = torch.zeros(2, 3, 4)
    picking = Picking(per_level=(3, 3), train_candidates=4, eval_candidates=2, anchors=8, regions=8, detections=5)
    sizes = torch.full((2, 2), 64.0)
    train = proposed([anchors], [scores], [still], sizes, picking, train=True)
    assert train.real.tolist() == [[True, False, False], [True, True, True]]
    test = proposed([anchors], [scores], [still], sizes, picking, train=False)
    assert test.boxes[:, :, 0].tolist() == [[0, 20], [0, 20]]
    assert test.real.all()


def batch_of(rows: list[int], pictures: ScenePictures) -> tuple[torch.Tensor, torch.Tensor, list[Sample]]:
    samples = [pictures.train_sample(row, draws(1, row)) for row in rows]
    return *collated([one.picture for one in samples], 1), samples


@pytest.fixture(scope="module")
def pictures() -> ScenePictures:
    found = ScenePictures(SMALL, shuffled=None)
    found.open()
    return found


def all_of(network: MaskRcnnNetwork, rows: list[int], pictures: ScenePictures) -> Losses:
    batch, sizes, samples = batch_of(rows, pictures)
    targets = targets_of([one.objects for one in samples], sizes, rows)
    return network(batch, lambda network, maps: losses(network, maps, targets, SMALL.picking, World()))


def test_two_halves_learn_what_the_whole_does(pictures: ScenePictures, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = MaskRcnnNetwork(MINI.architecture)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(loss, "summed", lambda counts, _: seen.append(counts) or counts)  # type: ignore[func-returns-value]
    whole = all_of(network, [0, 1, 2, 3], pictures)
    monkeypatch.setattr(loss, "summed", lambda *_: seen[0] / 2)
    halves = [all_of(network, rows, pictures) for rows in ([0, 1], [2, 3])]
    for name in ("objectness", "proposal_boxes", "classes", "boxes", "masks"):
        mean = sum(float(getattr(half, name).detach()) for half in halves) / 2
        assert mean == pytest.approx(float(getattr(whole, name).detach()), rel=1e-5)


def test_picture_without_objects_is_all_background(pictures: ScenePictures) -> None:
    torch.manual_seed(0)
    network = MaskRcnnNetwork(MINI.architecture)
    batch, sizes, samples = batch_of([0, 1], pictures)
    empty = [Objects(one.objects.boxes[:0], one.objects.classes[:0], ()) for one in samples]
    targets = targets_of(empty, sizes, [0, 1])
    found = network(batch, lambda network, maps: losses(network, maps, targets, SMALL.picking, World()))
    assert [float(part.detach()) for part in (found.proposal_boxes, found.boxes, found.masks)] == [0, 0, 0]
    found.total.backward()
    assert all(one.grad is not None for one in network.parameters())


def test_bitmap_is_cut_out_cell_by_cell() -> None:
    pixels = np.zeros((10, 10), bool)
    pixels[2:6, 4:8] = True
    mask = Bitmap(pixels)
    assert mask.crop(np.array([4, 2, 7, 5], np.float32), 4).all()
    assert mask.crop(np.array([2, 2, 5, 5], np.float32), 4).tolist() == [[False, False, True, True]] * 4
    assert mask.changed(mirrored=True).crop(np.array([2, 2, 5, 5], np.float32), 4).all()


def test_polygon_is_cut_out_as_its_bitmap_is() -> None:
    square = Polygons((np.array([4.0, 2, 8, 2, 8, 6, 4, 6]),))
    found = square.crop(np.array([2, 2, 8, 6], np.float32), 12)
    assert found[:, 4:].all()
    assert not found[:, :4].any()
    twice = square.changed((2.0, 2.0), 20).crop(np.array([3, 3, 12, 12], np.float32), 10)
    assert twice[2:8, 2:8].any()
    assert square.changed((1.0, 1.0), 10).corners[0].tolist() == [5, 2, 1, 2, 1, 6, 5, 6]


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((480, 640), (800, 1066)), ((640, 480), (1066, 800)), ((400, 1000), (533, 1332)), ((800, 900), (800, 900))],
)
def test_size_follows_the_shorter_side_unless_the_longer_is_too_long(
    size: tuple[int, int], wanted: tuple[int, int]
) -> None:
    assert size_of(*size, (800, 1333)) == wanted


def test_batch_is_padded_to_a_multiple() -> None:
    batch, sizes = collated([np.ones((3, 40, 70), np.float32), np.ones((3, 50, 60), np.float32)], 32)
    assert batch.shape == (2, 3, 64, 96)
    assert sizes.tolist() == [[40, 70], [50, 60]]
    assert batch.sum() == 3 * (40 * 70 + 50 * 60)
