"""Training of unet3d: SGD with Nesterov's momentum, a rate that rises epoch by epoch, patches, one step.

Source: mlcommons/training at 4a4d5a0, image_segmentation/pytorch/runtime/training.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.training.benchmarks.unet3d.data import Patches, Volumes, full_volumes, mini_volumes
from levelfield.training.benchmarks.unet3d.evaluate import mean_dice
from levelfield.training.benchmarks.unet3d.export import exported
from levelfield.training.benchmarks.unet3d.settings import Settings
from levelfield.training.distributed import in_parts
from levelfield.training.export.parts import ModelExport
from levelfield.training.port import Cadence, Edition, LogValue, Quality, Samples, Setup
from levelfield.training.precision import Arithmetic
from levelfield.training.read_ahead import EpochReader
from levelfield.training.schedules import set_rate, with_boundaries
from levelfield.training.states import learnt, restore_learnt
from levelfield.workloads.medical_segmentation.network import UNet3D, segmentation_loss

__all__ = ["UNet3DTraining", "learning_rate"]


def learning_rate(epoch: int, settings: Settings) -> float:
    """Of all steps of an epoch, from 1: ``first + (base - first) * epoch / warmup``, then the boundaries.

    A boundary is the last epoch before the rate falls.
    """
    if epoch <= settings.warmup_epochs:
        first, base = settings.first_learning_rate, settings.learning_rate
        return first + (base - first) * epoch / settings.warmup_epochs
    return with_boundaries(
        epoch - 1, base=settings.learning_rate, boundaries=settings.boundaries, factor=settings.factor
    )


class UNet3DTraining:
    """One network on its way to the target; see :class:`levelfield.training.port.Training`."""

    def __init__(self, setup: Setup, settings: Settings) -> None:
        self.settings = settings
        self._setup, self._world = setup, setup.world
        torch.manual_seed(setup.seed)
        self._bare = UNet3D(settings.filters).to(self._world.device)
        self.model: torch.nn.Module = self._bare
        self.optimizer: torch.optim.Optimizer = torch.optim.SGD(
            self._bare.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            nesterov=True,
            weight_decay=settings.weight_decay,
        )
        self._arithmetic = Arithmetic(setup.number_format, self._world.device)
        self._volumes: tuple[Volumes, Volumes] | None = None
        self._patches: Patches | None = None
        self._batches = EpochReader(
            self._read,
            self._dealt,
            steps=self.settings.steps_per_epoch,
            readers=self.settings.readers,
            device=self._world.device,
        )

    @property
    def cadence(self) -> Cadence:
        """When it is evaluated and given up."""
        return self.settings.cadence

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """What the log must say."""
        return self.settings.logged

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """50 names in the full edition."""
        downs = range(len(self.settings.filters) - 1)
        blocks = ["input", *(f"down{index}" for index in downs), *(f"up{index}" for index in downs)]
        parts = [f"{block}_block_{n}_{part}" for block in blocks for n in (0, 1) for part in ("conv", "instancenorm")]
        return (*parts, *(f"up{index}_deconv" for index in downs), "output_conv")

    def open_data(self) -> Samples:
        """Find the cases, and look at the header of each."""
        settings = self.settings
        self._setup.require_running()
        if self._setup.edition is Edition.MINI:
            self._volumes = mini_volumes(settings.train_samples, settings.eval_samples)
        else:
            assert self._setup.data is not None, "prepare asked for it"
            self._volumes = full_volumes(self._setup.data, settings)
        train, evaluation = self._volumes
        self._patches = Patches(train, settings, self._setup.seed, shuffled=self._setup.shuffled_labels)
        return Samples(train=train.count, evaluation=evaluation.count)

    def begin_epoch(self, epoch: int) -> None:
        """Deal the cases anew, and set the rate."""
        self._batches.begin(epoch)

    def step(self) -> torch.Tensor:
        """Learn from the next patches of this process."""
        images, labels = (one.to(self._world.device, non_blocking=True) for one in next(self._batches))
        set_rate(self.optimizer, learning_rate(self._batches.epoch, self.settings))
        self.model.train()
        self.optimizer.zero_grad()
        parts = self.settings.accumulation
        losses = []
        for image, truth in in_parts(self.model, zip(images.chunk(parts), labels.chunk(parts), strict=True)):
            with self._arithmetic.forward():
                scores = self.model(image)
            loss = segmentation_loss(scores.float(), truth, by_patch=True) / parts
            self._arithmetic.backward(loss)
            losses.append(loss.detach())
        self._arithmetic.step(self.optimizer)
        return torch.stack(losses).sum()

    def evaluate(self) -> Quality:
        """Mean DICE over the evaluation cases."""
        assert self._volumes is not None, "data are open"
        self._setup.require_running()
        with self._arithmetic.forward():
            dice = mean_dice(self._bare, self._volumes[1], window=self.settings.window, world=self._world)
        return {"dice": dice}

    def progress(self, step: int) -> float:
        """Epochs."""
        return step / self.settings.steps_per_epoch

    def state(self) -> Mapping[str, Any]:
        """Weights, momentum, place in the epoch. What is random follows from seed, epoch and case."""
        return {
            **learnt(self._bare, self.optimizer, self._arithmetic),
            "epoch": self._batches.epoch,
            "done": self._batches.done,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, in the middle of its epoch if it was there."""
        restore_learnt(state, self._bare, self.optimizer, self._arithmetic)
        self._batches.begin(state["epoch"], done=state["done"])

    def flops_per_sample(self) -> float | None:
        """Of a patch: the multiplications and additions of all convolutions, forward once and backward twice."""
        voxels = int(np.prod(self.settings.patch))
        total = 0.0
        for name, weights in self._bare.named_parameters():
            if weights.ndim == 5:
                level = _level_of(name, len(self.settings.filters))
                # A transposed convolution makes each output voxel from one input voxel: its kernel counts once there.
                reads = weights.shape[0] if "upsample_conv" in name else weights[0].numel()
                makes = weights.shape[1] if "upsample_conv" in name else weights.shape[0]
                total += 2.0 * reads * makes * voxels / 8**level
        return 3 * total

    def exported(self) -> ModelExport:
        """The network as a model file."""
        assert self._patches is not None, "data are open"
        assert self._volumes is not None, "data are open"
        return exported(self._bare, self._patches, self._volumes[1], self.settings, self._setup.edition)

    def _dealt(self, epoch: int) -> Iterable[NDArray[np.int64]]:
        """The cases of this process, batch by batch."""
        assert self._patches is not None, "data are open"
        return self._patches.order(epoch)[:, self._world.rank :: self._world.size]

    def _read(self, epoch: int, cases: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """(patches, 1, *patch) float32 and (patches, *patch) int64."""
        assert self._patches is not None, "data are open"
        self._setup.require_running()
        pairs = [self._patches.patch(epoch, case) for case in cases.tolist()]
        images, labels = (torch.from_numpy(np.stack(part)) for part in zip(*pairs, strict=True))
        return images, labels


def _level_of(name: str, levels: int) -> int:
    """How often the edges were halved where a weight's output lies."""
    block, _, rest = name.partition(".")
    match block:
        case "downsample":
            return int(rest.partition(".")[0]) + 1
        case "bottleneck":
            return levels - 1
        case "upsample":
            return levels - 2 - int(rest.partition(".")[0])
        case _:
            return 0
