"""Sizes and hyperparameters of rnnt: full and mini, by batch size, under their names in the log.

Source: mlcommons/training at 4a4d5a0, rnn_speech_recognition/pytorch (``scripts/train.sh``, ``train.py``,
``configs/baseline_v3-1023sp.yaml``), and the reference convergence points of the round (mlcommons/logging at beaf26d,
training_1.1.0/rcps_rnnt.json).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from levelfield.training.hyperparameters import by_log_name, read_settings, too_small, uneven
from levelfield.training.port import Cadence, Edition, LogValue, Setup
from levelfield.training.readers import default_readers
from levelfield.workloads.speech_recognition.sizes import MINI as MINI_SIZES
from levelfield.workloads.speech_recognition.sizes import TRAINING, Sizes

__all__ = ["FULL", "MINI", "MINI_TARGET", "Settings", "settings_of"]

MINI_TARGET = 0.2
"""Word error rate on the generated utterances; see the README for what can be reached and what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One edition of the benchmark at one batch size."""

    sizes: Sizes
    batch_size: int
    """Utterances of one step over all processes."""
    accumulation: int = 1
    """Parts that a process computes its share of a batch in: the joint network's scores fill the memory."""
    learning_rate: float
    warmup_epochs: int = 6
    hold_epochs: int
    decay: float
    """Factor to the rate in each epoch after that."""
    least_learning_rate: float = 1e-5
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-9
    weight_decay: float = 1e-3
    clip_norm: float = 1.0
    """Of all gradients together; ``inf`` for none."""
    ema: float = 0.999
    """What the averaged weights keep of themselves in each step; these are evaluated."""
    lstm_scale: float = 0.5
    """What the first weights of LSTMs are multiplied by."""
    buckets: int = 6
    """Groups of like length, within which the order is dealt."""
    longest_s: float = 16.7
    """Longer utterances are not trained on."""
    slowest: float = 0.85
    """Least factor to the sampling rate."""
    fastest: float = 1.15
    frequency_masks: int = 2
    frequency_least: int = 0
    """Bands of a mask."""
    frequency_most: int = 20
    time_masks: int = 10
    time_least: int = 0
    """Frames of a mask."""
    time_most: float = 0.03
    """Of an utterance, below 1 a share of its frames."""
    symbols_per_step: int = 30
    """Labels that may come out of one step of the encoder, in evaluation."""
    most_symbols: int = 300
    """An utterance that has more is not listened to any further."""
    train_samples: int
    """Utterances at least; fewer are for trying something out on a part of the data."""
    eval_samples: int
    epochs: int
    """After which a run is given up."""
    eval_batch: int
    readers: int
    """Processes that read and augment ahead of the training; 0 for none."""

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches; what is left over is dropped, anew in every epoch."""
        return self.train_samples // self.batch_size

    @property
    def cadence(self) -> Cadence:
        """An evaluation after every epoch."""
        epoch = self.steps_per_epoch
        return Cadence(epoch=epoch, first=epoch, every=epoch, last=epoch * self.epochs)

    @property
    def logged(self) -> Mapping[str, LogValue]:
        """What the log must say (compliance_checker/training_1.1.0/closed_rnnt.yaml), misspelt names included."""
        values = by_log_name(self, _NAMES, without=_NOT_LOGGED)
        if math.isinf(self.clip_norm):
            values["opt_gradient_clip_norm"] = "inf"
        return {
            "opt_name": "lamb",
            **values,
            "opt_learning_rate_alt_decay_func": True,
            "opt_learning_rate_alt_warmup_func": True,
        }


FULL = Settings(
    sizes=TRAINING,
    batch_size=1024,
    learning_rate=0.004,
    hold_epochs=40,
    decay=0.935,
    # Logs of the round have this number at batch sizes from 512 to 2,048, so there are 0 to 511 more that are dropped.
    train_samples=278_528,
    eval_samples=2703,
    epochs=100,
    eval_batch=2,
    readers=default_readers(),
)
MINI = Settings(
    sizes=MINI_SIZES,
    batch_size=16,
    learning_rate=0.025,
    warmup_epochs=1,
    hold_epochs=1,
    decay=0.5,
    ema=0.95,
    lstm_scale=1.0,
    slowest=1.0,
    fastest=1.0,
    frequency_most=8,
    time_masks=3,
    train_samples=2048,
    eval_samples=300,
    epochs=8,
    eval_batch=100,
    readers=0,
)

_BY_BATCH: Mapping[int, Mapping[str, float]] = {
    1024: {},
    2048: {"learning_rate": 0.007, "hold_epochs": 33, "decay": 0.939, "ema": 0.995},
    3072: {
        "learning_rate": 0.009,
        "warmup_epochs": 9,
        "decay": 0.94,
        "beta_2": 0.995,
        "ema": 0.985,
        "lstm_scale": 0.35,
    },
    6144: {
        "learning_rate": 0.014,
        "warmup_epochs": 16,
        "decay": 0.97,
        "beta_1": 0.82,
        "beta_2": 0.98,
        "ema": 0.96,
        "epochs": 150,
    },
}
"""How the reference convergence points differ from that of 1,024. One of 6,144 took 117 epochs, so 100 is too few."""

_NAMES: Mapping[str, str] = {
    "global_batch_size": "batch_size",
    "gradient_accumulation_steps": "accumulation",
    "opt_base_learning_rate": "learning_rate",
    "opt_learning_rate_warmup_epochs": "warmup_epochs",
    "opt_lamb_learning_rate_hold_epochs": "hold_epochs",
    "opt_lamb_learning_rate_decay_poly_power": "decay",
    "opt_lamb_learning_rate_min": "least_learning_rate",
    "opt_lamb_beta_1": "beta_1",
    "opt_lamb_beta_2": "beta_2",
    "opt_lamb_epsilon": "epsilon",
    "opt_weight_decay": "weight_decay",
    "opt_gradient_clip_norm": "clip_norm",
    "model_eval_ema_factor": "ema",
    "model_weights_initialization_scale": "lstm_scale",
    "data_train_num_buckets": "buckets",
    "data_train_max_duration": "longest_s",
    "data_speed_perturbaton_min": "slowest",
    "data_speed_perturbaton_max": "fastest",
    "data_spec_augment_freq_n": "frequency_masks",
    "data_spec_augment_freq_min": "frequency_least",
    "data_spec_augment_freq_max": "frequency_most",
    "data_spec_augment_time_n": "time_masks",
    "data_spec_augment_time_min": "time_least",
    "data_spec_augment_time_max": "time_most",
    "eval_max_prediction_symbols": "most_symbols",
    "train_samples": "train_samples",
    "eval_samples": "eval_samples",
    "epochs": "epochs",
    "eval_batch_size": "eval_batch",
    "data_readers": "readers",
}
_NOT_LOGGED = {"train_samples", "eval_samples", "epochs", "eval_batch_size", "data_readers"}
"""The first two are in the log as what was found; the others change nothing that is learnt."""


def settings_of(setup: Setup) -> Settings:
    """What a run is made with.

    A full batch takes the values of the largest reference point that is not above it.

    Raises:
        SettingsError: Names that are unknown, values that cannot be read or cannot be; all at once.
    """
    base = MINI if setup.edition is Edition.MINI else FULL
    if setup.batch_size is not None:
        base = replace(base, batch_size=setup.batch_size)
    if setup.edition is Edition.FULL:
        below = [size for size in _BY_BATCH if size <= base.batch_size]
        base = replace(base, **_BY_BATCH[max(below, default=min(_BY_BATCH))])  # type: ignore[arg-type]
    processes = setup.world.size
    return read_settings(
        Settings,
        base,
        setup.changed,
        names=_NAMES,
        benchmark="rnnt",
        check=lambda settings: _problems(settings, processes),
    )


def _problems(settings: Settings, processes: int) -> list[str]:
    rules = {
        f"global_batch_size: found {settings.batch_size}, expected 1 to {settings.train_samples}, the training "
        "utterances": settings.batch_size <= settings.train_samples,
        f"opt_gradient_clip_norm: found {settings.clip_norm}, expected above 0": settings.clip_norm > 0,
        f"data_speed_perturbaton_min, _max: found {settings.slowest} and {settings.fastest}, expected 0.5 to 2 and "
        "in this order": 0.5 <= settings.slowest <= settings.fastest <= 2,
        f"data_spec_augment_freq_min, _max: found {settings.frequency_least} and {settings.frequency_most}, "
        "expected 0 to 80 and in this order": 0 <= settings.frequency_least <= settings.frequency_most <= 80,
        f"data_spec_augment_time_min, _max: found {settings.time_least} and {settings.time_most}, expected 0 or more, "
        "and a share below 1 or whole frames": settings.time_least >= 0
        and (0 <= settings.time_most < 1 or settings.time_most.is_integer()),
    }
    shares = uneven("global_batch_size", settings.batch_size, processes=processes, parts=settings.accumulation)
    problems = [*shares, *(problem for problem, holds in rules.items() if not holds)]
    for name, field in _NAMES.items():
        if field not in {"batch_size", "clip_norm"}:
            problems += too_small({name: getattr(settings, field)}, 1 if field in _FROM_ONE else 0)
    below_one = (
        ("opt_lamb_beta_1", settings.beta_1),
        ("opt_lamb_beta_2", settings.beta_2),
        ("model_eval_ema_factor", settings.ema),
    )
    return problems + [f"{name}: found {value}, expected below 1" for name, value in below_one if value >= 1]


_FROM_ONE = {
    "accumulation",
    "buckets",
    "most_symbols",
    "train_samples",
    "eval_samples",
    "epochs",
    "eval_batch",
}
