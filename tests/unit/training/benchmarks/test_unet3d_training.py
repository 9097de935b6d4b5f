"""Training of unet3d: the full network and its tensors, settings, one real step, learning, state, two processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from driven import opened, reaches, stepped  # noqa: E402
from kits_prepared import prepared_kits  # noqa: E402

from levelfield.errors import SettingsError  # noqa: E402
from levelfield.terms import Edition  # noqa: E402
from levelfield.training.benchmarks.unet3d import BENCHMARK  # noqa: E402
from levelfield.training.benchmarks.unet3d.evaluate import mean_dice, segmentation  # noqa: E402
from levelfield.training.benchmarks.unet3d.settings import FULL, MINI_TARGET, settings_of  # noqa: E402
from levelfield.training.benchmarks.unet3d.train import learning_rate  # noqa: E402
from levelfield.training.port import Cadence, NumberFormat, Setup, Training, World  # noqa: E402
from levelfield.workloads.medical_segmentation.network import FULL_FILTERS, UNet3D, segmentation_loss  # noqa: E402

MINI = Setup(edition=Edition.MINI, seed=7, batch_size=4, changed={"train_samples": "8", "eval_samples": "2"})


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def full() -> Training:
    """At batch size 56, without data."""
    return BENCHMARK.build(Setup(edition=Edition.FULL, seed=1, batch_size=56))


# --- the full network ---


def test_full_network_has_the_tensors_of_the_reference() -> None:
    """Names and shapes of image_segmentation/pytorch/model, mlcommons/training at 4a4d5a0."""
    with torch.device("meta"):
        model = UNet3D(FULL_FILTERS)
    expected: dict[str, tuple[int, ...]] = {}

    def level(name: str, before: int, filters: int) -> None:
        for convolution, channels in (("conv1", before), ("conv2", filters)):
            expected[f"{name}.{convolution}.0.weight"] = (filters, channels, 3, 3, 3)
            expected[f"{name}.{convolution}.1.weight"] = (filters,)
            expected[f"{name}.{convolution}.1.bias"] = (filters,)

    level("input_block", 1, 32)
    for index, (before, filters) in enumerate([(32, 64), (64, 128), (128, 256), (256, 320)]):
        level(f"downsample.{index}", before, filters)
    level("bottleneck", 320, 320)
    for index, (before, filters) in enumerate([(320, 320), (320, 256), (256, 128), (128, 64), (64, 32)]):
        expected[f"upsample.{index}.upsample_conv.0.weight"] = (before, filters, 2, 2, 2)
        expected[f"upsample.{index}.upsample_conv.0.bias"] = (filters,)
        level(f"upsample.{index}", 2 * filters, filters)
    expected["output.conv.weight"], expected["output.conv.bias"] = (3, 32, 1, 1, 1), (3,)
    assert {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()} == expected
    assert len(expected) == 78
    assert sum(tensor.numel() for tensor in model.parameters()) == 31_190_243


def test_initial_weights_have_the_names_of_the_rules(full: Training) -> None:
    names = full.initial_weights
    assert len(set(names)) == len(names) == 50
    assert {"input_block_0_conv", "down4_block_1_instancenorm", "up0_deconv", "up4_block_0_conv", "output_conv"} < set(
        names
    )


# --- settings ---


def test_cadence_counts_passes_over_all_cases() -> None:
    """README of the reference: batch 32 starts at epoch 1050 and goes on every 21, batch 128 at 1313 every 27."""
    at_32, at_128, at_56 = (settings_of(Setup(edition=Edition.FULL, seed=1, batch_size=size)) for size in (32, 128, 56))
    assert at_32.cadence == Cadence(epoch=5, first=5 * 1050, every=5 * 21, last=5 * 10_500)
    assert at_128.cadence == Cadence(epoch=1, first=1313, every=27, last=13_125)
    assert at_56.cadence == Cadence(epoch=3, first=3 * 1000, every=3 * 20, last=3 * 10_000)


@pytest.mark.parametrize(
    ("batch", "rate", "warmup"), [(None, 0.8, 200), (32, 4.0, 1000), (56, 2.0, 1000), (82, 1.5, 1000), (84, 1.5, 1500)]
)
def test_full_edition_takes_the_reference_points(batch: int | None, rate: float, warmup: int) -> None:
    found = settings_of(Setup(edition=Edition.FULL, seed=1, batch_size=batch))
    assert (found.learning_rate, found.warmup_epochs) == (rate, warmup)


def test_learning_rate_rises_by_epochs_and_falls_after_boundaries() -> None:
    settings = replace(FULL, learning_rate=2.0, first_learning_rate=1.0, warmup_epochs=4, boundaries=(6, 8), factor=0.5)
    assert [learning_rate(epoch, settings) for epoch in range(1, 11)] == [1.25, 1.5, 1.75, 2, 2, 2, 1, 1, 0.5, 0.5]


def test_log_has_what_the_rules_ask_for(full: Training) -> None:
    assert dict(full.hyperparameters) == {
        "opt_name": "sgd",
        "global_batch_size": 56,
        "gradient_accumulation_steps": 1,
        "opt_base_learning_rate": 2.0,
        "opt_initial_learning_rate": 1e-4,
        "opt_momentum": 0.9,
        "opt_weight_decay": 0.0,
        "opt_learning_rate_warmup_epochs": 1000,
        "opt_learning_rate_decay_boundary_epochs": [],
        "opt_learning_rate_decay_factor": 1.0,
        "oversampling": 0.4,
        "training_input_shape": [128, 128, 128],
        "validation_input_shape": [128, 128, 128],
        "validation_overlap": 0.5,
    }
    assert BENCHMARK.targets(Edition.FULL) == {"dice": 0.908}


def test_impossible_settings_are_all_named() -> None:
    changed = {"opt_momentum": "1.5", "training_input_shape": "100,64", "opt_base_learning_rate": "inf"}
    setup = Setup(edition=Edition.FULL, seed=1, batch_size=3, changed=changed, world=World(size=2))
    with pytest.raises(SettingsError, match="unet3d cannot be trained like this") as caught:
        BENCHMARK.build(setup)
    assert caught.value.problems == (
        "global_batch_size: found 3, expected a multiple of the 2 processes",
        "training_input_shape: found [100, 64], expected three multiples of 32 from 64 on",
        "opt_momentum: found 1.5, expected above 0 and below 1",
        "opt_base_learning_rate: found inf, expected a finite number of 0 or more",
    )
    with pytest.raises(SettingsError, match="expected 1 to 168, the training cases"):
        BENCHMARK.build(replace(setup, batch_size=200, changed={}))
    with pytest.raises(SettingsError, match="did you mean 'opt_momentum'"):
        BENCHMARK.build(replace(setup, batch_size=2, changed={"momentum": "0.9"}))


# --- loss and metric ---


def test_loss_of_the_reference_is_by_patch() -> None:
    """One voxel in each of two patches, kidney and background, with shares of 1/2, 1/4, 1/4 and 1/4, 1/2, 1/4."""
    shares = torch.tensor([[0.25, 0.5, 0.25], [0.25, 0.5, 0.25]])
    labels = torch.tensor([1, 0])
    found = segmentation_loss(shares.log().reshape(2, 3, 1, 1, 1), labels.reshape(2, 1, 1, 1), by_patch=True)
    dice = [2 * 0.5 / 1.5, 1e-6 / 0.25, 1e-6 / 0.5, 1e-6 / 0.25]  # kidney, tumour of the first; of the second
    entropy = (np.log(2) + np.log(4)) / 2
    assert float(found) == pytest.approx((1 - sum(dice) / 4 + entropy) / 2, abs=2e-6)


class Threshold(torch.nn.Module):
    """Scores from brightness alone: below 0.5 nothing, below 1.5 kidney, else tumour."""

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        return torch.cat([1 - windows.abs(), 1 - (windows - 1).abs(), 1 - (windows - 2).abs()], dim=1)


class Cases:
    """Two volumes, of which the second has a mistake in each class."""

    count = 2

    def labels(self, index: int) -> np.ndarray:
        labels = np.zeros((1, 20, 17, 30), np.uint8)
        labels[0, 4:14, 4:14, 4:14] = 1
        labels[0, 6:10, 6:10, 6:10] = 2
        if index:
            labels[0, 4, 4:14, 4:14] = 0  # 100 voxels of 936 that the image still shows
        return labels

    def image(self, index: int) -> np.ndarray:
        return self.labels(0).astype(np.float32)


def test_mean_dice_over_cut_and_padded_volumes() -> None:
    """Windows of 16: 20 is padded to 24, 17 is cut to 16, 30 is padded to 32; padding does not count."""
    found = segmentation(Threshold(), Cases().image(0), window=16, device="cpu")
    np.testing.assert_array_equal(found, Cases().labels(0)[:, :, :16])
    kidney = 2 * 836 / (936 + 836)
    expected = (1 + (kidney + 1) / 2) / 2
    assert mean_dice(Threshold(), Cases(), window=16, world=World()) == pytest.approx(expected, rel=1e-9)


# --- a run ---


@pytest.fixture
def kits(tmp_path: Path) -> Path:
    return prepared_kits(tmp_path / "kits", ("case_00001", "case_00002", "case_00003"), edge=128)


def test_full_network_makes_a_step_on_files_of_the_reference(kits: Path) -> None:
    """All 31 million parameters, patches of 64 for 128 to be quick."""
    changed = {"train_samples": "2", "eval_samples": "1", "training_input_shape": "64,64,64", "data_readers": "2"}
    training = opened(BENCHMARK, Setup(edition=Edition.FULL, seed=3, batch_size=1, data=kits, changed=changed))
    before = training.model.input_block.conv1[0].weight.detach().clone()
    (loss,) = stepped(training, 1)
    assert 0.5 < loss < 1.5
    assert all(tensor.grad is not None and tensor.grad.any() for tensor in training.model.parameters())
    assert not torch.equal(training.model.input_block.conv1[0].weight, before)
    assert training.progress(1) == 0.5


def test_losses_fall_and_are_the_same_again() -> None:
    first, again = (stepped(opened(BENCHMARK, MINI), 6) for _ in range(2))
    assert first == again
    other = stepped(opened(BENCHMARK, replace(MINI, seed=8)), 1)
    assert other != first[:1]
    training = opened(BENCHMARK, replace(MINI, changed={**MINI.changed, "opt_learning_rate_warmup_epochs": "0"}))
    losses = stepped(training, 24)
    assert np.mean(losses[-4:]) < 0.75 * np.mean(losses[:4])
    assert 0 <= training.evaluate()["dice"] <= 1


def test_restored_state_goes_on_as_if_nothing_had_happened() -> None:
    training = opened(BENCHMARK, MINI)
    whole = stepped(training, 5)
    broken = opened(BENCHMARK, MINI)
    assert stepped(broken, 3) == whole[:3]
    state = broken.state()
    other = opened(BENCHMARK, MINI)
    other.restore(state)
    assert stepped(other, 2, done=3) == whole[3:]


def test_two_halves_of_a_batch_have_the_mean_loss_of_the_whole() -> None:
    (whole,) = stepped(opened(BENCHMARK, MINI), 1)
    halves = [stepped(opened(BENCHMARK, replace(MINI, world=World(rank=rank, size=2))), 1)[0] for rank in (0, 1)]
    assert np.mean(halves) == pytest.approx(whole, rel=1e-6)


def test_batch_in_parts_is_the_same_step() -> None:
    whole = opened(BENCHMARK, MINI)
    parts = opened(BENCHMARK, replace(MINI, changed={**MINI.changed, "gradient_accumulation_steps": "2"}))
    assert stepped(parts, 3) == pytest.approx(stepped(whole, 3), rel=1e-4)


def test_flops_are_those_of_the_convolutions(full: Training) -> None:
    """The full network: counted by hand layer by layer, in units of 2 * 27 * 128^3 multiplications and additions."""
    unit = 2 * 27 * 128**3
    down = [1 * 32 + 32 * 32, (32 * 64 + 64 * 64) / 8, (64 * 128 + 128**2) / 64, (128 * 256 + 256**2) / 512]
    down += [(256 * 320 + 320**2) / 4096, 2 * 320**2 / 32768]
    up = [3 * 320**2 / 4096, 3 * 256**2 / 512, 3 * 128**2 / 64, 3 * 64**2 / 8, 3 * 32**2]
    transposed = [320 * 320 / 4096, 320 * 256 / 512, 256 * 128 / 64, 128 * 64 / 8, 64 * 32]
    total = unit * (sum(down) + sum(up) + (sum(transposed) + 32 * 3) / 27)
    assert full.flops_per_sample() == pytest.approx(3 * total, rel=1e-12)


def test_bf16_learns_too() -> None:
    (exact,) = stepped(opened(BENCHMARK, MINI), 1)
    (short,) = stepped(opened(BENCHMARK, replace(MINI, number_format=NumberFormat.BF16)), 1)
    assert short == pytest.approx(exact, rel=0.02)


# --- minutes of training, with LEVELFIELD_TRAIN=1 ---


def test_long_full_network_learns_a_batch_by_heart(kits: Path) -> None:
    """Twenty steps on the same patch."""
    changed = {
        "train_samples": "2",
        "eval_samples": "1",
        "training_input_shape": "64,64,64",
        "opt_learning_rate_warmup_epochs": "0",
        "opt_base_learning_rate": "0.1",
    }
    training = opened(BENCHMARK, Setup(edition=Edition.FULL, seed=3, batch_size=1, data=kits, changed=changed))
    losses = [stepped(training, 1)[0] for _ in range(20)]
    assert all(np.isfinite(losses)), losses
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("shuffled", [False, True])
def test_long_mini_reaches_its_target_and_not_with_shuffled_labels(shuffled: bool) -> None:
    training = opened(BENCHMARK, Setup(edition=Edition.MINI, seed=11, shuffled_labels=shuffled))
    assert reaches(training, lambda quality: quality["dice"] >= MINI_TARGET) is not shuffled
