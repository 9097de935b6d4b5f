"""How each full edition of the training suite is set up for one GPU with 80 GB or more, for ``training_device.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from levelfield.training.catalog import benchmark_named
from levelfield.training.port import Setup, Training

__all__ = ["CASES", "Case"]

_WHOLE_TABLES_BYTES = 100e9
"""Criteo's tables of 40 million rows take 96 GB."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One benchmark."""

    name: str
    batch_size: int
    changed: Mapping[str, str]
    smaller: Mapping[str, str] = field(default_factory=dict)
    """What is changed in addition for data of a tenth."""
    note: str = ""
    build: Callable[[Setup], Training]


def _by_catalog(name: str) -> Callable[[Setup], Training]:
    return lambda setup: benchmark_named(name).build(setup)


def _ssd(setup: Setup) -> Training:
    """Without the backbone that a run starts from."""
    from levelfield.training.benchmarks.ssd.settings import settings_of
    from levelfield.training.benchmarks.ssd.train import SsdTraining

    return SsdTraining(settings_of(setup), setup)


def _maskrcnn(setup: Setup) -> Training:
    """Without the backbone; its frozen normalisation would let random weights explode, so blocks begin as shortcuts."""
    from levelfield.training.benchmarks.maskrcnn.settings import settings_of
    from levelfield.training.benchmarks.maskrcnn.train import MaskRcnnTraining

    training = MaskRcnnTraining(settings_of(setup), setup)
    for name, buffer in training.model.named_buffers():
        if name.endswith("bn3.weight"):
            buffer.zero_()
        if name.endswith("stem.bn1.running_var"):
            buffer.fill_(1e4)
    return training


def _minigo(setup: Setup) -> Training:
    """From random weights, with few and shallow games: what is timed are the steps."""
    from levelfield.training.benchmarks.minigo.network import DualNetwork
    from levelfield.training.benchmarks.minigo.settings import settings_of
    from levelfield.training.benchmarks.minigo.train import MinigoTraining, architecture_of

    settings = settings_of(setup)
    torch.manual_seed(setup.seed)
    start, target = (DualNetwork(architecture_of(settings)) for _ in range(2))
    return MinigoTraining(setup, settings, start=start, target=target)


def _table_rows() -> str:
    """The most rows of a table that the device holds."""
    memory = torch.cuda.get_device_properties(0).total_memory if torch.cuda.is_available() else 0
    return "40000000" if memory > _WHOLE_TABLES_BYTES else "10000000"


CASES: Mapping[str, Case] = {
    case.name: case
    for case in (
        Case(
            name="resnet",
            batch_size=256,
            changed={"train_samples": "51200", "eval_samples": "50", "opt_name": "sgd"},
            smaller={"train_samples": "5120"},
            note="pictures of 500 x 375, decoded and cropped as for the rules.",
            build=_by_catalog("resnet"),
        ),
        Case(
            name="ssd",
            batch_size=128,
            changed={"train_samples": "25600", "eval_samples": "7", "opt_learning_rate_warmup_steps": "100"},
            smaller={"train_samples": "2560"},
            note="pictures of 640 x 480 with two objects.",
            build=_ssd,
        ),
        Case(
            name="maskrcnn",
            batch_size=16,
            changed={
                "train_samples": "25600",
                "eval_samples": "8",
                "opt_base_learning_rate": "0.002",
                "opt_learning_rate_warmup_steps": "100",
            },
            smaller={"train_samples": "2560", "min_image_size": "64", "max_image_size": "96"},
            note="pictures of 640 x 480 with two objects; no utilisation, since the work depends on the regions found.",
            build=_maskrcnn,
        ),
        Case(
            name="unet3d",
            batch_size=4,
            changed={"opt_learning_rate_warmup_epochs": "10", "opt_base_learning_rate": "0.1"},
            smaller={"training_input_shape": "64,64,64"},
            note="patches of 128 x 128 x 128 from volumes of 200 voxels.",
            build=_by_catalog("unet3d"),
        ),
        Case(
            name="rnnt",
            batch_size=64,
            changed={"train_samples": "8192", "eval_samples": "8", "opt_learning_rate_warmup_epochs": "1"},
            smaller={"train_samples": "800"},
            note="utterances of 8 to 16 s, about six labels a second.",
            build=_by_catalog("rnnt"),
        ),
        Case(
            name="bert",
            batch_size=48,
            changed={
                "opt_base_learning_rate": "1e-4",
                "opt_learning_rate_training_steps": "1000",
                "train_samples": "4800",
                "eval_samples": "4",
                "eval_interval_samples": "100000",
            },
            smaller={"train_samples": "480", "max_sequence_length": "512"},
            note="512 tokens, none of them filling.",
            build=_by_catalog("bert"),
        ),
        Case(
            name="dlrm",
            batch_size=32_768,
            changed={"train_samples": "2097152", "eval_samples": "32768", "max_ind_range": _table_rows()},
            smaller={
                "train_samples": "209715",
                "max_ind_range": "1000",
                "opt_base_learning_rate": "0.1",
                "opt_learning_rate_warmup_steps": "10",
                "lr_decay_start_steps": "100",
                "sgd_opt_learning_rate_decay_steps": "100",
            },
            note=f"tables of at most {int(_table_rows()):,} rows, all rows equally likely.",
            build=_by_catalog("dlrm"),
        ),
        Case(
            name="minigo",
            batch_size=4096,
            changed={
                "actual_selfplay_games_per_generation": "8",
                "games_per_room": "8",
                "num_readouts": "1",
                "fastplay_frequency": "0",
                "move_limit": "60",
                "steps_per_generation": "300",
                "virtual_losses": "1",
                "train_filter": "1",
            },
            smaller={"move_limit": "10"},
            note="the steps alone; the games before them, eight of sixty moves, are not in the time.",
            build=_minigo,
        ),
    )
}
