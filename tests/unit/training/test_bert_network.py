"""BERT-large and its heads: tensors, counts, the start from a checkpoint, the loss and what LAMB leaves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tf_files import write_checkpoint

from levelfield.errors import ModelError, SettingsError
from levelfield.training.benchmarks.bert.data import Batch
from levelfield.training.benchmarks.bert.loss import summed_losses
from levelfield.training.benchmarks.bert.network import (
    FULL,
    Pretraining,
    flops_per_example,
    log_names,
    named_tensors,
    shape_of,
)
from levelfield.training.benchmarks.bert.settings import settings_of
from levelfield.training.benchmarks.bert.start import load_checkpoint
from levelfield.training.benchmarks.bert.train import _groups
from levelfield.training.port import Edition, Setup
from levelfield.workloads.question_answering.network import Shape

SMALL = Shape(vocabulary=20, positions=8, layers=1, width=6, heads=2, inner=10, dropout=0.0, gelu="tanh")


@pytest.fixture(scope="module")
def large() -> Pretraining:
    with torch.device("meta"):
        return Pretraining(FULL)


def test_parameters_of_the_reference(large: Pretraining) -> None:
    """BERT-large with both heads, the output layer tied: 335,141,888 of encoder and pooler, and 1,084,220 more."""
    assert sum(parameter.numel() for parameter in large.parameters()) == 336_226_108


def test_tensors_of_the_reference(large: Pretraining) -> None:
    shapes = {tensor.name: tensor.shape for tensor in named_tensors(large)}
    assert len(shapes) == 398
    assert sum(np.prod(shape) for shape in shapes.values()) == 336_226_108
    expected = {
        "bert/embeddings/word_embeddings": (30522, 1024),
        "bert/embeddings/position_embeddings": (512, 1024),
        "bert/embeddings/token_type_embeddings": (2, 1024),
        "bert/embeddings/LayerNorm/gamma": (1024,),
        "bert/embeddings/LayerNorm/beta": (1024,),
        "bert/pooler/dense/kernel": (1024, 1024),
        "bert/pooler/dense/bias": (1024,),
        "cls/predictions/output_bias": (30522,),
        "cls/predictions/transform/dense/kernel": (1024, 1024),
        "cls/predictions/transform/dense/bias": (1024,),
        "cls/predictions/transform/LayerNorm/gamma": (1024,),
        "cls/predictions/transform/LayerNorm/beta": (1024,),
        "cls/seq_relationship/output_weights": (2, 1024),
        "cls/seq_relationship/output_bias": (2,),
    }
    for layer in range(24):
        prefix = f"bert/encoder/layer_{layer}"
        expected |= {
            **{f"{prefix}/attention/self/{part}/kernel": (1024, 1024) for part in ("query", "key", "value")},
            **{f"{prefix}/attention/self/{part}/bias": (1024,) for part in ("query", "key", "value")},
            f"{prefix}/attention/output/dense/kernel": (1024, 1024),
            f"{prefix}/attention/output/dense/bias": (1024,),
            f"{prefix}/attention/output/LayerNorm/gamma": (1024,),
            f"{prefix}/attention/output/LayerNorm/beta": (1024,),
            f"{prefix}/intermediate/dense/kernel": (1024, 4096),
            f"{prefix}/intermediate/dense/bias": (4096,),
            f"{prefix}/output/dense/kernel": (4096, 1024),
            f"{prefix}/output/dense/bias": (1024,),
            f"{prefix}/output/LayerNorm/gamma": (1024,),
            f"{prefix}/output/LayerNorm/beta": (1024,),
        }
    assert shapes == expected


def test_names_of_the_log(large: Pretraining) -> None:
    names = log_names(large)
    assert len(names) == len(set(names)) == 399
    assert set(names) - {tensor.name for tensor in named_tensors(large)} == {"cls/predictions/decoder/kernel"}


def test_every_parameter_has_a_name(large: Pretraining) -> None:
    named = {id(tensor.parameter) for tensor in named_tensors(large)}
    assert named == {id(parameter) for parameter in large.parameters()}


def test_lamb_leaves_norms_and_biases_alone(large: Pretraining) -> None:
    adapted, plain = _groups(large)
    assert (len(adapted["params"]), len(plain["params"])) == (3 + 24 * 6 + 1 + 1 + 1, 398 - 150)
    assert all(parameter.ndim == 2 for parameter in adapted["params"])
    assert (plain["weight_decay"], plain["adapt"]) == (0.0, False)


def test_a_start_from_a_checkpoint(tmp_path: Path) -> None:
    torch.manual_seed(1)
    source, target = Pretraining(SMALL), Pretraining(SMALL)
    source.initialise()
    tensors = {
        tensor.name: (tensor.parameter.T if tensor.is_kernel else tensor.parameter).detach().numpy()
        for tensor in named_tensors(source)
    }
    tensors["global_step"] = np.array(28252)
    write_checkpoint(tmp_path / "model.ckpt-28252", tensors, per_block=7)
    load_checkpoint(target, tmp_path / "model.ckpt-28252")
    for one, other in zip(source.parameters(), target.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_checkpoint_of_another_network(tmp_path: Path) -> None:
    tensors = {
        tensor.name: np.zeros(tensor.shape, np.float32)
        for tensor in named_tensors(Pretraining(SMALL))
        if "pooler" not in tensor.name
    }
    tensors["cls/seq_relationship/output_bias"] = np.zeros(3, np.float32)
    write_checkpoint(tmp_path / "m", tensors)
    with pytest.raises(ModelError) as caught:
        load_checkpoint(Pretraining(SMALL), tmp_path / "m")
    assert list(caught.value.problems) == [
        "bert/pooler/dense/kernel: missing",
        "bert/pooler/dense/bias: missing",
        "cls/seq_relationship/output_bias: found (3,), expected (2,)",
    ]
    with pytest.raises(ModelError, match=r"cannot be used: .*absent\.index cannot be read"):
        load_checkpoint(Pretraining(SMALL), tmp_path / "absent")


def test_first_weights_are_a_cut_normal_distribution() -> None:
    torch.manual_seed(2)
    model = Pretraining(Shape(vocabulary=500, positions=8, layers=1, width=64, heads=2, inner=64, dropout=0.0))
    model.initialise()
    weights = model.encoder.tokens.weight.detach()
    assert float(weights.abs().max()) <= 0.16  # 0.02 at 1024 wide, 0.08 at 64
    assert float(weights.std()) == pytest.approx(0.08 * 0.8796, rel=0.02)  # of a normal distribution cut at two
    assert not model.pooler.bias.any()


def test_filling_does_not_matter() -> None:
    """Neither what stands in it nor how much of it there is."""
    torch.manual_seed(3)
    model = Pretraining(SMALL)
    ids, mask = torch.tensor([[2, 7, 3, 9, 3, 0, 0, 0]]), torch.tensor([[1, 1, 1, 1, 1, 0, 0, 0]])
    segments, positions = torch.tensor([[0, 0, 0, 1, 1, 0, 0, 0]]), torch.tensor([[1, 3]])
    tokens, following = model(ids, mask, segments, positions)
    other = ids.clone()
    other[:, 5:] = 11
    again, _ = model(other, mask, segments, positions)
    assert torch.allclose(tokens, again, atol=1e-6)
    shorter, same = model(ids[:, :5], mask[:, :5], segments[:, :5], positions)
    assert torch.allclose(tokens, shorter, atol=1e-6)
    assert torch.allclose(following, same, atol=1e-6)


def test_the_loss_by_hand() -> None:
    tokens = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]], [[0.25, 0.5, 0.25], [1, 1, 1]]]))
    following = torch.log(torch.tensor([[0.25, 0.75], [0.5, 0.5]]))
    ids, zero = torch.tensor([[0, 2], [2, 1]]), torch.zeros(2, 2, dtype=torch.int64)
    weights = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    batch = Batch(zero, zero, zero, zero, ids, weights, torch.tensor([1, 0]))
    hidden, nexts = summed_losses(tokens, following, batch)
    assert float(hidden) == pytest.approx(-np.log(0.5) - np.log(0.75) - np.log(0.25), rel=1e-6)
    assert float(nexts) == pytest.approx(-np.log(0.75) - np.log(0.5), rel=1e-6)


def test_operations_of_an_example() -> None:
    settings = settings_of(Setup(edition=Edition.FULL, seed=1))
    # 24 layers of 512 · (4 · 1024² + 2 · 1024 · 4096) + 2 · 512² · 1024, and heads for 76 tokens; six for each.
    layers = 24 * (512 * (4 * 1024**2 + 2 * 1024 * 4096) + 2 * 512**2 * 1024)
    heads = 76 * (1024**2 + 1024 * 30522) + 1024 * 1026
    assert flops_per_example(FULL, settings) == 6 * (layers + heads) == 1_019_758_866_432


def test_longer_than_the_positions() -> None:
    settings = settings_of(Setup(edition=Edition.FULL, seed=1, changed={"max_sequence_length": "1024"}))
    with pytest.raises(SettingsError, match="max_sequence_length: found 1024, expected 512 or less"):
        shape_of(Edition.FULL, settings)
