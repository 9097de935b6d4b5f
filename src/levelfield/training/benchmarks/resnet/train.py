"""Training of ``resnet``: LARS or SGD, one schedule, label smoothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.nn import functional

from levelfield.terms import Edition
from levelfield.training.benchmarks.resnet.data import DigitPictures, ImageNetPictures, Pictures, epoch_order
from levelfield.training.benchmarks.resnet.evaluate import top1
from levelfield.training.benchmarks.resnet.export import exported
from levelfield.training.benchmarks.resnet.network import ResNet, forward_flops, log_names
from levelfield.training.benchmarks.resnet.settings import Rule, Settings
from levelfield.training.export.parts import ModelExport
from levelfield.training.optimizers.lars import Lars
from levelfield.training.port import Cadence, LogValue, Quality, Samples, Setup
from levelfield.training.precision import Arithmetic
from levelfield.training.read_ahead import EpochReader
from levelfield.training.readers import readers_of
from levelfield.training.schedules import set_rate, warmup_polynomial
from levelfield.training.states import learnt, restore_learnt
from levelfield.workloads.task import IndexArray

__all__ = ["ResnetTraining"]


class ResnetTraining:
    """One run; a :class:`~levelfield.training.port.Training`.

    Args:
        setup: What is asked for.
        settings: What follows from it.
    """

    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._setup = setup
        self._settings = settings
        torch.manual_seed(setup.seed)
        self._on_cuda = torch.device(setup.world.device).type == "cuda"
        # Convolutions of GPUs want the channels of a pixel side by side.
        self._layout = torch.channels_last if self._on_cuda else torch.contiguous_format
        self._network = ResNet(settings.sizes).to(setup.world.device, memory_format=self._layout)
        self.model: torch.nn.Module = self._network
        self.optimizer = _optimizer(self._network, settings)
        self._arithmetic = Arithmetic(setup.number_format, setup.world.device)
        self._pictures: Pictures | None = None
        self._batches = EpochReader(
            self._read,
            self._dealt,
            steps=settings.steps_per_epoch,
            readers=readers_of(setup.edition),
            device=setup.world.device,
        )
        self._step = 0

    @property
    def cadence(self) -> Cadence:
        """Every four epochs in the round's own, every two in the mini."""
        settings, per_epoch = self._settings, self._settings.steps_per_epoch
        first = max(1, settings.eval_every - settings.eval_offset)
        return Cadence(
            epoch=per_epoch,
            first=first * per_epoch,
            every=settings.eval_every * per_epoch,
            last=settings.epochs * per_epoch,
        )

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """By the names of the rules; batch normalisation spans what one process has of a batch."""
        settings = self._settings
        return {**settings.logged, "model_bn_span": settings.batch_size // self._setup.world.size}

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """All tensors; at full size the 161 of the rules."""
        return tuple(log_names(self._network))

    def open_data(self) -> Samples:
        """Open the folder, or the shipped digits."""
        setup, settings = self._setup, self._settings
        shuffled, guard = setup.shuffled_labels, setup.require_running
        if setup.edition is Edition.MINI:
            self._pictures = DigitPictures(setup.seed, shuffled=shuffled, require_running=guard)
        else:
            assert setup.data is not None, "prepare asked for it"
            self._pictures = ImageNetPictures(
                setup.data, settings, setup.seed, shuffled=shuffled, require_running=guard
            )
        return Samples(train=settings.train_samples, evaluation=settings.eval_samples)

    def begin_epoch(self, epoch: int) -> None:
        """Deal the pictures."""
        self._batches.begin(epoch)

    def step(self) -> torch.Tensor:
        """One batch, of which this process takes its share."""
        device = self._setup.world.device
        images, labels = next(self._batches)
        set_rate(self.optimizer, self._rate())
        with self._arithmetic.forward():
            scores = self.model(images.to(device, non_blocking=True).contiguous(memory_format=self._layout))
            loss = functional.cross_entropy(
                scores, labels.to(device, non_blocking=True), label_smoothing=self._settings.label_smoothing
            )
        self.optimizer.zero_grad()
        self._arithmetic.backward(loss)
        self._arithmetic.step(self.optimizer)
        self._step += 1
        return loss.detach()

    def evaluate(self) -> Quality:
        """Top-1."""
        assert self._pictures is not None
        world, readers = self._setup.world, self._batches.readers
        found = top1(
            self._network, self._pictures, self._settings.eval_samples, self._arithmetic, world, readers=readers
        )
        return {"top1": found}

    def progress(self, step: int) -> float:
        """In epochs."""
        return step / self._settings.steps_per_epoch

    def state(self) -> Mapping[str, Any]:
        """All but the data; what is random follows from seed, epoch and place."""
        return {
            **learnt(self._network, self.optimizer, self._arithmetic),
            "epoch": self._batches.epoch,
            "step": self._step,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on."""
        restore_learnt(state, self._network, self.optimizer, self._arithmetic)
        self._step = state["step"]
        if state["epoch"]:
            self._batches.begin(state["epoch"], done=self._step - (state["epoch"] - 1) * self._settings.steps_per_epoch)

    def flops_per_sample(self) -> float | None:
        """Forward, and twice as much backward."""
        return 3 * forward_flops(self._settings.sizes)

    def exported(self) -> ModelExport:
        """The network as a model file."""
        assert self._pictures is not None
        return exported(self._network, self._pictures, self._settings, self._setup.edition)

    def _dealt(self, epoch: int) -> Iterable[tuple[int, IndexArray]]:
        """The batches of an epoch, with their numbers."""
        order = epoch_order(self._settings, self._setup.seed, epoch)
        return enumerate(order.reshape(-1, self._settings.batch_size))

    def _read(self, epoch: int, batch: tuple[int, IndexArray]) -> tuple[torch.Tensor, torch.Tensor]:
        """This process's share of a batch."""
        assert self._pictures is not None
        number, pictures = batch
        world = self._setup.world
        share = len(pictures) // world.size
        mine = pictures[world.rank * share : (world.rank + 1) * share]
        return self._pictures.train(mine, epoch, number * len(pictures) + world.rank * share)

    def _rate(self) -> float:
        settings = self._settings
        return warmup_polynomial(
            self._step,
            base=settings.base_rate,
            end=settings.end_rate,
            warmup=settings.warmup_steps,
            decay_steps=settings.polynomial_steps,
            power=settings.poly_power,
        )


def _optimizer(network: ResNet, settings: Settings) -> torch.optim.Optimizer:
    """Batch normalisation and biases are neither decayed nor adapted."""
    named = list(network.named_parameters())
    skipped = [one for _, one in named if one.ndim == 1]
    others = [one for _, one in named if one.ndim > 1]
    if settings.rule is Rule.LARS:
        return Lars(
            [{"params": others}, {"params": skipped, "adapt": False}],
            lr=0.0,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
            eps=settings.lars_epsilon,
        )
    return torch.optim.SGD(
        [{"params": others, "weight_decay": settings.weight_decay}, {"params": skipped, "weight_decay": 0.0}],
        lr=0.0,
        momentum=settings.momentum,
    )
