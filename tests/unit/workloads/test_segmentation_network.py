"""The 3-D U-Net in torch: shapes, size of the full one, loss by hand, and that a step learns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from levelfield.workloads.medical_segmentation.network import (  # noqa: E402 - needs torch
    FULL_FILTERS,
    UNet3D,
    segmentation_loss,
    train_step,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads of torch that wait for each other on a busy machine take minutes for what one does in a second."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def parameters(model: UNet3D) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_sizes() -> None:
    assert parameters(UNet3D()) == 85_195
    with torch.device("meta"):
        assert parameters(UNet3D(FULL_FILTERS)) == 31_190_243


def test_scores_have_the_shape_of_the_volume() -> None:
    assert UNet3D((2, 4, 4))(torch.zeros(2, 1, 8, 12, 16)).shape == (2, 3, 8, 12, 16)


def test_loss_by_hand() -> None:
    """Two voxels, kidney and background, each given its class with a share of a half and a quarter for the others."""
    scores = torch.log(torch.tensor([[0.25, 0.5], [0.5, 0.25], [0.25, 0.25]])).reshape(1, 3, 2, 1, 1)
    labels = torch.tensor([1, 0]).reshape(1, 2, 1, 1)
    kidney, tumour = 2 * 0.5 / (0.75 + 1), 0.0
    expected = (1 - (kidney + tumour) / 2 + np.log(2)) / 2
    assert float(segmentation_loss(scores, labels)) == pytest.approx(expected, rel=1e-5)


def test_training_learns_and_is_repeatable() -> None:
    def losses() -> list[float]:
        torch.manual_seed(3)
        model = UNet3D((4, 8))
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        labels = torch.zeros(2, 8, 8, 8, dtype=torch.int64)
        labels[:, 2:6, 2:6, 2:6] = 1
        labels[:, 3:5, 3:5, 3:5] = 2
        images = labels[:, None].float() + 0.1 * torch.randn(2, 1, 8, 8, 8)
        return [train_step(model, optimizer, images, labels) for _ in range(30)]

    first = losses()
    assert first[-1] < 0.3 * first[0]
    assert losses() == first
