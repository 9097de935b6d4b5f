"""The pairs of DLRM: Criteo Terabyte in the binary form of the reference, or clicks drawn from a known rule.

Both are records of whole numbers, and go through the same steps. As in the reference a batch is pairs that follow each
other in the file, and an epoch is all batches in an order of its own (``--mlperf-bin-shuffle``); the last one may be
short. The order is drawn from seed and epoch, and a process takes an equal part of every batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.training.benchmarks.dlrm.settings import Settings
from levelfield.training.port import Edition, Samples, Setup
from levelfield.training.read_ahead import EpochReader, read_ahead
from levelfield.training.readers import readers_of
from levelfield.workloads.recommendation import preprocess
from levelfield.workloads.recommendation.criteo import BinaryPairs, open_test_pairs
from levelfield.workloads.recommendation.criteo_train import convert_train_days, open_train_pairs
from levelfield.workloads.recommendation.dataset import MiniPairs, Pairs
from levelfield.workloads.recommendation.generator import TRAINING, ClickProcess
from levelfield.workloads.recommendation.preprocess import RecordLayout, Records

__all__ = [
    "EVALUATION_BATCH",
    "TEST_SEED",
    "TRAIN_SEED",
    "ClickData",
    "Clicks",
    "Share",
    "layout_of",
    "prepare_files",
]

TRAIN_SEED, TEST_SEED = 5001, 5002
"""Of the generated pairs; those of the inference suite are 101, 202 and 303."""
EVALUATION_BATCH = 16_384
"""As the reference evaluates."""
_ORDER, _LABELS = 0, 1
"""What a generator is drawn for, beside the seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Some pairs as the network reads them."""

    counts: torch.Tensor
    """(pairs, counts) float32 logarithms."""
    categories: torch.Tensor
    """(categories, pairs) whole numbers: rows of the tables; int64 on a device."""
    clicked: torch.Tensor
    """(pairs,) float32, 0 or 1."""

    def to(self, device: str) -> Clicks:
        """The same on a device."""
        return Clicks(
            counts=self.counts.to(device, non_blocking=True),
            categories=self.categories.to(device, non_blocking=True).long(),
            clicked=self.clicked.to(device, non_blocking=True),
        )

    def parts(self, count: int) -> Iterator[Clicks]:
        """Cut into as many parts, of nearly the same size."""
        counts, clicked = self.counts.tensor_split(count), self.clicked.tensor_split(count)
        for part in zip(counts, self.categories.tensor_split(count, dim=1), clicked, strict=True):
            yield Clicks(counts=part[0], categories=part[1], clicked=part[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one process learns from in a step."""

    clicks: Clicks
    batch: int
    """Pairs of the whole batch, over all processes."""

    def to(self, device: str) -> Share:
        """The same on a device."""
        return Share(clicks=self.clicks.to(device), batch=self.batch)


def layout_of(edition: Edition, settings: Settings) -> RecordLayout:
    """How a record is written, categories modulo the most rows that a table may have."""
    layout = preprocess.FULL if edition is Edition.FULL else preprocess.MINI
    return replace(layout, modulus=settings.max_ind_range)


def prepare_files(folder: Path, layout: RecordLayout) -> None:
    """Bring the published arrays into the binary form, where it is not there yet. Off the clock.

    Raises:
        DatasetError: The folder holds neither, or arrays are missing or damaged.
        OutputError: The binary files cannot be written.
    """
    convert_train_days(folder, layout)
    open_train_pairs(folder, layout)
    open_test_pairs(folder, layout)


class ClickData:
    """The pairs of a run: opened once, dealt anew in each epoch."""

    def __init__(self, setup: Setup, settings: Settings, tables: tuple[int, ...]) -> None:
        self._setup = setup
        self._settings = settings
        self._layout = layout_of(setup.edition, settings)
        self._tables = np.array(tables)
        self._train: Pairs | None = None
        self._test: Pairs | None = None
        self._shares = EpochReader(
            self._share,
            self._dealt,
            steps=settings.epoch_steps,
            readers=readers_of(setup.edition),
            device=setup.world.device,
        )

    @property
    def epoch(self) -> int:
        """The present one."""
        return self._shares.epoch

    @property
    def position(self) -> int:
        """Batches of the epoch that were taken."""
        return self._shares.done

    def open(self) -> Samples:
        """Open the files, or draw the pairs.

        Raises:
            DatasetError: They are missing, or not as many as the settings say.
        """
        self._setup.require_running()
        settings = self._settings
        if self._setup.edition is Edition.MINI:
            process = ClickProcess(TRAINING)
            self._train = MiniPairs(self._layout, process.draw(settings.train_samples, seed=TRAIN_SEED).records)
            self._test = MiniPairs(self._layout, process.draw(settings.eval_samples, seed=TEST_SEED).records)
        else:
            self._train, self._test = self._opened()
        return Samples(train=settings.train_samples, evaluation=settings.eval_samples)

    def _opened(self) -> tuple[Pairs, Pairs]:
        folder = self._setup.data
        assert folder is not None, "prepare asked for it"
        train, test = open_train_pairs(folder, self._layout), open_test_pairs(folder, self._layout)
        wanted = (
            ("train_samples", train, self._settings.train_samples),
            ("eval_samples", test, self._settings.eval_samples),
        )
        problems = [_short(name, pairs, count) for name, pairs, count in wanted if len(pairs) != count]
        if problems:
            raise DatasetError(
                f"{folder} does not hold the pairs that this run is set to.",
                problems=problems,
                hint="For a run on other data, which is no official one, set train_samples and eval_samples.",
            )
        return train, test

    def begin_epoch(self, epoch: int) -> None:
        """Put the batches into the order of an epoch."""
        self._shares.begin(epoch)

    def go_on(self, epoch: int, position: int) -> None:
        """Go to where an earlier process was."""
        self._shares.begin(epoch, done=position)

    def next_share(self) -> Share:
        """This process's part of the next batch.

        Raises:
            DatasetError: A record holds what cannot be.
        """
        self._setup.require_running()
        return next(self._shares).to(self._setup.world.device)

    def _dealt(self, epoch: int) -> list[int]:
        """The batches of an epoch, by their numbers in the file."""
        order: list[int] = self._generator(_ORDER, epoch).permutation(self._settings.epoch_steps).tolist()
        return order

    def _share(self, _epoch: int, batch: int) -> Share:
        assert self._train is not None, "open the data first"
        size, world = self._settings.global_batch_size, self._setup.world
        start = batch * size
        end = min(start + size, self._settings.train_samples)
        bounds = np.linspace(start, end, world.size + 1).astype(int)
        first, last = int(bounds[world.rank]), int(bounds[world.rank + 1])
        labels = None
        if self._setup.shuffled_labels:
            dealt = self._train.records(start, end)[:, 0]
            labels = self._generator(_LABELS, batch).permutation(dealt)[first - start : last - start]
        return Share(clicks=self._clicks(self._train, first, last, labels), batch=end - start)

    def evaluation(self) -> Iterator[Clicks]:
        """This process's part of the test pairs, in batches: every one of all batches, in turn."""
        test, count, world = self._test, self._settings.eval_samples, self._setup.world
        assert test is not None, "open the data first"
        self._setup.require_running()

        def read(start: int) -> Clicks:
            return self._clicks(test, start, min(start + EVALUATION_BATCH, count), None)

        starts = range(world.rank * EVALUATION_BATCH, count, world.size * EVALUATION_BATCH)
        for clicks in read_ahead(read, starts, readers=self._shares.readers, device=world.device):
            yield clicks.to(world.device)

    def _generator(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64((self._setup.seed, purpose, number)))

    def _clicks(self, pairs: Pairs, start: int, end: int, labels: NDArray[Any] | None) -> Clicks:
        records = pairs.records(start, end)
        counts, rows = preprocess.model_inputs(records, self._layout)
        self._check(pairs, start, records, rows)
        clicked = records[:, 0] if labels is None else labels
        return Clicks(
            counts=torch.from_numpy(counts),
            categories=torch.from_numpy(rows),
            clicked=torch.from_numpy(clicked.astype(np.float32)),
        )

    def _check(self, pairs: Pairs, start: int, records: Records, rows: NDArray[np.int32]) -> None:
        """Refuse a record before it becomes an index outside of a table, on a device that cannot say which."""
        if not len(records):
            return
        wrong = (records[:, 0] >> 1 != 0) | (rows >= self._tables[:, None]).any(axis=0) | (rows < 0).any(axis=0)
        if wrong.any():
            pair = int(np.flatnonzero(wrong)[0])
            where = f"{pairs.path}, " if isinstance(pairs, BinaryPairs) else ""
            tables = [
                f"category {feature}: found row {row}, expected 0 to {limit - 1}"
                for feature, (row, limit) in enumerate(zip(rows[:, pair].tolist(), self._tables.tolist(), strict=True))
                if not 0 <= row < limit
            ]
            label = records[pair, 0]
            raise DatasetError(
                f"{where}pair {start + pair:,} cannot be learnt from.",
                problems=[*([] if label in {0, 1} else [f"label: found {label}, expected 0 or 1"]), *tables[:5]],
            )


def _short(name: str, pairs: BinaryPairs, count: int) -> str:
    return f"{pairs.path}: found {len(pairs):,} pairs, expected {count:,} ({name})"
