"""The mini edition of 3d-unet: phantoms that are the same everywhere, and a gate that rejects what is damaged."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import DatasetError, InputError, ModelError, RunError, UsageError
from levelfield.files import sha256_of
from levelfield.loadgen.ports import SampleLibrary
from levelfield.metrics.dice import DiceScores, dice_of_case
from levelfield.workloads.medical_segmentation import dataset as dataset_module
from levelfield.workloads.medical_segmentation.dataset import MINI_CASES, MINI_SEED, Phantoms
from levelfield.workloads.medical_segmentation.generator import MINI_WINDOW, best_labels, phantom
from levelfield.workloads.medical_segmentation.model import DATA, MiniManifest
from levelfield.workloads.medical_segmentation.preprocess import Scan, prepared_image, prepared_labels
from levelfield.workloads.medical_segmentation.task import MedicalSegmentation, mini_task, task_on
from levelfield.workloads.task import Precision, Score

ROOT = Path(__file__).parents[3]
MANIFEST = json.loads((DATA / "manifest.json").read_text())
GATES = (0.99, 0.999)
PART = 32
"""Cases that damage is shown on: an eighth of the set, in half a second. The whole set is run once."""


class Some(Phantoms):
    """The first cases of the test set."""

    def __init__(self, count: int = PART) -> None:
        super().__init__(seed=MINI_SEED, count=count)


def on_some(model: Path = DATA / "unet3d_fp32.onnx", scans: Phantoms | None = None) -> MedicalSegmentation:
    return task_on(scans or Some(), model, Backend.ONNXRUNTIME, BackendOptions(threads=1))


def opened(**options: object) -> MedicalSegmentation:
    return mini_task(backend=Backend.ONNXRUNTIME, options=BackendOptions(threads=1), **options)  # type: ignore[arg-type]


def log_of(task: MedicalSegmentation) -> list[tuple[int, bytes]]:
    """An accuracy run without a load generator."""
    indices = np.arange(task.dataset.total_sample_count)
    task.dataset.load(indices)
    payloads = task.infer(indices)
    task.dataset.unload(indices)
    return [(int(index), payload.tobytes()) for index, payload in zip(indices, payloads, strict=True)]


def scored(task: MedicalSegmentation) -> Score:
    return task.score(log_of(task))


@pytest.fixture(scope="module")
def shipped() -> MedicalSegmentation:
    """The mini edition as it is."""
    return opened()


@pytest.fixture(scope="module")
def whole_log(shipped: MedicalSegmentation) -> list[tuple[int, bytes]]:
    return log_of(shipped)


@pytest.fixture(scope="module")
def healthy(shipped: MedicalSegmentation, whole_log: list[tuple[int, bytes]]) -> float:
    """The undamaged score of the part."""
    return shipped.score_subset(whole_log[:PART]).value


def passes(score: Score, healthy: float, gate: float) -> bool:
    return score.value >= gate * healthy


# --- the shipped files and the generator ---


def test_shipped_files_are_those_of_the_manifest() -> None:
    listed = {entry["file"]: entry["sha256"] for entry in MANIFEST["files"].values()}
    shipped = {path.name: sha256_of(path) for path in DATA.glob("*.onnx")}
    assert shipped == listed
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_000_000


def test_phantoms_are_those_that_the_model_was_measured_on() -> None:
    test = MANIFEST["data"]["test"]
    assert (test["seed"], test["cases"]) == (MINI_SEED, MINI_CASES)
    assert Phantoms().sha256() == test["sha256"] == MiniManifest.read().data_sha256


def test_first_phantom_is_the_same_for_ever() -> None:
    """Literal voxels: a change of the generator, of numpy's raw stream or of rounding shows here first."""
    case = phantom(MINI_SEED, 0)
    assert (
        case.spacing_mm,
        case.image.shape,
        case.image[5, 5, :5].tolist(),
        [int((case.labels == label).sum()) for label in range(3)],
    ) == FIRST_PHANTOM


def test_seeds_and_cases_differ() -> None:
    images = [phantom(seed, index).image for seed, index in ((1, 0), (1, 1), (2, 0))]
    assert len({image.tobytes() for image in images}) == 3


def test_series_do_not_meet() -> None:
    seeds = [MANIFEST["data"][name]["seed"] for name in ("test", "train", "calibration")]
    assert len(set(seeds)) == 3


def test_other_phantoms_are_refused() -> None:
    with pytest.raises(DatasetError, match="not those of the manifest: found "):
        Some(4).verified(MANIFEST["data"]["test"]["sha256"])


def test_every_case_has_kidney_and_tumour_and_shapes_differ() -> None:
    phantoms = Phantoms()
    shapes, windows = set(), []
    for index in range(MINI_CASES):
        labels = phantoms.labels(index)
        assert (labels == 1).sum() >= 50
        assert (labels == 2).sum() >= 50
        shapes.add(labels.shape)
        assert not any(edge % 8 for edge in labels.shape[1:])
        windows.append(np.prod([edge // 8 - 1 for edge in labels.shape[1:]]))
    assert len(shapes) == 18
    assert (min(windows), max(windows)) == (1, 18)


def test_reference_lies_between_what_is_trivial_and_what_can_be_reached() -> None:
    phantoms = Some()
    best, by_brightness = [], []
    for index in range(PART):
        truth = phantoms.labels(index)
        best.append(dice_of_case(best_labels(phantom(MINI_SEED, index)), truth))
        image = phantoms.image(index)
        guess = np.where(image > 1.5, 0, np.where(image > 0.25, 2, np.where(image > -0.65, 1, 0)))
        by_brightness.append(dice_of_case(guess, truth))
    reference = MANIFEST["reference_accuracy"]
    assert DiceScores(np.array(by_brightness)).mean < reference - 0.1
    assert reference + 0.02 < DiceScores(np.array(best)).mean < 0.95


# --- the score ---


def test_shipped_model_reaches_the_dice_of_the_manifest(
    shipped: MedicalSegmentation, whole_log: list[tuple[int, bytes]]
) -> None:
    task = shipped
    score = task.score(whole_log)
    recorded = MANIFEST["files"]["fp32"]
    # Another processor may round a sum otherwise, which turns some voxels of a million and a half.
    assert score.value == pytest.approx(recorded["dice"], abs=2e-4)
    assert task.reference == MANIFEST["reference_accuracy"] == recorded["dice"]
    assert 0.85 <= score.value <= 0.95
    assert score.line.startswith(f"Accuracy: mean = {score.value:.5f}, kidney = 0.")
    assert (score.metric, score.unit, score.good, score.total) == ("mean DICE", "1", None, 256)
    assert score.interval == pytest.approx(recorded["interval_95"], abs=1e-3)
    assert all(score.value >= gate * task.reference for gate in GATES)


def test_order_of_the_log_does_not_matter(shipped: MedicalSegmentation, whole_log: list[tuple[int, bytes]]) -> None:
    assert shipped.score(whole_log[::-1]) == shipped.score(whole_log)


def test_log_that_misses_cases_is_refused(shipped: MedicalSegmentation, whole_log: list[tuple[int, bytes]]) -> None:
    with pytest.raises(InputError, match="255 of 256 samples have no entry"):
        shipped.score(whole_log[:1])
    assert shipped.score_subset(whole_log[:1]).total == 1


def test_payload_is_the_label_volume_of_the_prepared_image() -> None:
    task = on_some()
    task.dataset.load(np.array([3, 1]))
    first, second, again = task.infer(np.array([3, 1, 3]))
    assert first.shape == task.dataset.volume(3).shape == Some().labels(3).shape
    assert (first.dtype, first.shape[0], second.shape) == (np.uint8, 1, task.dataset.volume(1).shape)
    assert first.tobytes() == again.tobytes()
    assert set(first.tobytes()) == {0, 1, 2}


def test_sample_library(shipped: MedicalSegmentation, whole_log: list[tuple[int, bytes]]) -> None:
    dataset = shipped.dataset
    assert isinstance(dataset, SampleLibrary)
    assert (dataset.name, dataset.total_sample_count, dataset.performance_sample_count) == (
        "kidney phantoms (mini)",
        256,
        256,
    )
    assert dataset.complete
    assert len(whole_log) == 256


def test_sample_that_is_not_loaded_is_refused() -> None:
    task = on_some()
    task.dataset.load(np.array([0, 0, 1]))
    task.dataset.unload(np.array([1, 2]))
    with pytest.raises(RunError, match="Sample 1 was asked for and is not loaded"):
        task.infer(np.array([0, 1]))
    with pytest.raises(RunError, match=r"asked for sample 32; the dataset has 0\.\.31"):
        task.dataset.load(np.array([32]))


# --- the gate can fail ---


def changed(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> Path:
    """The shipped model with every convolution changed."""
    model = onnx.load(DATA / "unet3d_fp32.onnx")
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.ndim == 5:
            tensor.CopyFrom(numpy_helper.from_array(change(weights).astype(np.float32), tensor.name))
    onnx.save(model, path)
    return path


def of_bits(bits: int) -> Callable[[np.ndarray], np.ndarray]:
    """Weights of so many bits, one step for each tensor."""

    def rounded(weights: np.ndarray) -> np.ndarray:
        step = np.abs(weights).max() / (2 ** (bits - 1) - 1)
        return np.rint(weights / step) * step

    return rounded


def test_unchanged_weights_pass_both_gates(tmp_path: Path, healthy: float) -> None:
    """What follows fails because of the damage, not because of the way it is done."""
    score = scored(on_some(changed(tmp_path / "same.onnx", lambda weights: weights)))
    assert all(passes(score, healthy, gate) for gate in GATES)


def test_untrained_model_fails(tmp_path: Path, healthy: float) -> None:
    draw = np.random.default_rng(3)
    path = changed(tmp_path / "untrained.onnx", lambda weights: draw.normal(0, weights.std(), weights.shape))
    assert not passes(scored(on_some(path)), healthy, 0.99)


def test_coarse_weights_fail(tmp_path: Path, healthy: float) -> None:
    assert not passes(scored(on_some(changed(tmp_path / "three.onnx", of_bits(3)))), healthy, 0.99)


def test_weights_of_four_bits_pass_only_the_gate_that_is_less_sharp(tmp_path: Path, healthy: float) -> None:
    score = scored(on_some(changed(tmp_path / "four.onnx", of_bits(4))))
    assert passes(score, healthy, 0.99)
    assert not passes(score, healthy, 0.999)


def test_shuffled_labels_fail(
    monkeypatch: pytest.MonkeyPatch, shipped: MedicalSegmentation, whole_log: list[tuple[int, bytes]]
) -> None:
    """Truth of the right shape from another case."""
    truth = [shipped.dataset.scans.labels(index) for index in range(MINI_CASES)]
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for index, labels in enumerate(truth):
        by_shape.setdefault(labels.shape, []).append(index)
    other = {index: group[place - 1] for group in by_shape.values() for place, index in enumerate(group)}
    monkeypatch.setattr(shipped.dataset.scans, "labels", lambda index: truth[other[index]])
    assert shipped.score(whole_log).value < 0.5


def test_swapped_classes_fail(shipped: MedicalSegmentation, whole_log: list[tuple[int, bytes]]) -> None:
    swapped = [(index, payload.translate(bytes([0, 2, 1, *range(3, 256)]))) for index, payload in whole_log]
    assert shipped.score_subset(swapped[:PART]).value < 0.1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda scan: Scan(voxels=scan.voxels // 2, spacing_mm=scan.spacing_mm),
        lambda scan: Scan(voxels=scan.voxels + 60, spacing_mm=scan.spacing_mm),
        lambda scan: Scan(voxels=-scan.voxels, spacing_mm=scan.spacing_mm),
        lambda scan: Scan(voxels=scan.voxels[::-1], spacing_mm=scan.spacing_mm),
        lambda scan: Scan(voxels=np.roll(scan.voxels, 1, axis=2), spacing_mm=scan.spacing_mm),
    ],
    ids=["half the scale", "offset", "inverted", "upside down", "one voxel aside"],
)
def test_wrong_pre_processing_fails(
    monkeypatch: pytest.MonkeyPatch, healthy: float, spoil: Callable[[Scan], Scan]
) -> None:
    real = prepared_image
    monkeypatch.setattr(dataset_module, "prepared_image", lambda scan, window: real(spoil(scan), window))
    assert not passes(scored(on_some()), healthy, 0.99)


def test_windows_without_overlap_or_weights_fail_the_sharper_gate(
    monkeypatch: pytest.MonkeyPatch, healthy: float
) -> None:
    from levelfield.workloads.medical_segmentation import windows

    monkeypatch.setattr(windows, "gaussian_weights", lambda window: np.ones([window] * 3, np.float32))
    assert not passes(scored(on_some()), healthy, 0.999)


# --- what is asked for and cannot be ---


def test_int8_is_not_shipped_and_the_reason_is_said() -> None:
    with pytest.raises(UsageError, match="run slower than fp32"):
        opened(precision=Precision.INT8)


def test_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    model = folder / "unet3d_fp32.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    with pytest.raises(InputError, match=r"unet3d_fp32\.onnx is not the file that levelfield ships"):
        MiniManifest.read(folder).verified_model()
    model.unlink()
    with pytest.raises(InputError, match="found no file"):
        MiniManifest.read(folder).verified_model()


@pytest.mark.parametrize("content", [None, "{", '{"files": {}}'], ids=["missing", "not JSON", "incomplete"])
def test_manifest_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json cannot be read"):
        MiniManifest.read(tmp_path)


def test_own_model_of_another_window_is_refused(tmp_path: Path) -> None:
    model = onnx.load(DATA / "unet3d_fp32.onnx")
    for side in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_value = 32
    onnx.save(model, tmp_path / "larger.onnx")
    with pytest.raises(ModelError, match=r"larger\.onnx"):
        opened(model=tmp_path / "larger.onnx")


def test_description_and_facts(shipped: MedicalSegmentation) -> None:
    found = shipped.describe()
    assert (found["model"], found["precision"], found["windows_at_once"]) == ("unet3d_fp32.onnx", "fp32", "8")
    assert found["input"] == "input, windows of 16x16x16, overlapping by half"
    facts = shipped.model_facts()
    assert (facts.file_name, facts.input_types, facts.weight_types) == ("unet3d_fp32.onnx", ("fp32",), ("fp32",))
    assert str(facts.weight_transformations).startswith("none")
    own = on_some().model_facts()
    assert (own.weight_transformations, own.retraining) == (None, None)


# --- the way it was made ---


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("LEVELFIELD_REBUILD") or importlib.util.find_spec("torch") is None,
    reason="trains for about a minute; set LEVELFIELD_REBUILD=1, with torch installed",
)
def test_rebuild_lands_in_the_same_band(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "tools/mini_3d_unet.py", "--out", tmp_path],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    rebuilt = json.loads((tmp_path / "manifest.json").read_text())
    assert rebuilt["data"]["test"]["sha256"] == MANIFEST["data"]["test"]["sha256"]
    assert 0.84 <= rebuilt["reference_accuracy"] <= 0.89


def test_generated_scan_goes_through_the_official_steps() -> None:
    """Spacings are not the common one, so resampling is part of what the gate holds."""
    case = phantom(MINI_SEED, 0)
    image, labels = prepared_image(case.image_scan(), MINI_WINDOW), prepared_labels(case.label_scan(), MINI_WINDOW)
    assert image.shape == labels.shape
    assert image.min() >= -180 / 76.9 - 1e-6
    assert image.max() <= 203 / 76.9 + 1e-6
    assert len({phantom(MINI_SEED, index).spacing_mm for index in range(40)}) > 15


FIRST_PHANTOM = ((1.4, 1.4, 1.4), (30, 19, 11), [17, 3, 21, 1, -35], [5565, 457, 248])
