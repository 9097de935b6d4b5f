"""What holds for each backend alike: what it returns, records and refuses."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_networks import doubling_exported, doubling_onnx, doubling_tflite, doubling_traced

from levelfield.backends import Backend, load
from levelfield.backends.port import Arithmetic, BackendOptions
from levelfield.errors import MissingError, ModelError, SettingsError

ONE_THREAD = BackendOptions(threads=1)
MODULES = {Backend.OPENVINO: "openvino", Backend.TORCH: "torch", Backend.LITERT: "ai_edge_litert.interpreter"}
Maker = Callable[[Path], Path]
MAKERS: tuple[tuple[Backend, Maker], ...] = (
    (Backend.ONNXRUNTIME, doubling_onnx),
    (Backend.OPENVINO, doubling_onnx),
    (Backend.OPENVINO, doubling_tflite),
    (Backend.TORCH, doubling_exported),
    (Backend.TORCH, doubling_traced),
    (Backend.LITERT, doubling_tflite),
)
IDS = [f"{backend}-{make.__name__.removeprefix('doubling_')}" for backend, make in MAKERS]


@pytest.fixture(params=MAKERS, ids=IDS)
def doubling(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Backend, Path]:
    """A backend, and a model for it that returns twice its (any, 3) float32 input."""
    backend, make = request.param
    for package in ({Backend.LITERT: "ai_edge_litert"}.get(backend, backend.value), *_needs(make)):
        pytest.importorskip(package)
    return backend, make(tmp_path)


def _needs(make: Maker) -> tuple[str, ...]:
    return ("ai_edge_litert",) if make is doubling_tflite else ()


def test_batches_of_any_size_are_run(doubling: tuple[Backend, Path]) -> None:
    session = load(*doubling, ONE_THREAD)
    name, output = session.inputs[0].name, session.outputs[0].name
    kept = []
    for rows in (1, 2, 1, 5):
        kept.append(session.run({name: np.full((rows, 3), rows, np.float32)}))
    assert [list(outputs) for outputs in kept] == [[output]] * 4
    # All at the end: an output must not be memory that a later call writes to.
    assert [outputs[output].tolist() for outputs in kept] == [[[2 * rows] * 3] * rows for rows in (1, 2, 1, 5)]


def test_inputs_and_outputs_say_what_is_free(doubling: tuple[Backend, Path]) -> None:
    session = load(*doubling, ONE_THREAD)
    assert [str(tensor).partition(": ")[2] for tensor in (*session.inputs, *session.outputs)] == [
        "(any, 3) float32"
    ] * 2
    assert session.inputs[0].name == "x"


def test_description_records_every_option(doubling: tuple[Backend, Path]) -> None:
    backend, model = doubling
    facts = load(backend, model, BackendOptions(threads=1, instances=2)).describe()
    assert len(facts["sha256"]) == 64
    assert facts["version"][0].isdigit()
    known = {key: facts[key] for key in ("backend", "threads", "instances", "arithmetic", "model")}
    assert known == {
        "backend": backend.value,
        "threads": "1",
        "instances": "2",
        "arithmetic": "as the model says",
        "model": model.name,
    }


@pytest.mark.parametrize(
    ("feed", "found"),
    [
        ({"picture": np.zeros((1, 3), np.float32)}, "picture: (1, 3) float32"),
        ({"x": np.zeros((1, 4), np.float32)}, "x: (1, 4) float32"),
        ({"x": np.zeros(3, np.float32)}, "x: (3) float32"),
        ({"x": np.zeros((1, 3), np.float64)}, "x: (1, 3) float64"),
        ({}, "none"),
        ({"x": np.zeros((1, 3), np.float32), "z": np.zeros(1, np.int64)}, "x: (1, 3) float32; z: (1) int64"),
    ],
    ids=["name", "shape", "rank", "type", "nothing", "one too many"],
)
def test_wrong_input_lists_expected_and_found(
    doubling: tuple[Backend, Path], feed: dict[str, np.ndarray], found: str
) -> None:
    backend, model = doubling
    session = load(backend, model, ONE_THREAD)
    session.run({"x": np.ones((1, 3), np.float32)})  # a runtime that remembers inputs must not fall back on these
    with pytest.raises(ModelError, match="did not run") as caught:
        session.run(feed)
    assert caught.value.problems == ("inputs expected: x: (any, 3) float32", f"inputs found: {found}")
    assert session.run({"x": np.ones((1, 3), np.float32)})[session.outputs[0].name].tolist() == [[2, 2, 2]]


def test_callers_at_the_same_time_get_their_own_outputs(doubling: tuple[Backend, Path]) -> None:
    backend, model = doubling
    session = load(backend, model, BackendOptions(threads=1, instances=2))
    output = session.outputs[0].name
    wrong: list[object] = []

    def call(number: int) -> None:
        for rows in (1, 2, 3) * 20:
            feed = np.full((rows, 3), number, np.float32)
            found = session.run({"x": feed})[output]
            if not np.array_equal(found, feed + feed):
                wrong.append(found)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]  # more callers than instances
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_terminal_stays_clean(doubling: tuple[Backend, Path], capfd: pytest.CaptureFixture[str]) -> None:
    backend, model = doubling
    session = load(backend, model, ONE_THREAD)
    session.run({"x": np.zeros((1, 3), np.float32)})
    with pytest.raises(ModelError):
        session.run({})
    model.write_bytes(model.read_bytes()[:-40])
    with pytest.raises(ModelError):
        load(backend, model, ONE_THREAD)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("backend", list(Backend))
def test_missing_model_names_file(backend: Backend, tmp_path: Path) -> None:
    pytest.importorskip({Backend.LITERT: "ai_edge_litert"}.get(backend, backend.value))
    with pytest.raises(ModelError, match=r"absent.* is not there") as caught:
        load(backend, tmp_path / f"absent{backend.suffixes[0]}", ONE_THREAD)
    assert str(caught.value.hint).endswith("with --model.")
    with pytest.raises(ModelError, match="is a folder"):
        load(backend, tmp_path, ONE_THREAD)


@pytest.mark.parametrize("backend", [Backend.TORCH, Backend.LITERT])
def test_a_file_for_other_backends_is_named_with_those(backend: Backend, tmp_path: Path) -> None:
    pytest.importorskip({Backend.LITERT: "ai_edge_litert"}.get(backend, backend.value))
    with pytest.raises(
        ModelError, match=f"is not for the backend {backend}, which reads {backend.suffixes[0]}"
    ) as caught:
        load(backend, doubling_onnx(tmp_path), ONE_THREAD)
    assert str(caught.value.hint).startswith(".onnx files are read by onnxruntime and openvino. Or give ")


@pytest.mark.parametrize("content", [b"", b"not a model" * 20], ids=["empty", "text"])
@pytest.mark.parametrize("backend", list(Backend))
def test_corrupt_model_names_file_and_runtime(backend: Backend, content: bytes, tmp_path: Path) -> None:
    pytest.importorskip({Backend.LITERT: "ai_edge_litert"}.get(backend, backend.value))
    path = tmp_path / f"corrupt{backend.suffixes[0]}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"corrupt\S+ cannot be loaded by {backend} \d") as caught:
        load(backend, path, ONE_THREAD)
    assert caught.value.hint


@pytest.mark.parametrize("backend", list(MODULES))
def test_missing_library_is_named_with_its_command(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, MODULES[backend], None)
    with pytest.raises(MissingError, match=f"{backend.distribution} is not installed") as caught:
        load(backend, tmp_path / "any", ONE_THREAD)
    assert caught.value.hint == f"pip install 'levelfield[{backend.value}]'"
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("backend", list(MODULES))
def test_options_that_a_runtime_lacks_are_refused_together(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"The backend {backend} does not have these options") as caught:
        load(backend, tmp_path / "any", BackendOptions(threads=1, inter_op_threads=2, spinning=True))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["inter_op_threads", "spinning"]


@pytest.mark.parametrize("backend", [Backend.ONNXRUNTIME, Backend.LITERT])
def test_arithmetic_that_a_runtime_lacks_is_refused(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(backend, tmp_path / "any", BackendOptions(threads=1, arithmetic=Arithmetic.BF16))
    assert caught.value.problems == (f"arithmetic: found bf16; {backend} computes in the types of the model file",)


@pytest.mark.parametrize("backend", [Backend.OPENVINO, Backend.TORCH, Backend.LITERT])
def test_device_that_is_not_there_is_an_error(backend: Backend, tmp_path: Path) -> None:
    pytest.importorskip({Backend.LITERT: "ai_edge_litert"}.get(backend, backend.value))
    with pytest.raises(MissingError, match="'NPU7'"):
        load(backend, tmp_path / "any", BackendOptions(threads=1, provider="NPU7"))
