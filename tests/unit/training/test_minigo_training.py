"""A whole run of MiniGo at the smallest size, and one generation of the full edition at tiny counts."""

from __future__ import annotations

import copy
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from levelfield.errors import InputError, ModelError, SettingsError
from levelfield.training.benchmarks.minigo import BENCHMARK, train, weights
from levelfield.training.benchmarks.minigo.network import DualNetwork
from levelfield.training.benchmarks.minigo.settings import FULL, MINI, Settings
from levelfield.training.benchmarks.minigo.train import MinigoTraining, architecture_of
from levelfield.training.port import Edition, NumberFormat, Setup, World

TINY = replace(
    MINI,
    board_size=3,
    conv_width=4,
    trunk_layers=1,
    fc_width=4,
    num_readouts=4,
    selfplay_opening_moves=1,
    eval_opening_moves=1,
    eval_games=6,
    eval_readouts=2,
    move_limit=14,
    actual_selfplay_games_per_generation=4,
    games_per_room=1,
    train_batch_size=8,
    steps_per_generation=3,
    generations=2,
)


def network(settings: Settings, seed: int) -> DualNetwork:
    made = DualNetwork(architecture_of(settings))
    made.initialise(torch.Generator().manual_seed(seed))
    return made


def training(settings: Settings = TINY, *, first_step: int = 0, **of_setup: Any) -> MinigoTraining:
    setup = Setup(edition=Edition.MINI, **{"seed": 3, **of_setup})
    return MinigoTraining(
        setup, settings, start=network(settings, 1), target=network(settings, 2), first_step=first_step
    )


def driven(one: MinigoTraining, *, first: int = 1) -> tuple[list[float], list[float]]:
    """Losses and win rates of all steps from one on, as the harness makes them."""
    cadence = one.cadence
    losses, rates = [], []
    for step in range(first, cadence.last + 1):
        if (step - 1) % cadence.epoch == 0:
            one.begin_epoch((step - 1) // cadence.epoch + 1)
        losses.append(one.step().item())
        if cadence.evaluates_after(step):
            rates.append(one.evaluate()["win_rate"])
    return losses, rates


def test_the_same_setup_gives_the_same_losses_and_games() -> None:
    first, second, other = driven(training()), driven(training()), driven(training(seed=4))
    assert first == second
    assert first[0] != other[0]
    assert len(first[0]) == 6
    assert all(0 <= rate <= 1 for rate in first[1])


def test_a_run_goes_on_from_a_state_in_the_middle_of_a_generation() -> None:
    one = training()
    one.begin_epoch(1)
    for _ in range(2):
        one.step()
    kept = io.BytesIO()
    torch.save(dict(one.state()), kept)
    kept.seek(0)
    other = training()
    other.restore(torch.load(kept, weights_only=True))
    assert driven(other, first=3) == driven(one, first=3)


def test_every_generation_is_evaluated_and_the_last_one_ends_the_run() -> None:
    cadence = training().cadence
    assert (cadence.epoch, cadence.first, cadence.every, cadence.last) == (3, 3, 3, 6)
    assert not cadence.off_clock
    assert training().progress(3) == 1.0
    assert training(replace(TINY, eval_off_clock=True)).cadence.off_clock


def test_learning_rates_hold_up_to_and_including_their_boundary() -> None:
    """tf.train.piecewise_constant; the start weights' steps count."""
    full = replace(TINY, lr_rates=FULL.lr_rates, lr_boundaries=FULL.lr_boundaries)
    one = training(full)
    assert [one.rate(step) for step in (0, 128, 129, 10_000, 10_001, 20_001)] == [
        0.016,
        0.016,
        0.16,
        0.16,
        0.016,
        0.0016,
    ]
    assert training(full, first_step=129).rate(0) == 0.16


def test_kernels_and_scales_decay_and_nothing_else() -> None:
    decaying, others = training().optimizer.param_groups
    assert (decaying["weight_decay"], others["weight_decay"]) == (1e-4, 0.0)
    assert sorted(tuple(one.shape) for one in others["params"]) == [(1,), (4,), (4,), (4,), (4,), (10,)]
    assert len(decaying["params"]) == 5 + 3 + 3


def test_shuffled_labels_change_what_is_learnt_and_not_what_is_played() -> None:
    plain, dealt = training(), training(shuffled_labels=True)
    for one in (plain, dealt):
        one.begin_epoch(1)
    (mine,), (theirs,) = (one.state()["window"]["kept"] for one in (plain, dealt))
    assert torch.equal(mine[0], theirs[0])
    assert not torch.equal(mine[1], theirs[1])
    assert sorted(mine[2].tolist()) == sorted(theirs[2].tolist())


def test_two_processes_play_their_rooms_and_learn_from_all_games(monkeypatch: pytest.MonkeyPatch) -> None:
    """What each of them gathers is put together; the games are those of one process."""
    alone = training()
    alone.begin_epoch(1)
    both = [training(world=World(rank=rank, size=2)) for rank in range(2)]
    played: list[Mapping[int, list[Any]]] = []

    def remember(mine: Mapping[int, list[Any]], world: World) -> list[Mapping[int, list[Any]]]:
        played.append(mine)
        return [mine] * world.size

    monkeypatch.setattr(train, "share_buffers", lambda *_: None)
    monkeypatch.setattr(train, "gathered", remember)
    for one in both:
        one.begin_epoch(1)
    assert [sorted(mine) for mine in played] == [[0, 2], [1, 3]]
    monkeypatch.setattr(train, "gathered", lambda *_: played)
    for one in both:
        one.begin_epoch(1)
        for mine, theirs in zip(alone.state()["window"]["kept"][-1], one.state()["window"]["kept"][-1], strict=True):
            assert torch.equal(mine, theirs)


@pytest.mark.parametrize("number_format", [NumberFormat.BF16, NumberFormat.FP16])
def test_steps_compute_in_a_shorter_format(number_format: NumberFormat) -> None:
    one = training(number_format=number_format)
    one.begin_epoch(1)
    before = one.model.policy.weight.clone()
    assert torch.isfinite(one.step())
    assert one.model.policy.weight.dtype is torch.float32
    assert not torch.equal(one.model.policy.weight, before)


def test_a_network_that_learnt_is_saved_with_its_steps(tmp_path: Path) -> None:
    one = training(first_step=10)
    one.begin_epoch(1)
    one.step()
    one.save(tmp_path / "a.npz")
    _, step = weights.load(tmp_path / "a.npz", architecture_of(TINY))
    assert step == 11


# ------------------------------------------------------------------------------------------------ the benchmark


def test_the_mini_edition_builds_from_what_ships() -> None:
    setup = Setup(edition=Edition.MINI, seed=1, changed={"generations": "3"})
    BENCHMARK.prepare(setup)
    built = BENCHMARK.build(setup)
    assert built.cadence.last == 3 * MINI.steps_per_generation
    assert built.hyperparameters["actual_selfplay_games_per_generation"] == 24
    assert len(built.initial_weights) == 5 + 2 + 5 * 2 + 6 + 1
    assert built.open_data().evaluation == MINI.eval_games
    assert BENCHMARK.targets(Edition.MINI) == BENCHMARK.targets(Edition.FULL) == {"win_rate": 0.5}


def test_unknown_hyperparameters_are_refused_before_the_clock() -> None:
    for ask in (BENCHMARK.prepare, BENCHMARK.build):
        with pytest.raises(SettingsError, match="did you mean 'num_readouts'"):
            ask(Setup(edition=Edition.MINI, seed=1, changed={"readouts": "8"}))


def test_the_full_edition_asks_for_its_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        BENCHMARK.build(Setup(edition=Edition.FULL, seed=1, data=tmp_path))
    assert caught.value.problems == (f"{tmp_path}/start.npz: no such file", f"{tmp_path}/target.npz: no such file")


def test_weights_of_the_mini_edition_are_refused_by_the_full_one(tmp_path: Path) -> None:
    for name in ("start.npz", "target.npz"):
        weights.save(network(MINI, 1), 0, tmp_path / name)
    with pytest.raises(ModelError, match="does not hold the weights of this network"):
        BENCHMARK.build(Setup(edition=Edition.FULL, seed=1, data=tmp_path))


def test_a_changed_shipped_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from levelfield.training.benchmarks.minigo import weight_files

    for path in weight_files.SHIPPED.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "target.npz").write_bytes(b"easier")
    monkeypatch.setattr(weight_files, "SHIPPED", tmp_path)
    with pytest.raises(InputError, match="not the file that levelfield ships"):
        BENCHMARK.build(Setup(edition=Edition.MINI, seed=1))


# --------------------------------------------------------------------------------------------- the full edition


def full(tmp_path: Path, **changed: str) -> MinigoTraining:
    """The full network from random weights in files, with few and short games."""
    for seed, name in enumerate(("start.npz", "target.npz")):
        weights.save(network(FULL, seed), 0, tmp_path / name)
    few = {
        "actual_selfplay_games_per_generation": "2",
        "num_readouts": "4",
        "fastplay_readouts": "2",
        "move_limit": "5",
        "steps_per_generation": "1",
        "train_batch_size": "4",
        "eval_games": "2",
        "eval_readouts": "2",
        "generations": "1",
    }
    built = BENCHMARK.build(Setup(edition=Edition.FULL, seed=1, data=tmp_path, changed={**few, **changed}))
    assert isinstance(built, MinigoTraining)
    return built


def test_one_generation_of_the_full_edition_runs(tmp_path: Path) -> None:
    one = full(tmp_path)
    assert len(one.initial_weights) == 48
    before = copy.deepcopy(dict(one.model.state_dict()))
    losses, rates = driven(one)
    assert len(losses) == len(rates) == 1
    assert np.isfinite(losses[0])
    assert any(not torch.equal(before[name], tensor) for name, tensor in one.model.state_dict().items())
    assert one.cadence.off_clock


def test_loss_of_the_full_network_falls_on_a_fixed_batch(tmp_path: Path) -> None:
    """One batch of positions from its own games, 20 times."""
    one = full(tmp_path, steps_per_generation="20", lr_rates="0.02", lr_boundaries="", train_filter="1")
    one.begin_epoch(1)
    batch = one._window.batch(slice(0, 4))
    one._window.batch = lambda part: batch
    losses = [one.step().item() for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]


# ------------------------------------------------------------------------------ the mini edition, to its target


@pytest.mark.parametrize("shuffled", [False, True])
def test_long_mini_edition_reaches_its_target_unless_labels_are_shuffled(shuffled: bool) -> None:
    """Half a minute of one core, and over a minute for the control, which is trained to the end."""
    one = BENCHMARK.build(Setup(edition=Edition.MINI, seed=0, shuffled_labels=shuffled))
    reached = False
    for step in range(1, one.cadence.last + 1):
        if (step - 1) % one.cadence.epoch == 0:
            one.begin_epoch((step - 1) // one.cadence.epoch + 1)
        one.step()
        if one.cadence.evaluates_after(step) and 0.5 <= one.evaluate()["win_rate"] < 1:
            reached = True
            break
    assert reached is not shuffled
