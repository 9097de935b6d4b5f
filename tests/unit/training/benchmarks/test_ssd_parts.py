"""SSD's parts: tensors of the reference, default boxes, what they should say, loss, crop, detections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from levelfield.errors import ModelError
from levelfield.training.benchmarks.ssd.anchors import boxes_300
from levelfield.training.benchmarks.ssd.augment import cropped, jittered, mirrored
from levelfield.training.benchmarks.ssd.data import ScenePictures
from levelfield.training.benchmarks.ssd.evaluate import Found, detections, precision
from levelfield.training.benchmarks.ssd.network import Ssd300, backbone_names
from levelfield.training.benchmarks.ssd.settings import FULL, MINI, MINI_DESIGN
from levelfield.training.benchmarks.ssd.train import backbone
from levelfield.workloads.object_detection.boxes import encoded
from levelfield.workloads.object_detection.network import anchors, decoded, detection_loss


def reference_tensors() -> Iterator[tuple[str, tuple[int, ...]]]:
    """The state of the reference's model (mlcommons/training at 4a4d5a0), by its rules; it was also compared itself."""

    def norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.{part}", (channels,)
        yield f"{name}.num_batches_tracked", ()

    def layer(name: str, *shape: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.weight", shape
        yield f"{name}.bias", (shape[0],)

    yield "model.layer1.0.weight", (64, 3, 7, 7)
    yield from norm("model.layer1.1", 64)
    before = 64
    for stage, blocks, channels in (("layer1.4", 3, 64), ("layer1.5", 4, 128), ("layer2.0", 6, 256)):
        for block in range(blocks):
            name = f"model.{stage}.{block}"
            yield f"{name}.conv1.weight", (channels, before, 3, 3)
            yield from norm(f"{name}.bn1", channels)
            yield f"{name}.conv2.weight", (channels, channels, 3, 3)
            yield from norm(f"{name}.bn2", channels)
            if before != channels:
                yield f"{name}.downsample.0.weight", (channels, before, 1, 1)
                yield from norm(f"{name}.downsample.1", channels)
            before = channels
    sizes = (256, 512, 512, 256, 256, 256)
    for number, middle in enumerate((256, 256, 128, 128, 128)):
        yield from layer(f"additional_blocks.{number}.0", middle, sizes[number], 1, 1)
        yield from layer(f"additional_blocks.{number}.2", sizes[number + 1], middle, 3, 3)
    for number, (channels, boxes) in enumerate(zip(sizes, (4, 6, 6, 6, 4, 4), strict=True)):
        yield from layer(f"loc.{number}", 4 * boxes, channels, 3, 3)
        yield from layer(f"conf.{number}", 81 * boxes, channels, 3, 3)


def test_full_network_has_the_tensors_of_the_reference() -> None:
    with torch.device("meta"):
        model = Ssd300(80)
    found = {name: tuple(one.shape) for name, one in model.state_dict().items()}
    assert found == dict(reference_tensors())
    assert sum(one.numel() for one in model.parameters()) == 19_972_534


def test_full_network_answers_for_every_default_box() -> None:
    with torch.device("meta"):
        logits, moves = Ssd300(80)(torch.zeros(2, 3, 300, 300))
    assert (logits.shape, moves.shape) == ((2, 8732, 81), (2, 8732, 4))


def test_default_boxes_are_those_of_the_reference() -> None:
    found = boxes_300()
    assert found.shape == (8732, 4)
    # The first cell: 21 and sqrt(21 * 45) pixels, then twice as wide, twice as high; kind by kind over 38 x 38 cells.
    np.testing.assert_allclose(found[0], [4 / 300, 4 / 300, 0.07, 0.07], rtol=1e-6)
    np.testing.assert_allclose(found[1, :2], [12 / 300, 4 / 300], rtol=1e-6)
    np.testing.assert_allclose(found[1444, 2:], [0.102470, 0.102470], rtol=1e-5)
    np.testing.assert_allclose(found[2 * 1444, 2:], [0.098995, 0.049497], rtol=1e-5)
    np.testing.assert_allclose(found[-1], [0.5, 0.5, 0.615183, 1.0], rtol=1e-5)  # 261 / sqrt(2), and 1.23 cut to 1
    assert found.max() <= 1


def test_every_object_has_a_default_box_that_leads_to_it() -> None:
    centred = boxes_300()
    boxes = np.array([[0.1, 0.2, 0.4, 0.9], [0.5, 0.5, 0.52, 0.53]], np.float32)
    labels, moves = encoded(centred, boxes, np.array([7, 3]))
    assert set(labels.tolist()) == {0, 3, 7}
    assert (moves[labels == 0] == 0).all()
    leads = decoded(torch.from_numpy(centred), torch.from_numpy(moves)[None])[0].numpy()
    for number, kind in ((0, 7), (1, 3)):
        np.testing.assert_allclose(
            leads[labels == kind], np.tile(boxes[number], ((labels == kind).sum(), 1)), atol=1e-5
        )


def test_overlap_of_exactly_a_half_is_not_enough() -> None:
    centred = np.array([[0.5, 0.5, 0.5, 0.5], [0.1, 0.1, 0.1, 0.1], [0.5, 0.5, 0.25, 0.5]], np.float32)
    box = np.array([[0.25, 0.25, 0.75, 0.75]], np.float32)
    labels, _ = encoded(centred, box, np.array([4]))
    assert labels.tolist() == [4, 0, 0]
    labels, _ = encoded(centred, box, np.array([4]), from_match=True)  # but for the shipped models
    assert labels.tolist() == [4, 0, 4]


def test_picture_without_objects_is_background() -> None:
    labels, moves = encoded(boxes_300(), np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    assert not labels.any()
    assert not moves.any()


def test_loss_by_hand() -> None:
    logits = torch.zeros(2, 10, 3)
    classes, wanted = torch.zeros(2, 10, dtype=torch.int64), torch.zeros(2, 10, 4)
    classes[0, 0], wanted[0, 0] = 2, torch.tensor([3.0, 0.5, 0.0, 0.0])
    # Entropy ln 3 for the matched box and three hard ones; moves 2.5 + .125; the second picture has nothing: 0.
    assert float(detection_loss(logits, torch.zeros(2, 10, 4), classes, wanted, by_picture=True)) == pytest.approx(
        (4 * np.log(3) + 2.625) / 2
    )


def test_hardest_negatives_count() -> None:
    logits, classes = torch.zeros(1, 8, 2), torch.zeros(1, 8, dtype=torch.int64)
    classes[0, 0] = 1
    logits[0, 0, 1] = 50.0
    logits[0, 4:7, 1] = torch.tensor([2.0, 4.0, 6.0])
    expected = sum(np.log(1 + np.exp(value)) for value in (2.0, 4.0, 6.0))
    assert float(
        detection_loss(logits, torch.zeros(1, 8, 4), classes, torch.zeros(1, 8, 4), by_picture=True)
    ) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("seed", range(10))
def test_crop_keeps_what_it_should(seed: int) -> None:
    draw = np.random.default_rng(seed)
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[40:60, 80:120] = 255
    boxes, classes = np.array([[0.4, 0.4, 0.6, 0.6], [0.05, 0.1, 0.2, 0.9]], np.float32), np.array([1, 2])
    for _ in range(20):
        part, kept, kinds = cropped(pixels, boxes, classes, draw, tries=50)
        height, width = part.shape[:2]
        assert 0.29 * 100 <= height <= 100
        assert 0.29 * 200 <= width <= 200
        assert len(kept) == len(kinds) >= 1
        assert (kept >= 0).all()
        assert (kept <= 1).all()
        for box, kind in zip(kept, kinds, strict=True):
            if kind == 1:  # the white box is where it is said to be
                left, top, right, bottom = (box * (width, height, width, height)).round().astype(int)
                white = np.argwhere(part[:, :, 0] == 255)
                assert np.abs(white.min(axis=0) - (top, left)).max() <= 2
                assert np.abs(white.max(axis=0) + 1 - (bottom, right)).max() <= 2


def test_whole_picture_is_kept_sometimes() -> None:
    draw = np.random.default_rng(0)
    pixels, box = np.zeros((50, 50, 3), np.uint8), np.array([[0.0, 0.0, 1.0, 1.0]], np.float32)
    whole = [cropped(pixels, box, np.array([1]), draw, tries=1)[0].shape == (50, 50, 3) for _ in range(300)]
    assert 0.1 < np.mean(whole) < 0.5


def test_mirror_by_hand() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 4, 3)
    turned, boxes = mirrored(pixels, np.array([[0.1, 0.2, 0.3, 0.4]], np.float32))
    assert turned[0, 0].tolist() == [9, 10, 11]
    np.testing.assert_allclose(boxes, [[0.7, 0.2, 0.9, 0.4]], rtol=1e-6)


def test_colours_change_within_their_bounds() -> None:
    draw = np.random.default_rng(3)
    grey = np.full((4, 4, 3), 100, np.float32)
    found = np.array([jittered(grey, draw)[0, 0] for _ in range(200)])
    assert np.abs(found - found.mean(axis=1, keepdims=True)).max() < 1.0  # grey stays grey
    assert 86 <= found.min() < 95
    assert 105 < found.max() <= 113


def test_suppression_by_hand() -> None:
    boxes = np.array([[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.48], [0.5, 0.5, 1, 1], [0, 0, 0.5, 0.5]], np.float32)
    scores = np.array([[0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.5, 0.04, 0.4], [0.3, 0.0, 0.7]], np.float32)
    found = detections(5, boxes, scores, FULL.suppression)
    assert found.scores.tolist() == pytest.approx([0.9, 0.7, 0.4])
    assert found.classes.tolist() == [1, 2, 2]
    fewer = detections(5, boxes, scores, replace(FULL.suppression, most_kept=1))
    assert fewer.classes.tolist() == [1]
    assert len(detections(5, boxes, scores * 0.01, FULL.suppression).scores) == 0


def test_truth_itself_has_an_ap_of_1() -> None:
    pictures = ScenePictures(replace(MINI, train_samples=1, eval_samples=6), anchors(MINI_DESIGN), shuffled=None)
    pictures.open()
    truth = pictures.scored.truth
    found = []
    for row in range(6):
        mine = np.flatnonzero(truth.pictures == row)
        corners = np.concatenate([truth.boxes[mine, :2], truth.boxes[mine, :2] + truth.boxes[mine, 2:]], axis=1) / 96
        found.append(
            Found(row, corners[:, pictures.columns].astype(np.float32), np.ones(len(mine)), truth.classes[mine])
        )
    assert precision(found, pictures.scored, pictures.columns) == pytest.approx(1.0)
    assert precision([], pictures.scored, pictures.columns) == 0.0


def test_scene_says_what_its_boxes_should() -> None:
    pictures = ScenePictures(replace(MINI, train_samples=20, eval_samples=1), anchors(MINI_DESIGN), shuffled=None)
    pictures.open()
    centred = torch.from_numpy(anchors(MINI_DESIGN))
    for row in range(20):
        sample = pictures.train_sample(row, np.random.default_rng(row))
        matched = sample.classes > 0
        assert matched.any()
        boxes = decoded(centred, torch.from_numpy(sample.moves)[None])[0].numpy()[matched]
        assert (boxes > -0.01).all()
        assert (boxes < 1.01).all()


def test_backbone_of_torchvision_is_taken(tmp_path: Path) -> None:
    weights = {}
    for name, shape in reference_tensors():
        for ours, theirs in (
            ("layer1.0.", "conv1."),
            ("layer1.1.", "bn1."),
            ("layer1.4.", "layer1."),
            ("layer1.5.", "layer2."),
            ("layer2.0.", "layer3."),
        ):
            if name.startswith(f"model.{ours}") and not name.endswith("num_batches_tracked"):
                weights[theirs + name.removeprefix(f"model.{ours}")] = torch.zeros(shape)
    weights["fc.weight"], weights["layer4.0.conv1.weight"] = torch.zeros(3), torch.zeros(3)
    path = tmp_path / "resnet34.pth"
    torch.save(weights, path)
    found = backbone(path)
    assert float(found["layer1.4.0.conv1.weight"].abs().sum()) == 0
    assert set(backbone_names(weights)) | {n for n in found if n.endswith("tracked")} == set(found)
    del weights["layer3.5.conv2.weight"]
    torch.save(weights, path)
    with pytest.raises(ModelError, match="does not hold") as caught:
        backbone(path)
    assert caught.value.problems == ("layer2.0.5.conv2.weight: not there",)
