"""ssd and maskrcnn as the harness drives them: steps, evaluation, state, processes, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from coco_train_folder import write_train_folder

from levelfield.errors import DatasetError
from levelfield.training.benchmarks import maskrcnn, ssd
from levelfield.training.benchmarks.maskrcnn import data as mask_data
from levelfield.training.benchmarks.maskrcnn import settings as mask_settings
from levelfield.training.benchmarks.maskrcnn.backbone import ResNet
from levelfield.training.benchmarks.maskrcnn.train import MaskRcnnTraining
from levelfield.training.benchmarks.ssd import data as ssd_data
from levelfield.training.benchmarks.ssd import settings as ssd_settings
from levelfield.training.benchmarks.ssd.anchors import boxes_300
from levelfield.training.benchmarks.ssd.network import ResNet34
from levelfield.training.benchmarks.ssd.train import SsdTraining
from levelfield.training.port import Edition, NumberFormat, Setup, World

MINI = Setup(edition=Edition.MINI, seed=7, batch_size=4)


def small_ssd(setup: Setup) -> SsdTraining:
    return SsdTraining(replace(ssd_settings.settings_of(setup), train_samples=10, eval_samples=4), setup)


def small_mask(setup: Setup) -> MaskRcnnTraining:
    return MaskRcnnTraining(replace(mask_settings.settings_of(setup), train_samples=10, eval_samples=4), setup)


both = pytest.mark.parametrize("make", [small_ssd, small_mask], ids=["ssd", "maskrcnn"])


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def stepped(training: Any, steps: int, first: int = 1) -> list[float]:
    """What the harness does, without evaluations."""
    found = []
    for step in range(first, first + steps):
        if (step - 1) % training.cadence.epoch == 0:
            training.begin_epoch(1 + (step - 1) // training.cadence.epoch)
        found.append(float(training.step()))
    return found


@both
def test_a_run_follows_from_its_seed(make: Callable[[Setup], Any]) -> None:
    losses = []
    for seed in (7, 7, 8):
        training = make(replace(MINI, seed=seed))
        training.open_data()
        losses.append(stepped(training, 4))
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@both
def test_evaluation_says_every_target_and_changes_nothing(make: Callable[[Setup], Any]) -> None:
    plain, evaluated = make(MINI), make(MINI)
    for training in (plain, evaluated):
        samples = training.open_data()
        assert (samples.train, samples.evaluation) == (10, 4)
        stepped(training, 1)
    quality = evaluated.evaluate()
    benchmark = ssd.BENCHMARK if make is small_ssd else maskrcnn.BENCHMARK
    assert set(quality) == set(benchmark.targets(Edition.MINI)) == set(benchmark.targets(Edition.FULL))
    assert all(0 <= value <= 1 for value in quality.values())
    assert float(plain.step()) == float(evaluated.step())


@both
def test_a_run_goes_on_from_its_state(make: Callable[[Setup], Any]) -> None:
    whole = make(MINI)
    whole.open_data()
    losses = stepped(whole, 5)
    first, second = make(MINI), make(replace(MINI))
    for training in (first, second):
        training.open_data()
    stepped(first, 2)
    second.restore(first.state())  # in the midst of an epoch of three steps
    assert stepped(second, 3, first=3) == losses[2:]


@both
def test_labels_that_are_dealt_anew_change_the_loss(make: Callable[[Setup], Any]) -> None:
    plain, shuffled = make(MINI), make(replace(MINI, shuffled_labels=True))
    for training in (plain, shuffled):
        training.open_data()
    assert stepped(plain, 1) != stepped(shuffled, 1)


@both
def test_bf16_learns_much_the_same(make: Callable[[Setup], Any]) -> None:
    plain, narrow = make(MINI), make(replace(MINI, number_format=NumberFormat.BF16))
    for training in (plain, narrow):
        training.open_data()
    assert stepped(narrow, 1) == pytest.approx(stepped(plain, 1), rel=0.1)


@both
def test_each_process_takes_its_share(make: Callable[[Setup], Any]) -> None:
    whole = make(MINI)
    halves = [make(replace(MINI, world=World(rank=rank, size=2))) for rank in (0, 1)]
    for training in (whole, *halves):
        training.open_data()
        training.begin_epoch(1)
    pictures = [next(training._batches)[0] for training in (whole, *halves)]
    torch.testing.assert_close(pictures[0], torch.cat(pictures[1:]))


@both
def test_loss_falls_on_one_batch(make: Callable[[Setup], Any]) -> None:
    training = make(replace(MINI, changed={"opt_learning_rate_warmup_steps": "1"}))
    training.open_data()
    training.begin_epoch(1)
    batch = next(training._batches)
    losses = []
    for _ in range(20):
        training._batches = iter([batch])
        losses.append(float(training.step()))
    assert min(losses[-3:]) < 0.8 * losses[0]


@both
def test_cadence_and_progress(make: Callable[[Setup], Any]) -> None:
    training = make(MINI)
    assert training.cadence.epoch == 3
    assert training.progress(6) == 2.0
    last = 6 if make is small_ssd else 8
    assert training.cadence.last == 3 * last
    assert "opt_base_learning_rate" in training.hyperparameters
    assert len(set(training.initial_weights)) == len(training.initial_weights) > 10


def test_flops_are_those_of_the_convolutions() -> None:
    # By hand for the stem of the mini: 48 x 48 places, 16 channels of 27 products; forward and twice as much backward.
    stem = 3 * 2 * 48 * 48 * 16 * 27
    found = small_ssd(MINI).flops_per_sample()
    assert found == 128_827_584  # of the shapes of all convolutions, by hand
    assert found > 15 * stem
    assert small_mask(MINI).flops_per_sample() is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_train_folder(tmp_path_factory.mktemp("coco"))


def full(folder: Path, start: Path, **changed: str) -> Setup:
    return Setup(edition=Edition.FULL, seed=3, batch_size=1, data=folder, start=start, changed=changed)


def test_full_ssd_takes_a_step_on_a_coco_folder(folder: Path, tmp_path: Path) -> None:
    weights = ResNet34().state_dict()
    theirs = {"layer1.0": "conv1", "layer1.1": "bn1", "layer1.4": "layer1", "layer1.5": "layer2", "layer2.0": "layer3"}
    renamed = {
        f"{theirs['.'.join(name.split('.')[:2])]}.{'.'.join(name.split('.')[2:])}": value
        for name, value in weights.items()
    }
    torch.save(renamed, tmp_path / "resnet34.pth")
    setup = full(
        folder, tmp_path / "resnet34.pth", train_samples="4", eval_samples="4", opt_learning_rate_warmup_steps="0"
    )
    ssd.BENCHMARK.prepare(setup)
    training = ssd.BENCHMARK.build(setup)
    start = training.model.state_dict()["model.layer1.0.weight"].clone()
    torch.testing.assert_close(start, weights["layer1.0.weight"])
    samples = training.open_data()
    assert (samples.train, samples.evaluation) == (4, 4)
    training.begin_epoch(1)
    assert torch.isfinite(training.step())
    assert not torch.equal(training.model.state_dict()["model.layer1.0.weight"], start)
    assert training.cadence.first == 20
    assert len(training.initial_weights) == 119


def test_full_maskrcnn_takes_a_step_on_a_coco_folder(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    weights = ResNet(mask_settings.FULL.architecture).state_dict()
    path = tmp_path / "resnet50.pth"
    torch.save({f"backbone.body.{name}": value for name, value in weights.items()}, path)
    setup = full(
        folder,
        path,
        train_samples="4",
        eval_samples="5",
        min_image_size="64",
        max_image_size="96",
        opt_learning_rate_warmup_factor="0.0001",
    )
    maskrcnn.BENCHMARK.prepare(setup)
    training = maskrcnn.BENCHMARK.build(setup)
    training.open_data()
    training.begin_epoch(1)
    name = "backbone.body.layer2.0.conv1.weight"
    frozen = "backbone.body.layer1.0.conv1.weight"
    before = {one: training.model.state_dict()[one].clone() for one in (name, frozen)}
    assert torch.isfinite(training.step())
    after = training.model.state_dict()
    assert not torch.equal(after[name], before[name])
    assert torch.equal(after[frozen], weights["layer1.0.conv1.weight"])
    assert len(training.initial_weights) == 21


def test_short_dataset_is_refused(folder: Path) -> None:
    for pictures in (
        ssd_data.CocoPictures(ssd_settings.FULL, boxes_300(), folder, shuffled=None),
        mask_data.CocoPictures(mask_settings.FULL, folder, shuffled=None),
    ):
        with pytest.raises(DatasetError, match="expected 117,266"):
            pictures.open()


def test_missing_dataset_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"instances_train2017\.json is not there"):
        mask_data.CocoPictures(mask_settings.FULL, tmp_path, shuffled=None).open()


def falls(training: Any, steps: int) -> list[float]:
    """The losses of so many steps on one batch."""
    training.open_data()
    training.begin_epoch(1)
    batch = next(training._batches)
    losses = []
    for _ in range(steps):
        training._batches = iter([batch])
        losses.append(float(training.step()))
    return losses


def test_long_full_ssd_learns_one_batch(folder: Path) -> None:
    setup = full(folder, folder, train_samples="4", eval_samples="4", opt_learning_rate_warmup_steps="5")
    losses = falls(SsdTraining(ssd_settings.settings_of(setup), setup), 20)
    assert all(loss < 0.4 * losses[0] for loss in losses[-3:]), losses


def test_long_full_maskrcnn_learns_one_batch(folder: Path) -> None:
    """Twenty steps on the same small picture, from random weights.

    The stem's frozen normalisation divides pixels of -128 to 128 by deviations that come with the pretrained backbone.
    Without that file they are 1, all maps are a hundred times too large, and the loss goes 92, 349, 26,740, NaN. So the
    stem gets the variance of pixels, as the file would have it; everything else is as it is built.
    """
    setup = full(
        folder,
        folder,
        train_samples="4",
        eval_samples="5",
        min_image_size="64",
        max_image_size="96",
        opt_base_learning_rate="0.003",
        opt_learning_rate_warmup_steps="5",
    )
    training = MaskRcnnTraining(mask_settings.settings_of(setup), setup)
    training.model.get_buffer("backbone.body.stem.bn1.running_var").fill_(100.0**2)
    losses = falls(training, 20)
    assert all(loss < 0.3 * losses[0] for loss in losses[-3:]), losses


@pytest.mark.parametrize("make", [ssd.BENCHMARK, maskrcnn.BENCHMARK], ids=["ssd", "maskrcnn"])
@pytest.mark.parametrize("shuffled", [False, True], ids=["true labels", "dealt labels"])
def test_long_mini_reaches_its_target_on_true_labels_only(make: Any, *, shuffled: bool) -> None:
    training = make.build(Setup(edition=Edition.MINI, seed=11, shuffled_labels=shuffled))
    training.open_data()
    target, reached = make.targets(Edition.MINI), False
    for step in range(1, training.cadence.last + 1):
        if (step - 1) % training.cadence.epoch == 0:
            training.begin_epoch(1 + (step - 1) // training.cadence.epoch)
        training.step()
        if training.cadence.evaluates_after(step):
            quality = training.evaluate()
            reached = all(quality[name] >= target[name] for name in target)
            if reached:
                break
    assert reached is not shuffled


@both
def test_weights_that_are_lost_find_nothing(make: Callable[[Setup], Any]) -> None:
    training = make(MINI)
    training.open_data()
    with torch.no_grad():
        for weights in training.model.parameters():
            weights.fill_(torch.nan)
    assert set(training.evaluate().values()) == {0.0}


def test_outline_that_does_not_fit_its_picture_is_told(tmp_path: Path) -> None:
    folder = write_train_folder(tmp_path)
    path = folder / "annotations/instances_val2017.json"
    document = json.loads(path.read_text())
    document["annotations"][2]["segmentation"]["counts"] = [3, 4]
    path.write_text(json.dumps(document))
    settings = replace(mask_settings.FULL, train_samples=4, eval_samples=5)
    with pytest.raises(DatasetError, match=r"val2017: the outline of the object at annotations\[2\] cannot be used"):
        mask_data.CocoPictures(settings, folder, shuffled=None).open()
