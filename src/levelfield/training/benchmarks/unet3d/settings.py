"""Sizes and hyperparameters of unet3d: full and mini, by batch size, under their names in the log.

Source: mlcommons/training at 4a4d5a0, image_segmentation/pytorch (``runtime/arguments.py``, ``run_and_time.sh``), and
the reference convergence points of the round (mlcommons/logging at beaf26d, training_1.1.0/rcps_unet3d.json).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from levelfield.training.hyperparameters import by_log_name, read_settings, too_small, uneven
from levelfield.training.port import Cadence, Edition, LogValue, Setup
from levelfield.training.readers import default_readers
from levelfield.workloads.medical_segmentation.filters import FULL_FILTERS, MINI_FILTERS

__all__ = ["FULL", "MINI", "MINI_TARGET", "Settings", "settings_of"]

MINI_TARGET = 0.8
"""Of the phantoms. Who knows the solids exactly reaches 0.908 on them; see the README for what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One edition of the benchmark at one batch size."""

    filters: tuple[int, ...]
    """Of each level of the network."""
    batch_size: int
    """Patches of one step over all processes."""
    accumulation: int = 1
    """Parts that a process computes its share of a batch in, to save memory."""
    learning_rate: float
    first_learning_rate: float = 1e-4
    """What the warm-up rises from."""
    momentum: float = 0.9
    weight_decay: float = 0.0
    warmup_epochs: int
    """The rate is constant within an epoch."""
    boundaries: tuple[int, ...] = ()
    """After these epochs the rate is multiplied by ``factor``."""
    factor: float = 1.0
    oversampling: float = 0.4
    """Share of the patches that hold a piece of kidney or tumour for certain."""
    patch: tuple[int, ...]
    """Edges of a patch in training: depth, height, width."""
    window: int
    """Edge of the sliding windows in evaluation."""
    overlap: float = 0.5
    """Of a window with the next."""
    train_samples: int
    """Cases; fewer are for trying something out on a part of the data."""
    eval_samples: int
    first_evaluation: int
    """After so many passes over the training cases, dropped ones included."""
    evaluation_every: int
    last: int
    readers: int
    """Processes that read and augment ahead of the training; 0 for none."""

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches; what is left over is dropped, anew in every epoch."""
        return self.train_samples // self.batch_size

    @property
    def cadence(self) -> Cadence:
        """Evaluations at ceil(1000 * cases / S), then every ceil(20 * cases / S) epochs of S patches (README)."""
        epoch = self.steps_per_epoch
        whole = self.train_samples / (epoch * self.batch_size)
        first, every, last = (
            epoch * math.ceil(count * whole) for count in (self.first_evaluation, self.evaluation_every, self.last)
        )
        return Cadence(epoch=epoch, first=first, every=every, last=last)

    @property
    def logged(self) -> Mapping[str, LogValue]:
        """What the log must say (compliance_checker/training_1.1.0/closed_unet3d.yaml)."""
        return {
            "opt_name": "sgd",
            **by_log_name(self, _NAMES, without=_NOT_LOGGED),
            "validation_input_shape": [self.window] * 3,
            "validation_overlap": self.overlap,
        }


FULL = Settings(
    filters=FULL_FILTERS,
    batch_size=2,
    learning_rate=0.8,
    warmup_epochs=200,
    patch=(128, 128, 128),
    window=128,
    train_samples=168,
    eval_samples=42,
    first_evaluation=1000,
    evaluation_every=20,
    last=10_000,
    readers=default_readers(),
)
MINI = Settings(
    filters=MINI_FILTERS,
    batch_size=8,
    learning_rate=0.2,
    warmup_epochs=2,
    patch=(16, 16, 16),
    window=16,
    train_samples=256,
    eval_samples=64,
    first_evaluation=4,
    evaluation_every=1,
    last=12,
    readers=0,
)

_BY_BATCH: Mapping[int, tuple[float, int]] = {
    2: (0.8, 200),
    32: (4.0, 1000),
    56: (2.0, 1000),
    80: (1.5, 1000),
    84: (1.5, 1500),
}
"""Learning rate and epochs of warm-up of the reference convergence points."""

_NAMES: Mapping[str, str] = {
    "global_batch_size": "batch_size",
    "gradient_accumulation_steps": "accumulation",
    "opt_base_learning_rate": "learning_rate",
    "opt_initial_learning_rate": "first_learning_rate",
    "opt_momentum": "momentum",
    "opt_weight_decay": "weight_decay",
    "opt_learning_rate_warmup_epochs": "warmup_epochs",
    "opt_learning_rate_decay_boundary_epochs": "boundaries",
    "opt_learning_rate_decay_factor": "factor",
    "oversampling": "oversampling",
    "training_input_shape": "patch",
    "train_samples": "train_samples",
    "eval_samples": "eval_samples",
    "data_readers": "readers",
}
"""What may be changed; the window of the evaluation may not, because the quality would be another one."""
_NOT_LOGGED = {"train_samples", "eval_samples", "data_readers"}
"""The first two are in the log as what was found; the third changes nothing that is learnt."""


def settings_of(setup: Setup) -> Settings:
    """What a run is made with.

    A full batch takes the learning rate and warm-up of the largest reference point that is not above it.

    Raises:
        SettingsError: Names that are unknown, values that cannot be read or cannot be; all at once.
    """
    base = MINI if setup.edition is Edition.MINI else FULL
    if setup.batch_size is not None:
        base = replace(base, batch_size=setup.batch_size)
    if setup.edition is Edition.FULL:
        below = [size for size in _BY_BATCH if size <= base.batch_size]
        rate, warmup = _BY_BATCH[max(below, default=min(_BY_BATCH))]
        base = replace(base, learning_rate=rate, warmup_epochs=warmup)
    processes = setup.world.size
    return read_settings(
        Settings,
        base,
        setup.changed,
        names=_NAMES,
        benchmark="unet3d",
        check=lambda settings: _problems(settings, processes),
    )


def _problems(settings: Settings, processes: int) -> list[str]:
    step = 2 ** (len(settings.filters) - 1)
    edges = settings.patch
    rules = {
        f"global_batch_size: found {settings.batch_size}, expected 1 to {settings.train_samples}, the training cases": (
            settings.batch_size <= settings.train_samples
        ),
        f"training_input_shape: found {list(edges)}, expected three multiples of {step} from {2 * step} on": (
            len(edges) == 3 and all(edge % step == 0 and edge >= 2 * step for edge in edges)
        ),
        f"oversampling: found {settings.oversampling}, expected 0 to 1": 0 <= settings.oversampling <= 1,
        f"opt_momentum: found {settings.momentum}, expected above 0 and below 1": 0 < settings.momentum < 1,
        f"opt_learning_rate_decay_boundary_epochs: found {list(settings.boundaries)}, expected rising numbers": (
            list(settings.boundaries) == sorted(set(settings.boundaries))
        ),
    }
    from_one = {"gradient_accumulation_steps": settings.accumulation, "eval_samples": settings.eval_samples}
    from_zero = {
        "opt_learning_rate_warmup_epochs": settings.warmup_epochs,
        "data_readers": settings.readers,
        "opt_base_learning_rate": settings.learning_rate,
        "opt_initial_learning_rate": settings.first_learning_rate,
        "opt_weight_decay": settings.weight_decay,
        "opt_learning_rate_decay_factor": settings.factor,
    }
    shares = uneven("global_batch_size", settings.batch_size, processes=processes, parts=settings.accumulation)
    problems = [*shares, *(problem for problem, holds in rules.items() if not holds)]
    return [*problems, *too_small(from_one, 1), *too_small(from_zero, 0)]
