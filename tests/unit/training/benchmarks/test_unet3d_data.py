"""Volumes of unet3d: preparation as the reference does it, objects, patches, and bad copies of KiTS19."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from kits_folder import kits_case, kits_folder  # noqa: E402
from kits_prepared import prepared_kits  # noqa: E402
from scipy import ndimage  # noqa: E402

from levelfield.errors import DatasetError  # noqa: E402
from levelfield.terms import Edition  # noqa: E402
from levelfield.training.benchmarks.unet3d import BENCHMARK  # noqa: E402
from levelfield.training.benchmarks.unet3d.data import Patches, full_volumes  # noqa: E402
from levelfield.training.benchmarks.unet3d.objects import SharedObjects, largest_objects  # noqa: E402
from levelfield.training.benchmarks.unet3d.preprocess import prepared_pair  # noqa: E402
from levelfield.training.benchmarks.unet3d.settings import Settings, settings_of  # noqa: E402
from levelfield.training.port import Setup  # noqa: E402
from levelfield.workloads.medical_segmentation.preprocess import Scan  # noqa: E402

TRAIN, EVALUATION = ("case_00001", "case_00002", "case_00004"), ("case_00003", "case_00041")
SMALL = {"train_samples": "3", "eval_samples": "2", "training_input_shape": "64,64,64"}


def settings(**changed: str) -> Settings:
    return settings_of(Setup(edition=Edition.FULL, seed=1, batch_size=1, changed=SMALL | changed))


def small(**changed: str) -> Settings:
    """Patches of 16, any of them."""
    return settings_of(Setup(edition=Edition.MINI, seed=1, changed={"oversampling": "0"} | changed))


class Volumes:
    """Volumes in memory."""

    def __init__(self, *labels: np.ndarray) -> None:
        self.count = len(labels)
        self._labels = [one[np.newaxis].astype(np.uint8) for one in labels]

    def image(self, index: int) -> np.ndarray:
        return self._labels[index].astype(np.float32) + 10 * index

    def labels(self, index: int) -> np.ndarray:
        return self._labels[index]


# --- preparation ---


def test_scan_is_prepared_as_by_hand() -> None:
    """Spacing twice the target's along the first axis: four planes become eight, the first and the last stay."""
    voxels = np.zeros((4, 2, 2))
    voxels[1], voxels[2], voxels[3] = 70.0, 140.0, 999.0
    labels = np.array([0, 1, 2, 1], np.uint8)[:, None, None] * np.ones((4, 2, 2), np.uint8)
    spacing = (3.2, 1.2, 1.2)
    image, truth = prepared_pair(
        Scan(voxels=voxels, spacing_mm=spacing), Scan(voxels=labels, spacing_mm=spacing), window=2
    )
    assert (image.shape, image.dtype, truth.dtype) == ((1, 8, 2, 2), np.float32, np.uint8)
    # Planes lie at 3/7 of a plane from each other; the last is clipped to 304.
    expected = np.array([0, 30, 60, 90, 120, 140 + 859 / 7, 304, 304])
    np.testing.assert_allclose(image[0, :, 0, 0], (expected - 101) / 76.9, rtol=1e-5)
    assert truth[0, :, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 1, 1]


def test_short_axes_are_filled_up_with_the_border() -> None:
    scan = Scan(voxels=np.full((2, 5, 3), 101.0), spacing_mm=(1.6, 1.2, 1.2))
    truth = Scan(voxels=np.ones((2, 5, 3), np.uint8), spacing_mm=(1.6, 1.2, 1.2))
    image, labels = prepared_pair(scan, truth, window=4)
    assert image.shape == labels.shape == (1, 4, 5, 4)
    assert not image.any()
    assert labels.all()


def test_raw_scans_are_prepared_once_before_the_clock(tmp_path: Path) -> None:
    kits_folder(tmp_path, ("case_00000", "case_00041"))
    (tmp_path / "data/case_00001").rmdir()
    setup = Setup(edition=Edition.FULL, seed=1, batch_size=1, data=tmp_path, changed={"train_samples": "1"})
    BENCHMARK.prepare(setup)
    home = tmp_path / "data" / "prepared-for-training"
    assert sorted(path.name for path in home.iterdir()) == [
        "case_00000_x.npy",
        "case_00000_y.npy",
        "case_00041_x.npy",
        "case_00041_y.npy",
    ]
    # 30 planes of 3 mm become 56 of 1.6 mm, cut down; 80 and 90 of 0.9 mm become 60 and 67 of 1.2 mm: all filled up.
    image, labels = np.load(home / "case_00000_x.npy"), np.load(home / "case_00000_y.npy")
    assert image.shape == labels.shape == (1, 128, 128, 128)
    assert (image.dtype, labels.dtype) == (np.float32, np.uint8)
    assert set(np.unique(labels)) == {0, 1, 2}
    raw, _ = kits_case(0)
    low, high = (np.clip(bound, -79, 304) for bound in (raw.min(), raw.max()))
    assert image.min() == pytest.approx((low - 101) / 76.9, rel=1e-5)
    assert 0.9 * (high - 101) / 76.9 < image.max() <= (high - 101) / 76.9  # mixed with a neighbour
    before = (home / "case_00000_x.npy").stat().st_mtime_ns
    BENCHMARK.prepare(setup)
    assert (home / "case_00000_x.npy").stat().st_mtime_ns == before


def test_scans_that_cannot_be_prepared_are_all_named(tmp_path: Path) -> None:
    kits_folder(tmp_path, ("case_00000", "case_00041"))
    (tmp_path / "data/case_00000/imaging.nii.gz").write_bytes(b"nothing")
    with pytest.raises(DatasetError, match=r"2 of 3 cases cannot be prepared") as caught:
        BENCHMARK.prepare(Setup(edition=Edition.FULL, seed=1, batch_size=1, data=tmp_path))
    assert [case in str(caught.value) for case in ("case_00000", "case_00001", "case_00041")] == [True, True, False]
    assert (tmp_path / "data/prepared-for-training/case_00041_x.npy").is_file()


# --- objects ---


@pytest.mark.parametrize("seed", range(6))
def test_objects_are_those_of_scipy(seed: int) -> None:
    draw = np.random.default_rng(seed)
    labels = (draw.random((9, 12, 14)) < 0.05 + 0.08 * seed).astype(np.uint8)
    found = ndimage.find_objects(ndimage.label(labels == 1)[0])
    sizes = [np.prod([axis.stop - axis.start for axis in box]) for box in found]
    expected = [tuple((axis.start, axis.stop) for axis in found[n]) for n in np.argsort(sizes, kind="stable")[-2:]]
    assert largest_objects(labels, 1) == expected


def test_class_that_is_not_there_has_no_objects() -> None:
    assert largest_objects(np.ones((3, 3, 3), np.uint8), 2) == []


def test_objects_are_known_to_processes_that_did_not_look_for_them() -> None:
    objects = SharedObjects(3)
    found = [[((0, 2), (1, 5), (0, 9)), ((3, 4), (3, 4), (3, 4))], []]
    child = multiprocessing.get_context("fork").Process(target=objects.keep, args=(1, found))
    child.start()
    child.join(60)
    assert objects.of(1) == found
    assert objects.of(0) is None


# --- patches ---


def test_patch_around_an_object_holds_it_or_lies_in_it() -> None:
    little, large = np.zeros((2, 20, 22, 30), np.uint8)
    little[3:8, 12:22, 10:12] = 1
    large[:, :, 2:29] = 2
    patches = Patches(Volumes(little, large), small(oversampling="1"), seed=3)
    for epoch in range(1, 40):
        _, truth = patches.patch(epoch, 0)
        assert truth.shape == (16, 16, 16)
        assert (truth == 1).sum() == 5 * 10 * 2
        assert (patches.patch(epoch, 1)[1] == 2).mean() == 1


def test_patch_follows_from_seed_epoch_and_case() -> None:
    volumes = Volumes(*np.random.default_rng(1).integers(0, 3, (2, 20, 20, 20)))
    one, same, other = (Patches(volumes, small(), seed=seed) for seed in (5, 5, 6))
    for left, right in zip(one.patch(2, 1), same.patch(2, 1), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(one.patch(2, 1)[0], other.patch(2, 1)[0])
    assert not np.array_equal(one.patch(2, 1)[0], one.patch(3, 1)[0])


def test_image_and_labels_are_cut_and_flipped_together() -> None:
    """The image is the labels plus 10 for the second case; a tenth of the patches is brightened, a tenth noisy."""
    volumes = Volumes(*np.random.default_rng(1).integers(0, 3, (2, 20, 20, 20)))
    patches = Patches(volumes, small(), seed=5)
    pairs = [patches.patch(epoch, 1) for epoch in range(1, 60)]
    plain = [np.array_equal(image[0], truth + 10) for image, truth in pairs]
    assert 40 <= sum(plain) <= 57
    brightened = [
        image[0] / (truth + 10) for (image, truth), is_plain in zip(pairs, plain, strict=True) if not is_plain
    ]
    assert all(0.9 < ratio.mean() < 2.35 for ratio in brightened)
    assert any(1.7 <= ratio.mean() <= 2.3 for ratio in brightened)


def test_shuffled_labels_are_those_of_another_case() -> None:
    volumes = Volumes(*(np.full((20, 20, 20), label) for label in (0, 1, 2)))
    patches = Patches(volumes, small(), seed=5, shuffled=True)
    dealt = [int(patches.patch(1, case)[1].max()) for case in range(3)]
    assert sorted(dealt) == [0, 1, 2]
    assert all(label != case for case, label in enumerate(dealt))


def test_epoch_is_a_permutation_without_the_last_uneven_batch() -> None:
    volumes = Volumes(*np.zeros((5, 1, 1, 1), np.uint8))
    patches = Patches(
        volumes, settings_of(Setup(edition=Edition.MINI, seed=1, batch_size=2, changed={"train_samples": "5"})), 1
    )
    orders = [patches.order(epoch) for epoch in (1, 2, 3)]
    assert all(order.shape == (2, 2) and len(set(order.ravel().tolist())) == 4 for order in orders)
    assert len({tuple(order.ravel().tolist()) for order in orders}) > 1


# --- bad copies ---


def test_whole_copy_is_opened(tmp_path: Path) -> None:
    home = prepared_kits(tmp_path / "kits", TRAIN + EVALUATION, edge=128)
    train, evaluation = full_volumes(home, settings())
    assert (train.count, evaluation.count) == (3, 2)
    assert evaluation.image(0).shape == (1, 128, 131, 152)


def test_all_that_is_wrong_with_a_copy_is_named(tmp_path: Path) -> None:
    home = prepared_kits(tmp_path / "kits", TRAIN + EVALUATION, edge=128)
    (home / "case_00001_y.npy").unlink()
    (home / "case_00002_x.npy").write_bytes(b"no array")
    np.save(home / "case_00004_y.npy", np.zeros((1, 128, 131, 144), np.int64))
    np.save(home / "case_00041_x.npy", np.zeros((1, 20, 131, 160), np.float32))
    with pytest.raises(DatasetError, match="cannot be used") as caught:
        full_volumes(home, settings(eval_samples="42"))
    said = "\n".join(caught.value.problems)
    assert "case_00001_y.npy is not there" in said
    assert "case_00002_x.npy cannot be read" in said
    assert "case_00004_y.npy: found int64, expected uint8" in said
    assert (
        "case_00041_x.npy: found the shape (1, 20, 131, 160), expected (1, D, H, W) of (128, 128, 128) at least" in said
    )
    assert "found 2 cases for eval_samples, expected 42" in said
    assert caught.value.hint == "To try a part of the cases: --set train_samples=N --set eval_samples=M."


def test_folder_without_cases_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no prepared case") as caught:
        full_volumes(tmp_path, settings())
    assert "case_00000_x.npy" in str(caught.value.hint)
    with pytest.raises(DatasetError, match="is not a folder"):
        full_volumes(tmp_path / "absent", settings())
