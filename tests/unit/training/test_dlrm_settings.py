"""DLRM's settings: reference points, cadence in twentieths of an epoch, and what cannot be."""

from __future__ import annotations

import pytest

from levelfield.errors import SettingsError
from levelfield.training.benchmarks.dlrm import BENCHMARK
from levelfield.training.benchmarks.dlrm.settings import settings_of
from levelfield.training.port import Cadence, Edition, Setup


def full(batch: int | None = None, **changed: str) -> Setup:
    return Setup(edition=Edition.FULL, seed=1, batch_size=batch, changed=changed)


@pytest.mark.parametrize(
    ("batch", "cadence"),
    [
        (32768, Cadence(epoch=128028, first=6401, every=6401, last=100000)),
        (55296, Cadence(epoch=75869, first=3793, every=3793, last=77087)),
        (71680, Cadence(epoch=58527, first=2926, every=2926, last=62227)),
    ],
)
def test_cadence_of_a_reference_point(batch: int, cadence: Cadence) -> None:
    assert settings_of(full(batch)).cadence == cadence


def test_keys_of_the_log() -> None:
    assert settings_of(full(55296)).logged == {
        "global_batch_size": 55296,
        "opt_name": "sgd",
        "opt_base_learning_rate": 24,
        "sgd_opt_base_learning_rate": 24,
        "opt_learning_rate_warmup_steps": 2750,
        "lr_decay_start_steps": 49315,
        "sgd_opt_learning_rate_decay_steps": 27772,
        "sgd_opt_learning_rate_decay_poly_power": 2,
        "gradient_accumulation_steps": 1,
        "max_ind_range": 40_000_000,
    }


def test_both_names_of_the_rate() -> None:
    assert settings_of(full(sgd_opt_base_learning_rate="17")).opt_base_learning_rate == 17
    with pytest.raises(SettingsError, match="which is the same thing"):
        settings_of(full(sgd_opt_base_learning_rate="17", opt_base_learning_rate="18"))


def test_a_batch_without_a_reference_point_asks_for_its_own_numbers() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(full(2048))
    (problem,) = caught.value.problems
    missing, _, why = problem.partition(": ")
    assert missing.split(", ") == [
        "opt_base_learning_rate",
        "opt_learning_rate_warmup_steps",
        "lr_decay_start_steps",
        "sgd_opt_learning_rate_decay_steps",
    ]
    points = "there are reference points for the batch sizes 32768, 55296, 71680"
    assert why == f"found nothing, expected a value for each ({points})"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"opt_base_learning_rate": "0"}, "opt_base_learning_rate: found 0.0, expected a finite number above 0"),
        ({"opt_base_learning_rate": "nan"}, "opt_base_learning_rate: found 'nan', expected a number"),
        ({"opt_learning_rate_warmup_steps": "70001"}, "found 70001, expected 0 to lr_decay_start_steps (70000)"),
        ({"sgd_opt_learning_rate_decay_steps": "0"}, "found 0, expected 1 or more"),
        ({"sgd_opt_learning_rate_decay_poly_power": "0"}, "found 0, expected 1 or more (closed: 2)"),
        ({"max_ind_range": "0"}, "max_ind_range: found 0, expected 1 or more"),
        ({"eval_samples": "1"}, "eval_samples: found 1, expected 2 or more"),
        ({"train_samples": "9"}, "evaluations_per_epoch: found 20, expected 1 to 1 steps"),
        ({"learning_rate": "9"}, "learning_rate: unknown; did you mean 'opt_base_learning_rate'?"),
    ],
)
def test_what_cannot_be(changed: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(full(**changed))
    assert said in str(caught.value)


@pytest.mark.parametrize("batch", [0, -1])
def test_no_mini_batch_of_nothing(batch: int) -> None:
    with pytest.raises(SettingsError, match="global_batch_size: found"):
        settings_of(Setup(edition=Edition.MINI, seed=1, batch_size=batch))


def test_targets() -> None:
    assert BENCHMARK.targets(Edition.FULL) == {"auc": 0.8025}
    assert BENCHMARK.targets(Edition.MINI) == {"auc": 0.8025}
    assert BENCHMARK.name == "dlrm"
