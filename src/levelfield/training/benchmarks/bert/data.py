"""The examples of BERT: the reference's records, or pairs of a small language, masked anew in each epoch.

Both deal whole batches in an order drawn from (seed, epoch), and a process takes an equal part of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import count, islice
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.bert.examples import Examples, masked
from levelfield.training.benchmarks.bert.grammar import VOCABULARY, Grammar
from levelfield.training.benchmarks.bert.records import (
    Record,
    decoded,
    evaluation_file,
    numbered,
    shuffled_records,
    train_files,
)
from levelfield.training.benchmarks.bert.settings import Settings
from levelfield.training.port import Edition, Samples, Setup
from levelfield.training.read_ahead import EpochReader
from levelfield.training.readers import default_readers

__all__ = ["Batch", "Corpus", "corpus_of"]

TRAIN_SEED, EVALUATION_SEED = 6001, 6002
"""Of the generated pairs; the latter also of their masks, which are the same in every run."""
_ORDER, _MASKS, _LABELS = 0, 1, 2
"""What a generator is drawn for, beside seed and epoch."""
_MOST_DECODERS = 4
"""Processes; the records come from this one, which is soon the slower part."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some examples on the device; axes and meaning as in :class:`Examples`."""

    input_ids: torch.Tensor
    input_mask: torch.Tensor
    segment_ids: torch.Tensor
    masked_lm_positions: torch.Tensor
    masked_lm_ids: torch.Tensor
    masked_lm_weights: torch.Tensor
    next_sentence_labels: torch.Tensor

    @classmethod
    def of(cls, examples: Examples, device: str) -> Batch:
        """Bring examples to a device."""
        arrays = (np.ascontiguousarray(getattr(examples, field.name)) for field in fields(examples))
        return cls(*(torch.from_numpy(array).to(device, non_blocking=True) for array in arrays))

    def parts(self, count: int) -> Iterator[Batch]:
        """Cut into as many parts, of nearly the same size."""
        tensors = (getattr(self, field.name).tensor_split(count) for field in fields(self))
        return (Batch(*part) for part in zip(*tensors, strict=True))


class Corpus(Protocol):
    """Where examples come from."""

    def open(self) -> Samples:
        """Read for the first time."""

    def begin_epoch(self, epoch: int) -> None:
        """Put the examples into the order of an epoch."""

    def go_on(self, epoch: int, position: int) -> None:
        """Go to where an earlier process was."""

    def next_share(self) -> Examples:
        """This process's part of the next batch."""

    def evaluation(self, size: int) -> Iterator[Examples]:
        """This process's part of what is evaluated on, in batches."""

    @property
    def epoch(self) -> int:
        """The present one."""

    @property
    def position(self) -> int:
        """Batches of the epoch that were taken."""


def corpus_of(setup: Setup, settings: Settings, *, vocabulary: int) -> Corpus:
    """The examples of an edition."""
    if setup.edition is Edition.MINI:
        return _Generated(setup, settings)
    return _Recorded(setup, settings, vocabulary)


class _Dealt:
    """What both have: their part of a batch, and generators of their own for everything random."""

    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._setup = setup
        self._settings = settings

    def _draw(self, purpose: int, epoch: int, part: int = 0) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64((self._setup.seed, purpose, epoch, part)))

    def _share(self) -> slice:
        """This process's part of a batch."""
        world = self._setup.world
        each = self._settings.global_batch_size // world.size
        return slice(world.rank * each, (world.rank + 1) * each)

    def _evaluated(self, own: Examples, size: int) -> Iterator[Examples]:
        self._setup.require_running()
        for start in range(0, len(own), size):
            yield _taken(own, slice(start, start + size))


class _Generated(_Dealt):
    """Pairs of the small language."""

    def __init__(self, setup: Setup, settings: Settings) -> None:
        super().__init__(setup, settings)
        self.epoch = 0
        self.position = 0

    def open(self) -> Samples:
        self._setup.require_running()
        settings, grammar = self._settings, Grammar()
        length = settings.max_sequence_length
        self._pairs = grammar.pairs(settings.train_samples, length=length, seed=TRAIN_SEED)
        tested = grammar.pairs(settings.eval_samples, length=length, seed=EVALUATION_SEED)
        draw = np.random.Generator(np.random.PCG64(EVALUATION_SEED))
        self._tested = masked(tested, VOCABULARY, predictions=settings.max_predictions_per_seq, draw=draw)
        return Samples(train=settings.train_samples, evaluation=settings.eval_samples)

    def begin_epoch(self, epoch: int) -> None:
        self._setup.require_running()
        self.epoch, self.position = epoch, 0
        self._order = self._draw(_ORDER, epoch).permutation(self._settings.train_samples)
        predictions, draw = self._settings.max_predictions_per_seq, self._draw(_MASKS, epoch)
        examples = masked(self._pairs, VOCABULARY, predictions=predictions, draw=draw)
        if self._setup.shuffled_labels:
            examples = _with_dealt_labels(examples, self._draw(_LABELS, epoch))
        self._examples = examples

    def go_on(self, epoch: int, position: int) -> None:
        self.begin_epoch(epoch)
        self.position = position

    def next_share(self) -> Examples:
        self._setup.require_running()
        size = self._settings.global_batch_size
        batch = self._order[self.position * size : (self.position + 1) * size]
        self.position += 1
        return _taken(self._examples, batch[self._share()])

    def evaluation(self, size: int) -> Iterator[Examples]:
        world = self._setup.world
        return self._evaluated(_taken(self._tested, slice(world.rank, None, world.size)), size)


class _Recorded(_Dealt):
    """The reference's records. Every process reads all of them, which is little, and decodes its own."""

    def __init__(self, setup: Setup, settings: Settings, vocabulary: int) -> None:
        super().__init__(setup, settings)
        self._vocabulary = vocabulary
        self._shares = EpochReader(
            self._decoded,
            self._dealt,
            steps=settings.epoch_steps,
            readers=min(_MOST_DECODERS, default_readers()),
            device=setup.world.device,
        )

    def open(self) -> Samples:
        self._setup.require_running()
        folder, settings, world = self._setup.data, self._settings, self._setup.world
        assert folder is not None, "prepare asked for it"
        self._paths = train_files(folder)
        path = evaluation_file(folder)
        records = list(numbered(path))
        if len(records) != settings.eval_samples:
            raise DatasetError(
                f"{path} does not hold the examples that this run is set to.",
                problems=[f"found {len(records):,} records, expected {settings.eval_samples:,} (eval_samples)"],
                hint="For a run on other data, which is no official one, set eval_samples.",
            )
        self._tested = decoded(records[world.rank :: world.size], settings, vocabulary=self._vocabulary)
        return Samples(train=settings.train_samples, evaluation=settings.eval_samples)

    def begin_epoch(self, epoch: int) -> None:
        self.go_on(epoch, 0)

    def go_on(self, epoch: int, position: int) -> None:
        self._shares.begin(epoch, done=position)

    def next_share(self) -> Examples:
        self._setup.require_running()
        return next(self._shares)

    @property
    def epoch(self) -> int:
        """The present one."""
        return self._shares.epoch

    @property
    def position(self) -> int:
        """Batches of the epoch that were taken."""
        return self._shares.done

    def _dealt(self, epoch: int) -> Iterator[tuple[int, list[Record]]]:
        """The shares of this process, not decoded, with the numbers of their batches from 1."""
        records = shuffled_records(self._paths, self._draw(_ORDER, epoch))
        return _batches(records, self._settings.global_batch_size, self._share())

    def _decoded(self, epoch: int, batch: tuple[int, list[Record]]) -> Examples:
        number, records = batch
        examples = decoded(records, self._settings, vocabulary=self._vocabulary)
        if self._setup.shuffled_labels:
            examples = _with_dealt_labels(examples, self._draw(_LABELS, epoch, number))
        return examples

    def evaluation(self, size: int) -> Iterator[Examples]:
        return self._evaluated(self._tested, size)


def _batches(records: Iterator[Record], size: int, share: slice) -> Iterator[tuple[int, list[Record]]]:
    """Shares of batches with their numbers; no method, whose frame would hold the corpus (see :class:`EpochReader`)."""
    for number in count(1):
        yield number, list(islice(records, size))[share]


def _taken(examples: Examples, which: slice | NDArray[np.int64]) -> Examples:
    return Examples(*(getattr(examples, field.name)[which] for field in fields(examples)))


def _with_dealt_labels(examples: Examples, draw: np.random.Generator) -> Examples:
    """The same inputs, with the hidden tokens and the kinds of pairs of others: the control that cannot be learnt."""
    hidden, counts = examples.masked_lm_ids.copy(), examples.masked_lm_weights > 0
    hidden[counts] = draw.permutation(hidden[counts])
    arrays = {field.name: getattr(examples, field.name) for field in fields(examples)}
    arrays["masked_lm_ids"] = hidden
    arrays["next_sentence_labels"] = draw.permutation(examples.next_sentence_labels)
    return Examples(**arrays)
