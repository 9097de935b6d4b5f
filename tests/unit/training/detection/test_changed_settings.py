"""Hyperparameters as text: taken by name, and all that is wrong told at once."""

from __future__ import annotations

import pytest

from levelfield.errors import SettingsError
from levelfield.training.benchmarks.maskrcnn import settings as maskrcnn
from levelfield.training.benchmarks.ssd import settings as ssd
from levelfield.training.port import Edition, Setup, World


def full(**changed: str) -> Setup:
    return Setup(edition=Edition.FULL, seed=1, changed=changed)


def test_values_are_taken_by_their_names_in_the_log() -> None:
    found = ssd.settings_of(
        full(opt_base_learning_rate="0.01", opt_learning_rate_decay_boundary_epochs="44,55", max_samples="50")
    )
    assert found.logged == {
        "global_batch_size": 32,
        "opt_name": "sgd",
        "opt_base_learning_rate": 0.01,
        "opt_weight_decay": 5e-4,
        "opt_momentum": 0.9,
        "opt_learning_rate_warmup_steps": 1,
        "opt_learning_rate_warmup_factor": 0,
        "opt_learning_rate_decay_boundary_epochs": [44, 55],
        "model_bn_span": 32,
        "max_samples": 50,
    }


def test_all_that_is_wrong_is_told_at_once() -> None:
    setup = Setup(
        edition=Edition.FULL,
        seed=1,
        batch_size=30,
        world=World(size=4),
        changed={
            "opt_base_learning_rate": "fast",
            "opt_weight_decay": "-1",
            "opt_learning_rate_warmup_steps": "2.5",
            "opt_learning_rate_decay_steps": "80000,60000",
            "learning_rate": "1",
        },
    )
    with pytest.raises(SettingsError, match="maskrcnn cannot be trained like this") as caught:
        maskrcnn.settings_of(setup)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "opt_base_learning_rate",
        "opt_learning_rate_warmup_steps",
        "learning_rate",
        "opt_weight_decay",
        "opt_learning_rate_decay_steps",
        "global_batch_size",
    ]
    assert caught.value.problems[2] == "learning_rate: unknown; did you mean 'opt_base_learning_rate'?"
    assert str(caught.value.hint).startswith("Hyperparameters: eval_samples, max_image_size, min_image_size")
    assert "found 30, expected a multiple of the 4 processes" in caught.value.problems[5]


@pytest.mark.parametrize(
    ("text", "expected"), [("nan", "a number"), ("inf", "a finite number above 0"), ("0", "a finite number above 0")]
)
def test_learning_rate_that_is_no_number_above_0_is_refused(text: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=f"expected {expected}$"):
        ssd.settings_of(full(opt_base_learning_rate=text))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"opt_learning_rate_decay_boundary_epochs": "40"}, "found '40', expected 2 whole numbers with commas"),
        ({"opt_learning_rate_decay_boundary_epochs": "50,40"}, "found [50, 40], expected 2 ascending whole numbers"),
        ({"opt_learning_rate_decay_boundary_epochs": "0,40"}, "found [0, 40], expected 2 ascending whole numbers"),
        ({"opt_momentum": "-0.1"}, "opt_momentum: found -0.1, expected a finite number of 0 or more"),
        ({"opt_learning_rate_warmup_steps": "-1"}, "opt_learning_rate_warmup_steps: found -1, expected 0 or more"),
        ({"max_samples": "0"}, "max_samples: found 0, expected 1 or more"),
        ({"train_samples": "0"}, "train_samples: found 0, expected 1 or more"),
    ],
)
def test_values_of_ssd_that_cannot_be_are_refused(changed: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ssd.settings_of(full(**changed))
    (told,) = caught.value.problems
    assert problem in told


def test_brackets_as_in_the_log_are_read() -> None:
    found = ssd.settings_of(full(opt_learning_rate_decay_boundary_epochs="[44, 55]"))
    assert found.decay_epochs == (44, 55)


def test_sizes_and_candidates_of_maskrcnn_are_changed_where_they_are_used() -> None:
    found = maskrcnn.settings_of(full(num_image_candidates="600", min_image_size="400", max_image_size="640"))
    assert (found.picking.train_candidates, found.picking.eval_candidates, found.sides) == (600, 1000, (400, 640))
    with pytest.raises(SettingsError, match="min_image_size: found 31, expected 32 or more"):
        maskrcnn.settings_of(full(min_image_size="31"))


def test_mini_has_its_own_size() -> None:
    with pytest.raises(SettingsError, match="64 x 64"):
        maskrcnn.settings_of(Setup(edition=Edition.MINI, seed=1, changed={"min_image_size": "128"}))


def test_batch_of_a_reference_point_has_its_schedule() -> None:
    found = ssd.settings_of(Setup(edition=Edition.FULL, seed=1, batch_size=2048, world=World(size=128)))
    assert found.base_learning_rate == pytest.approx(0.29248)
    assert (found.warmup_steps, found.decay_epochs, found.weight_decay) == (1489, (60, 75), 4e-5)
    assert (found.crop_tries, found.bn_span, found.epoch_steps) == (50, 16, 58)


def test_schedule_of_maskrcnn_follows_the_batch() -> None:
    found = maskrcnn.settings_of(Setup(edition=Edition.FULL, seed=1, batch_size=64))
    assert found.base_learning_rate == pytest.approx(0.08)
    assert found.decay_steps == (15_000, 20_000)
    assert found.epoch_steps == 1833


def test_learning_rate_of_ssd_by_hand() -> None:
    found = ssd.settings_of(full(opt_learning_rate_warmup_steps="4", train_samples="64"))
    # Two steps an epoch; warm-up over four steps from nothing; a tenth after 40 epochs and again after 50.
    rates = [found.learning_rate(step) for step in (1, 2, 3, 4, 5, 80, 81, 101)]
    assert rates == pytest.approx([0, 0.000625, 0.00125, 0.001875, 0.0025, 0.0025, 0.00025, 0.000025])


def test_warmup_factor_of_ssd_by_hand() -> None:
    found = ssd.settings_of(full(opt_learning_rate_warmup_steps="4", opt_learning_rate_warmup_factor="1"))
    assert [found.learning_rate(step) for step in (1, 3, 5)] == pytest.approx([0.00125, 0.001875, 0.0025])


def test_learning_rate_of_maskrcnn_by_hand() -> None:
    found = maskrcnn.FULL
    rates = [found.learning_rate(step) for step in (1, 251, 501, 60_000, 60_001, 80_001)]
    assert rates == pytest.approx([0.02 / 3, 0.02 * 2 / 3, 0.02, 0.02, 0.002, 0.0002])


def test_names_of_initial_weights_are_as_many_as_the_rules_list() -> None:
    assert len(set(ssd.FULL.initial_weights)) == 119
    assert ssd.FULL.initial_weights[:4] == (
        "ssd0_resnetmlperf0_conv0_weight",
        "ssd0_resnetmlperf0_batchnorm0_gamma",
        "ssd0_resnetmlperf0_batchnorm0_beta",
        "ssd0_resnetmlperf0_stage1_conv0_weight",
    )
    assert ssd.FULL.initial_weights[-1] == "ssd0_convpredictor5_conv0_bias"
    assert len(maskrcnn.FULL.initial_weights) == 21
    assert {"FPN_inner_block1", "RPNHead_bbox", "ROI_MASK_PREDICTOR_fcn_logits"} <= set(maskrcnn.FULL.initial_weights)
    assert "BACKBONE" in maskrcnn.MINI.initial_weights
