"""Sizes and hyperparameters of both editions, and what a user changes of them.

Full: the reference convergence points of LARS (mlcommons/logging at beaf26d, ``training_1.1.0/rcps_resnet.json``); at
another batch size SGD as P. Goyal and others have it ("Accurate, Large Minibatch SGD", arXiv 1706.02677): 0.1 for each
256 samples, five epochs of warm-up, 90 in all. Mini: found by trial on seed 0, then frozen; see the README.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from levelfield.terms import Edition
from levelfield.training.hyperparameters import read_settings, too_small
from levelfield.training.port import LogValue, Setup

__all__ = ["FULL_SIZES", "MINI_SIZES", "Rule", "Settings", "Sizes", "settings_of"]


class Rule(StrEnum):
    """The optimizers that the closed division allows."""

    LARS = "lars"
    SGD = "sgd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The shape of a network."""

    channels: int
    """Of the input."""
    side: int
    """Height and width of the input."""
    classes: int
    stem: int
    """Channels after the first convolution."""
    stem_kernel: int
    stem_stride: int
    stem_pool: bool
    """Whether a 3x3 pool of stride 2 follows the first convolution."""
    widths: tuple[int, ...]
    """Inner channels of the blocks of each stage; four times as many come out."""
    units: tuple[int, ...]
    """Blocks of each stage; every stage but the first begins with stride 2."""


FULL_SIZES = Sizes(
    channels=3, side=224, classes=1000, stem=64, stem_kernel=7, stem_stride=2, stem_pool=True,
    widths=(64, 128, 256, 512), units=(3, 4, 6, 3),
)  # fmt: skip
MINI_SIZES = Sizes(
    channels=1, side=32, classes=10, stem=16, stem_kernel=7, stem_stride=2, stem_pool=True,
    widths=(8, 16, 32), units=(2, 2, 2),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run."""

    sizes: Sizes
    batch_size: int
    train_samples: int
    eval_samples: int
    rule: Rule
    base_rate: float
    end_rate: float = 1e-4
    warmup_epochs: int = 5
    decay_steps: int | None = None
    """Of the polynomial; ``None`` for what ``epochs`` leaves."""
    poly_power: float = 2.0
    momentum: float = 0.9
    weight_decay: float = 1e-4
    lars_epsilon: float = 0.0
    label_smoothing: float = 0.1
    eval_offset: int = 0
    """Epochs by which the first evaluation comes before the end of the first four (training_rules.adoc: 0 to 3)."""
    eval_every: int = 4
    """Epochs."""
    epochs: int = 90
    """After which a run is given up."""

    @property
    def steps_per_epoch(self) -> int:
        """The last batch is filled up with the first samples of the epoch (training_rules.adoc allows padding)."""
        return math.ceil(self.train_samples / self.batch_size)

    @property
    def warmup_steps(self) -> int:
        """Steps until the base rate."""
        return self.warmup_epochs * self.steps_per_epoch

    @property
    def polynomial_steps(self) -> int:
        """Steps from the base rate to the end rate."""
        return self.decay_steps or max(1, self.epochs * self.steps_per_epoch - self.warmup_steps + 1)

    @property
    def logged(self) -> Mapping[str, LogValue]:
        """By the names of the compliance rules (``closed_resnet.yaml``, ``closed_resnet_lars.yaml``, ``_sgd``)."""
        common: dict[str, LogValue] = {"global_batch_size": self.batch_size, "opt_name": str(self.rule)}
        prefix = f"{self.rule}_opt"
        common |= {
            f"{prefix}_base_learning_rate": self.base_rate,
            f"{prefix}_end_learning_rate": self.end_rate,
            f"{prefix}_learning_rate_decay_poly_power": self.poly_power,
            f"{prefix}_learning_rate_decay_steps": self.polynomial_steps,
            f"{prefix}_weight_decay": self.weight_decay,
            f"{prefix}_momentum": self.momentum,
        }
        if self.rule is Rule.LARS:
            more: dict[str, LogValue] = {
                "lars_epsilon": self.lars_epsilon,
                "lars_opt_learning_rate_warmup_epochs": self.warmup_epochs,
            }
        else:
            more = {"opt_learning_rate_warmup_epochs": self.warmup_epochs}
        return common | more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """What the reference takes at a batch size."""

    base_rate: float
    warmup_epochs: int
    weight_decay: float
    decay_steps: int
    momentum: float = 0.9


_POINTS = {
    1632: _Point(base_rate=7.4, warmup_epochs=2, weight_decay=5e-5, decay_steps=27476),
    3264: _Point(base_rate=10.5, warmup_epochs=2, weight_decay=5e-5, decay_steps=14523),
    4096: _Point(base_rate=10.0, warmup_epochs=5, weight_decay=2e-4, decay_steps=13137),
    8192: _Point(base_rate=17.0, warmup_epochs=5, weight_decay=2e-4, decay_steps=6095),
    13056: _Point(base_rate=12.8, warmup_epochs=9, weight_decay=2.5e-5, decay_steps=4710),
    32768: _Point(base_rate=21.2, warmup_epochs=16, weight_decay=2.5e-5, decay_steps=2267, momentum=0.94),
    49152: _Point(base_rate=19.405, warmup_epochs=24, weight_decay=1e-4, decay_steps=1846, momentum=0.951807),
    58880: _Point(base_rate=23.246, warmup_epochs=29, weight_decay=1e-4, decay_steps=1785, momentum=0.951807),
    65536: _Point(base_rate=24.699, warmup_epochs=31, weight_decay=1e-4, decay_steps=1133, momentum=0.951807),
}
_FULL_BATCH = 3264
_IMAGES, _VALIDATION = 1_281_167, 50_000
"""Of ImageNet-1k (ILSVRC 2012)."""


def _full(batch_size: int) -> Settings:
    known = _POINTS.get(batch_size)
    common = Settings(
        sizes=FULL_SIZES,
        batch_size=batch_size,
        train_samples=_IMAGES,
        eval_samples=_VALIDATION,
        rule=Rule.SGD,
        base_rate=round(0.1 * batch_size / 256, 3),
    )
    if known is None:
        return common
    return replace(
        common,
        rule=Rule.LARS,
        base_rate=known.base_rate,
        warmup_epochs=known.warmup_epochs,
        weight_decay=known.weight_decay,
        decay_steps=known.decay_steps,
        momentum=known.momentum,
    )


def _mini(batch_size: int) -> Settings:
    return Settings(
        sizes=MINI_SIZES,
        batch_size=batch_size,
        train_samples=516,
        eval_samples=1281,
        rule=Rule.LARS,
        base_rate=10.0,
        warmup_epochs=3,
        weight_decay=5e-5,
        epochs=40,
    )


_NAMES = {
    # without the optimizer's prefix
    "opt_base_learning_rate": "base_rate",
    "opt_end_learning_rate": "end_rate",
    "opt_learning_rate_decay_poly_power": "poly_power",
    "opt_learning_rate_decay_steps": "decay_steps",
    "opt_learning_rate_warmup_epochs": "warmup_epochs",
    "opt_momentum": "momentum",
    "opt_weight_decay": "weight_decay",
}
_OTHERS = ("lars_epsilon", "label_smoothing", "train_samples", "eval_samples", "eval_offset", "eval_every", "epochs")
"""Names without a place in the log's rules are for development."""
_FROM_ONE = {"decay_steps", "train_samples", "eval_samples", "eval_every", "epochs"}
_BELOW_ONE = {"momentum", "label_smoothing"}


def settings_of(setup: Setup) -> Settings:
    """The settings of an edition at a batch size, with what the user changes.

    Raises:
        SettingsError: A name is unknown or a value impossible; all of them at once.
    """
    full = setup.edition is Edition.FULL
    base = _full(setup.batch_size or _FULL_BATCH) if full else _mini(setup.batch_size or 64)
    wanted = setup.changed.get("opt_name", "").strip()
    rule = Rule(wanted) if wanted in list(Rule) else base.rule
    names = _names(rule)
    return read_settings(
        Settings,
        base,
        setup.changed,
        names=names,
        benchmark=f"resnet with {rule}",
        check=lambda settings: _problems(settings, names),
    )


def _names(rule: Rule) -> dict[str, str]:
    """The names that a user may change, as the log has them with this optimizer."""
    prefixed = {f"{rule}_{name}": field for name, field in _NAMES.items()}
    if rule is Rule.SGD:  # the one name that the rules give without a prefix
        prefixed["opt_learning_rate_warmup_epochs"] = prefixed.pop("sgd_opt_learning_rate_warmup_epochs")
    others = {name: name for name in _OTHERS if rule is Rule.LARS or name != "lars_epsilon"}
    return {"opt_name": "rule"} | prefixed | others


def _problems(settings: Settings, names: Mapping[str, str]) -> Iterator[str]:
    for name, field in names.items():
        value = getattr(settings, field)
        if field == "rule" or value is None:
            continue
        yield from too_small({name: value}, 1 if field in _FROM_ONE else 0)
        if field in _BELOW_ONE and 1 <= value < math.inf:
            yield f"{name}: found {value}, expected 0 or more and below 1"
