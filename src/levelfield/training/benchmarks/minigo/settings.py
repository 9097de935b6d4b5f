"""Sizes and hyperparameters of both editions, under the names of the reference's flags, and how a user changes them.

The full values are those of ``ml_perf/flags/19`` and of the defaults that these leave alone (mlcommons/training at
4a4d5a0).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from levelfield.training.hyperparameters import by_log_name, own_names, read_settings, too_small, uneven
from levelfield.training.port import Edition, LogValue, Setup

__all__ = ["FULL", "MINI", "Settings", "settings_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an edition fixes. The names are those of the log."""

    board_size: int
    """Lines of the board."""
    komi: float
    """Points that White is given."""
    move_limit: int
    """A game that is not over after so many moves is scored as it stands."""

    conv_width: int
    """Channels of the trunk."""
    trunk_layers: int
    """Residual blocks."""
    fc_width: int
    """Hidden layer of the value head."""

    num_readouts: int
    """Positions that are read for one move."""
    fastplay_frequency: float
    """Share of moves with few readouts, which train nothing."""
    fastplay_readouts: int
    virtual_losses: int
    """Leaves of one tree that are judged together."""
    value_init_penalty: float
    """A move that was not tried counts as so much worse than its position."""
    dirichlet_alpha: float
    noise_mix: float
    """Share of the noise in the prior of the root."""
    target_pruning: bool
    """Whether visits that only the noise explains are taken off what is learnt from."""
    soft_pick_cutoff: int
    """In so many first moves one is drawn by visits; afterwards the most visited one is played."""
    policy_softmax_temp: float
    """Power of the visits when drawing."""
    allow_pass: bool
    """Whether passing is read where something else is legal."""
    restrict_pass_alive_play_threshold: int
    """After so many passes in a row of one colour, the other one no longer plays into settled regions."""
    min_resign_threshold: float
    max_resign_threshold: float
    """A game is resigned below a value that is drawn for it between the two; never at -1."""

    actual_selfplay_games_per_generation: int
    min_selfplay_games_per_generation: int
    """What the rules ask for."""
    selfplay_opening_moves: int
    """Random moves that a game begins with. None on the large board; on the small one every game would be Black's."""
    games_per_room: int
    """Games that are played side by side, their leaves judged together."""
    window_size: int
    """Generations whose games are learnt from."""
    train_filter: float
    """Share of the positions of the window that one generation learns from."""

    train_batch_size: int
    steps_per_generation: int
    lr_rates: tuple[float, ...]
    lr_boundaries: tuple[int, ...]
    """Each rate holds up to and including the step of its boundary; the last one from there on."""
    sgd_momentum: float
    l2_strength: float
    """On kernels and scales, not on biases and shifts."""
    value_cost_weight: float

    eval_games: int
    eval_readouts: int
    eval_opening_moves: int
    """Random moves that a pair of games with changed colours begins with."""
    eval_off_clock: bool
    """Whether all generations are trained before the first one is evaluated; then their clock stops."""
    generations: int
    """After so many a run is given up."""

    @property
    def logged(self) -> dict[str, LogValue]:
        """All of it, by its names, and what every log has."""
        own = by_log_name(self, own_names(Settings))
        return {**own, "global_batch_size": self.train_batch_size, "opt_name": "sgd"}


FULL = Settings(
    board_size=19,
    komi=7.5,
    move_limit=2 * 361,
    conv_width=64,
    trunk_layers=6,
    fc_width=64,
    num_readouts=800,
    fastplay_frequency=0.75,
    fastplay_readouts=80,
    virtual_losses=4,
    value_init_penalty=0.2,
    dirichlet_alpha=0.03,
    noise_mix=0.3,
    target_pruning=True,
    soft_pick_cutoff=30,
    policy_softmax_temp=0.98,
    allow_pass=True,
    restrict_pass_alive_play_threshold=4,
    min_resign_threshold=-1.0,
    max_resign_threshold=-0.9,
    actual_selfplay_games_per_generation=8192,
    min_selfplay_games_per_generation=8192,
    selfplay_opening_moves=0,
    games_per_room=32,
    window_size=5,
    train_filter=0.3,
    train_batch_size=4096,
    steps_per_generation=128,
    lr_rates=(0.016, 0.16, 0.016, 0.0016),
    lr_boundaries=(128, 10_000, 20_000),
    sgd_momentum=0.9,
    l2_strength=1e-4,
    value_cost_weight=0.5,
    eval_games=100,
    eval_readouts=100,
    eval_opening_moves=0,
    eval_off_clock=True,
    generations=100,
)

MINI = replace(
    FULL,
    board_size=6,
    komi=4.5,
    move_limit=72,
    conv_width=24,
    trunk_layers=2,
    fc_width=24,
    num_readouts=16,
    fastplay_frequency=0.0,
    fastplay_readouts=4,
    virtual_losses=2,
    dirichlet_alpha=0.3,
    soft_pick_cutoff=6,
    allow_pass=False,
    restrict_pass_alive_play_threshold=0,
    min_resign_threshold=-1.0,
    max_resign_threshold=-1.0,
    actual_selfplay_games_per_generation=24,
    min_selfplay_games_per_generation=24,
    selfplay_opening_moves=4,
    games_per_room=32,
    window_size=5,
    train_filter=1.0,
    train_batch_size=128,
    steps_per_generation=50,
    lr_rates=(0.05,),
    lr_boundaries=(),
    eval_games=64,
    eval_readouts=8,
    eval_opening_moves=4,
    eval_off_clock=False,
    generations=8,
)
"""0.3 is 0.03 times 361 / 36: as much noise for each point as on the large board."""

FIXED = frozenset({"board_size", "conv_width", "trunk_layers", "fc_width", "min_selfplay_games_per_generation"})
"""What makes the game, the network and the rules; another value would be another benchmark."""


def settings_of(setup: Setup) -> Settings:
    """The settings of a run: those of its edition, with what the user changed.

    Raises:
        SettingsError: A name is unknown, or a value cannot be read or cannot hold; all of them at once.
    """
    base = FULL if setup.edition is Edition.FULL else MINI
    if setup.batch_size is not None:
        base = replace(base, train_batch_size=setup.batch_size)
    return read_settings(
        Settings,
        base,
        setup.changed,
        names=own_names(Settings, without=FIXED),
        benchmark="minigo",
        check=lambda settings: _contradictions(settings, setup),
    )


_FROM_ONE = (
    "move_limit", "num_readouts", "fastplay_readouts", "virtual_losses", "actual_selfplay_games_per_generation",
    "games_per_room", "window_size", "steps_per_generation", "eval_games", "eval_readouts",
    "generations",
)  # fmt: skip
_FROM_ZERO = (
    "value_init_penalty", "soft_pick_cutoff", "restrict_pass_alive_play_threshold", "l2_strength", "value_cost_weight",
    "eval_opening_moves", "selfplay_opening_moves",
)  # fmt: skip
_SHARES = ("fastplay_frequency", "noise_mix")


def _contradictions(settings: Settings, setup: Setup) -> Iterator[str]:
    """What cannot hold in settings whose values are of the right kind."""
    for names, lowest in ((_FROM_ONE, 1), (_FROM_ZERO, 0)):
        yield from too_small({name: getattr(settings, name) for name in names}, lowest)
    if not math.isfinite(settings.komi):
        yield f"komi: found {settings.komi}, expected a finite number"
    for name in _SHARES:
        if not 0 <= getattr(settings, name) <= 1:
            yield f"{name}: found {getattr(settings, name)}, expected 0 to 1"
    if not 0 < settings.train_filter <= 1:
        yield f"train_filter: found {settings.train_filter}, expected more than 0 and at most 1"
    if not 0 <= settings.sgd_momentum < 1:
        yield f"sgd_momentum: found {settings.sgd_momentum}, expected 0 to less than 1"
    yield from too_small({name: getattr(settings, name) for name in ("dirichlet_alpha", "policy_softmax_temp")}, None)
    low, high = settings.min_resign_threshold, settings.max_resign_threshold
    if not -1 <= low <= high < 0:
        yield f"min_resign_threshold, max_resign_threshold: found {low} and {high}, expected -1 to less than 0, rising"
    rates, boundaries = settings.lr_rates, settings.lr_boundaries
    if not all(0 < rate < math.inf for rate in rates) or len(rates) != len(boundaries) + 1:
        yield (
            f"lr_rates, lr_boundaries: found {list(rates)} and {list(boundaries)}, "
            "expected rates above 0, one more than boundaries"
        )
    if any(low >= high for low, high in pairwise((-1, *boundaries))):
        yield f"lr_boundaries: found {list(boundaries)}, expected steps in rising order"
    batch = settings.train_batch_size
    yield from uneven("train_batch_size", batch, processes=setup.world.size)
    if setup.batch_size not in {None, batch}:
        yield f"train_batch_size: found {batch} beside a batch size of {setup.batch_size}"
