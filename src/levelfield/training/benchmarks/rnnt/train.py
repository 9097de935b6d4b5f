"""Training of rnnt: LAMB, a rate that rises, holds and falls by epochs, averaged weights, one step.

Source: mlcommons/training at 4a4d5a0, rnn_speech_recognition/pytorch/train.py.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from levelfield.training.benchmarks.rnnt.data import Speech, bucketed, full_speech, mini_speech
from levelfield.training.benchmarks.rnnt.evaluate import word_error_rate
from levelfield.training.benchmarks.rnnt.export import exported
from levelfield.training.benchmarks.rnnt.settings import Settings
from levelfield.training.distributed import in_parts
from levelfield.training.export.parts import ModelExport
from levelfield.training.optimizers.lamb import Lamb
from levelfield.training.port import Cadence, Edition, LogValue, Quality, Samples, Setup
from levelfield.training.precision import Arithmetic
from levelfield.training.read_ahead import EpochReader
from levelfield.training.schedules import set_rate, warmup_hold_exponential
from levelfield.training.states import learnt, random_state, restore_learnt, restore_random
from levelfield.workloads.speech_recognition.batches import Batch, collated
from levelfield.workloads.speech_recognition.network import Transducer, transducer_loss

__all__ = ["RnntTraining"]


class RnntTraining:
    """One transducer on its way to the target; see :class:`levelfield.training.port.Training`."""

    def __init__(self, setup: Setup, settings: Settings) -> None:
        self.settings = settings
        self._setup, self._world = setup, setup.world
        torch.manual_seed(setup.seed)
        self._bare = Transducer(settings.sizes, lstm_scale=settings.lstm_scale)
        self._averaged = copy.deepcopy(self._bare).requires_grad_(requires_grad=False)
        for model in (self._bare, self._averaged):  # after the copy: moving an LSTM lays its weights side by side
            model.to(self._world.device)
        self.model: torch.nn.Module = self._bare
        self.optimizer: torch.optim.Optimizer = Lamb(
            self._bare.parameters(),
            settings.learning_rate,
            betas=(settings.beta_1, settings.beta_2),
            eps=settings.epsilon,
            weight_decay=settings.weight_decay,
        )
        self._arithmetic = Arithmetic(setup.number_format, self._world.device)
        self._speech: Speech | None = None
        self._labels: list[list[int]] = []
        self._batches = EpochReader(
            self._read, self._dealt, steps=settings.steps_per_epoch, readers=settings.readers, device=setup.world.device
        )

    @property
    def cadence(self) -> Cadence:
        """An evaluation after every epoch."""
        return self.settings.cadence

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """What the log must say."""
        return self.settings.logged

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """Both editions have the same parts."""
        return ("pre_rnn", "post_rnn", "pred_embed", "dec_rnn", "joint_pred", "joint_enc", "joint_net")

    def open_data(self) -> Samples:
        """Read manifests and transcripts, and look for the recordings."""
        settings, setup = self.settings, self._setup
        setup.require_running()
        if setup.edition is Edition.MINI:
            self._speech = mini_speech(settings)
        else:
            assert setup.data is not None, "prepare asked for it"
            self._speech = full_speech(setup.data, settings)
        transcripts = self._speech.train.transcripts
        self._labels = [self._speech.vocabulary.encode(text) for text in transcripts]
        if setup.shuffled_labels:
            dealt = np.random.default_rng([setup.seed, 0]).permutation(len(transcripts))
            self._labels = [self._labels[index] for index in dealt]
        return Samples(
            train=settings.steps_per_epoch * settings.batch_size, evaluation=len(self._speech.evaluation.transcripts)
        )

    def begin_epoch(self, epoch: int) -> None:
        """Deal the utterances anew."""
        self._batches.begin(epoch)

    def step(self) -> torch.Tensor:
        """Learn from the next utterances of this process."""
        settings = self.settings
        batch = next(self._batches).to(self._world.device)
        rate = warmup_hold_exponential(
            (self._batches.epoch - 1) * settings.steps_per_epoch + self._batches.done,
            self._batches.epoch,
            base=settings.learning_rate,
            minimum=settings.least_learning_rate,
            warmup=settings.warmup_epochs,
            hold=settings.hold_epochs,
            steps_per_epoch=settings.steps_per_epoch,
            gamma=settings.decay,
        )
        set_rate(self.optimizer, rate)
        self.model.train()
        self.optimizer.zero_grad()
        losses = []
        parts = batch.parts(settings.accumulation)
        for part in in_parts(self.model, parts):
            with self._arithmetic.forward():
                logits, steps = self.model(part.features, part.lengths, part.labels)
            loss = transducer_loss(logits.float(), steps, part.labels, part.counts).mean() / len(parts)
            self._arithmetic.backward(loss)
            losses.append(loss.detach())
        clip_norm = None if math.isinf(settings.clip_norm) else settings.clip_norm
        self._arithmetic.step(self.optimizer, clip_norm=clip_norm, parameters=self._bare.parameters())
        self._average()
        return torch.stack(losses).sum()

    def evaluate(self) -> Quality:
        """Word error rate of the averaged weights."""
        assert self._speech is not None, "data are open"
        self._setup.require_running()
        with self._arithmetic.forward():
            rate = word_error_rate(
                self._averaged, self._speech, self.settings, seed=self._setup.seed, world=self._world
            )
        return {"wer": rate}

    def progress(self, step: int) -> float:
        """Epochs."""
        return step / self.settings.steps_per_epoch

    def state(self) -> Mapping[str, Any]:
        """Weights and their averages, moments, place in the epoch, and the generators that dropout draws from."""
        return {
            **learnt(self._bare, self.optimizer, self._arithmetic),
            "averaged": self._averaged.state_dict(),
            "epoch": self._batches.epoch,
            "done": self._batches.done,
            **random_state(self._world.device),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, in the middle of its epoch if it was there."""
        restore_learnt(state, self._bare, self.optimizer, self._arithmetic)
        self._averaged.load_state_dict(state["averaged"])
        self._batches.begin(state["epoch"], done=state["done"])
        restore_random(state, self._world.device)

    def flops_per_sample(self) -> float | None:
        """Of an utterance of mean length: all matrix products, forward once and backward twice."""
        if self._speech is None:
            return None
        rows = float(self._speech.train.seconds.mean()) * 100 / 3
        labels = 1 + float(np.mean([len(one) for one in self._labels]))
        total = 0.0
        for name, weights in self._bare.named_parameters():
            if weights.ndim < 2 or "embed" in name:
                continue
            if "pre_rnn" in name:
                times = rows
            elif "post_rnn" in name or "joint_enc" in name:
                times = rows / 2
            elif "joint_net" in name:
                times = rows / 2 * labels
            else:
                times = labels
            total += 2.0 * weights.numel() * times
        return 3 * total

    def exported(self) -> ModelExport:
        """The averaged weights as model files."""
        assert self._speech is not None, "data are open"
        return exported(self._averaged, self._speech, edition=self._setup.edition, seed=self._setup.seed)

    @property
    def _on_cuda(self) -> bool:
        return torch.device(self._world.device).type == "cuda"

    @torch.no_grad()
    def _average(self) -> None:
        """``averaged = ema * averaged + (1 - ema) * weights``."""
        averaged, weights = list(self._averaged.parameters()), list(self._bare.parameters())
        torch._foreach_lerp_(averaged, weights, 1 - self.settings.ema)

    def _dealt(self, epoch: int) -> Iterable[list[int]]:
        """The utterances of this process, batch by batch."""
        assert self._speech is not None, "data are open"
        settings, world = self.settings, self._world
        order = bucketed(
            self._speech.train.seconds,
            buckets=settings.buckets,
            steps=settings.steps_per_epoch,
            batch=settings.batch_size,
            draw=np.random.default_rng([self._setup.seed, epoch]),
        )
        return (batch.tolist() for batch in order[:, world.rank :: world.size])

    def _read(self, epoch: int, indices: list[int]) -> Batch:
        assert self._speech is not None, "data are open"
        self._setup.require_running()
        utterances, seed = self._speech.train, self._setup.seed
        draws = (np.random.default_rng([seed, epoch, 1 + index]) for index in indices)
        return collated(
            [(utterances.varied(index, draw), self._labels[index]) for index, draw in zip(indices, draws, strict=True)]
        )
