"""BERT on its way to the target: LAMB, as the rules and the reference have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from levelfield.errors import SettingsError
from levelfield.training.benchmarks.bert.data import Batch, corpus_of
from levelfield.training.benchmarks.bert.evaluate import masked_accuracy
from levelfield.training.benchmarks.bert.export import exported
from levelfield.training.benchmarks.bert.loss import summed_losses
from levelfield.training.benchmarks.bert.network import (
    Named,
    Pretraining,
    flops_per_example,
    log_names,
    named_tensors,
    shape_of,
)
from levelfield.training.benchmarks.bert.settings import Settings
from levelfield.training.benchmarks.bert.start import load_checkpoint
from levelfield.training.distributed import in_parts, summed
from levelfield.training.export.parts import ModelExport
from levelfield.training.optimizers.lamb import Lamb
from levelfield.training.port import Cadence, Edition, LogValue, Quality, Samples, Setup
from levelfield.training.precision import Arithmetic
from levelfield.training.schedules import set_rate, warmup_linear
from levelfield.training.states import learnt, random_state, restore_learnt, restore_random

__all__ = ["BertTraining"]

_EVALUATION_BATCH = {Edition.FULL: 16, Edition.MINI: 250}
_NO_HIDDEN_TOKENS = 1e-5
"""Added to the number of hidden tokens, as the reference does."""


class BertTraining:
    """Satisfies :class:`levelfield.training.port.Training`."""

    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._settings, self._world = settings, setup.world
        _require_shares(settings, setup.world.size)
        shape = shape_of(setup.edition, settings)
        torch.manual_seed(setup.seed)
        with torch.device(setup.world.device):
            self._network = Pretraining(shape)
        self._network.initialise()
        if setup.start is not None:
            load_checkpoint(self._network, setup.start)
        torch.manual_seed(setup.seed + setup.world.rank)  # dropout differs between processes
        self.model: torch.nn.Module = self._network
        self.optimizer = Lamb(
            _groups(self._network),
            lr=settings.opt_base_learning_rate,
            betas=(settings.opt_lamb_beta_1, settings.opt_lamb_beta_2),
            eps=settings.opt_epsilon,
            weight_decay=settings.opt_lamb_weight_decay_rate,
        )
        self._arithmetic = Arithmetic(setup.number_format, setup.world.device)
        self._corpus = corpus_of(setup, settings, vocabulary=shape.vocabulary)
        self._evaluation_batch = _EVALUATION_BATCH[setup.edition]
        self._flops = flops_per_example(shape, settings)
        self._done = 0

    @property
    def cadence(self) -> Cadence:
        """The interval of the rules, in whole batches."""
        return self._settings.cadence

    @property
    def hyperparameters(self) -> Mapping[str, LogValue]:
        """By the names of the log."""
        return self._settings.logged

    @property
    def initial_weights(self) -> tuple[str, ...]:
        """The reference's names: 399 in the full edition."""
        return log_names(self._network)

    def open_data(self) -> Samples:
        """Read the evaluation records and find the others, or draw the pairs.

        Raises:
            DatasetError: They are missing, or not as many as the settings say.
        """
        return self._corpus.open()

    def begin_epoch(self, epoch: int) -> None:
        """Put the examples into the order of an epoch."""
        self._corpus.begin_epoch(epoch)

    def step(self) -> torch.Tensor:
        """Learn from the next batch.

        Returns:
            () this process's part of the loss, times the number of processes: their mean is that of the batch.
        """
        settings, world = self._settings, self._world
        batch = Batch.of(self._corpus.next_share(), world.device)
        set_rate(self.optimizer, self._rate())
        self._done += 1
        self.optimizer.zero_grad()
        hidden_tokens = summed(batch.masked_lm_weights.sum(), world) + _NO_HIDDEN_TOKENS
        total = torch.zeros((), device=world.device)
        for part in in_parts(self.model, batch.parts(settings.gradient_accumulation_steps)):
            with self._arithmetic.forward():
                tokens, next_sentence = self.model(
                    part.input_ids, part.input_mask, part.segment_ids, part.masked_lm_positions
                )
            hidden, following = summed_losses(tokens, next_sentence, part)
            loss = world.size * (hidden / hidden_tokens + following / settings.global_batch_size)
            self._arithmetic.backward(loss)
            total += loss.detach()
        clip, parameters = settings.opt_gradient_clip_norm, self._network.parameters()
        self._arithmetic.step(self.optimizer, clip_norm=clip, parameters=parameters)
        return total

    def _rate(self) -> float:
        """Of the next step, which the reference counts from 0."""
        settings = self._settings
        return warmup_linear(
            self._done,
            base=settings.opt_base_learning_rate,
            total=settings.opt_learning_rate_training_steps,
            warmup=settings.num_warmup_steps,
            warmup_start=settings.start_warmup_step,
        )

    def evaluate(self) -> Quality:
        """The share of hidden tokens that are guessed right."""
        batches = self._corpus.evaluation(self._evaluation_batch)
        return {"mlm": masked_accuracy(self._network, batches, self._arithmetic, self._world)}

    def progress(self, step: int) -> float:
        """Examples learnt from, as the reference points count."""
        return float(step * self._settings.global_batch_size)

    def state(self) -> Mapping[str, Any]:
        """Weights, moments, place in the data, and the generator of dropout."""
        return {
            **learnt(self._network, self.optimizer, self._arithmetic),
            "done": self._done,
            "epoch": self._corpus.epoch,
            "position": self._corpus.position,
            **random_state(self._world.device),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        restore_learnt(state, self._network, self.optimizer, self._arithmetic)
        self._done = state["done"]
        self._corpus.go_on(state["epoch"], state["position"])
        restore_random(state, self._world.device)

    def flops_per_sample(self) -> float:
        """Of an example, forward and backward."""
        return self._flops

    def exported(self) -> ModelExport:
        """The encoder with its heads as a model file."""
        return exported(self._network, self._corpus)


def _groups(network: Pretraining) -> list[dict[str, Any]]:
    """Biases and layer normalisation are neither decayed nor adapted (reference, ``create_optimizer``)."""
    plain = [tensor.parameter for tensor in named_tensors(network) if _is_plain(tensor)]
    others = [tensor.parameter for tensor in named_tensors(network) if not _is_plain(tensor)]
    return [{"params": others}, {"params": plain, "weight_decay": 0.0, "adapt": False}]


def _is_plain(tensor: Named) -> bool:
    return "LayerNorm" in tensor.name or "bias" in tensor.name


def _require_shares(settings: Settings, processes: int) -> None:
    """Every process and part takes examples, and processes equally many.

    Raises:
        SettingsError: The batch cannot be cut so.
    """
    batch, parts = settings.global_batch_size, settings.gradient_accumulation_steps
    if batch % processes or batch // processes < parts:
        wanted = f"a multiple of the {processes} processes, {parts} or more for each (gradient_accumulation_steps)"
        raise SettingsError(
            "bert cannot be trained like this.",
            problems=[f"global_batch_size: found {batch}, expected {wanted}"],
        )
