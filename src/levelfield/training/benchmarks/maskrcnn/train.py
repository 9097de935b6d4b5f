"""Mask R-CNN on its way to the target: gradient descent with momentum, one step, evaluation, state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import count, islice
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from levelfield.errors import UsageError
from levelfield.training.benchmarks.maskrcnn.data import CocoPictures, ScenePictures, Source, collated, targets_of
from levelfield.training.benchmarks.maskrcnn.evaluate import Found, detected, in_picture, precision
from levelfield.training.benchmarks.maskrcnn.loss import Targets, losses
from levelfield.training.benchmarks.maskrcnn.network import MaskRcnnNetwork, ResNet, backbone_names
from levelfield.training.benchmarks.maskrcnn.settings import FULL, Settings
from levelfield.training.detection.coco import ahead
from levelfield.training.detection.order import Ints, draws, grouped_batches, share
from levelfield.training.detection.weights import checked, read_weights
from levelfield.training.port import Cadence, Edition, LogValue, NumberFormat, Quality, Samples, Setup

__all__ = ["MaskRcnnTraining", "backbone"]

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
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=setup.number_format is NumberFormat.FP16)
        self._source = _source(settings, setup)
        self._steps = 0
        self._batches: Iterator[tuple[Tensor, Targets]] = iter(())

    @property
    def cadence(self) -> Cadence:
        """An evaluation after every epoch."""
        epoch = self._settings.epoch_steps
        return Cadence(epoch=epoch, first=epoch, every=epoch, last=self._settings.last_epoch * epoch)

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """As the log names them."""
        return self._settings.hyperparameters

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
        self._batches = self._stream()
        return Samples(train=self._settings.train_samples, evaluation=self._settings.eval_samples)

    def begin_epoch(self, epoch: int) -> None:
        """Nothing: as in the reference, turns through the data follow each other whenever an evaluation comes."""

    def step(self) -> Tensor:
        """Learn from the next batch.

        Raises:
            DatasetError: A picture cannot be read.
        """
        pictures, targets = next(self._batches)
        self._steps += 1
        rate = self._settings.learning_rate(self._steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimizer.zero_grad()
        with self._number_format():
            loss = self.model(
                pictures, lambda network, maps: losses(network, maps, targets, self._settings.picking).total
            )
        self._scaler.scale(loss).backward()
        self._scaler.step(self.optimizer)
        self._scaler.update()
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
        for batch, pictures, sizes in ahead(batches, self._test_batch, threads=self._source.threads):
            with self._number_format():
                maps = self._network.backbone(pictures.to(self._device))
                seen = detected(self._network, maps, sizes.to(self._device), self._settings.picking)
            for row, one, size in zip(batch, seen, sizes.tolist(), strict=True):
                height, width = int(scored.heights[row]), int(scored.widths[row])
                found.append(in_picture(row, one, (size[0], size[1]), height, width))
        self._network.train()
        if world.size > 1:
            parts: list[list[Found]] = [[] for _ in range(world.size)]
            torch.distributed.all_gather_object(parts, found)
            found = [one for part in parts for one in part]
        return precision(found, scored)

    def progress(self, step: int) -> float:
        """Epochs."""
        return step / self._settings.epoch_steps

    def state(self) -> Mapping[str, Any]:
        """Weights, momentum, scale of the loss, and how many steps were done; order and choices follow from these."""
        return {
            "model": self._network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "steps": self._steps,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._network.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        self._steps = state["steps"]
        self._batches = self._stream()

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

    def _number_format(self) -> AbstractContextManager[Any]:
        kinds = {NumberFormat.BF16: torch.bfloat16, NumberFormat.FP16: torch.float16}
        kind = kinds.get(self._setup.number_format)
        return torch.autocast(self._device.type, kind) if kind else nullcontext()

    def _stream(self) -> Iterator[tuple[Tensor, Targets]]:
        """The batches after the steps that were done, without end."""
        for pictures, sizes, make in ahead(self._global_batches(), self._train_batch, threads=self._source.threads):
            yield pictures.to(self._device), make(sizes.to(self._device))

    def _train_batch(self, which: tuple[int, Ints]) -> tuple[Tensor, Tensor, Callable[[Tensor], Targets]]:
        """This process's share of a global batch: pictures, their sizes, and what makes targets of these."""
        number, batch = which
        places = [
            (place, draws(self._setup.seed, number, place), row) for place, row in share(batch, self._setup.world)
        ]
        samples = [self._source.train_sample(row, draw) for _, draw, row in places]
        seeds = [int(draw.integers(2**62)) for _, draw, _ in places]
        pictures, sizes = collated([one.picture for one in samples], self._settings.divisible)
        return pictures, sizes, lambda sizes: targets_of(samples, sizes, seeds)

    def _test_batch(self, rows: range) -> tuple[range, Tensor, Tensor]:
        return rows, *collated([self._source.test_sample(row) for row in rows], self._settings.divisible)

    def _global_batches(self) -> Iterator[tuple[int, Ints]]:
        """(number of the step, global batch) from the next step on."""
        settings, groups = self._settings, self._source.groups
        a_turn = len(grouped_batches(self._setup.seed, 0, groups, settings.batch_size))
        turns, done = divmod(self._steps, a_turn)
        for turn in count(turns):
            batches = grouped_batches(self._setup.seed, turn, groups, settings.batch_size)
            for place, batch in islice(enumerate(batches), done, None):
                yield turn * a_turn + place, batch
            done = 0


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
    """Biases and the others; ``factor`` is of the learning rate."""
    trained = [(name, one) for name, one in network.named_parameters() if one.requires_grad]
    biases = [one for name, one in trained if "bias" in name]
    others = [one for name, one in trained if "bias" not in name]
    return [
        {"params": others, "weight_decay": weight_decay, "factor": 1.0},
        {"params": biases, "weight_decay": 0.0, "factor": BIAS_FACTOR},
    ]
