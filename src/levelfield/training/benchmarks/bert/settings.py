"""The sizes and hyperparameters of BERT, full and mini, by batch size.

The full edition's are those of the reference convergence points (mlcommons/logging at beaf26d,
``rcp_checker/training_1.1.0/rcps_bert.json``) and of the reference (mlcommons/training at 4a4d5a0,
``language_model/tensorflow/bert``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from levelfield.training.hyperparameters import by_log_name, own_names, read_settings, too_small
from levelfield.training.port import Cadence, Edition, LogValue, Setup

__all__ = ["MINI_TARGET", "Settings", "evaluation_interval", "settings_of"]

OFFICIAL_TRAIN_SAMPLES = 156_725_653
"""Examples of the 500 parts, each sentence pair with ten different masks."""
OFFICIAL_EVAL_SAMPLES = 10_000
MINI_TARGET = 0.72
"""The official one; a test holds that it is far below what the grammar allows and far above what words alone give."""
MINI_TRAIN_PAIRS, MINI_EVAL_PAIRS = 8_000, 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run is made with; a field is a name of the log."""

    global_batch_size: int
    opt_base_learning_rate: float
    opt_learning_rate_training_steps: int
    """Steps until the rate is 0; the run ends there."""
    num_warmup_steps: int = 0
    """Also logged as ``opt_learning_rate_warmup_steps``."""
    start_warmup_step: int = 0
    """Where the warm-up counts from; below 0 the first rate is above 0."""
    opt_epsilon: float = 1e-6
    opt_lamb_beta_1: float = 0.9
    opt_lamb_beta_2: float = 0.999
    opt_lamb_weight_decay_rate: float = 0.01
    opt_gradient_clip_norm: float = 1.0
    """Of all gradients together, after they were averaged (allowed in v1.1 beside clipping in each process)."""
    gradient_accumulation_steps: int = 1
    """Parts into which a process cuts its share of a batch, so that one of them fits its memory."""
    max_sequence_length: int = 512
    max_predictions_per_seq: int = 76
    train_samples: int = OFFICIAL_TRAIN_SAMPLES
    """Examples of an epoch."""
    eval_samples: int = OFFICIAL_EVAL_SAMPLES
    eval_interval_samples: int
    """Examples from one evaluation to the next, before it is rounded up to whole batches."""

    @property
    def epoch_steps(self) -> int:
        """Whole batches of an epoch."""
        return self.train_samples // self.global_batch_size

    @property
    def cadence(self) -> Cadence:
        """An evaluation whenever the interval is full, beginning after the first one."""
        every = math.ceil(self.eval_interval_samples / self.global_batch_size)
        return Cadence(epoch=self.epoch_steps, first=every, every=every, last=self.opt_learning_rate_training_steps)

    def problems(self) -> Iterator[str]:
        """What cannot be."""
        at_least_one = (
            "global_batch_size",
            "opt_learning_rate_training_steps",
            "gradient_accumulation_steps",
            "max_predictions_per_seq",
            "eval_samples",
            "eval_interval_samples",
        )
        yield from too_small({name: getattr(self, name) for name in at_least_one}, 1)
        yield from too_small({name: getattr(self, name) for name in ("opt_base_learning_rate", "opt_epsilon")}, None)
        if self.opt_gradient_clip_norm <= 0:  # infinity clips nothing
            yield f"opt_gradient_clip_norm: found {self.opt_gradient_clip_norm}, expected a number above 0"
        for name in ("opt_lamb_beta_1", "opt_lamb_beta_2"):
            if not 0 <= getattr(self, name) < 1:
                yield f"{name}: found {getattr(self, name)}, expected 0 or more and below 1"
        from_zero = ("opt_lamb_weight_decay_rate", "num_warmup_steps")
        yield from too_small({name: getattr(self, name) for name in from_zero}, 0)
        if self.start_warmup_step > 0:
            yield f"start_warmup_step: found {self.start_warmup_step}, expected 0 or less"
        yield from too_small({"max_sequence_length": self.max_sequence_length}, 5)
        if self.train_samples < self.global_batch_size:
            yield f"train_samples: found {self.train_samples}, expected a batch or more ({self.global_batch_size})"

    @property
    def logged(self) -> dict[str, LogValue]:
        """By the names of closed_bert.yaml and of the reference's log."""
        own = by_log_name(self, own_names(Settings), without=_NOT_LOGGED)
        return {**own, "opt_name": "lamb", "opt_learning_rate_warmup_steps": self.num_warmup_steps}


_NOT_LOGGED = {"train_samples", "eval_samples", "eval_interval_samples"}
"""The first two are in the log as what was found, the third as the cadence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """The schedule and optimizer of a reference convergence point."""

    rate: float
    steps: int
    warmup: int = 0
    start: int = 0
    betas: tuple[float, float] = (0.9, 0.999)
    decay: float = 0.01


_POINTS = {
    256: _Point(rate=0.00035, steps=13_700),
    448: _Point(rate=0.0004, steps=8_103),
    1_536: _Point(rate=0.002, steps=2_254, betas=(0.66, 0.996)),
    3_072: _Point(rate=0.002, steps=1_141, warmup=100, betas=(0.66, 0.998)),
    4_096: _Point(rate=0.0024, steps=855, betas=(0.66, 0.998)),
    6_144: _Point(rate=0.0029293, steps=700, start=-700, betas=(0.7206, 0.78921), decay=0.001),
    6_912: _Point(rate=0.0029293, steps=700, start=-700, betas=(0.7206, 0.78921), decay=0.001),
    8_192: _Point(rate=0.00288293, steps=600, warmup=287, start=-76, betas=(0.88, 0.88), decay=0.0166629),
    8_704: _Point(rate=0.002971656225, steps=600, warmup=287, start=-76, betas=(0.88, 0.88), decay=0.0166629),
    12_288: _Point(rate=0.0031, steps=500, warmup=300, start=-100, betas=(0.8, 0.925), decay=0.0166629),
    13_056: _Point(rate=0.00319540686, steps=500, warmup=300, start=-100, betas=(0.8, 0.925), decay=0.0166629),
}
_DEFAULT_BATCH = 448
MINI_BATCH = 64
_MINI_RATE, _MINI_EPOCHS, _MINI_WARMUP = 0.01, 8, 60
_MINI_INTERVAL = 4_000


def evaluation_interval(batch_size: int) -> int:
    """Samples from one evaluation to the next (training_rules.adoc and the reference's README, "Stopping criteria")."""
    # In whole numbers: 0.05 · (230.23 · b + 3,000,000) = (23,023 · b + 300,000,000) / 2,000.
    return (23_023 * batch_size + 300_000_000) // 2_000 // 25_000 * 25_000


def settings_of(setup: Setup) -> Settings:
    """The settings of a run.

    Raises:
        SettingsError: Something that was changed is unknown or impossible.
    """
    match setup.edition:
        case Edition.FULL:
            defaults, why = _full(_DEFAULT_BATCH if setup.batch_size is None else setup.batch_size)
        case Edition.MINI:
            defaults, why = _mini(MINI_BATCH if setup.batch_size is None else setup.batch_size), ""
    return read_settings(
        Settings,
        defaults,
        setup.changed,
        names={**own_names(Settings), "opt_learning_rate_warmup_steps": "num_warmup_steps"},
        benchmark="bert",
        check=Settings.problems,
        without_defaults=why,
    )


def _full(batch: int) -> tuple[Mapping[str, int | float], str]:
    shared = {"global_batch_size": batch, "eval_interval_samples": evaluation_interval(batch)}
    point = _POINTS.get(batch)
    if point is None:
        return shared, f"there are reference points for the batch sizes {', '.join(map(str, _POINTS))}"
    return {
        **shared,
        "opt_base_learning_rate": point.rate,
        "opt_learning_rate_training_steps": point.steps,
        "num_warmup_steps": point.warmup,
        "start_warmup_step": point.start,
        "opt_lamb_beta_1": point.betas[0],
        "opt_lamb_beta_2": point.betas[1],
        "opt_lamb_weight_decay_rate": point.decay,
    }, ""


def _mini(batch: int) -> Mapping[str, int | float]:
    """Eight epochs; the rate grows with the root of the batch, as is usual for LAMB."""
    per_epoch = max(1, MINI_TRAIN_PAIRS // max(1, batch))
    return {
        "global_batch_size": batch,
        "opt_base_learning_rate": _MINI_RATE * math.sqrt(max(0, batch) / MINI_BATCH),
        "opt_learning_rate_training_steps": _MINI_EPOCHS * per_epoch,
        "num_warmup_steps": min(_MINI_WARMUP, per_epoch),
        "opt_lamb_beta_2": 0.98,
        "max_sequence_length": 32,
        "max_predictions_per_seq": 5,
        "train_samples": MINI_TRAIN_PAIRS,
        "eval_samples": MINI_EVAL_PAIRS,
        "eval_interval_samples": _MINI_INTERVAL,
    }
