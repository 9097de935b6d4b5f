"""The model files of every mini edition, after two steps: they do what the network does, in fp32 and nearly in int8."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from levelfield.backends import Backend, load  # noqa: E402
from levelfield.backends.port import BackendOptions  # noqa: E402
from levelfield.errors import UsageError  # noqa: E402
from levelfield.inference.benchmarks.registry import BENCHMARKS  # noqa: E402
from levelfield.training.catalog import benchmark_named  # noqa: E402
from levelfield.training.export.agreement import compared  # noqa: E402
from levelfield.training.export.parts import ModelExport  # noqa: E402
from levelfield.training.port import Edition, Setup  # noqa: E402
from levelfield.workloads.task import Precision  # noqa: E402

FEW: Mapping[str, Mapping[str, str]] = {
    "resnet": {},
    "ssd": {"train_samples": "64", "eval_samples": "32"},
    "unet3d": {"train_samples": "16", "eval_samples": "6"},
    "rnnt": {"train_samples": "32", "eval_samples": "8"},
    "bert": {},
    "dlrm": {"train_samples": "4096", "eval_samples": "4096"},
}


def given(name: str) -> ModelExport:
    training = benchmark_named(name).build(Setup(edition=Edition.MINI, seed=1, changed=FEW[name]))
    training.open_data()
    training.begin_epoch(1)
    for _ in range(2):
        training.step()
    return training.exported()


READS = {
    "resnet": {"model": ["image"]},
    "ssd": {"model": ["pictures"]},
    "unet3d": {"model": ["input"]},
    "rnnt": {
        "encoder": ["features", "lengths"], "prediction": ["labels", "hidden", "cell"],
        "joint": ["encoded", "predicted"],
    },
    "bert": {"model": ["input_ids", "input_mask", "segment_ids", "masked_lm_positions"]},
    "dlrm": {"model": ["dense_x", "indices"]},
}  # fmt: skip


RUN_BY = {
    "resnet": "resnet50",
    "ssd": "ssd-resnet34",
    "unet3d": "3d-unet-99",
    "rnnt": "rnnt",
    "bert": None,
    "dlrm": "dlrm-99",
}
BATCH = {"batch", "batch_size", "pairs"}


@pytest.mark.parametrize("name", FEW)
def test_files_do_what_the_network_does(name: str, tmp_path: Path) -> None:
    model = given(name)
    assert model.inference == RUN_BY[name]
    assert model.inference is None or model.inference in {benchmark.name for benchmark in BENCHMARKS}
    assert {part: list(one.graph.reads) for part, one in model.parts.items()} == READS[name]
    for part_name, part in model.parts.items():
        paths = {precision: tmp_path / f"{part_name}-{precision}.onnx" for precision in Precision}
        part.graph.write(paths[Precision.FP32])
        part.quantise(paths[Precision.FP32], paths[Precision.INT8])
        found = compared(part, paths)
        fp32, int8 = found[Precision.FP32], found[Precision.INT8]
        assert fp32.difference < 1e-5
        assert fp32.same >= 0.999 * fp32.answers
        assert int8.difference < 0.3
        assert int8.same >= 0.9 * int8.answers
        assert paths[Precision.INT8].stat().st_size < 0.6 * paths[Precision.FP32].stat().st_size
        kinds = {tensor.data_type for tensor in onnx.load(paths[Precision.INT8]).graph.initializer}
        assert kinds & {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
        # Free axes are free: one sample, which nothing was traced with.
        batch = part.trials[0]
        session = load(Backend.ONNXRUNTIME, paths[Precision.FP32], BackendOptions(threads=1))
        alone = {
            key: np.take(array, [0], axis=next(at for at, axis in part.graph.reads[key].items() if axis in BATCH))
            for key, array in batch.items()
        }
        for output, array in part.graph.run(alone).items():
            assert session.run(alone)[output] == pytest.approx(array, abs=1e-4)


def test_minigo_is_a_network_from_planes_to_moves_and_result(tmp_path: Path) -> None:
    from levelfield.training.benchmarks.minigo.data import Examples, Window
    from levelfield.training.benchmarks.minigo.export import exported
    from levelfield.training.benchmarks.minigo.network import Architecture, DualNetwork
    from levelfield.training.benchmarks.minigo.rules import Board

    torch.manual_seed(1)
    draws = np.random.default_rng(1)
    window = Window(Board.of(5), generations=2, share=0.5, steps=2, batch_size=4)
    window.add(
        Examples(
            planes=draws.integers(0, 2, (80, 13 * 4), dtype=np.uint8), visits=np.zeros((80, 26), np.float32),
            results=np.ones(80, np.float32),
        ),
        draws,
    )  # fmt: skip
    (part,) = exported(DualNetwork(Architecture(size=5, width=8, blocks=1, hidden=8)), window).parts.values()
    assert sum(len(batch["planes"]) for batch in part.trials) == 40
    paths = {precision: tmp_path / f"{precision}.onnx" for precision in Precision}
    part.graph.write(paths[Precision.FP32])
    part.quantise(paths[Precision.FP32], paths[Precision.INT8])
    found = compared(part, paths)
    assert found[Precision.FP32].difference < 1e-5
    assert found[Precision.FP32].answers == 40


def test_maskrcnn_says_why_it_is_no_graph() -> None:
    training = benchmark_named("maskrcnn").build(Setup(edition=Edition.MINI, seed=1))
    with pytest.raises(UsageError, match="The model of maskrcnn cannot be exported: its heads look at the regions"):
        training.exported()
