"""The shipped network of digits: its size, how pictures are varied, and one step of its training."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from levelfield.workloads.image_classification.network import ResNet8, train_step, varied  # noqa: E402


def test_network_has_the_parameters_of_the_shipped_model() -> None:
    model = ResNet8()
    assert sum(one.numel() for one in model.parameters()) == 77_658
    assert model(torch.zeros(3, 1, 32, 32)).shape == (3, 10)


def test_pictures_are_varied_by_their_generator_alone() -> None:
    pictures = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    one, same, other = (varied(pictures, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert one.shape == pictures.shape
    assert one.abs().max() <= 1


def test_a_point_moves_little() -> None:
    """Turned by 12 degrees, 12 % larger, and moved by 2.5 pixels, a point 8 pixels from the middle goes 6 at most."""
    pictures = torch.zeros(200, 1, 32, 32)
    pictures[:, 0, 15:17, 23:25] = 1
    found = varied(pictures, torch.Generator().manual_seed(0))
    weights = found[:, 0] / found[:, 0].sum(dim=(1, 2), keepdim=True)
    places = torch.arange(32) - 15.5
    down, along = (weights.sum(2) * places).sum(1), (weights.sum(1) * places).sum(1)
    distance = ((along - 8) ** 2 + down**2).sqrt()
    assert 1 < distance.mean() < 3
    assert distance.max() < 6


def test_loss_falls_and_right_answers_are_counted() -> None:
    torch.manual_seed(0)
    model, labels = ResNet8(), torch.arange(10)
    pictures = torch.randn(10, 1, 32, 32)
    optimizer = torch.optim.AdamW(model.parameters(), 4e-3)
    steps = [train_step(model, optimizer, pictures, labels) for _ in range(25)]
    assert steps[0][0] == pytest.approx(2.3, abs=0.5)
    assert steps[-1][0] < 0.7  # label smoothing of .05 leaves .35
    assert steps[-1][1] == 10
