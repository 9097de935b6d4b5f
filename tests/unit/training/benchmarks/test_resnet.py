"""``resnet``: the network against the reference's numbers, both editions' data, and steps on both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from levelfield.errors import DatasetError, RunError, SettingsError  # noqa: E402
from levelfield.terms import Edition  # noqa: E402
from levelfield.training.benchmarks.resnet import BENCHMARK  # noqa: E402
from levelfield.training.benchmarks.resnet.crops import Box, sampled_crop  # noqa: E402
from levelfield.training.benchmarks.resnet.data import DigitPictures, ImageNetPictures, epoch_order  # noqa: E402
from levelfield.training.benchmarks.resnet.network import ResNet, forward_flops, log_names  # noqa: E402
from levelfield.training.benchmarks.resnet.settings import (  # noqa: E402
    FULL_SIZES,
    MINI_SIZES,
    Rule,
    settings_of,
)
from levelfield.training.clock import Clock  # noqa: E402
from levelfield.training.port import Setup, World  # noqa: E402


def on_meta(sizes: object) -> ResNet:
    with torch.device("meta"):
        return ResNet(sizes)


def shapes(network: ResNet) -> dict[str, tuple[int, ...]]:
    return {name: tuple(one.shape) for name, one in network.named_parameters()}


# ------------------------------------------------------------------------------------------------------- network


def test_full_network_has_the_parameters_of_resnet_50() -> None:
    """25,557,032 with 1,000 classes: K. He's network as every framework counts it."""
    assert sum(one.numel() for one in on_meta(FULL_SIZES).parameters()) == 25_557_032


def test_tensors_are_the_161_of_the_rules() -> None:
    """The list of ``weights_initialization`` for resnet (compliance checker at beaf26d), by its pattern."""
    expected = ["bn0_beta", "bn0_gamma", "conv0_weight", "fc1_bias", "fc1_weight"]
    for stage, units in enumerate((3, 4, 6, 3), 1):
        for unit in range(1, units + 1):
            prefix = f"stage{stage}_unit{unit}_"
            expected += [f"{prefix}bn{at}_{kind}" for at in (1, 2, 3) for kind in ("beta", "gamma")]
            expected += [f"{prefix}conv{at}_weight" for at in (1, 2, 3)]
            if unit == 1:
                expected += [f"{prefix}{name}" for name in ("bnsc_beta", "bnsc_gamma", "conv1sc_weight")]
    assert len(expected) == 161
    assert sorted(log_names(on_meta(FULL_SIZES))) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("conv0.weight", (64, 3, 7, 7)), ("bn0.weight", (64,)), ("stage1_unit1.conv1.weight", (64, 64, 1, 1)),
        ("stage1_unit1.conv1sc.weight", (256, 64, 1, 1)), ("stage1_unit2.conv1.weight", (64, 256, 1, 1)),
        ("stage2_unit1.conv2.weight", (128, 128, 3, 3)), ("stage3_unit6.conv3.weight", (1024, 256, 1, 1)),
        ("stage4_unit1.conv1sc.weight", (2048, 1024, 1, 1)), ("stage4_unit3.bn3.bias", (2048,)),
        ("fc1.weight", (1000, 2048)), ("fc1.bias", (1000,)),
    ],
)  # fmt: skip
def test_tensor_has_the_shape_of_the_reference(name: str, shape: tuple[int, ...]) -> None:
    assert shapes(on_meta(FULL_SIZES))[name] == shape


def test_stride_is_in_the_3x3_convolution() -> None:
    network = on_meta(FULL_SIZES)
    for stage, stride in ((1, 1), (2, 2), (3, 2), (4, 2)):
        block = network.get_submodule(f"stage{stage}_unit1")
        strides = (block.conv1.stride[0], block.conv2.stride[0], block.conv3.stride[0], block.conv1sc.stride[0])
        assert strides == (1, stride, 1, stride)


def test_arithmetic_of_a_picture_is_that_of_resnet_50_v1_5() -> None:
    # 4.089 G multiplications and additions, by the shapes of its layers.
    assert forward_flops(FULL_SIZES) == pytest.approx(2 * 4.089e9, rel=1e-3)


def test_mini_network_is_the_same_small() -> None:
    network = on_meta(MINI_SIZES)
    assert sum(one.numel() for one in network.parameters()) == 57_658
    assert network.unit_names == [f"stage{stage}_unit{unit}" for stage in (1, 2, 3) for unit in (1, 2)]
    assert network(torch.empty(2, 1, 32, 32, device="meta")).shape == (2, 10)


def test_initial_values_are_the_reference_s() -> None:
    torch.manual_seed(1)
    network = ResNet(MINI_SIZES)
    # He normal: variance 2 / fan in, here 16 * 9 and 64.
    assert network.stage1_unit1.conv1sc.weight.std().item() == pytest.approx((2 / 16) ** 0.5, rel=0.1)
    assert network.stage3_unit2.conv2.weight.std().item() == pytest.approx((2 / (32 * 9)) ** 0.5, rel=0.05)
    assert network.fc1.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert network.fc1.bias.abs().sum().item() == 0
    assert network.bn0.eps == 1e-5
    assert network.bn0.momentum == pytest.approx(0.1)


# ------------------------------------------------------------------------------------------------------ settings


def full(**more: object) -> Setup:
    return Setup(edition=Edition.FULL, seed=1, data=Path("imagenet"), **more)


def test_full_settings_at_a_reference_point_are_that_point_s() -> None:
    settings = settings_of(full())
    assert settings.logged == {
        "global_batch_size": 3264, "opt_name": "lars", "lars_opt_base_learning_rate": 10.5,
        "lars_opt_end_learning_rate": 1e-4, "lars_opt_learning_rate_decay_poly_power": 2.0,
        "lars_opt_learning_rate_decay_steps": 14523, "lars_opt_weight_decay": 5e-5, "lars_opt_momentum": 0.9,
        "lars_epsilon": 0.0, "lars_opt_learning_rate_warmup_epochs": 2,
    }  # fmt: skip
    assert settings.steps_per_epoch == 393


def test_other_batches_are_trained_with_sgd() -> None:
    settings = settings_of(full(batch_size=512))
    assert settings.logged["sgd_opt_base_learning_rate"] == 0.2
    assert settings.logged["opt_learning_rate_warmup_epochs"] == 5
    assert "lars_epsilon" not in settings.logged


def test_changes_are_by_the_names_of_the_log() -> None:
    changed = {
        "opt_name": "sgd",
        "sgd_opt_base_learning_rate": "0.5",
        "sgd_opt_momentum": "0.8",
        "label_smoothing": "0",
    }
    settings = settings_of(Setup(edition=Edition.MINI, seed=1, changed=changed))
    assert (settings.rule, settings.base_rate, settings.momentum, settings.label_smoothing) == (Rule.SGD, 0.5, 0.8, 0.0)


def test_all_that_is_wrong_is_told_at_once() -> None:
    changed = {"learning_rate": "1", "lars_opt_momentum": "1", "lars_opt_learning_rate_decay_steps": "many"}
    with pytest.raises(SettingsError) as caught:
        BENCHMARK.prepare(Setup(edition=Edition.FULL, seed=1, changed=changed))
    told = [problem.partition(":")[0] for problem in caught.value.problems]
    assert told == ["learning_rate", "lars_opt_learning_rate_decay_steps", "lars_opt_momentum"]


def test_name_of_the_other_optimizer_is_unknown() -> None:
    with pytest.raises(SettingsError, match="resnet with lars cannot be trained like this") as caught:
        settings_of(Setup(edition=Edition.MINI, seed=1, changed={"sgd_opt_momentum": "0.5"}))
    assert caught.value.problems == ("sgd_opt_momentum: unknown; did you mean 'lars_opt_momentum'?",)
    assert "lars_opt_base_learning_rate" in str(caught.value.hint)
    assert "sgd" not in str(caught.value.hint)
    with pytest.raises(SettingsError, match="opt_name: found 'adam', expected lars or sgd"):
        settings_of(Setup(edition=Edition.MINI, seed=1, changed={"opt_name": "adam"}))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"lars_opt_base_learning_rate": "inf"}, "found inf, expected a finite number of 0 or more"),
        ({"lars_opt_learning_rate_decay_steps": "0"}, "found 0, expected 1 or more"),
        ({"lars_opt_learning_rate_decay_steps": "many"}, "found 'many', expected a whole number"),
        ({"label_smoothing": "1"}, "found 1.0, expected 0 or more and below 1"),
        ({"lars_opt_momentum": "-1"}, "found -1.0, expected a finite number of 0 or more"),
        ({"eval_offset": "-1"}, "found -1, expected 0 or more"),
        ({"epochs": "0"}, "found 0, expected 1 or more"),
    ],
)
def test_values_that_cannot_be_are_refused(changed: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(Setup(edition=Edition.MINI, seed=1, changed=changed))
    assert caught.value.problems == (f"{next(iter(changed))}: {problem}",)


def test_cadence_is_every_four_epochs() -> None:
    cadence = BENCHMARK.build(full(changed={"eval_offset": "1"}, batch_size=65536)).cadence
    assert (cadence.epoch, cadence.first, cadence.every) == (20, 60, 80)
    cadence = BENCHMARK.build(Setup(edition=Edition.MINI, seed=1)).cadence
    assert (cadence.epoch, cadence.first, cadence.every, cadence.last) == (9, 36, 36, 360)


# ---------------------------------------------------------------------------------------------------------- data


def test_every_picture_comes_once_and_the_last_batch_is_filled_up() -> None:
    settings = settings_of(Setup(edition=Edition.MINI, seed=1))
    order = epoch_order(settings, 1, 1)
    assert len(order) == 9 * 64
    assert sorted(order[:516]) == list(range(516))
    assert order[516:].tolist() == order[: 9 * 64 - 516].tolist()
    assert order.tolist() != epoch_order(settings, 1, 2).tolist()
    assert order.tolist() != epoch_order(settings, 2, 1).tolist()


def digits(*, shuffled: bool = False) -> DigitPictures:
    return DigitPictures(1, shuffled=shuffled, require_running=lambda: None)


def test_evaluation_is_the_test_set_of_the_inference_suite_and_no_form_is_on_both_sides() -> None:
    from sklearn.datasets import load_digits

    pictures = digits()
    images, labels = pictures.evaluation(np.arange(1281))
    assert images.shape == (1281, 1, 32, 32)
    assert (float(images.min()), float(images.max())) == (-1.0, 1.0)
    # Forms begin at 516 of the source, as 0 to 9 three times.
    assert labels.tolist() == load_digits().target[516:].tolist()
    assert labels[:30].tolist() == list(range(10)) * 3
    assert pictures._train_labels.tolist() == load_digits().target[:516].tolist()
    assert pictures._train.shape == (516, 1, 32, 32)
    held_out = {image.numpy().tobytes() for image in images}
    assert not held_out & {image.tobytes() for image in pictures._train}


def test_shares_of_two_processes_are_the_batch_of_one() -> None:
    pictures = digits()
    whole, labels = pictures.train(np.arange(64), 3, 128)
    first, second = pictures.train(np.arange(32), 3, 128), pictures.train(np.arange(32, 64), 3, 160)
    assert torch.equal(whole, torch.cat([first[0], second[0]]))
    assert torch.equal(labels, torch.cat([first[1], second[1]]))


def test_digit_is_moved_by_four_pixels_at_most() -> None:
    pictures = digits()
    moved, _ = pictures.train(np.full(600, 5), 1, 0)
    padded = np.pad(pictures._train[5, 0], 4, constant_values=-1)
    possible = {padded[dy : 32 + dy, dx : 32 + dx].tobytes() for dy in range(9) for dx in range(9)}
    assert {image[0].numpy().tobytes() for image in moved} == possible


def test_shuffled_labels_are_the_same_labels_elsewhere() -> None:
    true, dealt = digits()._train_labels, digits(shuffled=True)._train_labels
    assert sorted(true) == sorted(dealt)
    assert (true == dealt).mean() < 0.2
    assert torch.equal(digits().evaluation(np.arange(9))[1], digits(shuffled=True).evaluation(np.arange(9))[1])


def test_data_cannot_be_opened_off_the_clock() -> None:
    clock = Clock(10**9)
    training = BENCHMARK.build(Setup(edition=Edition.MINI, seed=1, require_running=clock.require_running))
    with pytest.raises(RunError, match="touched while the clock is in 'idle'"):
        training.open_data()


@pytest.mark.parametrize("boxes", [(), (Box(left=300, top=200, right=400, bottom=250),)])
def test_crop_has_its_share_of_picture_and_object(boxes: tuple[Box, ...]) -> None:
    draws = np.random.default_rng(3)
    areas = []
    for _ in range(300):
        top, left, bottom, right = sampled_crop(300, 500, boxes, draws)
        height, width = bottom - top, right - left
        assert 0 <= top < bottom <= 300
        assert 0 <= left < right <= 500
        areas.append(height * width / 150_000)
        if (height, width) != (300, 500):
            assert 0.7 < width / height < 1.4
        for box in boxes:
            across, down = min(right, box.right) - max(left, box.left), min(bottom, box.bottom) - max(top, box.top)
            assert max(0, across) * max(0, down) >= 0.1 * 100 * 50
    assert min(areas) >= 0.05
    assert max(areas) > 0.5


def test_crop_of_a_picture_of_one_pixel_is_the_picture() -> None:
    assert sampled_crop(1, 1, (), np.random.default_rng(1)) == (0, 0, 1, 1)
    assert sampled_crop(1, 900, (), np.random.default_rng(1)) == (0, 0, 1, 900)
    assert sampled_crop(900, 1, (), np.random.default_rng(1)) == (0, 0, 900, 1)


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures of two classes for training, four for evaluation, as ImageNet lies on a disk."""
    cv2 = pytest.importorskip("cv2")
    folder = tmp_path_factory.mktemp("imagenet")
    draws = np.random.default_rng(5)

    def write(path: Path, label: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = draws.integers(0, 120, (300, 400, 3), dtype=np.uint8)
        picture[..., label] += 120
        assert cv2.imwrite(str(path), picture)

    for at in range(8):
        write(folder / "train" / ("n01440764", "n01443537")[at % 2] / f"n0144_{at}.JPEG", at % 2)
    for at in range(4):
        write(folder / "val" / f"val_{at}.JPEG", at % 2)
    (folder / "val/val_map.txt").write_text("".join(f"val_{at}.JPEG {at % 2}\n" for at in range(4)))
    (folder / "LOC_train_solution.csv").write_text("ImageId,PredictionString\nn0144_0,n01440764 10 20 200 220\n")
    return folder


COUNTS = {"train_samples": "8", "eval_samples": "4"}


def imagenet_training(folder: Path, **changed: str) -> object:
    return BENCHMARK.build(
        Setup(edition=Edition.FULL, seed=1, data=folder, batch_size=4, changed={**COUNTS, **changed})
    )


def test_pictures_of_imagenet_become_inputs(imagenet: Path) -> None:
    settings = settings_of(full(changed=COUNTS, batch_size=4))
    pictures = ImageNetPictures(imagenet, settings, 1, shuffled=False, require_running=lambda: None)
    images, labels = pictures.train(np.arange(8), 1, 0)
    assert images.shape == (8, 3, 224, 224)
    assert labels.tolist() == [0] * 4 + [1] * 4
    # Class 0 is blue, class 1 green: the means of the channels say that red is first.
    means = images.mean(dim=(2, 3)) + torch.tensor([123.68, 116.78, 103.94])
    assert means[0].argmax() == 2
    assert means[7].argmax() == 1
    assert 50 < means[0, 0] < 70
    again, _ = pictures.train(np.arange(2, 4), 1, 2)
    assert torch.equal(again, images[2:4])
    images, labels = pictures.evaluation(np.arange(4))
    assert images.shape == (4, 3, 224, 224)
    assert labels.tolist() == [0, 1, 0, 1]


def test_full_edition_makes_a_step_and_an_evaluation(imagenet: Path) -> None:
    training = imagenet_training(imagenet, opt_name="lars")
    samples = training.open_data()
    assert (samples.train, samples.evaluation) == (8, 4)
    training.begin_epoch(1)
    before = [one.detach().clone() for one in training.model.parameters()]
    first = training.step()  # of the warm-up, at the rate 0
    second = training.step()
    assert torch.isfinite(first)
    assert torch.isfinite(second)
    assert any(not torch.equal(one, old) for one, old in zip(training.model.parameters(), before, strict=True))
    assert 0 <= training.evaluate()["top1"] <= 1


def test_dataset_that_is_short_is_told_with_its_counts(imagenet: Path) -> None:
    training = imagenet_training(imagenet, train_samples="9", eval_samples="5")
    with pytest.raises(DatasetError) as caught:
        training.open_data()
    assert [problem.rpartition("/")[2] for problem in caught.value.problems] == [
        "train: found 8 pictures, expected 9.", "val: found 4 pictures, expected 5.",
    ]  # fmt: skip


def test_folder_that_is_not_imagenet_is_told_off_the_clock(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    with pytest.raises(DatasetError, match="not the folder of ImageNet") as caught:
        BENCHMARK.prepare(Setup(edition=Edition.FULL, seed=1, data=tmp_path))
    assert list(caught.value.problems) == [f"{tmp_path / 'val'}: not a folder."]


def test_dataset_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="val is not a folder"):
        imagenet_training(tmp_path).open_data()


def test_damaged_box_is_told_with_its_line(imagenet: Path, tmp_path: Path) -> None:
    for name in ("train", "val"):
        (tmp_path / name).symlink_to(imagenet / name)
    (tmp_path / "LOC_train_solution.csv").write_text("ImageId,PredictionString\na,n01440764 1 2 3\n")
    with pytest.raises(DatasetError, match=r"solution\.csv:2: found 'a,n01440764 1 2 3'"):
        imagenet_training(tmp_path).open_data()


def test_picture_that_cannot_be_decoded_is_told(imagenet: Path, tmp_path: Path) -> None:
    (tmp_path / "val").symlink_to(imagenet / "val")
    for at in range(8):
        path = tmp_path / "train/n01440764" / f"{at}.JPEG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no picture")
    training = imagenet_training(tmp_path)
    training.open_data()
    training.begin_epoch(1)
    with pytest.raises(DatasetError, match="cannot be read"):
        training.step()


# ------------------------------------------------------------------------------------------------------ training


def mini(**more: object) -> object:
    training = BENCHMARK.build(Setup(edition=Edition.MINI, seed=1, **more))
    training.open_data()
    training.begin_epoch(1)
    return training


def test_same_setup_gives_the_same_losses() -> None:
    one, other = mini(), mini()
    assert [one.step().item() for _ in range(3)] == [other.step().item() for _ in range(3)]


def test_state_goes_on_where_it_was_kept() -> None:
    whole, kept, again = mini(), mini(), mini()
    for training in (whole, kept):
        for _ in range(3):
            training.step()
    again.restore(kept.state())
    assert [whole.step().item() for _ in range(2)] == [again.step().item() for _ in range(2)]


def test_share_of_a_process_is_its_part_of_the_batch() -> None:
    part = mini(world=World(rank=1, size=2))
    seen = []
    train = part._pictures.train
    part._pictures.train = lambda samples, epoch, first: (
        seen.append((len(samples), first)) or train(samples, epoch, first)
    )
    part.step()
    part.step()
    assert seen == [(32, 32), (32, 96)]


def test_normalisation_and_biases_are_neither_decayed_nor_adapted() -> None:
    groups = mini().optimizer.param_groups
    assert [group["adapt"] for group in groups] == [True, False]
    assert {one.ndim for one in groups[1]["params"]} == {1}
    assert min(one.ndim for one in groups[0]["params"]) == 2


def test_untrained_network_is_far_from_the_target() -> None:
    assert mini().evaluate()["top1"] < 0.5


# ------------------------------------------------------------------ minutes of training, with LEVELFIELD_TRAIN=1


class OneBatch:
    """The same pictures at every step, each of a class of its own."""

    def __init__(self, pictures: object, size: int) -> None:
        images, _ = pictures.train(np.arange(size), 1, 0)
        self.batch = images, torch.arange(size) * 200

    def train(self, samples: object, epoch: int, first: int) -> object:
        return self.batch


def test_long_full_network_learns_a_batch_by_heart(imagenet: Path) -> None:
    training = imagenet_training(
        imagenet, opt_name="sgd", opt_learning_rate_warmup_epochs="0",
        label_smoothing="0",
    )  # fmt: skip
    training.open_data()
    training._pictures = OneBatch(training._pictures, 4)
    losses = []
    while len(losses) < 20:
        training.begin_epoch(1)
        losses += [training.step().item() for _ in range(training.cadence.epoch)]
    assert losses[0] == pytest.approx(np.log(1000), rel=0.1)
    assert max(losses[-3:]) < 0.2 * losses[0]


def test_long_mini_reaches_its_target_and_shuffled_labels_do_not(tmp_path: Path) -> None:
    from levelfield.training.request import TrainingRequest
    from levelfield.training.run import run_training

    for shuffled in (False, True):
        done = run_training(
            TrainingRequest(benchmark="resnet", out=tmp_path / str(shuffled), seed=11, shuffled_labels=shuffled)
        )
        assert done is not None
        assert done.report.runs[0].succeeded is not shuffled
