"""The sizes and hyperparameters of DLRM, full and mini, by batch size.

The full edition's are those of the reference convergence points (mlcommons/logging at beaf26d,
``rcp_checker/training_1.1.0/rcps_dlrm.json``) and of the reference (facebookresearch/dlrm at 6d75c84,
``bench/run_and_time.sh``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from levelfield.training.hyperparameters import by_log_name, own_names, read_settings, too_small
from levelfield.training.port import Cadence, Edition, LogValue, Setup

__all__ = ["MINI_TARGET", "Settings", "settings_of"]

OFFICIAL_TRAIN_PAIRS = 4_195_197_692
"""Rows of the days 0 to 22 (mlcommons/training, recommendation_v2/torchrec_dlrm, rows of each day)."""
OFFICIAL_TEST_PAIRS = 89_137_319
"""The first half of day 23, the middle row included."""
OFFICIAL_MAX_ROWS = 40_000_000
MINI_TRAIN_PAIRS, MINI_TEST_PAIRS = 256_000, 100_000
MINI_TARGET = 0.8025
"""The official one; a test holds that it is .03 or more below the best possible area of the generated data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run is made with; a field is a name of the log."""

    global_batch_size: int
    opt_base_learning_rate: float
    """Also logged as ``sgd_opt_base_learning_rate``."""
    opt_learning_rate_warmup_steps: int
    """Steps in which the rate rises to the base."""
    lr_decay_start_steps: int
    sgd_opt_learning_rate_decay_steps: int
    """Steps in which the rate falls to 0; the run ends there."""
    sgd_opt_learning_rate_decay_poly_power: int = 2
    gradient_accumulation_steps: int = 1
    max_ind_range: int = OFFICIAL_MAX_ROWS
    """The most rows of a table; categories are taken modulo this. A smaller number fits a smaller machine."""
    train_samples: int = OFFICIAL_TRAIN_PAIRS
    """Pairs to learn from: the data must have them."""
    eval_samples: int = OFFICIAL_TEST_PAIRS
    evaluations_per_epoch: int = 20

    @property
    def epoch_steps(self) -> int:
        """Batches of an epoch, a short last one included."""
        return math.ceil(self.train_samples / self.global_batch_size)

    @property
    def cadence(self) -> Cadence:
        """An evaluation after each twentieth of an epoch (training_rules.adoc: 102,400 batches of the reference)."""
        every = max(1, self.epoch_steps // self.evaluations_per_epoch)
        last = self.lr_decay_start_steps + self.sgd_opt_learning_rate_decay_steps
        return Cadence(epoch=self.epoch_steps, first=every, every=every, last=last)

    def problems(self) -> Iterator[str]:
        """What cannot be."""
        at_least_one = ("global_batch_size", "gradient_accumulation_steps", "max_ind_range", "train_samples")
        yield from too_small({name: getattr(self, name) for name in at_least_one}, 1)
        yield from too_small({"eval_samples": self.eval_samples}, 2)
        yield from too_small({"opt_base_learning_rate": self.opt_base_learning_rate}, None)
        if not 0 <= self.opt_learning_rate_warmup_steps <= self.lr_decay_start_steps:
            found = f"{self.opt_learning_rate_warmup_steps}, expected 0 to lr_decay_start_steps"
            yield f"opt_learning_rate_warmup_steps: found {found} ({self.lr_decay_start_steps})"
        if self.sgd_opt_learning_rate_decay_steps < 1:
            found = f"{self.sgd_opt_learning_rate_decay_steps}, expected 1 or more"
            yield f"sgd_opt_learning_rate_decay_steps: found {found}"
        if self.sgd_opt_learning_rate_decay_poly_power < 1:
            found = f"{self.sgd_opt_learning_rate_decay_poly_power}, expected 1 or more (closed: 2)"
            yield f"sgd_opt_learning_rate_decay_poly_power: found {found}"
        if self.global_batch_size >= 1 and not 1 <= self.evaluations_per_epoch <= self.epoch_steps:
            yield f"evaluations_per_epoch: found {self.evaluations_per_epoch}, expected 1 to {self.epoch_steps} steps"

    @property
    def logged(self) -> dict[str, LogValue]:
        """By the names of closed_dlrm.yaml, and what differs from the reference."""
        own = by_log_name(self, own_names(Settings), without=_NOT_LOGGED)
        return {**own, "opt_name": "sgd", "sgd_opt_base_learning_rate": self.opt_base_learning_rate}


_NOT_LOGGED = {"train_samples", "eval_samples", "evaluations_per_epoch"}
"""The first two are in the log as what was found, the third as the cadence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """The schedule of a reference convergence point."""

    rate: float
    warmup: int
    decay_start: int
    decay: int


_POINTS = {
    32_768: _Point(rate=18, warmup=8_000, decay_start=70_000, decay=30_000),
    55_296: _Point(rate=24, warmup=2_750, decay_start=49_315, decay=27_772),
    71_680: _Point(rate=26, warmup=2_500, decay_start=46_821, decay=15_406),
}
_DEFAULT_BATCH = 32_768
MINI_BATCH = 256
_MINI_EPOCHS = 4


def settings_of(setup: Setup) -> Settings:
    """The settings of a run.

    Raises:
        SettingsError: Something that was changed is unknown or impossible.
    """
    match setup.edition:
        case Edition.FULL:
            defaults, why = _full(setup.batch_size)
        case Edition.MINI:
            defaults, why = _mini(MINI_BATCH if setup.batch_size is None else setup.batch_size), ""
    return read_settings(
        Settings,
        defaults,
        setup.changed,
        names={**own_names(Settings), "sgd_opt_base_learning_rate": "opt_base_learning_rate"},
        benchmark="dlrm",
        check=Settings.problems,
        without_defaults=why,
    )


def _full(batch_size: int | None) -> tuple[Mapping[str, int | float], str]:
    batch = _DEFAULT_BATCH if batch_size is None else batch_size
    point = _POINTS.get(batch)
    if point is None:
        known = ", ".join(map(str, _POINTS))
        return {"global_batch_size": batch}, f"there are reference points for the batch sizes {known}"
    return {
        "global_batch_size": batch,
        "opt_base_learning_rate": point.rate,
        "opt_learning_rate_warmup_steps": point.warmup,
        "lr_decay_start_steps": point.decay_start,
        "sgd_opt_learning_rate_decay_steps": point.decay,
    }, ""


def _mini(batch: int) -> Mapping[str, int | float]:
    """Steps for some epochs, the rate falling over the last half; it grows with the batch, as gradients are means."""
    steps = _MINI_EPOCHS * math.ceil(MINI_TRAIN_PAIRS / max(batch, 1))
    return {
        "global_batch_size": batch,
        "opt_base_learning_rate": 2.0 * batch / MINI_BATCH,
        "opt_learning_rate_warmup_steps": min(300, steps // 4),
        "lr_decay_start_steps": steps // 2,
        "sgd_opt_learning_rate_decay_steps": max(1, steps - steps // 2),
        "max_ind_range": 1_000,
        "train_samples": MINI_TRAIN_PAIRS,
        "eval_samples": MINI_TEST_PAIRS,
        "evaluations_per_epoch": 5,
    }
