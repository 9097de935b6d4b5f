"""The mini editions: the shipped files are what the manifests say, and the gates reject what is damaged."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import InputError, ModelError, RunError
from levelfield.files import sha256_of
from levelfield.loadgen.ports import SampleLibrary
from levelfield.metrics.coco_map import average_precision
from levelfield.workloads.object_detection import dataset as dataset_module
from levelfield.workloads.object_detection.model import MINI_MOBILENET, MINI_RESNET34, MiniEdition, MiniManifest
from levelfield.workloads.object_detection.task import ObjectDetection, mini_task
from levelfield.workloads.task import Precision

ROOT = Path(__file__).parents[3]
GATE = 0.99
FEW = 150
"""Scenes that are enough to see that a model is spoilt."""
EDITIONS = [MINI_MOBILENET, MINI_RESNET34]
by_name = pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)


@cache
def manifest_of(edition: MiniEdition) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((edition.folder / "manifest.json").read_text())
    return data


def opened(edition: MiniEdition, precision: Precision = Precision.FP32, model: Path | None = None) -> ObjectDetection:
    return mini_task(
        edition, backend=Backend.ONNXRUNTIME, options=BackendOptions(threads=1), precision=precision, model=model
    )


def logged(task: ObjectDetection, count: int) -> list[tuple[int, bytes]]:
    """An accuracy run of the first scenes without a load generator."""
    entries = []
    for indices in np.array_split(np.arange(count), max(1, count // 50)):
        task.dataset.load(indices)
        payloads = task.infer(indices)
        entries += [(int(index), payload.tobytes()) for index, payload in zip(indices, payloads, strict=True)]
        task.dataset.unload(indices)
    return entries


def accuracy_of(task: ObjectDetection, count: int = FEW) -> float:
    """mAP in percent of the first scenes."""
    return 100 * average_precision(task.matched(logged(task, count), whole=False)).ap


# --- the shipped files ---


@by_name
def test_shipped_files_are_those_of_the_manifest(edition: MiniEdition) -> None:
    listed = {entry["file"]: entry["sha256"] for entry in manifest_of(edition)["files"].values()}
    shipped = {path.name: sha256_of(path) for path in edition.folder.iterdir() if path.name != "manifest.json"}
    assert shipped == listed


def test_all_that_ships_is_small() -> None:
    assert sum(path.stat().st_size for edition in EDITIONS for path in edition.folder.iterdir()) < 2_560_000


@by_name
@pytest.mark.parametrize("precision", [*Precision])
def test_shipped_models_reach_the_accuracy_of_the_manifest(edition: MiniEdition, precision: Precision) -> None:
    task = opened(edition, precision)
    found = accuracy_of(task, task.dataset.total_sample_count)
    # Another processor may round a sum otherwise, which moves a box or two across a threshold.
    assert found == pytest.approx(manifest_of(edition)["files"][precision]["accuracy"], abs=0.1)
    assert task.reference == manifest_of(edition)["files"]["fp32"]["accuracy"]
    assert 55 < task.reference < 90
    assert found >= GATE * task.reference


@by_name
def test_seeds_of_the_splits_differ(edition: MiniEdition) -> None:
    data = manifest_of(edition)["data"]
    assert len({data["train_seed"], data["calibration_seed"], data["test_seed"]}) == 3
    assert data["items"] == 1000


@by_name
def test_file_that_was_changed_is_refused(edition: MiniEdition, tmp_path: Path) -> None:
    folder = shutil.copytree(edition.folder, tmp_path / "data")
    manifest = MiniManifest.read(folder)
    model = manifest.models[Precision.INT8].path
    model.write_bytes(model.read_bytes()[:-1] + b"\1")
    manifest.models[Precision.FP32].verified()
    with pytest.raises(InputError, match=r"int8\.onnx is not the file that levelfield ships"):
        manifest.models[Precision.INT8].verified()


def test_scenes_of_another_generator_are_refused() -> None:
    with pytest.raises(InputError, match="The scenes of seed 1 are not those"):
        dataset_module.GeneratedScenes(MINI_MOBILENET.scenes, seed=1, count=2, sha256="0" * 64)


@pytest.mark.parametrize("content", [None, "{", '{"data": {}}'], ids=["missing", "not JSON", "incomplete"])
def test_manifest_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json cannot be read"):
        MiniManifest.read(tmp_path)


# --- the task ---


@by_name
def test_dataset_is_a_sample_library_of_which_a_part_is_loaded(edition: MiniEdition) -> None:
    dataset = opened(edition).dataset
    assert isinstance(dataset, SampleLibrary)
    assert (dataset.total_sample_count, dataset.performance_sample_count) == (1000, 256)
    assert dataset.name == f"{edition.name} scenes (mini)"
    assert dataset.complete


@by_name
def test_payload_is_seven_little_endian_float32_a_box(edition: MiniEdition) -> None:
    task = opened(edition)
    task.dataset.load(np.array([7]))
    (payload,) = task.infer(np.array([7]))
    assert payload.dtype == np.dtype("<f4")
    assert payload.shape[1] == 7
    assert len(payload.tobytes()) == 28 * len(payload)
    assert (payload[:, 0] == 7).all()
    assert (np.diff(payload[:, 5]) <= 0).all()
    assert set(payload[:, 6]) <= set(range(1, len(edition.scenes.classes) + 1))


@by_name
def test_boxes_hardly_depend_on_the_batch(edition: MiniEdition) -> None:
    task = opened(edition)
    task.dataset.load(np.arange(8))
    together = task.infer(np.arange(8))
    alone = [task.infer(np.array([index]))[0] for index in range(8)]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_score_has_an_interval_and_the_official_line() -> None:
    task = opened(MINI_MOBILENET, Precision.INT8)
    entries = logged(task, 1000)
    score = task.score(entries)
    assert score.line == f"mAP={score.value:.3f}%"
    assert score.interval is not None
    assert score.interval[0] < score.value < score.interval[1]
    assert score.interval[1] - score.interval[0] < 6
    assert score.interval == task.score(entries).interval


def test_sample_that_is_not_loaded_is_refused() -> None:
    task = opened(MINI_MOBILENET)
    task.dataset.load(np.arange(4))
    with pytest.raises(RunError, match="4"):
        task.infer(np.array([0, 4]))


def test_log_that_misses_samples_is_refused() -> None:
    with pytest.raises(InputError) as raised:
        opened(MINI_MOBILENET).score([(0, b"")])
    assert "999 of 1000 samples have no entry" in raised.value.problems[0]


def test_own_model_of_another_shape_is_refused(tmp_path: Path) -> None:
    shutil.copyfile(MINI_RESNET34.folder / "ssd_resnet34_mini_fp32.onnx", tmp_path / "large.onnx")
    with pytest.raises(ModelError, match=r"large\.onnx does not fit") as raised:
        opened(MINI_MOBILENET, model=tmp_path / "large.onnx")
    assert "outputs anchor_boxes, anchor_scores" in raised.value.problems[0]


def test_facts_of_the_shipped_models_are_known() -> None:
    fp32, int8 = (opened(MINI_MOBILENET, precision).model_facts() for precision in Precision)
    assert (fp32.file_name, fp32.input_types) == ("ssd_mobilenet_mini_fp32.onnx", ("fp32",))
    assert fp32.weight_types is not None
    assert fp32.weight_types[0] == "fp32"
    assert int8.weight_types is not None
    assert int8.weight_types[0] == "int8"
    assert "scenes of the calibration seed" in str(int8.weight_transformations)


# --- the gate can fail ---


def changed(edition: MiniEdition, path: Path, change: Callable[[np.ndarray], np.ndarray]) -> Path:
    """The fp32 model with every convolution changed."""
    model = onnx.load(MiniManifest.read(edition.folder).models[Precision.FP32].path)
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.ndim == 4:
            tensor.CopyFrom(numpy_helper.from_array(change(weights).astype(np.float32), tensor.name))
    onnx.save(model, path)
    return path


def four_bits(weights: np.ndarray) -> np.ndarray:
    """Fifteen levels for a whole tensor, as careless quantisation would leave."""
    step = np.abs(weights).max() / 7
    return np.rint(weights / step) * step


def gate_of(edition: MiniEdition) -> float:
    """On the same few scenes, so that what differs is the damage alone."""
    return GATE * _few(edition)


@cache
def _few(edition: MiniEdition) -> float:
    return accuracy_of(opened(edition))


@by_name
def test_unchanged_weights_pass(edition: MiniEdition, tmp_path: Path) -> None:
    """What follows fails because of the damage, not because of the way it is done."""
    assert accuracy_of(opened(edition, model=changed(edition, tmp_path / "same.onnx", lambda w: w))) >= gate_of(edition)


@by_name
def test_untrained_model_fails(edition: MiniEdition, tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    path = changed(edition, tmp_path / "untrained.onnx", lambda w: draw.normal(0, w.std(), w.shape))
    assert accuracy_of(opened(edition, model=path)) < 0.1 * gate_of(edition)


@by_name
def test_weights_of_four_bits_fail(edition: MiniEdition, tmp_path: Path) -> None:
    path = changed(edition, tmp_path / "four_bits.onnx", four_bits)
    assert accuracy_of(opened(edition, model=path)) < gate_of(edition)


@by_name
def test_shuffled_labels_fail(edition: MiniEdition) -> None:
    task = opened(edition)
    truth = task.dataset.truth
    truth.classes[:] = np.random.default_rng(6).permutation(truth.classes.copy())
    try:
        assert accuracy_of(task) < 0.5 * gate_of(edition)
    finally:
        dataset_module._drawn.cache_clear()  # the truth was changed in place


@by_name
@pytest.mark.parametrize(
    "spoil",
    [
        lambda pictures: pictures[..., ::-1],
        lambda pictures: pictures // 2,
        lambda pictures: 255 - pictures,
        lambda pictures: pictures.swapaxes(-2, -3),
        lambda pictures: pictures[..., ::-1, :],
    ],
    ids=["blue first", "half the scale", "inverted", "transposed", "mirrored"],
)
def test_wrong_pre_processing_fails(
    monkeypatch: pytest.MonkeyPatch, edition: MiniEdition, spoil: Callable[[np.ndarray], np.ndarray]
) -> None:
    gate = gate_of(edition)
    real = dataset_module.picture_input
    monkeypatch.setattr(
        dataset_module, "picture_input", lambda pictures, values, layout: real(spoil(pictures), values, layout)
    )
    assert accuracy_of(opened(edition)) < gate


# --- the way it was made ---


@pytest.mark.slow
@by_name
@pytest.mark.skipif(
    not os.environ.get("LEVELFIELD_REBUILD") or importlib.util.find_spec("torch") is None,
    reason="trains for a minute or two; set LEVELFIELD_REBUILD=1, with torch installed",
)
def test_rebuild_lands_in_the_same_band(edition: MiniEdition, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "tools/mini_ssd.py", edition.name, "--out", tmp_path],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    rebuilt = json.loads((tmp_path / "manifest.json").read_text())
    assert rebuilt["data"]["sha256"] == manifest_of(edition)["data"]["sha256"]
    assert rebuilt["reference_accuracy"] == pytest.approx(manifest_of(edition)["reference_accuracy"], abs=4)
