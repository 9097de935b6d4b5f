"""BERT's settings: the evaluation interval of the rules, reference points, and what cannot be."""

from __future__ import annotations

import pytest

from levelfield.errors import SettingsError
from levelfield.training.benchmarks.bert import BENCHMARK
from levelfield.training.benchmarks.bert.settings import evaluation_interval, settings_of
from levelfield.training.port import Cadence, Edition, Setup


def full(batch: int | None = None, **changed: str) -> Setup:
    return Setup(edition=Edition.FULL, seed=1, batch_size=batch, changed=changed)


@pytest.mark.parametrize(
    ("batch", "samples"),
    [
        *((batch, 150_000) for batch in (256, 448, 1024, 1536, 2048)),
        *((3072, 175_000), (4096, 175_000), (6144, 200_000), (8192, 225_000), (12288, 275_000), (16384, 325_000)),
    ],
)
def test_interval_of_the_rules(batch: int, samples: int) -> None:
    assert evaluation_interval(batch) == samples


@pytest.mark.parametrize(("batch", "every", "last"), [(448, 335, 8103), (8192, 28, 600), (256, 586, 13700)])
def test_cadence_in_whole_batches(batch: int, every: int, last: int) -> None:
    epoch = {448: 349834, 8192: 19131, 256: 612209}[batch]
    assert settings_of(full(batch)).cadence == Cadence(epoch=epoch, first=every, every=every, last=last)


def test_a_reference_point() -> None:
    settings = settings_of(full(8192))
    assert settings.logged == {
        "global_batch_size": 8192,
        "opt_name": "lamb",
        "opt_base_learning_rate": 0.00288293,
        "opt_epsilon": 1e-6,
        "opt_learning_rate_training_steps": 600,
        "opt_learning_rate_warmup_steps": 287,
        "num_warmup_steps": 287,
        "start_warmup_step": -76,
        "opt_lamb_beta_1": 0.88,
        "opt_lamb_beta_2": 0.88,
        "opt_lamb_weight_decay_rate": 0.0166629,
        "opt_gradient_clip_norm": 1.0,
        "gradient_accumulation_steps": 1,
        "max_sequence_length": 512,
        "max_predictions_per_seq": 76,
    }


def test_a_batch_without_a_reference_point_asks_for_its_own_numbers() -> None:
    with pytest.raises(SettingsError, match="opt_base_learning_rate, opt_learning_rate_training_steps: found nothing"):
        settings_of(full(500))
    settings = settings_of(full(500, opt_base_learning_rate="4e-4", opt_learning_rate_training_steps="100"))
    assert (settings.global_batch_size, settings.cadence.last) == (500, 100)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"opt_base_learning_rate": "nan"}, "opt_base_learning_rate: found 'nan', expected a number"),
        ({"opt_base_learning_rate": "inf"}, "opt_base_learning_rate: found inf, expected a finite number above 0"),
        ({"opt_lamb_beta_1": "1"}, "opt_lamb_beta_1: found 1.0, expected 0 or more and below 1"),
        (
            {"opt_lamb_weight_decay_rate": "-1"},
            "opt_lamb_weight_decay_rate: found -1.0, expected a finite number of 0 or more",
        ),
        ({"num_warmup_steps": "-1"}, "num_warmup_steps: found -1, expected 0 or more"),
        ({"start_warmup_step": "3"}, "start_warmup_step: found 3, expected 0 or less"),
        ({"global_batch_size": "0"}, "global_batch_size: found 0, expected 1 or more"),
        ({"gradient_accumulation_steps": "0"}, "gradient_accumulation_steps: found 0, expected 1 or more"),
        ({"train_samples": "5"}, "train_samples: found 5, expected a batch or more (448)"),
        ({"max_sequence_length": "4"}, "max_sequence_length: found 4, expected 5 or more"),
        ({"learning_rate": "1"}, "learning_rate: unknown; did you mean 'opt_base_learning_rate'?"),
    ],
)
def test_what_cannot_be(changed: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(full(**changed))
    assert said in str(caught.value)


@pytest.mark.parametrize("batch", [0, -4])
def test_no_mini_batch_of_nothing(batch: int) -> None:
    with pytest.raises(SettingsError, match="expected 1 or more"):
        settings_of(Setup(edition=Edition.MINI, seed=1, batch_size=batch))


def test_mini() -> None:
    settings = settings_of(Setup(edition=Edition.MINI, seed=1))
    assert settings.cadence == Cadence(epoch=125, first=63, every=63, last=1000)
    assert settings_of(Setup(edition=Edition.MINI, seed=1, batch_size=256)).opt_base_learning_rate == pytest.approx(
        2 * settings.opt_base_learning_rate
    )


def test_targets() -> None:
    assert BENCHMARK.targets(Edition.FULL) == {"mlm": 0.720}
    assert BENCHMARK.targets(Edition.MINI) == {"mlm": 0.72}
    assert BENCHMARK.name == "bert"
