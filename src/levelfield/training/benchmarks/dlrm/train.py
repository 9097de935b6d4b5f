"""DLRM on its way to the target: SGD with one rate for tables and layers, as the rules and the reference have it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional

from levelfield.errors import SettingsError
from levelfield.training.benchmarks.dlrm.data import ClickData
from levelfield.training.benchmarks.dlrm.evaluate import area_under_curve
from levelfield.training.benchmarks.dlrm.export import exported
from levelfield.training.benchmarks.dlrm.network import INITIAL_WEIGHTS, flops_per_pair, parameter_count, widths_of
from levelfield.training.benchmarks.dlrm.settings import Settings
from levelfield.training.distributed import in_parts
from levelfield.training.export.parts import ModelExport
from levelfield.training.port import Cadence, LogValue, Quality, Samples, Setup, World
from levelfield.training.precision import Arithmetic
from levelfield.training.schedules import set_rate, warmup_constant_polynomial
from levelfield.training.states import learnt, restore_learnt
from levelfield.workloads.recommendation.network import Dlrm

__all__ = ["DlrmTraining"]

_BYTES_PER_PARAMETER = 4
_GB = 1e9


class DlrmTraining:
    """Satisfies :class:`levelfield.training.port.Training`.

    Gradients of tables are sparse: a step touches the rows that its pairs name, and no others.
    """

    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._settings = settings
        self._world, self._edition = setup.world, setup.edition
        _require_sharing(setup.world)
        widths = widths_of(setup.edition, settings.max_ind_range)
        _require_memory(parameter_count(widths), setup.world.device)
        torch.manual_seed(setup.seed)
        with torch.device(setup.world.device):
            self._network = Dlrm(widths)
        self.model: torch.nn.Module = self._network
        self.optimizer = torch.optim.SGD(self._network.parameters(), lr=settings.opt_base_learning_rate)
        self._arithmetic = Arithmetic(setup.number_format, setup.world.device)
        self._data = ClickData(setup, settings, widths.rows)
        self._flops = flops_per_pair(widths)
        self._done = 0

    @property
    def cadence(self) -> Cadence:
        """Each twentieth of an epoch; a fifth in the mini edition."""
        return self._settings.cadence

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """By the names of the log."""
        return self._settings.logged

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """Nine parts, the same in both editions but for the number of layers."""
        layers = (len(self._network.bottom) // 2, (len(self._network.top) + 1) // 2)
        return tuple(
            name
            for name in INITIAL_WEIGHTS
            if not (name.startswith("bottom") and int(name[-1]) > layers[0])
            and not (name.startswith("top") and int(name[-1]) > layers[1])
        )

    def open_data(self) -> Samples:
        """Open the files, or draw the pairs.

        Raises:
            DatasetError: They are missing, or not as many as the settings say.
        """
        return self._data.open()

    def begin_epoch(self, epoch: int) -> None:
        """Put the batches into the order of an epoch."""
        self._data.begin_epoch(epoch)

    def step(self) -> torch.Tensor:
        """Learn from the next batch.

        Returns:
            () this process's part of the mean loss, times the number of processes: their mean is that of the batch.
        """
        self._done += 1
        share = self._data.next_share()
        set_rate(self.optimizer, self._rate())
        self.optimizer.zero_grad()
        total = torch.zeros((), device=self._world.device)
        for clicks in in_parts(self.model, share.clicks.parts(self._settings.gradient_accumulation_steps)):
            with self._arithmetic.forward():
                logits = self.model(clicks.counts, clicks.categories)[:, 0]
                summed = functional.binary_cross_entropy_with_logits(logits.float(), clicks.clicked, reduction="sum")
                loss = summed * (self._world.size / share.batch)
            self._arithmetic.backward(loss)
            total += loss.detach()
        self._arithmetic.step(self.optimizer)
        return total

    def _rate(self) -> float:
        settings = self._settings
        return warmup_constant_polynomial(
            self._done,
            base=settings.opt_base_learning_rate,
            warmup=settings.opt_learning_rate_warmup_steps,
            decay_start=settings.lr_decay_start_steps,
            decay_steps=settings.sgd_opt_learning_rate_decay_steps,
            power=settings.sgd_opt_learning_rate_decay_poly_power,
        )

    def evaluate(self) -> Quality:
        """The area under the curve over all test pairs."""
        return {"auc": area_under_curve(self._network, self._data.evaluation(), self._world)}

    def progress(self, step: int) -> float:
        """As the reference counts: 1 at the start, 1.05 at the first evaluation of a full run."""
        return 1 + step / self._settings.epoch_steps

    def state(self) -> Mapping[str, Any]:
        """Weights, optimizer, place in the data."""
        return {
            **learnt(self._network, self.optimizer, self._arithmetic),
            "done": self._done,
            "epoch": self._data.epoch,
            "position": self._data.position,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        restore_learnt(state, self._network, self.optimizer, self._arithmetic)
        self._done = state["done"]
        self._data.go_on(state["epoch"], state["position"])

    def flops_per_sample(self) -> float:
        """Of a pair, forward and backward."""
        return self._flops

    def exported(self) -> ModelExport:
        """The network as a model file."""
        return exported(self._network, self._data, self._edition)


def _require_sharing(world: World) -> None:
    """Refuse several GPUs: their library does not average sparse gradients, and a dense one is as large as its table.

    Raises:
        SettingsError: Several processes would train on GPUs.
    """
    if world.size > 1 and torch.device(world.device).type == "cuda":
        raise SettingsError(
            "dlrm cannot be trained by several processes on GPUs.",
            problems=[f"processes: found {world.size} on {world.device}, expected 1"],
            hint="One GPU that holds the tables trains it, or several processes on CPUs.",
        )


def _require_memory(parameters: int, device: str) -> None:
    """Refuse tables that cannot fit before the system ends the process without a word.

    Raises:
        SettingsError: The device has less memory than the parameters alone need.
    """
    needed = _BYTES_PER_PARAMETER * parameters
    kind = torch.device(device)
    if kind.type == "cuda":
        there = torch.cuda.mem_get_info(kind)[1]
    else:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        found = f"{needed / _GB:,.1f} GB of tables and layers, expected less than the device's {there / _GB:,.1f} GB"
        raise SettingsError(
            f"dlrm does not fit {device}.",
            problems=[f"max_ind_range: found {found}"],
            hint="For a run that is no official one, a smaller max_ind_range folds categories into fewer rows.",
        )
