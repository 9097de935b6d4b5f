"""A benchmark that trains in milliseconds: a line through points, held against a held-out part of them.

It claims the name ``resnet``, so that the rules of that benchmark hold. ``changed`` has its
dials: what breaks, and when.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from levelfield.errors import DatasetError, SettingsError
from levelfield.training.export.parts import ModelExport, Part
from levelfield.training.port import Cadence, Edition, LogValue, Quality, Samples, Setup, Training
from levelfield.workloads.onnx_files import Graph, quantise

TRAIN, EVAL, FEATURES = 256, 64, 8
DIALS = {
    "nan_at", "raise_at", "kill_at", "interrupt_at", "slow_s", "last", "opt_base_learning_rate", "no_data", "off",
    "export_off_by",
}  # fmt: skip


class Tiny:
    """One run."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._dials = {name: float(value) for name, value in setup.changed.items()}
        self._batch = setup.batch_size or 32
        generator = torch.Generator().manual_seed(setup.seed)
        self.model = torch.nn.Linear(FEATURES, 1)
        with torch.no_grad():
            for one in self.model.parameters():
                one.copy_(torch.randn(one.shape, generator=generator))
        self._bare = self.model
        self._rate = self._dials.get("opt_base_learning_rate", 0.1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=self._rate, momentum=0.5)
        per_epoch = TRAIN // self._batch
        self.cadence = Cadence(
            epoch=per_epoch, first=per_epoch, every=per_epoch, last=int(self._dials.get("last", 10 * per_epoch)),
            off_clock=bool(self._dials.get("off")),
        )  # fmt: skip
        self.hyperparameters: Mapping[str, LogValue] = {
            "global_batch_size": self._batch, "opt_name": "sgd", "sgd_opt_base_learning_rate": self._rate,
        }  # fmt: skip
        self.initial_weights = ("fc1_weight", "fc1_bias")
        self._step = 0
        self._order = torch.empty(0, dtype=torch.int64)

    def open_data(self) -> Samples:
        self._setup.require_running()
        if self._dials.get("no_data"):
            raise DatasetError("The points are missing.", problems=["points.npz: not there"])
        generator = torch.Generator().manual_seed(4)
        self._inputs = torch.randn(TRAIN + EVAL, FEATURES, generator=generator)
        self._outputs = self._inputs @ torch.arange(1.0, FEATURES + 1)[:, None] + 0.5
        if self._setup.shuffled_labels:
            self._outputs[:TRAIN] = self._outputs[torch.randperm(TRAIN, generator=generator)]
        return Samples(train=TRAIN, evaluation=EVAL)

    def begin_epoch(self, epoch: int) -> None:
        generator = torch.Generator().manual_seed(self._setup.seed * 1000 + epoch)
        self._order = torch.randperm(TRAIN, generator=generator)

    def step(self) -> torch.Tensor:
        at = self._step % self.cadence.epoch * self._batch
        self._step += 1
        self._break()
        world = self._setup.world
        chosen = self._order[at : at + self._batch].chunk(world.size)[world.rank]
        loss = torch.nn.functional.mse_loss(self.model(self._inputs[chosen]), self._outputs[chosen])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach() * (float("nan") if self._step == self._dials.get("nan_at") else 1)

    def _break(self) -> None:
        time.sleep(self._dials.get("slow_s", 0))
        if self._step == self._dials.get("raise_at"):
            raise ValueError("no such tensor")
        if self._step == self._dials.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._step == self._dials.get("interrupt_at"):
            raise KeyboardInterrupt  # no signal: a library of another test may have put its own handler in the way

    def evaluate(self) -> Quality:
        with torch.no_grad():
            error = self._bare(self._inputs[TRAIN:]) - self._outputs[TRAIN:]
            return {"top1": 1 - float(error.square().mean() / self._outputs[TRAIN:].var()) - 1e-9}

    def progress(self, step: int) -> float:
        return step / self.cadence.epoch

    def state(self) -> Mapping[str, Any]:
        return {
            "model": self._bare.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self._step,
            "order": self._order,
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        self._bare.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._step, self._order = state["step"], state["order"]

    def flops_per_sample(self) -> float | None:
        return 6.0 * FEATURES

    def exported(self) -> ModelExport:
        inputs = self._inputs.numpy()
        graph = Graph(
            network=OffWhenTraced(self._bare, self._dials.get("export_off_by", 0.0)),
            example=(torch.zeros(1, FEATURES),), reads={"x": {0: "points"}}, returns={"y": {0: "points"}},
        )  # fmt: skip
        part = Part(
            graph=graph,
            trials=[{"x": inputs[TRAIN : TRAIN + 32]}, {"x": inputs[TRAIN + 32 :]}],
            answers=lambda outputs: outputs["y"] > 0,
            quantise=lambda source, target: quantise(source, target, [{"x": inputs[:TRAIN]}]),
        )
        return ModelExport(
            parts={"model": part}, answer="the side of a point", int8="static", remark="A line is no network."
        )


class OffWhenTraced(torch.nn.Module):
    """A network that its exporter sees otherwise: with something added."""

    def __init__(self, network: torch.nn.Module, off: float) -> None:
        super().__init__()
        self.network, self.off = network, off

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.network(x)
        return y + self.off if self.off and torch.jit.is_tracing() else y


@dataclass(frozen=True)
class TinyBenchmark:
    """It under the name of another."""

    name: str = "resnet"
    mini: str = "a line through 256 points"

    def targets(self, edition: Edition) -> Mapping[str, float]:
        return {"top1": 0.98 if edition is Edition.MINI else 0.759}

    def prepare(self, setup: Setup) -> None:
        pass

    def build(self, setup: Setup) -> Training:
        if unknown := sorted(set(setup.changed) - DIALS):
            raise SettingsError("Unknown hyperparameters.", problems=[f"--set {name}: unknown." for name in unknown])
        return Tiny(setup)


BENCHMARK = TinyBenchmark()
