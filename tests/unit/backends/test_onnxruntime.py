"""The onnxruntime backend: what it records, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from small_networks import INT8 as SHIPPED
from small_networks import doubling_onnx

from levelfield.backends import Backend, backend_named, load
from levelfield.backends.port import BackendOptions, TensorInfo
from levelfield.errors import MissingError, ModelError, SettingsError, UsageError

ONE_THREAD = BackendOptions(threads=1)


@pytest.fixture
def doubling(tmp_path: Path) -> Path:
    """A model that returns twice its (any, 3) float32 input."""
    return doubling_onnx(tmp_path)


def test_run_returns_outputs_by_name(doubling: Path) -> None:
    session = load(Backend.ONNXRUNTIME, doubling, ONE_THREAD)
    outputs = session.run({"x": np.array([[1, 2, 3], [4, 5, 6]], np.float32)})
    assert list(outputs) == ["y"]
    assert outputs["y"].tolist() == [[2, 4, 6], [8, 10, 12]]


def test_inputs_and_outputs_have_names_shapes_types(doubling: Path) -> None:
    session = load(Backend.ONNXRUNTIME, doubling, ONE_THREAD)
    assert session.inputs == (TensorInfo(name="x", shape=(None, 3), dtype=np.dtype(np.float32)),)
    assert str(session.outputs[0]) == "y: (any, 3) float32"


def test_description_records_every_option(doubling: Path) -> None:
    options = BackendOptions(threads=2, inter_op_threads=3, spinning=True)
    facts = load(Backend.ONNXRUNTIME, doubling, options).describe()
    assert facts.pop("version").count(".") == 2
    assert len(facts.pop("sha256")) == 64
    assert facts == {
        "backend": "onnxruntime",
        "provider": "CPUExecutionProvider",
        "threads": "2",
        "inter_op_threads": "3",
        "spinning": "on",
        "instances": "1",
        "arithmetic": "as the model says",
        "model": "doubling.onnx",
    }


def test_idle_threads_do_not_spin_unless_asked(doubling: Path) -> None:
    assert load(Backend.ONNXRUNTIME, doubling, ONE_THREAD).describe()["spinning"] == "off"


@pytest.mark.parametrize("options", [ONE_THREAD, BackendOptions(threads=2, spinning=True)])
def test_terminal_stays_clean(options: BackendOptions, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(SHIPPED.read_bytes()[:50_000])
    session = load(Backend.ONNXRUNTIME, SHIPPED, options)
    with pytest.raises(ModelError):
        session.run({"image": np.zeros((1, 3, 32, 32), np.float32)})
    with pytest.raises(ModelError):
        load(Backend.ONNXRUNTIME, damaged, options)
    assert capfd.readouterr() == ("", "")


def test_missing_model_names_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.onnx is not there") as caught:
        load(Backend.ONNXRUNTIME, tmp_path / "absent.onnx", ONE_THREAD)
    assert caught.value.hint == "Give the ONNX file with --model."


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "No graph was found"), (b"not a model" * 20, "Protobuf parsing failed")],
    ids=["empty", "text"],
)
def test_corrupt_model_names_file_and_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "corrupt.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"corrupt\.onnx cannot be loaded by onnxruntime .*{reason}"):
        load(Backend.ONNXRUNTIME, path, ONE_THREAD)


def test_model_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.onnx"
    path.write_bytes(SHIPPED.read_bytes()[:-1000])
    with pytest.raises(ModelError, match=r"short\.onnx cannot be loaded"):
        load(Backend.ONNXRUNTIME, path, ONE_THREAD)


@pytest.mark.parametrize(
    ("feed", "found"),
    [
        ({"picture": np.zeros((1, 3), np.float32)}, "picture: (1, 3) float32"),
        ({"x": np.zeros((1, 4), np.float32)}, "x: (1, 4) float32"),
        ({"x": np.zeros((1, 3), np.float64)}, "x: (1, 3) float64"),
        ({}, "none"),
    ],
    ids=["name", "shape", "type", "nothing"],
)
def test_wrong_input_lists_expected_and_found(doubling: Path, feed: dict[str, np.ndarray], found: str) -> None:
    session = load(Backend.ONNXRUNTIME, doubling, ONE_THREAD)
    with pytest.raises(ModelError, match=r"doubling\.onnx did not run") as caught:
        session.run(feed)
    assert caught.value.problems == ("inputs expected: x: (any, 3) float32", f"inputs found: {found}")


def test_provider_that_is_not_there_is_named_with_those_that_are(doubling: Path) -> None:
    with pytest.raises(MissingError, match="no provider 'NoSuchProvider'") as caught:
        load(Backend.ONNXRUNTIME, doubling, BackendOptions(threads=1, provider="NoSuchProvider"))
    assert "CPUExecutionProvider" in caught.value.problems[0]


def test_provider_that_falls_back_on_the_cpu_is_refused(doubling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    real = onnxruntime.InferenceSession
    # What the runtime does where the libraries of CUDA are missing: it says nothing and takes the CPU.
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda path, options, providers, enable_fallback: real(path, providers=["CPUExecutionProvider"]),
    )
    with pytest.raises(ModelError, match="does not run on CUDAExecutionProvider: found CPUExecutionProvider instead"):
        load(Backend.ONNXRUNTIME, doubling, BackendOptions(threads=1, provider="CUDAExecutionProvider"))


def test_provider_that_runs_only_a_part_is_refused(doubling: Path) -> None:
    import onnxruntime

    if "AzureExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this build of onnxruntime has no provider that runs nothing")
    with pytest.raises(ModelError, match="fallback to CPU EP has been explicitly disabled"):
        load(Backend.ONNXRUNTIME, doubling, BackendOptions(threads=1, provider="AzureExecutionProvider"))


def test_missing_library_is_named_with_its_command(doubling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingError, match="onnxruntime is not installed") as caught:
        load(Backend.ONNXRUNTIME, doubling, ONE_THREAD)
    assert caught.value.hint == "pip install onnxruntime"
    assert caught.value.exit_code == 3


def test_impossible_thread_counts_are_reported_together() -> None:
    with pytest.raises(SettingsError) as caught:
        BackendOptions(threads=0, instances=0, inter_op_threads=-1)
    assert caught.value.problems == (
        "threads: found 0, expected at least 1",
        "instances: found 0, expected at least 1",
        "inter_op_threads: found -1, expected at least 1",
    )


def test_backend_is_found_by_name() -> None:
    assert backend_named("ONNXRuntime") is Backend.ONNXRUNTIME


def test_unknown_backend_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="Unknown backend 'onxruntime'") as caught:
        backend_named("onxruntime")
    assert caught.value.hint == "Did you mean 'onnxruntime'? Known: onnxruntime, openvino, torch, litert."


def test_instances_with_several_threads_have_a_session_each(doubling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    real, loaded = onnxruntime.InferenceSession, []
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *a, **k: loaded.append(real(*a, **k)) or loaded[-1])
    for threads, instances in ((1, 1), (1, 4), (2, 1), (2, 4)):
        load(Backend.ONNXRUNTIME, doubling, BackendOptions(threads=threads, instances=instances))
        loaded.append(None)
    sizes = "".join("," if session is None else "1" for session in loaded)
    assert sizes == "1,1,1,1111,"
