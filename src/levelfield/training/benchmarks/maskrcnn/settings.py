"""Sizes and hyperparameters of both editions of Mask R-CNN, and what a user may change of them.

Sources: mlcommons/training at 4a4d5a0, object_detection/pytorch (``configs/e2e_mask_rcnn_R_50_FPN_1x.yaml``,
``maskrcnn_benchmark/config/defaults.py``); training_rules.adoc v1.1, "Hyperparameters".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from levelfield.training.detection.scenes import MINI_SCENES
from levelfield.training.hyperparameters import by_log_name, not_rising, read_settings, too_small, uneven
from levelfield.training.port import Edition, LogValue, Setup

__all__ = [
    "FULL",
    "MINI",
    "RESNET50_FPN",
    "Architecture",
    "Norm",
    "Picking",
    "Settings",
    "Stage",
    "settings_of",
]


class Norm(Enum):
    """What stands after the convolutions."""

    FROZEN = auto()
    """Batch normalisation whose numbers came with the pretrained backbone and stay."""
    GROUP = auto()
    """Group normalisation, also in pyramid and heads: nothing is pretrained (the reference's ``USE_GN``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Bottleneck blocks of one resolution."""

    blocks: int
    width: int
    """Channels of the 3x3 convolution."""
    channels: int
    """That come out."""
    stride: int
    """Of the first block, in its first convolution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The network."""

    stem: int
    """Channels of the first convolution, which halves the resolution."""
    stem_side: int
    stem_pool: bool
    """Whether a pooling of 3x3 halves it again."""
    stages: tuple[Stage, ...]
    """Each gives a level of the pyramid."""
    norm: Norm
    frozen_stages: int
    """So many parts of the backbone are not trained, the stem the first."""
    pyramid: int
    """Channels of each level; one more level of half the resolution is pooled from the last."""
    strides: tuple[int, ...]
    """Pixels of a cell, for each level."""
    anchor_sides: tuple[int, ...]
    """In pixels, one for each level."""
    anchor_aspects: tuple[float, ...]
    """Height by width."""
    classes: int
    """With the background, which is 0."""
    box_pool: int
    """Cells on a side of what the box head sees of a region."""
    mask_pool: int
    """The same for the mask head, whose masks have twice as many."""
    samples: int
    """Points on a side of each such cell."""
    canonical: tuple[float, int]
    """A region of this side (pixels) is looked at in the level of this stride, one of half the side one level finer."""
    box_features: int
    mask_channels: tuple[int, ...]
    """Of the mask head's convolutions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picking:
    """How candidates are picked."""

    per_level: tuple[int, int]
    """The best anchors of a level, in training and in evaluation."""
    train_candidates: int
    """What is left of all levels after suppression, of all the pictures of a process together."""
    eval_candidates: int
    """The same of one picture, in evaluation."""
    anchors: int
    """Anchors of a picture that count in the loss of the region proposals; half of them with an object, at most."""
    regions: int
    """Regions of a picture that count in the loss of the heads; a quarter of them with an object, at most."""
    detections: int
    """Of a picture, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run."""

    architecture: Architecture
    picking: Picking
    batch_size: int
    base_learning_rate: float
    warmup_steps: int
    warmup_factor: float
    """The learning rate starts at this part of the base."""
    decay_steps: tuple[int, int]
    decay_factor: float
    weight_decay: float
    """Of all but biases."""
    momentum: float
    nesterov: bool
    shorter_side: int
    """Of a picture, in pixels."""
    longer_side: int
    """At most."""
    divisible: int
    """Batches are padded to a multiple of it."""
    train_samples: int
    eval_samples: int
    eval_batch: int
    last_epoch: int
    """After it a run is given up."""

    @property
    def sides(self) -> tuple[int, int]:
        """The shorter one, and what the longer one is at most."""
        return self.shorter_side, self.longer_side

    @property
    def epoch_steps(self) -> int:
        """Steps of one epoch, after which comes an evaluation."""
        return -(-self.train_samples // self.batch_size)

    def learning_rate(self, step: int) -> float:
        """Of a step (the first is 1): linear warm-up, then multiplied by the factor after each of the steps.

        Biases learn twice as fast in the reference, which its groups say.
        """
        done = step - 1
        rate = self.base_learning_rate * self.decay_factor ** bisect_right(self.decay_steps, done)
        if done < self.warmup_steps:
            part = done / self.warmup_steps
            rate *= self.warmup_factor * (1 - part) + part
        return rate

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """What starts from random numbers, as the rules list it (closed_maskrcnn.yaml).

        The mini edition has fewer levels and convolutions, and starts its backbone from random numbers, too.
        """
        levels, masks = len(self.architecture.stages), len(self.architecture.mask_channels)
        names = (
            *(f"FPN_{part}_block{level}" for level in range(1, levels + 1) for part in ("inner", "layer")),
            *(f"RPNHead_{part}" for part in ("conv", "cls", "bbox")),
            *(f"ROI_BOX_FEATURE_EXTRACTOR_{part}" for part in ("fc6", "fc7")),
            *(f"ROI_BOX_PREDICTOR_{part}" for part in ("cls", "bbox")),
            *(f"ROI_MASK_FEATURE_EXTRACTOR_fcn{number}" for number in range(1, masks + 1)),
            *(f"ROI_MASK_PREDICTOR_{part}" for part in ("fcn5", "fcn_logits")),
        )
        return names if self.architecture.norm is Norm.FROZEN else (*names, "BACKBONE")

    @property
    def logged(self) -> Mapping[str, LogValue]:
        """As the log names them."""
        return {
            "global_batch_size": self.batch_size,
            "opt_name": "sgd_with_momentum",
            **by_log_name(self, _NAMES, without=_NOT_LOGGED),
        }


RESNET50_FPN = Architecture(
    stem=64,
    stem_side=7,
    stem_pool=True,
    stages=(
        Stage(blocks=3, width=64, channels=256, stride=1),
        Stage(blocks=4, width=128, channels=512, stride=2),
        Stage(blocks=6, width=256, channels=1024, stride=2),
        Stage(blocks=3, width=512, channels=2048, stride=2),
    ),
    norm=Norm.FROZEN,
    frozen_stages=2,
    pyramid=256,
    strides=(4, 8, 16, 32, 64),
    anchor_sides=(32, 64, 128, 256, 512),
    anchor_aspects=(0.5, 1.0, 2.0),
    classes=81,
    box_pool=7,
    mask_pool=14,
    samples=2,
    canonical=(224.0, 16),
    box_features=1024,
    mask_channels=(256, 256, 256, 256),
)

FULL = Settings(
    architecture=RESNET50_FPN,
    picking=Picking(
        per_level=(2000, 1000), train_candidates=2000, eval_candidates=1000, anchors=256, regions=512, detections=100
    ),
    batch_size=16,
    base_learning_rate=0.02,
    warmup_steps=500,
    warmup_factor=1 / 3,
    decay_steps=(60_000, 80_000),
    decay_factor=0.1,
    weight_decay=1e-4,
    momentum=0.9,
    nesterov=False,
    shorter_side=800,
    longer_side=1333,
    divisible=32,
    train_samples=117_266,
    eval_samples=5_000,
    eval_batch=8,
    last_epoch=24,
)
"""COCO 2017 train has 118,287 pictures, of which 117,266 have an object with sides above a pixel."""

MINI = Settings(
    architecture=Architecture(
        stem=16,
        stem_side=3,
        stem_pool=False,
        stages=(
            Stage(blocks=2, width=16, channels=48, stride=2),
            Stage(blocks=2, width=32, channels=96, stride=2),
        ),
        norm=Norm.GROUP,
        frozen_stages=0,
        pyramid=32,
        strides=(4, 8, 16),
        anchor_sides=(16, 24, 36),
        anchor_aspects=(0.5, 1.0, 2.0),
        classes=1 + len(MINI_SCENES.classes),
        box_pool=7,
        mask_pool=7,
        samples=1,
        canonical=(24.0, 8),
        box_features=96,
        mask_channels=(32, 32),
    ),
    picking=Picking(
        per_level=(48, 48), train_candidates=3000, eval_candidates=48, anchors=64, regions=20, detections=20
    ),
    batch_size=16,
    base_learning_rate=0.08,
    warmup_steps=30,
    warmup_factor=0.1,
    decay_steps=(160, 260),
    decay_factor=0.1,
    weight_decay=1e-4,
    momentum=0.9,
    nesterov=True,
    shorter_side=MINI_SCENES.size,
    longer_side=MINI_SCENES.size,
    divisible=1,
    train_samples=800,
    eval_samples=200,
    eval_batch=20,
    last_epoch=8,
)


def settings_of(setup: Setup) -> Settings:
    """The settings of an edition, with what a user changed.

    Raises:
        SettingsError: A name is unknown or a value impossible; all of them are listed.
    """
    base = FULL if setup.edition is Edition.FULL else MINI
    batch = setup.batch_size or base.batch_size
    # Learning rate and steps follow the batch: 0.02 for 16 pictures, (60,000, 80,000) x 16 / batch (rules, v1.1).
    scale = batch / base.batch_size
    first, second = base.decay_steps
    base = replace(
        base,
        batch_size=batch,
        base_learning_rate=base.base_learning_rate * scale,
        decay_steps=(max(1, round(first / scale)), max(1, round(second / scale))),
    )
    return read_settings(
        Settings,
        base,
        setup.changed,
        names=_NAMES,
        benchmark="maskrcnn",
        check=lambda settings: _problems(settings, setup),
    )


_NAMES = {
    "num_image_candidates": "picking.train_candidates",
    "opt_base_learning_rate": "base_learning_rate",
    "opt_learning_rate_warmup_steps": "warmup_steps",
    "opt_learning_rate_warmup_factor": "warmup_factor",
    "opt_learning_rate_decay_steps": "decay_steps",
    "opt_learning_rate_decay_factor": "decay_factor",
    "opt_weight_decay": "weight_decay",
    "opt_momentum": "momentum",
    "min_image_size": "shorter_side",
    "max_image_size": "longer_side",
    "train_samples": "train_samples",
    "eval_samples": "eval_samples",
}
_NOT_LOGGED = {"train_samples", "eval_samples"}
"""They are in the log as what was found."""


def _problems(settings: Settings, setup: Setup) -> Iterator[str]:
    above_zero = {
        "opt_base_learning_rate": settings.base_learning_rate,
        "opt_learning_rate_warmup_factor": settings.warmup_factor,
        "opt_learning_rate_decay_factor": settings.decay_factor,
    }
    from_zero = {
        "opt_learning_rate_warmup_steps": settings.warmup_steps,
        "opt_weight_decay": settings.weight_decay,
        "opt_momentum": settings.momentum,
    }
    from_one = {
        "num_image_candidates": settings.picking.train_candidates,
        "train_samples": settings.train_samples,
        "eval_samples": settings.eval_samples,
    }
    sides = {"min_image_size": settings.shorter_side, "max_image_size": settings.longer_side}
    for values, least in ((above_zero, None), (from_zero, 0), (from_one, 1), (sides, 32)):
        yield from too_small(values, least)
    yield from not_rising("opt_learning_rate_decay_steps", settings.decay_steps, example="60000,80000")
    yield from uneven("global_batch_size", settings.batch_size, processes=setup.world.size)
    if setup.edition is Edition.MINI and settings.sides != MINI.sides:
        found = f"{settings.shorter_side} and {settings.longer_side}"
        yield f"min_image_size, max_image_size: found {found}, expected 64 x 64, the pixels of the mini edition"
