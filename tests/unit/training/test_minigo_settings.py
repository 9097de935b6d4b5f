"""Settings: the reference's values, and what a user may change."""

from __future__ import annotations

import pytest

from levelfield.errors import SettingsError
from levelfield.training.benchmarks.minigo.settings import FULL, MINI, settings_of
from levelfield.training.port import Edition, Setup, World


def setup(edition: Edition = Edition.MINI, *, batch: int | None = None, processes: int = 1, **changed: str) -> Setup:
    return Setup(edition=edition, seed=1, batch_size=batch, changed=changed, world=World(size=processes))


def test_full_settings_are_those_of_the_reference_s_flags() -> None:
    """mlcommons/training at 4a4d5a0, ``minigo/ml_perf/flags/19``."""
    log = settings_of(setup(Edition.FULL)).logged
    assert log["num_readouts"] == 800
    assert (log["fastplay_frequency"], log["fastplay_readouts"]) == (0.75, 80)
    assert (log["dirichlet_alpha"], log["noise_mix"], log["virtual_losses"]) == (0.03, 0.3, 4)
    assert log["lr_rates"] == [0.016, 0.16, 0.016, 0.0016]
    assert log["lr_boundaries"] == [128, 10000, 20000]
    assert log["train_batch_size"] == log["global_batch_size"] == 4096
    assert log["actual_selfplay_games_per_generation"] == log["min_selfplay_games_per_generation"] == 8192
    assert (log["window_size"], log["train_filter"]) == (5, 0.3)
    assert (log["sgd_momentum"], log["l2_strength"], log["value_cost_weight"]) == (0.9, 1e-4, 0.5)
    assert (log["eval_games"], log["eval_readouts"], log["komi"]) == (100, 100, 7.5)
    assert log["opt_name"] == "sgd"


def test_values_are_read_by_their_kind() -> None:
    changed = settings_of(
        setup(
            lr_rates="0.1, 0.01",
            lr_boundaries="[50]",
            target_pruning="False",
            num_readouts="8",
            noise_mix="0.25",
        )
    )
    assert (changed.lr_rates, changed.lr_boundaries) == ((0.1, 0.01), (50,))
    assert (changed.target_pruning, changed.num_readouts, changed.noise_mix) == (False, 8, 0.25)
    assert settings_of(setup(batch=64)).train_batch_size == 64
    assert settings_of(setup()) == MINI
    assert settings_of(setup(Edition.FULL)) == FULL


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = setup(
        batch=63,
        processes=2,
        num_readout="8",
        num_readouts="many",
        board_size="9",
        noise_mix="1.5",
        lr_rates="0.1,0.2",
        target_pruning="maybe",
        komi="nan",
        virtual_losses="0",
    )
    with pytest.raises(SettingsError) as caught:
        settings_of(wrong)
    assert sorted(caught.value.problems) == [
        "board_size: unknown",
        "komi: found 'nan', expected a number",
        "lr_rates, lr_boundaries: found [0.1, 0.2] and [], expected rates above 0, one more than boundaries",
        "noise_mix: found 1.5, expected 0 to 1",
        "num_readout: unknown; did you mean 'num_readouts'?",
        "num_readouts: found 'many', expected a whole number",
        "target_pruning: found 'maybe', expected true or false",
        "train_batch_size: found 63, expected a multiple of the 2 processes",
        "virtual_losses: found 0, expected 1 or more",
    ]
    assert "lr_boundaries" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"lr_rates": "0.1,0.2,0.3", "lr_boundaries": "9,9"}, "lr_boundaries: found [9, 9]"),
        ({"train_filter": "0"}, "train_filter: found 0.0"),
        ({"sgd_momentum": "1"}, "sgd_momentum: found 1.0"),
        ({"dirichlet_alpha": "0"}, "dirichlet_alpha: found 0.0"),
        ({"max_resign_threshold": "0.5"}, "min_resign_threshold, max_resign_threshold: found -1.0 and 0.5"),
        ({"l2_strength": "-1"}, "l2_strength: found -1.0"),
        ({"l2_strength": "inf"}, "l2_strength: found inf, expected a finite number"),
        ({"komi": "-inf"}, "komi: found -inf, expected a finite number"),
        ({"lr_rates": "inf"}, "lr_rates, lr_boundaries: found [inf] and []"),
        ({"policy_softmax_temp": "inf"}, "policy_softmax_temp: found inf, expected a finite number above 0"),
    ],
)
def test_values_that_cannot_hold_are_refused(changed: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(Setup(edition=Edition.MINI, seed=1, changed=changed))
    assert any(one.startswith(problem) for one in caught.value.problems)


def test_two_batch_sizes_that_differ_are_refused() -> None:
    with pytest.raises(SettingsError, match="found 32 beside a batch size of 64"):
        settings_of(setup(batch=64, train_batch_size="32"))
