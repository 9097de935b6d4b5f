"""The mini edition of dlrm: shipped files are what the manifest says, and both gates reject what is damaged."""

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

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.errors import InputError, RunError
from levelfield.files import sha256_of
from levelfield.inference.accuracy import gate
from levelfield.loadgen.ports import SampleLibrary
from levelfield.metrics.auc import binary_auc
from levelfield.rules.load import load
from levelfield.workloads.recommendation import dataset as dataset_module
from levelfield.workloads.recommendation import generator
from levelfield.workloads.recommendation import task as task_module
from levelfield.workloads.recommendation.dataset import MINI_SEED, mini_pairs, mini_trace
from levelfield.workloads.recommendation.generator import ClickProcess
from levelfield.workloads.recommendation.model import DATA, MiniManifest
from levelfield.workloads.recommendation.preprocess import MINI
from levelfield.workloads.recommendation.task import Recommendation, mini_task
from levelfield.workloads.task import Precision, Score

ROOT = Path(__file__).parents[3]
MANIFEST = json.loads((DATA / "manifest.json").read_text())
PIECE = 64


@cache
def drawn():
    """The test pairs, once for all tests: half a million."""
    return ClickProcess().draw(mini_trace().pairs, seed=MINI_SEED)


@pytest.fixture(autouse=True)
def draw_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = dataset_module.MiniPairs(MINI, drawn().records)
    monkeypatch.setattr(task_module, "mini_pairs", lambda *_, **__: pairs)


def opened(precision: Precision = Precision.FP32, model: Path | None = None) -> Recommendation:
    return mini_task(backend=Backend.ONNXRUNTIME, options=BackendOptions(threads=1), precision=precision, model=model)


def log_of(task: Recommendation) -> list[tuple[int, bytes]]:
    """An accuracy run without a load generator: sets of the performance size, in batches."""
    entries = []
    step = task.dataset.performance_sample_count
    for start in range(0, task.dataset.total_sample_count, step):
        loaded = np.arange(start, min(start + step, task.dataset.total_sample_count))
        task.dataset.load(loaded)
        for indices in np.array_split(loaded, max(1, len(loaded) // PIECE)):
            payloads = task.infer(indices)
            entries += [(int(index), payload.tobytes()) for index, payload in zip(indices, payloads, strict=True)]
        task.dataset.unload(loaded)
    return entries


def scored(task: Recommendation) -> Score:
    return task.score(log_of(task))


@cache
def log_of_shipped(precision: Precision) -> list[tuple[int, bytes]]:
    """The log of a shipped model on the pairs as they are, once for all tests."""
    return log_of(opened(precision))


def passed(task: Recommendation, score: Score | None = None) -> tuple[bool, bool]:
    """By the gates of dlrm-99 and of dlrm-99.9."""
    rules = load("inference-v2.0")
    found = score or scored(task)
    loose, sharp = (
        gate(found, rules.benchmark(name).rules[0].accuracy[0], reference=task.reference).passed
        for name in ("dlrm-99", "dlrm-99.9")
    )
    return loose, sharp


# --- the shipped files ---


def test_shipped_files_are_those_of_the_manifest() -> None:
    listed = {entry["file"]: entry["sha256"] for entry in MANIFEST["files"].values()}
    shipped = {path.name: sha256_of(path) for path in DATA.iterdir() if path.name != "manifest.json"}
    assert shipped == listed
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 400_000


@pytest.mark.parametrize("precision", [*Precision])
def test_shipped_models_reach_the_area_of_the_manifest_and_pass_both_gates(precision: Precision) -> None:
    task = opened(precision)
    score = task.score(log_of_shipped(precision))
    assert score.value == pytest.approx(MANIFEST["files"][precision]["auc"], abs=0.005)
    assert passed(task, score) == (True, True)


def test_score_says_how_sure_it_is() -> None:
    score = opened().score(log_of_shipped(Precision.FP32))
    assert (score.metric, score.unit, score.good, score.total) == ("AUC", "%", None, 2048)
    assert score.line.startswith("AUC=87.336%, accuracy=")
    assert score.line.endswith(f"total={MANIFEST['data']['pairs']}, queries=2048")
    low, high = score.interval
    assert high - low == pytest.approx(2 * 1.96 * MANIFEST["files"]["fp32"]["standard_error"], rel=0.01)
    assert low < score.value < high


def test_reference_is_most_of_what_can_be_learnt_and_below_what_is_possible() -> None:
    assert opened().reference == MANIFEST["files"]["fp32"]["auc"] == 87.3361
    assert MANIFEST["reference_accuracy"] <= MANIFEST["best_possible_auc"] - 0.5
    assert MANIFEST["share_of_learnable"] >= 0.9


def test_paired_difference_is_recorded_with_its_confidence() -> None:
    pairs = MANIFEST["pairs"]
    low, high = pairs["interval_95"]
    assert low <= pairs["int8_less_fp32"] <= high
    assert high - low < MANIFEST["files"]["fp32"]["standard_error"]


def test_test_pairs_are_those_of_the_manifest() -> None:
    assert drawn().sha256 == MANIFEST["data"]["sha256"]
    assert int(drawn().records[:, 0].sum()) == MANIFEST["data"]["clicked"]


def test_other_pairs_are_refused() -> None:
    with pytest.raises(InputError, match="are not those of the manifest"):
        mini_pairs(MINI, mini_trace(), sha256="0" * 64)


def test_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    model = folder / "dlrm_int8.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    manifest = MiniManifest.read(folder)
    assert manifest.models[Precision.FP32].verified() == folder / "dlrm_fp32.onnx"
    with pytest.raises(InputError, match=r"dlrm_int8\.onnx is not the file that levelfield ships"):
        manifest.models[Precision.INT8].verified()
    (folder / "dlrm_fp32.onnx").unlink()
    with pytest.raises(InputError, match="found no file"):
        manifest.models[Precision.FP32].verified()


@pytest.mark.parametrize("content", [None, "{", '{"data": {}}'], ids=["missing", "not JSON", "incomplete"])
def test_manifest_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json cannot be read"):
        MiniManifest.read(tmp_path)


# --- the generator ---


def test_generator_draws_the_same_pairs_on_every_machine() -> None:
    clicks = ClickProcess().draw(1000, seed=1)
    assert clicks.sha256 == "ac41e8380936e73c97cc08d378c8a526288597d1147362c3e45fd43204227ccc"
    np.testing.assert_array_equal(
        clicks.records[0],
        [0, 33, 10, 115, 157, 29353022, 16333071, 12192063, 20436057, 28744027, 56952080, 8005510, 27743856],
    )


def test_first_pairs_do_not_depend_on_how_many_are_drawn() -> None:
    process = ClickProcess()
    np.testing.assert_array_equal(process.draw(50, seed=9).records, process.draw(500, seed=9).records[:50])
    assert process.draw(50, seed=8).sha256 != process.draw(50, seed=9).sha256


def test_no_table_entry_is_so_near_to_a_tie_that_machines_could_round_it_apart() -> None:
    steps = np.arange(-generator._BOUND, generator._BOUND + 1) / generator._STEP
    exact = 2.0**32 / (1 + np.exp(-steps))
    assert np.abs(exact - np.floor(exact) - 0.5).min() > 2.0**32 * 1e-15
    for weight, median in zip(generator._WEIGHTS, generator._MEDIANS, strict=True):
        counts = np.maximum(generator._count_quantiles(median), 0)
        effect = generator._STEP * weight * (np.log1p(counts) - np.log1p(median))
        assert np.abs(effect - np.floor(effect) - 0.5).min() > 1e-10


def test_best_possible_area_follows_from_the_drawn_logits() -> None:
    clicks = drawn()
    labels = clicks.records[:, 0] == 1
    found = 100 * binary_auc(clicks.logits.astype(float), labels)
    assert found == pytest.approx(MANIFEST["best_possible_auc"], abs=1e-4)
    # Another draw of the clicks from the same logits gives the same area, up to its error: the logits are the truth.
    chance = 1 / (1 + np.exp(-clicks.logits / generator._STEP))
    again = np.random.default_rng(1).random(len(chance)) < chance
    assert 100 * binary_auc(chance, again) == pytest.approx(found, abs=0.25)


def test_features_are_heavy_tailed_and_every_row_occurs() -> None:
    records = drawn().records
    counts = records[:, 1]
    assert counts.min() == -1
    assert counts.max() > 100 * np.median(counts)
    for feature, rows in enumerate(generator.ROWS):
        seen = np.bincount(records[:, 5 + feature] % generator.MODULUS, minlength=rows)
        assert len(seen) == rows
        assert seen.min() > 0
        assert seen.max() > 15 * seen.min()
    assert records[:, 5:].max() > 60_000_000  # raw values are wider than the tables


# --- the task ---


def test_dataset_is_a_sample_library_of_100_to_700_pairs_a_sample() -> None:
    dataset = opened().dataset
    assert isinstance(dataset, SampleLibrary)
    assert (dataset.name, dataset.total_sample_count) == ("generated clicks (mini)", 2048)
    assert (dataset.performance_sample_count, dataset.complete) == (1024, True)
    assert set(dataset.trace.sizes.tolist()) == {100, 200, 300, 400, 500, 600, 700}


def test_payload_is_prediction_and_label_of_each_pair() -> None:
    task = opened()
    task.dataset.load(np.arange(3))
    payloads = task.infer(np.array([2, 0, 2]))
    sizes = task.dataset.trace.sizes
    assert [(payload.shape, payload.dtype) for payload in payloads] == [
        ((sizes[index], 2), np.dtype("<f4")) for index in (2, 0, 2)
    ]
    np.testing.assert_array_equal(payloads[0], payloads[2])
    np.testing.assert_array_equal(payloads[1][:, 1], task.dataset.labels_of(0))
    assert 0 < payloads[1][:, 0].min() < payloads[1][:, 0].max() < 1
    raw = payloads[1].tobytes()
    assert np.frombuffer(raw, "<f4")[:2].tolist() == payloads[1][0].tolist()
    assert len(raw) == 8 * sizes[0]


def test_predictions_alone_score_the_same() -> None:
    task = opened()
    log = log_of_shipped(Precision.FP32)
    alone = [(index, np.frombuffer(payload, "<f4")[::2].tobytes()) for index, payload in log]
    assert task.score(alone) == task.score(log)


def test_prediction_does_not_depend_on_the_batch() -> None:
    task = opened()
    task.dataset.load(np.arange(20))
    together = task.infer(np.arange(20))
    for index in range(20):
        np.testing.assert_allclose(together[index], task.infer(np.array([index]))[0], rtol=1e-5)


@pytest.mark.parametrize("indices", [[5], [0, 5]])
def test_sample_that_is_not_loaded_is_refused(indices: list[int]) -> None:
    task = opened()
    task.dataset.load(np.arange(5))
    with pytest.raises(RunError, match="not loaded were asked for: 5"):
        task.infer(np.array(indices))
    task.dataset.unload(np.arange(5))
    with pytest.raises(RunError, match="not loaded"):
        task.infer(np.array([0]))


def test_loading_in_parts_gives_the_same_batches() -> None:
    whole, parts = opened().dataset, opened().dataset
    whole.load(np.arange(40))
    for part in ([30, 31, 3], [3, 3, 7], list(range(40))):
        parts.load(np.array(part))
    parts.unload(np.arange(20, 30))
    parts.load(np.arange(20, 30))
    asked = np.array([39, 0, 25, 3, 30])
    one, other = whole.batch(asked), parts.batch(asked)
    for name in ("counts", "rows", "labels"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.ends == other.ends


def test_index_outside_the_dataset_is_refused() -> None:
    with pytest.raises(RunError, match=r"samples 4..2048; the dataset has 0..2047"):
        opened().dataset.load(np.array([4, 2048]))


def test_log_that_misses_samples_is_refused_unless_a_part_is_scored() -> None:
    task = opened()
    task.dataset.load(np.arange(2))
    part = [(0, task.infer(np.array([0]))[0].tobytes())]
    with pytest.raises(InputError, match="2047 of 2048 samples have no entry"):
        task.score(part)
    assert task.score_subset(part).total == 1


def test_description_names_model_and_precision() -> None:
    task = opened(Precision.INT8)
    facts = task.describe()
    assert (facts["model"], facts["precision"]) == ("dlrm_int8.onnx", "int8")
    assert facts["sha256"] == MANIFEST["files"]["int8"]["sha256"]
    assert facts["input"] == "dense_x, (pairs, 4) logarithms; rows of 8 tables in one tensor"
    assert task.model_facts().weight_types[0] == "uint8"
    assert opened().model_facts().weight_types == ("fp32",)


# --- the gates can fail ---


def changed(path: Path, change: Callable[[np.ndarray, str], np.ndarray]) -> Path:
    """The fp32 model with every table and layer changed."""
    model = onnx.load(DATA / "dlrm_fp32.onnx")
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.ndim > 1 and weights.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(change(weights, tensor.name).astype(np.float32), tensor.name))
    onnx.save(model, path)
    return path


def in_bits(weights: np.ndarray, bits: int) -> np.ndarray:
    """One step for the whole tensor."""
    step = np.abs(weights).max() / (2 ** (bits - 1) - 1)
    return np.rint(weights / step) * step


def test_unchanged_weights_pass(tmp_path: Path) -> None:
    """What follows fails because of the damage, not because of the way it is done."""
    assert passed(opened(model=changed(tmp_path / "same.onnx", lambda weights, _: weights))) == (True, True)


def test_untrained_model_fails_both(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    path = changed(tmp_path / "untrained.onnx", lambda weights, _: draw.normal(0, weights.std(), weights.shape))
    assert passed(opened(model=path)) == (False, False)


def test_weights_of_three_bits_fail_both(tmp_path: Path) -> None:
    path = changed(tmp_path / "three.onnx", lambda weights, _: in_bits(weights, 3))
    assert passed(opened(model=path)) == (False, False)


def test_weights_of_five_bits_pass_the_looser_gate_only(tmp_path: Path) -> None:
    path = changed(tmp_path / "five.onnx", lambda weights, _: in_bits(weights, 5))
    assert passed(opened(model=path)) == (True, False)


def test_shuffled_rows_of_the_tables_fail_both(tmp_path: Path) -> None:
    draw = np.random.default_rng(4)
    path = changed(
        tmp_path / "shuffled.onnx",
        lambda weights, name: draw.permutation(weights) if "embeddings" in name else weights,
    )
    assert passed(opened(model=path)) == (False, False)


def test_shuffled_labels_fail_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions alone, as a payload with labels would contradict the dataset and be refused."""
    records = drawn().records.copy()
    records[:, 0] = np.random.default_rng(6).permutation(records[:, 0])
    pairs = dataset_module.MiniPairs(MINI, records)
    monkeypatch.setattr(task_module, "mini_pairs", lambda *_, **__: pairs)
    task = opened()
    alone = [(index, np.frombuffer(data, "<f4")[::2].tobytes()) for index, data in log_of_shipped(Precision.FP32)]
    assert passed(task, task.score(alone)) == (False, False)
    with pytest.raises(InputError, match="cannot be scored"):
        task.score(log_of_shipped(Precision.FP32))


def swapped_counts(counts, rows):
    return np.ascontiguousarray(counts[:, ::-1]), rows


def common_logarithm(counts, rows):
    return counts / np.float32(np.log(10)), rows


def next_row(counts, rows):
    return counts, (rows + 1) % 50


@pytest.mark.parametrize("spoil", [swapped_counts, common_logarithm, next_row])
def test_wrong_pre_processing_fails_both(monkeypatch: pytest.MonkeyPatch, spoil) -> None:
    real = dataset_module.model_inputs
    monkeypatch.setattr(dataset_module, "model_inputs", lambda records, layout: spoil(*real(records, layout)))
    assert passed(opened()) == (False, False)


# --- the way it was made ---


@pytest.mark.slow
@pytest.mark.skipif(
    not os.environ.get("LEVELFIELD_REBUILD") or importlib.util.find_spec("torch") is None,
    reason="trains for about half a minute; set LEVELFIELD_REBUILD=1, with torch installed",
)
def test_rebuild_lands_in_the_same_band(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "tools/mini_dlrm.py", "--out", tmp_path],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    rebuilt = json.loads((tmp_path / "manifest.json").read_text())
    assert rebuilt["data"]["sha256"] == MANIFEST["data"]["sha256"]
    assert 87.0 <= rebuilt["reference_accuracy"] <= 87.7
    assert rebuilt["files"]["int8"]["auc"] >= 0.999 * rebuilt["reference_accuracy"]
