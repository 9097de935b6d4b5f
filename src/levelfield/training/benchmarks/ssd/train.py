"""SSD on its way to the target: gradient descent with momentum, one step, evaluation, state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from levelfield.training.benchmarks.ssd.anchors import Floats, boxes_300
from levelfield.training.benchmarks.ssd.data import CocoPictures, ScenePictures, Source, collated
from levelfield.training.benchmarks.ssd.evaluate import Found, detections, precision
from levelfield.training.benchmarks.ssd.export import exported
from levelfield.training.benchmarks.ssd.network import ResNet34, Ssd300, backbone_names
from levelfield.training.benchmarks.ssd.settings import MINI_DESIGN, Settings
from levelfield.training.detection.order import Ints, batches, draws, share
from levelfield.training.detection.weights import checked, read_weights
from levelfield.training.distributed import gathered, summed
from levelfield.training.export.parts import ModelExport
from levelfield.training.port import Cadence, Edition, LogValue, Quality, Samples, Setup, World
from levelfield.training.precision import Arithmetic
from levelfield.training.read_ahead import EpochReader, read_ahead
from levelfield.training.readers import readers_of
from levelfield.training.schedules import set_rate
from levelfield.training.states import learnt, restore_learnt
from levelfield.workloads.object_detection.network import anchors, decoded, detection_loss, network

__all__ = ["SsdTraining", "backbone"]

Batch = tuple[Tensor, Tensor, Tensor]


class SsdTraining:
    """One run of either edition.

    Args:
        settings: Of the edition, with what was changed.
        setup: What was asked for.
        backbone: Weights of the ResNet to start from, by the names of :class:`network.ResNet34`.
    """

    def __init__(self, settings: Settings, setup: Setup, *, backbone: Mapping[str, Tensor] | None = None) -> None:
        self._settings, self._setup = settings, setup
        self._device = torch.device(setup.world.device)
        torch.manual_seed(setup.seed)
        self._network, defaults = _network(settings, setup.edition, backbone)
        self._network.to(self._device, memory_format=torch.channels_last)
        self._defaults = torch.from_numpy(defaults).to(self._device)
        self.model: nn.Module = self._network
        self.optimizer: torch.optim.Optimizer = torch.optim.SGD(
            self._network.parameters(),
            settings.base_learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
        self._arithmetic = Arithmetic(setup.number_format, setup.world.device)
        self._source = _source(settings, setup, defaults)
        self._steps = 0
        self._batches = EpochReader(
            self._train_batch,
            self._numbered,
            steps=settings.epoch_steps,
            readers=readers_of(setup.edition),
            device=setup.world.device,
        )

    @property
    def cadence(self) -> Cadence:
        """An evaluation after every fifth epoch (mini: every one)."""
        settings = self._settings
        every = settings.eval_epochs * settings.epoch_steps
        return Cadence(
            epoch=settings.epoch_steps, first=every, every=every, last=settings.last_epoch * settings.epoch_steps
        )

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """As the log names them."""
        return self._settings.logged

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """The names that the rules list; in the mini edition those of the tensors."""
        if self._setup.edition is Edition.FULL:
            return self._settings.initial_weights
        return tuple(name for name, _ in self._network.named_parameters())

    def open_data(self) -> Samples:
        """Read annotations, or draw scenes.

        Raises:
            DatasetError: Annotations or pictures are missing, unreadable, or not as many as expected.
        """
        self._source.open()
        return Samples(train=self._settings.train_samples, evaluation=self._settings.eval_samples)

    def begin_epoch(self, epoch: int) -> None:
        """Draw the order of an epoch."""
        self._batches.begin(epoch)

    def step(self) -> Tensor:
        """Learn from the next batch.

        Raises:
            DatasetError: A picture cannot be read.
        """
        pictures, classes, moves = (one.to(self._device, non_blocking=True) for one in next(self._batches))
        self._steps += 1
        set_rate(self.optimizer, self._settings.learning_rate(self._steps))
        self.optimizer.zero_grad()
        with self._arithmetic.forward():
            found = self.model(pictures.contiguous(memory_format=torch.channels_last))
        loss = detection_loss(found[0].float(), found[1].float(), classes, moves, by_picture=True)
        self._arithmetic.backward(loss)
        self._arithmetic.step(self.optimizer)
        return loss.detach()

    @torch.no_grad()
    def evaluate(self) -> Quality:
        """COCO's average precision of boxes."""
        settings, scored, world = self._settings, self._source.scored, self._setup.world
        _average_statistics(self._network, world)
        rows = range(world.rank, len(scored.numbers), world.size)
        parts = [rows[start : start + settings.eval_batch] for start in range(0, len(rows), settings.eval_batch)]
        found: list[Found] = []
        self._network.eval()
        batches = read_ahead(self._test_batch, parts, readers=self._batches.readers, device=self._setup.world.device)
        for part, pictures in zip(parts, batches, strict=True):
            with self._arithmetic.forward():
                logits, moves = self._network(pictures.to(self._device).contiguous(memory_format=torch.channels_last))
            scores = logits.float().softmax(dim=-1).cpu().numpy()
            boxes = decoded(self._defaults, moves.float()).cpu().numpy()
            for row, box, score in zip(part, boxes, scores, strict=True):
                found.append(detections(row, box, score, settings.suppression))
        self._network.train()
        every = [one for part in gathered(found, world) for one in part]
        return {"map": precision(every, scored, self._source.columns)}

    def progress(self, step: int) -> float:
        """Epochs."""
        return step / self._settings.epoch_steps

    def state(self) -> Mapping[str, Any]:
        """Weights, momentum, scale of the loss, and how many steps were done; the order follows from these."""
        return {
            **learnt(self._network, self.optimizer, self._arithmetic),
            "steps": self._steps,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        restore_learnt(state, self._network, self.optimizer, self._arithmetic)
        self._steps = state["steps"]
        epoch, done = divmod(self._steps, self._settings.epoch_steps)
        self._batches.begin(epoch + 1, done=done)

    def flops_per_sample(self) -> float | None:
        """Of convolutions, forward and twice as many backward."""
        return _flops(self._settings, self._setup.edition)

    def exported(self) -> ModelExport:
        """The detector as a model file."""
        setup = self._setup
        return exported(
            self._network, self._defaults, self._source, self._settings, edition=setup.edition, seed=setup.seed
        )

    def _numbered(self, epoch: int) -> Iterable[tuple[int, Ints]]:
        """The global batches of an epoch."""
        return enumerate(batches(self._setup.seed, epoch, self._settings.train_samples, self._settings.batch_size))

    def _train_batch(self, epoch: int, which: tuple[int, Ints]) -> Batch:
        """This process's share of a global batch."""
        number, batch = which
        mine = share(batch, self._setup.world)
        return collated(
            [self._source.train_sample(row, draws(self._setup.seed, epoch, number, place)) for place, row in mine]
        )

    def _test_batch(self, rows: range) -> Tensor:
        return torch.from_numpy(np.stack([self._source.test_sample(row) for row in rows]))


def backbone(path: Path) -> dict[str, Tensor]:
    """The weights of ResNet-34 in a file of torchvision.

    Raises:
        ModelError: The file cannot be read, or does not hold them.
    """
    with torch.device("meta"):
        wanted = ResNet34().state_dict()
    return checked(path, backbone_names(read_weights(path)), wanted)


def _network(settings: Settings, edition: Edition, backbone: Mapping[str, Tensor] | None) -> tuple[nn.Module, Floats]:
    if edition is Edition.MINI:
        return network(MINI_DESIGN), anchors(MINI_DESIGN)
    full = Ssd300(settings.classes)
    if backbone is not None:
        full.model.load_state_dict(dict(backbone))
    return full, boxes_300()


def _source(settings: Settings, setup: Setup, defaults: Floats) -> Source:
    shuffled = setup.seed if setup.shuffled_labels else None
    if setup.edition is Edition.MINI:
        return ScenePictures(settings, defaults, shuffled=shuffled)
    assert setup.data is not None, "the benchmark asks for it"
    return CocoPictures(settings, defaults, setup.data, shuffled=shuffled)


def _average_statistics(model: nn.Module, world: World) -> None:
    """Batch normalisation saw other pictures in each process; the mean of all is evaluated, as in the reference."""
    for name, value in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            summed(value, world).div_(world.size)


def _flops(settings: Settings, edition: Edition) -> float:
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415 - takes a while to import

    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        _network(settings, edition, None)[0](torch.zeros(1, 3, settings.size, settings.size))
    return 3.0 * counter.get_total_flops()
