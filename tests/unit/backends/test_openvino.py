"""The OpenVINO backend: the shipped models, and what it does only when asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_networks import FP32, INT8, doubling_onnx

from levelfield.backends import Backend, load
from levelfield.backends.port import Arithmetic, BackendOptions
from levelfield.errors import MissingError, ModelError, SettingsError
from levelfield.workloads.image_classification.dataset import Digits
from levelfield.workloads.image_classification.model import DATA
from levelfield.workloads.image_classification.preprocess import Layout

ov = pytest.importorskip("openvino")
ONE_THREAD = BackendOptions(threads=1)
HAS_BF16 = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """(1281, 1, 32, 32) float32: the shipped test set."""
    digits = Digits(DATA / "digits.npz")
    return digits.read(np.arange(len(digits.labels)), Layout.NCHW)


def logits(backend: Backend, model: Path, pictures: np.ndarray, options: BackendOptions = ONE_THREAD) -> np.ndarray:
    return load(backend, model, options).run({"image": pictures})["logits"]


def test_shipped_fp32_model_gives_the_same_scores(pictures: np.ndarray) -> None:
    ours = logits(Backend.OPENVINO, FP32, pictures)
    reference = logits(Backend.ONNXRUNTIME, FP32, pictures)
    assert np.abs(ours - reference).max() < 1e-4  # of scores up to about 20
    assert np.array_equal(ours.argmax(1), reference.argmax(1))


def test_shipped_int8_model_gives_the_same_classes(pictures: np.ndarray) -> None:
    ours = logits(Backend.OPENVINO, INT8, pictures)
    reference = logits(Backend.ONNXRUNTIME, INT8, pictures)
    # Steps between quantised layers may be rounded the other way: a few close calls fall differently.
    assert np.count_nonzero(ours.argmax(1) != reference.argmax(1)) <= 4
    assert np.abs(ours - reference).mean() < 0.1


@pytest.mark.skipif(not HAS_BF16, reason="this processor has no bf16")
def test_bf16_is_used_when_asked_for_and_only_then(pictures: np.ndarray) -> None:
    reference = logits(Backend.ONNXRUNTIME, FP32, pictures)
    short = logits(Backend.OPENVINO, FP32, pictures, BackendOptions(threads=1, arithmetic=Arithmetic.BF16))
    assert 1e-3 < np.abs(short - reference).max() < 1
    assert np.mean(short.argmax(1) == reference.argmax(1)) > 0.99
    facts = load(Backend.OPENVINO, FP32, BackendOptions(threads=1, arithmetic=Arithmetic.BF16)).describe()
    assert facts["arithmetic"] == "bf16"
    assert facts["pinning"] == "off"


def test_bf16_on_a_processor_without_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class OldCore:
        available_devices = ("CPU",)

        def get_property(self, device: str, name: str) -> list[str]:
            return ["FP32", "INT8"]

    monkeypatch.setattr(ov, "Core", OldCore)
    with pytest.raises(MissingError, match="cannot compute in bf16 on this CPU") as caught:
        load(Backend.OPENVINO, doubling_onnx(tmp_path), BackendOptions(threads=1, arithmetic=Arithmetic.BF16))
    assert "AMX" in str(caught.value.hint)


def test_threads_that_the_runtime_would_cut_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not run as asked") as caught:
        load(Backend.OPENVINO, doubling_onnx(tmp_path), BackendOptions(threads=4096))
    assert caught.value.problems[0].startswith("threads of all instances: asked for 4096, openvino takes ")


def test_a_device_that_chooses_by_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="chooses a device by itself"):
        load(Backend.OPENVINO, doubling_onnx(tmp_path), BackendOptions(threads=1, provider="AUTO"))


def test_its_own_format_is_read_and_both_files_are_recorded(tmp_path: Path) -> None:
    model = ov.Core().read_model(str(FP32))
    ov.save_model(model, str(tmp_path / "net.xml"), compress_to_fp16=False)
    session = load(Backend.OPENVINO, tmp_path / "net.xml", ONE_THREAD)
    assert str(session.inputs[0]) == "image: (any, 1, 32, 32) float32"
    assert len(session.describe()["weights_sha256"]) == 64
    (tmp_path / "net.bin").unlink()
    with pytest.raises(ModelError, match=r"net\.xml cannot be loaded by openvino"):
        load(Backend.OPENVINO, tmp_path / "net.xml", ONE_THREAD)


def test_another_kind_of_file_is_named_with_those_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "net.pb"
    path.write_bytes(b"x")
    with pytest.raises(ModelError, match=r"found a \.pb file") as caught:
        load(Backend.OPENVINO, path, ONE_THREAD)
    assert str(caught.value.hint).startswith("Files that it reads: .onnx, .xml, .tflite.")
