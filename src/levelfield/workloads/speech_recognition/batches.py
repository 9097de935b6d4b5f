"""Generated utterances as a network learns from them, and utterances side by side in a batch.

The shipped model (``tools/mini_rnnt.py``) and the training suite's ``rnnt`` learn from the same features, in batches
that are filled up alike; so are those of the full edition. torch is imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from levelfield.workloads.speech_recognition.generator import Part, utterance
from levelfield.workloads.speech_recognition.preprocess import SAMPLE_RATE_HZ, features

if TYPE_CHECKING:
    import torch

__all__ = ["Batch", "Features", "Spoken", "collated", "spoken"]

Features = NDArray[np.float32]
"""(rows, 240): three neighbouring frames of 80 bands side by side."""
_FULL_SCALE = np.float32(32768)
"""Of 16 bits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spoken:
    """The first utterances of a part."""

    seconds: NDArray[np.float64]
    """(utterances,) how long each lasts."""
    texts: Sequence[str]
    features: Sequence[Features]
    """Exactly what the inference suite's mini makes of each."""


@cache
def spoken(part: Part, count: int) -> Spoken:
    """So many utterances, made once in a process: an utterance takes longer to make than to learn from."""
    made = [utterance(part, index) for index in range(count)]
    return Spoken(
        seconds=np.array([len(one.pcm) / SAMPLE_RATE_HZ for one in made]),
        texts=[one.text for one in made],
        features=[features(one.pcm.astype(np.float32) / _FULL_SCALE) for one in made],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Utterances side by side, filled up with zeros."""

    features: torch.Tensor
    """(rows, batch, 240) float32."""
    lengths: torch.Tensor
    """(batch,) int64, rows of each."""
    labels: torch.Tensor
    """(batch, labels) int64."""
    counts: torch.Tensor
    """(batch,) int64, labels of each."""

    def to(self, device: str) -> Batch:
        """The same on a device."""
        return Batch(
            features=self.features.to(device, non_blocking=True),
            lengths=self.lengths.to(device, non_blocking=True),
            labels=self.labels.to(device, non_blocking=True),
            counts=self.counts.to(device, non_blocking=True),
        )

    def parts(self, count: int) -> list[Batch]:
        """Equal parts, each without what none of its utterances fills."""
        chunked = (self.features.chunk(count, 1), self.lengths.chunk(count), self.labels.chunk(count))
        return [
            Batch(features=f[: int(n.max())], lengths=n, labels=y[:, : int(u.max())], counts=u)
            for f, n, y, u in zip(*chunked, self.counts.chunk(count), strict=True)
        ]


def collated(samples: Sequence[tuple[Features, Sequence[int]]]) -> Batch:
    """A batch of features and labels."""
    import torch

    lengths, counts = [len(rows) for rows, _ in samples], [len(labels) for _, labels in samples]
    inputs = np.zeros((max(lengths), len(samples), samples[0][0].shape[1]), np.float32)
    targets = np.zeros((len(samples), max(counts)), np.int64)
    for column, (rows, labels) in enumerate(samples):
        inputs[: len(rows), column] = rows
        targets[column, : len(labels)] = labels
    return Batch(
        features=torch.from_numpy(inputs),
        lengths=torch.tensor(lengths),
        labels=torch.from_numpy(targets),
        counts=torch.tensor(counts),
    )
