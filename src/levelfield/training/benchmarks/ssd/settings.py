"""Sizes and hyperparameters of both editions of SSD, and what a user may change of them.

Sources: mlcommons/training at 4a4d5a0, single_stage_detector/ssd (``train.py``: ``parse_args``, ``dboxes300_coco``,
``lr_warmup``); training_rules.adoc v1.1, "Hyperparameters"; reference convergence points 1.1.0 for what fits a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from levelfield.training.hyperparameters import by_log_name, not_rising, read_settings, too_small, uneven
from levelfield.training.port import Edition, LogValue, Setup
from levelfield.workloads.object_detection.network import RESNET

__all__ = ["FULL", "MINI", "MINI_DESIGN", "Settings", "Suppression", "settings_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Which of a picture's boxes are its detections."""

    least_score: float
    most_overlap: float
    """With a better box of the class."""
    most_candidates: int
    """The best of a class."""
    most_kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run."""

    batch_size: int
    base_learning_rate: float
    warmup_steps: int
    warmup_factor: int
    """The first step has the base less the base over two to this power; 0 starts from nothing."""
    decay_epochs: tuple[int, int]
    """After so many epochs the learning rate is a tenth of what it was."""
    weight_decay: float
    momentum: float
    crop_tries: int
    """For each kind of crop (``max_samples``); 0: pictures are mirrored only."""
    suppression: Suppression
    size: int
    """Height and width of what the network sees."""
    classes: int
    """Without the background."""
    train_samples: int
    eval_samples: int
    eval_batch: int
    eval_epochs: int
    last_epoch: int
    bn_span: int
    """Samples that are normalised together: those of one process."""

    @property
    def epoch_steps(self) -> int:
        """Steps of one epoch; the last batch is filled up."""
        return -(-self.train_samples // self.batch_size)

    def learning_rate(self, step: int) -> float:
        """Of a step; the first is 1."""
        done = step - 1
        rate = self.base_learning_rate * 0.1 ** sum(done // self.epoch_steps >= epoch for epoch in self.decay_epochs)
        if done < self.warmup_steps:
            rate -= (self.warmup_steps - done) * rate / (self.warmup_steps * 2**self.warmup_factor)
        return rate

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """What the full edition's weights are called in the rules (closed_ssd.yaml), which follow another framework."""

        def normed(place: str, number: int) -> list[str]:
            names = f"{place}conv{number}_weight", *(f"{place}batchnorm{number}_{part}" for part in ("gamma", "beta"))
            return [f"ssd0_resnetmlperf0_{name}" for name in names]

        def plain(name: str) -> list[str]:
            return [f"ssd0_{name}_{part}" for part in ("weight", "bias")]

        backbone = [normed("", 0)]
        backbone += [normed(f"stage{stage}_", i) for stage, count in ((1, 6), (2, 9), (3, 13)) for i in range(count)]
        between = [plain(f"{name}{i}") for i in range(5) for name in ("expand_trans_conv", "expand_conv")]
        heads = [plain(f"convpredictor{i}_conv0") for i in range(6)]
        return tuple(name for names in (*backbone, *between, *heads) for name in names)

    @property
    def logged(self) -> Mapping[str, LogValue]:
        """As the log names them."""
        return {
            "global_batch_size": self.batch_size,
            "opt_name": "sgd",
            **by_log_name(self, _NAMES, without=_NOT_LOGGED),
            "model_bn_span": self.bn_span,
        }


FULL = Settings(
    batch_size=32,
    base_learning_rate=2.5e-3,
    warmup_steps=1,
    warmup_factor=0,
    decay_epochs=(40, 50),
    weight_decay=5e-4,
    momentum=0.9,
    crop_tries=1,
    suppression=Suppression(least_score=0.05, most_overlap=0.5, most_candidates=200, most_kept=200),
    size=300,
    classes=80,
    train_samples=117_266,
    eval_samples=4_952,
    eval_batch=32,
    eval_epochs=5,
    last_epoch=100,
    bn_span=32,
)
"""COCO 2017 has 118,287 pictures to train on, of which 117,266 have an object, and 5,000 to validate on: 4,952.

Overlap: ``coco_eval`` gives .50 to the decoder, whose own default is .45.
"""


@dataclass(frozen=True, slots=True)
class _Schedule:
    rate: float
    """For each 32 samples of the batch."""
    warmup_steps: int
    decay_epochs: tuple[int, int]
    weight_decay: float


_SCHEDULES = {
    1024: _Schedule(2.5e-3, 300, (40, 50), 5e-4),
    1536: _Schedule(2.5e-3, 200, (44, 55), 1.3e-4),
    2048: _Schedule(4.57e-3, 1489, (60, 75), 4e-5),
    4096: _Schedule(2.5e-3, 1145, (80, 100), 4e-5),
}
"""By batch size: the reference convergence points. Their later files give ten times the learning rate that the
reference's formula makes of the same base; the formula is followed. 200 warm-up steps are their 2.619685 epochs."""

MINI_DESIGN = RESNET
"""The mini detector of the inference suite's ``ssd-resnet34``, on its scenes."""

MINI = Settings(
    batch_size=16,
    base_learning_rate=0.05,
    warmup_steps=60,
    warmup_factor=0,
    decay_epochs=(2, 5),
    weight_decay=5e-4,
    momentum=0.9,
    crop_tries=0,
    suppression=Suppression(least_score=0.05, most_overlap=0.5, most_candidates=200, most_kept=50),
    size=MINI_DESIGN.scenes.size,
    classes=len(MINI_DESIGN.scenes.classes),
    train_samples=2000,
    eval_samples=300,
    eval_batch=50,
    eval_epochs=1,
    last_epoch=6,
    bn_span=16,
)


def settings_of(setup: Setup) -> Settings:
    """The settings of an edition, with what a user changed.

    Raises:
        SettingsError: A name is unknown or a value impossible; all of them are listed.
    """
    base = FULL if setup.edition is Edition.FULL else MINI
    batch = setup.batch_size or base.batch_size
    base = replace(
        base,
        batch_size=batch,
        base_learning_rate=base.base_learning_rate * batch / base.batch_size,
        bn_span=max(1, batch // setup.world.size),
    )
    if setup.edition is Edition.FULL and batch in _SCHEDULES:
        known = _SCHEDULES[batch]
        base = replace(
            base,
            base_learning_rate=known.rate * batch / FULL.batch_size,
            warmup_steps=known.warmup_steps,
            decay_epochs=known.decay_epochs,
            weight_decay=known.weight_decay,
            crop_tries=50,
        )
    return read_settings(
        Settings,
        base,
        setup.changed,
        names=_NAMES,
        benchmark="ssd",
        check=lambda settings: _problems(settings, setup.world.size, crops=base.crop_tries > 0),
    )


_NAMES = {
    "opt_base_learning_rate": "base_learning_rate",
    "opt_learning_rate_warmup_steps": "warmup_steps",
    "opt_learning_rate_warmup_factor": "warmup_factor",
    "opt_learning_rate_decay_boundary_epochs": "decay_epochs",
    "opt_weight_decay": "weight_decay",
    "opt_momentum": "momentum",
    "max_samples": "crop_tries",
    "train_samples": "train_samples",
    "eval_samples": "eval_samples",
}
_NOT_LOGGED = {"train_samples", "eval_samples"}
"""They are in the log as what was found."""


def _problems(settings: Settings, processes: int, *, crops: bool) -> Iterator[str]:
    for name, field in _NAMES.items():
        match field:
            case "decay_epochs":
                yield from not_rising(name, settings.decay_epochs, example="40,50")
            case "base_learning_rate":
                yield from too_small({name: settings.base_learning_rate}, None)
            case "train_samples" | "eval_samples":
                yield from too_small({name: getattr(settings, field)}, 1)
            case "crop_tries":  # an edition that crops does not stop cropping
                yield from too_small({name: settings.crop_tries}, 1 if crops else 0)
            case _:
                yield from too_small({name: getattr(settings, field)}, 0)
    yield from uneven("global_batch_size", settings.batch_size, processes=processes)
