"""Mask R-CNN's network: names, shapes and numbers of the reference, and regions against a loop over points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from levelfield.errors import ModelError
from levelfield.training.benchmarks.maskrcnn.align import levels_of, region_features
from levelfield.training.benchmarks.maskrcnn.backbone import FrozenBatchNorm, backbone_names
from levelfield.training.benchmarks.maskrcnn.boxes import HEAD_WEIGHTS, clipped, moved, overlaps, survivors, ways
from levelfield.training.benchmarks.maskrcnn.network import MaskRcnnNetwork, cell_anchors, grid_anchors
from levelfield.training.benchmarks.maskrcnn.settings import FULL, MINI
from levelfield.training.benchmarks.maskrcnn.train import backbone


def reference_tensors() -> Iterator[tuple[str, tuple[int, ...]]]:
    """The state of the reference's model (mlcommons/training at 4a4d5a0), by its rules; it was also compared itself."""

    def norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.{part}", (channels,)

    def layer(name: str, *shape: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.weight", shape
        yield f"{name}.bias", (shape[0],)

    body = "backbone.body"
    yield f"{body}.stem.conv1.weight", (64, 3, 7, 7)
    yield from norm(f"{body}.stem.bn1", 64)
    before = 64
    for stage, blocks, width in ((1, 3, 64), (2, 4, 128), (3, 6, 256), (4, 3, 512)):
        for block in range(blocks):
            name = f"{body}.layer{stage}.{block}"
            if block == 0:
                yield f"{name}.downsample.0.weight", (4 * width, before, 1, 1)
                yield from norm(f"{name}.downsample.1", 4 * width)
            for number, (out, into, side) in enumerate(
                ((width, before, 1), (width, width, 3), (4 * width, width, 1)), 1
            ):
                yield f"{name}.conv{number}.weight", (out, into, side, side)
                yield from norm(f"{name}.bn{number}", out)
            before = 4 * width
    for number, channels in enumerate((256, 512, 1024, 2048), 1):
        yield from layer(f"backbone.fpn.fpn_inner{number}", 256, channels, 1, 1)
        yield from layer(f"backbone.fpn.fpn_layer{number}", 256, 256, 3, 3)
    for number in range(5):
        yield f"rpn.anchor_generator.cell_anchors.{number}", (3, 4)
    yield from layer("rpn.head.conv", 256, 256, 3, 3)
    yield from layer("rpn.head.cls_logits", 3, 256, 1, 1)
    yield from layer("rpn.head.bbox_pred", 12, 256, 1, 1)
    yield from layer("roi_heads.box.feature_extractor.fc6", 1024, 12_544)
    yield from layer("roi_heads.box.feature_extractor.fc7", 1024, 1024)
    yield from layer("roi_heads.box.predictor.cls_score", 81, 1024)
    yield from layer("roi_heads.box.predictor.bbox_pred", 324, 1024)
    for number in range(1, 5):
        yield from layer(f"roi_heads.mask.feature_extractor.mask_fcn{number}", 256, 256, 3, 3)
    yield "roi_heads.mask.predictor.conv5_mask.weight", (256, 256, 2, 2)
    yield "roi_heads.mask.predictor.conv5_mask.bias", (256,)
    yield from layer("roi_heads.mask.predictor.mask_fcn_logits", 81, 256, 1, 1)


def full() -> torch.nn.Module:
    with torch.device("meta"):
        return MaskRcnnNetwork(FULL.architecture)


def test_full_network_has_the_tensors_of_the_reference() -> None:
    assert {name: tuple(one.shape) for name, one in full().state_dict().items()} == dict(reference_tensors())


def test_full_network_has_the_parameters_of_the_reference() -> None:
    model = full()
    assert sum(one.numel() for one in model.parameters()) == 44_347_573
    assert sum(one.numel() for one in model.parameters() if one.requires_grad) == 44_125_173
    assert not any(one.requires_grad for one in model.backbone.body.layer1.parameters())


def test_mini_network_is_small_and_trained_whole() -> None:
    model = MaskRcnnNetwork(MINI.architecture)
    assert sum(one.numel() for one in model.parameters()) == 263_305
    assert all(one.requires_grad for one in model.parameters())


def test_anchors_are_those_of_detectron() -> None:
    cells = cell_anchors(FULL.architecture)
    assert cells[0].tolist() == [[-22, -10, 25, 13], [-14, -14, 17, 17], [-10, -22, 13, 25]]
    assert cells[4].tolist() == [[-332, -152, 395, 215], [-224, -224, 287, 287], [-148, -328, 211, 391]]
    grid = grid_anchors(cells[0], 4, 2, 3)
    assert grid.shape == (18, 4)
    assert grid[4].tolist() == [-10, -14, 21, 17]  # second cell of the first row
    assert grid[9].tolist() == [-22, -6, 25, 17]  # first cell of the second row


def naive_align(features: np.ndarray, box: list[float], stride: int, cells: int, samples: int) -> np.ndarray:
    """Point by point, as the reference's C++ does it."""
    channels, height, width = features.shape
    left, top, right, bottom = (side / stride for side in box)
    step_x, step_y = max(right - left, 1) / cells, max(bottom - top, 1) / cells
    found = np.zeros((channels, cells, cells))
    for i, j, p, q in np.ndindex(cells, cells, samples, samples):
        y, x = top + step_y * (i + (p + 0.5) / samples), left + step_x * (j + (q + 0.5) / samples)
        if y < -1 or y > height or x < -1 or x > width:
            continue
        y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
        low_y, low_x = int(y), int(x)
        high_y, high_x = min(low_y + 1, height - 1), min(low_x + 1, width - 1)
        part_y, part_x = y - low_y, x - low_x
        found[:, i, j] += (
            features[:, low_y, low_x] * (1 - part_y) * (1 - part_x)
            + features[:, low_y, high_x] * (1 - part_y) * part_x
            + features[:, high_y, low_x] * part_y * (1 - part_x)
            + features[:, high_y, high_x] * part_y * part_x
        ) / samples**2
    return found


@pytest.mark.parametrize(("cells", "samples"), [(3, 2), (7, 1)])
def test_regions_equal_a_loop_over_points(cells: int, samples: int) -> None:
    draw = np.random.default_rng(0)
    maps = [draw.normal(size=(2, 3, side, side + 1)).astype(np.float32) for side in (12, 6)]
    boxes = np.concatenate([draw.uniform(-10, 40, (9, 2)), draw.uniform(30, 90, (9, 2))], axis=1).astype(np.float32)
    boxes[0] = [5, 5, 5, 5]
    pictures, levels = draw.integers(0, 2, 9), draw.integers(0, 2, 9)
    found = region_features(
        [torch.from_numpy(one) for one in maps],
        (4, 8),
        torch.from_numpy(boxes),
        (torch.from_numpy(pictures), torch.from_numpy(levels)),
        cells=cells,
        samples=samples,
    )
    for row in range(9):
        level = levels[row]
        wanted = naive_align(maps[level][pictures[row]], boxes[row].tolist(), (4, 8)[level], cells, samples)
        np.testing.assert_allclose(found[row].numpy(), wanted, atol=2e-5)


def test_no_region_gives_none_and_a_gradient() -> None:
    maps = [torch.ones(1, 2, 4, 4, requires_grad=True)]
    nothing = torch.zeros(0, dtype=torch.int64)
    found = region_features(maps, (4,), torch.zeros(0, 4), (nothing, nothing), cells=3, samples=2)
    assert found.shape == (0, 2, 3, 3)
    found.sum().backward()
    assert maps[0].grad is not None


def test_level_follows_from_the_size_of_a_box() -> None:
    sides = torch.tensor([20.0, 111.0, 112.0, 223.0, 224.0, 447.0, 448.0, 2000.0])
    boxes = torch.stack([torch.zeros(8), torch.zeros(8), sides - 1, sides - 1], dim=1)
    assert levels_of(boxes, (224.0, 16), (4, 8, 16, 32)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def greedy(boxes: torch.Tensor, most: float) -> list[bool]:
    kept: list[int] = []
    for row in range(len(boxes)):
        if all(float(overlaps(boxes[row : row + 1], boxes[other : other + 1])) < most for other in kept):
            kept.append(row)
    return [row in kept for row in range(len(boxes))]


@pytest.mark.parametrize("seed", range(5))
def test_survivors_are_those_of_the_greedy_way(seed: int) -> None:
    torch.manual_seed(seed)
    corner = torch.rand(2, 40, 2) * 30
    boxes = torch.cat([corner, corner + 10 + torch.rand(2, 40, 2) * 10], dim=2)
    for most in (0.3, 0.5, 0.7):
        assert survivors(boxes, most).tolist() == [greedy(one, most) for one in boxes]


def test_chain_of_boxes_ends_after_its_length() -> None:
    x = torch.arange(30.0) * 4
    boxes = torch.stack([x, torch.zeros(30), x + 9, torch.full((30,), 9.0)], dim=1)
    # Each overlaps the next by 6 of 14 columns: every second one stays.
    assert survivors(boxes, 0.4).tolist() == [row % 2 == 0 for row in range(30)]
    assert survivors(boxes[:0], 0.4).tolist() == []


def test_overlap_counts_the_outermost_pixels() -> None:
    first, second = torch.tensor([[0.0, 0.0, 9.0, 9.0]]), torch.tensor([[5.0, 0.0, 14.0, 9.0], [10.0, 0.0, 12.0, 9.0]])
    assert overlaps(first, second)[0].tolist() == pytest.approx([50 / 150, 0.0])


def test_ways_lead_from_box_to_box() -> None:
    start, target = torch.tensor([[10.0, 10.0, 29.0, 49.0]]), torch.tensor([[12.0, 8.0, 51.0, 27.0]])
    way = ways(start, target, HEAD_WEIGHTS)
    assert way[0].tolist() == pytest.approx([10 * 12 / 20, 10 * -12 / 40, 5 * np.log(2), 5 * np.log(0.5)])
    torch.testing.assert_close(moved(start, way, HEAD_WEIGHTS), target)
    far = moved(start, torch.tensor([[0.0, 0.0, 500.0, 0.0]]), HEAD_WEIGHTS)
    assert float(far[0, 2] - far[0, 0] + 1) == pytest.approx(20 * 1000 / 16)


def test_boxes_are_moved_into_their_pictures() -> None:
    boxes = torch.tensor([[[-5.0, 3.0, 200.0, 90.0]]])
    assert clipped(boxes, torch.tensor([[50.0, 100.0]]))[0, 0].tolist() == [0, 3, 99, 49]


def test_frozen_norm_by_hand() -> None:
    norm = FrozenBatchNorm(1)
    norm.load_state_dict(
        {name: torch.tensor([value]) for name, value in zip(norm.state_dict(), (3.0, 1.0, 2.0, 4.0), strict=True)}
    )
    assert norm(torch.full((1, 1, 1, 1), 6.0)).item() == pytest.approx(3 * (6 - 2) / 2 + 1)
    assert not list(norm.parameters())


def test_caffe_names_become_ours() -> None:
    value = torch.arange(4.0)
    found = backbone_names({"res3_0_branch2b_bn_b": value, "res2_1_branch2a_w": value, "res4_0_branch1_bn_s": value})
    assert set(found) == {
        "layer2.0.bn2.bias",
        "layer2.0.bn2.running_mean",
        "layer2.0.bn2.running_var",
        "layer1.1.conv1.weight",
        "layer3.0.downsample.1.weight",
    }
    assert found["layer2.0.bn2.running_var"].tolist() == [1, 1, 1, 1]
    assert set(backbone_names({"conv1_w": value, "res_conv1_bn_s": value, "module.backbone.body.stem.x": value})) == {
        "stem.conv1.weight",
        "stem.bn1.weight",
        "stem.x",
    }


def test_backbone_of_a_file_that_lacks_tensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "resnet.pth"
    torch.save({"stem.conv1.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(ModelError, match="does not hold the weights") as caught:
        backbone(path)
    assert caught.value.problems[0] == "stem.conv1.weight: found (64, 3, 3, 3), expected (64, 3, 7, 7)"
    assert caught.value.problems[-1] == "and 257 more"
