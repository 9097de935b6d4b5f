"""The LiteRT backend: the Tiny suite's reference models, held against another runtime that reads the same files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_networks import doubling_tflite

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.errors import ModelError

pytest.importorskip("ai_edge_litert")
ONE_THREAD = BackendOptions(threads=1)
TINY = {
    "pretrainedResnet.tflite": ("(any, 32, 32, 3) float32", "(any, 10) float32"),
    "pretrainedResnet_quant.tflite": ("(any, 32, 32, 3) int8", "(any, 10) int8"),
    "kws_ref_model_float32.tflite": ("(any, 49, 10, 1) float32", "(any, 12) float32"),
    "vww_96_float.tflite": ("(any, 96, 96, 3) float32", "(any, 2) float32"),
    "ad01_int8.tflite": ("(any, 640) int8", "(any, 640) int8"),
}


@pytest.mark.parametrize("name", TINY)
def test_reference_models_are_understood(name: str, shared_data: Path) -> None:
    session = load(Backend.LITERT, shared_data / "tiny" / name, ONE_THREAD)
    found = tuple(str(tensor).partition(": ")[2] for tensor in (session.inputs[0], session.outputs[0]))
    assert found == TINY[name]


@pytest.mark.parametrize("name", ["pretrainedResnet.tflite", "ad01_fp32.tflite", "vww_96_float.tflite"])
def test_reference_models_give_the_same_as_openvino(name: str, shared_data: Path) -> None:
    pytest.importorskip("openvino")
    path = shared_data / "tiny" / name
    session = load(Backend.LITERT, path, ONE_THREAD)
    shape = session.inputs[0].shape[1:]
    feed = np.random.default_rng(3).uniform(-1, 1, (4, *shape)).astype(np.float32)
    ours = next(iter(session.run({session.inputs[0].name: feed}).values()))
    peer = load(Backend.OPENVINO, path, ONE_THREAD)
    theirs = next(iter(peer.run({peer.inputs[0].name: feed}).values()))
    assert np.abs(ours - theirs).max() < 1e-5 * max(1, np.abs(theirs).max())
    assert np.ptp(ours) > 0.01


def test_int8_and_fp32_of_the_same_network_agree(shared_data: Path) -> None:
    pictures = np.random.default_rng(4).integers(0, 256, (16, 32, 32, 3))
    exact = load(Backend.LITERT, shared_data / "tiny/pretrainedResnet.tflite", ONE_THREAD)
    short = load(Backend.LITERT, shared_data / "tiny/pretrainedResnet_quant.tflite", ONE_THREAD)
    scores = next(iter(exact.run({exact.inputs[0].name: pictures.astype(np.float32)}).values()))
    codes = next(iter(short.run({short.inputs[0].name: (pictures - 128).astype(np.int8)}).values()))
    assert np.mean(scores.argmax(1) == codes.argmax(1)) >= 0.75  # of noise, where chance would be 0.1


def test_a_fixed_batch_is_declared_and_held(tmp_path: Path) -> None:
    session = load(Backend.LITERT, doubling_tflite(tmp_path, free_batch=False), ONE_THREAD)
    assert str(session.inputs[0]) == "x: (1, 3) float32"
    with pytest.raises(ModelError, match="did not run"):
        session.run({"x": np.zeros((2, 3), np.float32)})
