"""Mask R-CNN on its way to the target: gradient descent with momentum, one step, evaluation, state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from levelfield.errors import UsageError
from levelfield.training.benchmarks.maskrcnn.backbone import ResNet, backbone_names
from levelfield.training.benchmarks.maskrcnn.data import (
    CocoPictures,
    Objects,
    ScenePictures,
    Source,
    collated,
    targets_of,
)
from levelfield.training.benchmarks.maskrcnn.evaluate import Found, detected, in_picture, precision
from levelfield.training.benchmarks.maskrcnn.loss import losses
from levelfield.training.benchmarks.maskrcnn.network import MaskRcnnNetwork
from levelfield.training.benchmarks.maskrcnn.settings import FULL, Settings
from levelfield.training.detection.order import Ints, draws, grouped_batches, share
from levelfield.training.detection.weights import checked, read_weights
from levelfield.training.distributed import gathered
from levelfield.training.port import Cadence, Edition, LogValue, Quality, Samples, Setup
from levelfield.training.precision import Arithmetic
from levelfield.training.read_ahead import EpochReader, read_ahead
from levelfield.training.readers import readers_of
from levelfield.training.schedules import set_rate
from levelfield.training.states import learnt, restore_learnt

__all__ = ["MaskRcnnTraining", "backbone"]

Batch = tuple[Tensor, Tensor, list[Objects], list[int]]
"""Pictures, their sizes, what they show, and a seed for each one's choices in the losses."""

BIAS_FACTOR = 2.0
"""Biases learn so much faster, and without decay (``SOLVER.BIAS_LR_FACTOR``)."""


class MaskRcnnTraining:
    """One run of either edition.

    Args:
        settings: Of the edition, with what was changed.
        setup: What was asked for.
        backbone: Weights of the ResNet to start from.
    """

    def __init__(self, settings: Settings, setup: Setup, *, backbone: Mapping[str, Tensor] | None = None) -> None:
        self._settings, self._setup = settings, setup
        self._device = torch.device(setup.world.device)
        torch.manual_seed(setup.seed)
        network = MaskRcnnNetwork(settings.architecture)
        if backbone is not None:
            network.backbone.body.load_state_dict(dict(backbone))
        self._network = network.to(self._device)
        self.model: nn.Module = self._network
        self.optimizer: torch.optim.Optimizer = torch.optim.SGD(
            _groups(self._network, settings.weight_decay),
            settings.base_learning_rate,
            momentum=settings.momentum,
            nesterov=settings.nesterov,
        )
        self._arithmetic = Arithmetic(setup.number_format, setup.world.device)
        self._source = _source(settings, setup)
        self._steps = 0
        self._readers = readers_of(setup.edition)
        self._batches: EpochReader[tuple[int, Ints], Batch] | None = None
        self._turn_steps = 0
        """Of a turn through the data, which has more batches than an epoch of the log: each is of one group."""

    @property
    def cadence(self) -> Cadence:
        """An evaluation after every epoch."""
        epoch = self._settings.epoch_steps
        return Cadence(epoch=epoch, first=epoch, every=epoch, last=self._settings.last_epoch * epoch)

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """As the log names them."""
        return self._settings.logged

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """What starts from random weights, as the rules list it; in the mini edition the tensors."""
        return self._settings.initial_weights

    def open_data(self) -> Samples:
        """Read annotations, or draw scenes.

        Raises:
            DatasetError: Annotations or pictures are missing, unreadable, or not as many as expected.
        """
        self._source.open()
        self._turn_steps = len(list(self._numbered(0)))
        self._batches = EpochReader(
            self._train_batch,
            self._numbered,
            steps=self._turn_steps,
            readers=self._readers,
            device=self._setup.world.device,
        )
        self._go_on()
        return Samples(train=self._settings.train_samples, evaluation=self._settings.eval_samples)

    def begin_epoch(self, epoch: int) -> None:
        """Nothing: as in the reference, turns through the data follow each other whenever an evaluation comes."""

    def step(self) -> Tensor:
        """Learn from the next batch.

        Raises:
            DatasetError: A picture cannot be read.
        """
        assert self._batches is not None, "data are open"
        pictures, sizes, objects, seeds = next(self._batches)
        pictures, sizes = (one.to(self._device, non_blocking=True) for one in (pictures, sizes))
        targets = targets_of(objects, sizes, seeds)
        picking, world = self._settings.picking, self._setup.world
        self._steps += 1
        set_rate(self.optimizer, self._settings.learning_rate(self._steps))
        self.optimizer.zero_grad()
        with self._arithmetic.forward():
            loss = self.model(pictures, lambda network, maps: losses(network, maps, targets, picking, world).total)
        self._arithmetic.backward(loss)
        self._arithmetic.step(self.optimizer)
        return loss.detach()

    @torch.no_grad()
    def evaluate(self) -> Quality:
        """``BBOX`` and ``SEGM``: COCO's average precision of boxes and masks."""
        scored, world = self._source.scored, self._setup.world
        rows = range(world.rank, len(scored.numbers), world.size)
        found: list[Found] = []
        self._network.eval()
        batches = [
            rows[start : start + self._settings.eval_batch] for start in range(0, len(rows), self._settings.eval_batch)
        ]
        read = read_ahead(self._test_batch, batches, readers=self._readers, device=self._setup.world.device)
        for batch, (pictures, sizes) in zip(batches, read, strict=True):
            with self._arithmetic.forward():
                maps = self._network.backbone(pictures.to(self._device))
                seen = detected(self._network, maps, sizes.to(self._device), self._settings.picking)
            for row, one, size in zip(batch, seen, sizes.tolist(), strict=True):
                height, width = int(scored.heights[row]), int(scored.widths[row])
                found.append(in_picture(row, one, (size[0], size[1]), height, width))
        self._network.train()
        return precision([one for part in gathered(found, world) for one in part], scored)

    def progress(self, step: int) -> float:
        """Epochs."""
        return step / self._settings.epoch_steps

    def state(self) -> Mapping[str, Any]:
        """Weights, momentum, scale of the loss, and how many steps were done; order and choices follow from these."""
        return {
            **learnt(self._network, self.optimizer, self._arithmetic),
            "steps": self._steps,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        restore_learnt(state, self._network, self.optimizer, self._arithmetic)
        self._steps = state["steps"]
        self._go_on()

    def exported(self) -> NoReturn:
        """Nothing: what follows from the proposals of a picture is no graph of fixed operators.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "The model of maskrcnn cannot be exported: its heads look at the regions that a loop over the proposals of "
            "every level leaves, which is code and no graph, and the backbone by itself finds nothing.",
            hint="Its weights are in the kept state, models/result_<number>.pt, for torch; inference v2.0 has no such "
            "benchmark.",
        )

    def flops_per_sample(self) -> float | None:
        """Unknown: it depends on the size of each picture and on how many regions have an object."""
        return None

    def _go_on(self) -> None:
        """Read from the batch after the steps that were done."""
        assert self._batches is not None, "data are open"
        turn, done = divmod(self._steps, self._turn_steps)
        self._batches.begin(turn, done=done)

    def _train_batch(self, turn: int, which: tuple[int, Ints]) -> Batch:
        """This process's share of a global batch."""
        place, batch = which
        number = turn * self._turn_steps + place
        places = [
            (place, draws(self._setup.seed, number, place), row) for place, row in share(batch, self._setup.world)
        ]
        samples = [self._source.train_sample(row, draw) for _, draw, row in places]
        seeds = [int(draw.integers(2**62)) for _, draw, _ in places]
        pictures, sizes = collated([one.picture for one in samples], self._settings.divisible)
        return pictures, sizes, [one.objects for one in samples], seeds

    def _test_batch(self, rows: range) -> tuple[Tensor, Tensor]:
        return collated([self._source.test_sample(row) for row in rows], self._settings.divisible)

    def _numbered(self, turn: int) -> Iterable[tuple[int, Ints]]:
        """The global batches of a turn through the data."""
        return enumerate(grouped_batches(self._setup.seed, turn, self._source.groups, self._settings.batch_size))


def backbone(path: Path) -> dict[str, Tensor]:
    """The weights of ResNet-50 in a file with the reference's names, or with those of Caffe2.

    Raises:
        ModelError: The file cannot be read, or does not hold them.
    """
    with torch.device("meta"):
        wanted = ResNet(FULL.architecture).state_dict()
    return checked(path, backbone_names(read_weights(path)), wanted)


def _source(settings: Settings, setup: Setup) -> Source:
    shuffled = setup.seed if setup.shuffled_labels else None
    if setup.edition is Edition.MINI:
        return ScenePictures(settings, shuffled=shuffled)
    assert setup.data is not None, "the benchmark asks for it"
    return CocoPictures(settings, setup.data, shuffled=shuffled)


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Biases and the others; ``lr_factor`` is of the learning rate."""
    trained = [(name, one) for name, one in network.named_parameters() if one.requires_grad]
    biases = [one for name, one in trained if "bias" in name]
    others = [one for name, one in trained if "bias" not in name]
    return [
        {"params": others, "weight_decay": weight_decay, "lr_factor": 1.0},
        {"params": biases, "weight_decay": 0.0, "lr_factor": BIAS_FACTOR},
    ]
