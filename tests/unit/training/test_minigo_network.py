"""The network against the reference's: parameters, variables, shapes; and its weights in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from levelfield.errors import ModelError
from levelfield.training.benchmarks.minigo import weights
from levelfield.training.benchmarks.minigo.loss import dual_loss
from levelfield.training.benchmarks.minigo.network import Architecture, DualNetwork
from levelfield.training.benchmarks.minigo.settings import FULL, MINI
from levelfield.training.benchmarks.minigo.train import architecture_of

SMALL = Architecture(size=3, width=4, blocks=1, hidden=5)


def network(seed: int = 1) -> DualNetwork:
    made = DualNetwork(SMALL)
    made.initialise(torch.Generator().manual_seed(seed))
    return made


def test_full_network_has_the_reference_s_variables() -> None:
    """mlcommons/training at 4a4d5a0, ``minigo/dual_net.py`` with ``flags/19/architecture.flags``."""
    with torch.device("meta"):
        full = DualNetwork(architecture_of(FULL))
    names = weights.variable_names(full)
    numbered = [
        *("conv2d/kernel", *(f"conv2d_{number}/kernel" for number in range(1, 15))),
        *(
            f"batch_normalization{number}/{part}"
            for number in ["", *(f"_{n}" for n in range(1, 13))]
            for part in ("gamma", "beta")
        ),
        *(f"dense{number}/{part}" for number in ("", "_1", "_2") for part in ("kernel", "bias")),
        "global_step",
    ]
    assert len(names) == 48
    assert sorted(names) == sorted(numbered)


def test_full_network_has_736671_parameters() -> None:
    """7,488 from the planes, 12 convolutions of 36,864, 13 scales and shifts of 64, 192 and 284,959 in the heads."""
    with torch.device("meta"):
        full = DualNetwork(architecture_of(FULL))
    assert sum(parameter.numel() for parameter in full.parameters()) == 736_671
    assert full.flops_per_position() == 2 * (361 * (7_488 + 12 * 36_864 + 128 + 64) + 722 * 362 + 361 * 64 + 64)


def test_full_variables_have_the_reference_s_shapes() -> None:
    shapes = {name: array.shape for name, array in weights.variables(DualNetwork(architecture_of(FULL))).items()}
    assert shapes["conv2d/kernel"] == (3, 3, 13, 64)
    assert shapes["conv2d_12/kernel"] == (3, 3, 64, 64)
    assert shapes["conv2d_13/kernel"] == (1, 1, 64, 2)
    assert shapes["conv2d_14/kernel"] == (1, 1, 64, 1)
    assert shapes["batch_normalization_12/gamma"] == (64,)
    assert shapes["batch_normalization_13/moving_mean"] == (2,)
    assert shapes["batch_normalization_14/moving_variance"] == (1,)
    assert shapes["dense/kernel"] == (722, 362)
    assert shapes["dense_1/kernel"] == (361, 64)
    assert shapes["dense_2/bias"] == (1,)
    assert len(shapes) == 47 + 30


def test_mini_network_is_the_same_family() -> None:
    mini = DualNetwork(architecture_of(MINI))
    logits, value = mini.eval()(torch.zeros(3, 13, 6, 6))
    assert logits.shape == (3, 37)
    assert value.shape == (3,)


def test_weights_come_back_from_a_file_as_they_were(tmp_path: Path) -> None:
    made = network()
    made.norm.running_mean.fill_(0.25)
    weights.save(made, 130, tmp_path / "a.npz")
    back, step = weights.load(tmp_path / "a.npz", SMALL)
    assert step == 130
    for name, tensor in made.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, back.state_dict()[name]), name


def test_a_dense_layer_is_stored_input_by_output(tmp_path: Path) -> None:
    """A file made by hand in TensorFlow's layouts gives what TensorFlow would compute."""
    arrays = {name: np.zeros(array.shape, np.float32) for name, array in weights.variables(network()).items()}
    arrays["dense/bias"][:] = np.arange(10)
    arrays["dense_2/bias"][:] = 0.5
    np.savez(tmp_path / "a.npz", **arrays)
    made, step = weights.load(tmp_path / "a.npz", SMALL)
    logits, value = made.eval()(torch.ones(1, 13, 3, 3))
    assert step == 0
    assert logits[0].tolist() == list(range(10))
    assert value.item() == pytest.approx(0.46211715726)  # tanh(1/2)


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    arrays = weights.variables(network())
    arrays["extra"] = arrays.pop("dense/bias")
    arrays["conv2d/kernel"] = arrays["conv2d/kernel"][..., :2]
    arrays["dense_1/bias"] = np.full(5, np.nan, np.float32)
    np.savez(tmp_path / "a.npz", **arrays, global_step=np.array(-3))
    with pytest.raises(ModelError) as caught:
        weights.load(tmp_path / "a.npz", SMALL)
    assert caught.value.problems == (
        "conv2d/kernel: found shape (3, 3, 13, 2), expected (3, 3, 13, 4)",
        "dense/bias: missing, expected an array of shape (10,)",
        "dense_1/bias: found float32 values, expected finite floating-point numbers",
        "extra: not a variable of this network",
        "global_step: found -3, expected one integer from 0",
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"weights", b"\x93NUMPY\x01\x00v\x00{}"])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"expected a numpy archive"):
        weights.load(path, SMALL)


def test_pickled_objects_and_missing_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **{"conv2d/kernel": np.array([{}], dtype=object)})
    with pytest.raises(ModelError, match="expected a numpy archive"):
        weights.load(tmp_path / "a.npz", SMALL)
    with pytest.raises(ModelError, match="no such file"):
        weights.load(tmp_path / "b.npz", SMALL)


def test_loss_is_cross_entropy_and_the_weighted_square() -> None:
    """ln 2 for two equal logits; (0.5 - -1)**2 = 2.25, and 0 for the other one: half their mean is 0.5625."""
    logits, visits = torch.zeros(2, 2), torch.tensor([[0.25, 0.75], [1.0, 0.0]])
    loss = dual_loss(logits, torch.tensor([0.5, 1.0]), visits, torch.tensor([-1.0, 1.0]), value_weight=0.5)
    assert loss.item() == pytest.approx(0.6931471806 + 0.5625)
