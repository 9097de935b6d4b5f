"""Clicks drawn from a known rule: what the mini edition trains and is tested on, the same on every machine.

A pair has 4 counts and 8 categories. Categories and counts are heavy-tailed, as in click logs. The logit of a click is
a weight for the logarithm of each count, an effect of each category's value, and for every two categories the dot
product of latent vectors of their values; a network with embeddings and dot interactions can learn it, and
nothing but the chance of the click itself stays unknown. So the best possible area under the curve is known: it is that
of the true logits.

Everything is integers from tables: raw bits of PCG64 choose a quantile, tables of 65,536 quantiles give the value,
logits are sums of 1/4096 steps, and a click is a comparison of 32 bits with a table of probabilities. No
floating-point operation that may round otherwise elsewhere decides about a pair, so the SHA-256 of the data is a fact
of the seed.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CATEGORIES",
    "COUNTS",
    "INFERENCE",
    "MODULUS",
    "ROWS",
    "TRAINING",
    "WORLD_SEED",
    "ClickProcess",
    "ClickRule",
    "Clicks",
]

COUNTS = 4
"""Numeric features."""
ROWS = (50, 100, 150, 200, 300, 400, 600, 1000)
"""Values of each categorical feature: the rows of its embedding table."""
CATEGORIES = len(ROWS)
MODULUS = max(ROWS)
"""Raw categories are wider than their tables, as hashed ones are; modulo this they are a row."""

WORLD_SEED = 20220406
"""Of the rule itself: effects and latent vectors. Draws have seeds of their own."""

_QUANTILES = 1 << 16
_STEP = 4096
"""Logits count in 1/4096."""
_BOUND = 16 * _STEP
"""Logits end at 16 either way, where a click is certain to one in ten million."""
_RANK = 4
_WEIGHTS = (0.45, -0.35, 0.25, 0.15)
"""Of log(1 + count), less its centre."""
_MEDIANS = (4, 12, 40, 150)
"""Of the counts."""
_BIAS = -1.15
"""About three clicks in ten, as the reference data after sub-sampling; clicks that are rarer would say less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickRule:
    """How strong the parts of a rule are."""

    seed: int
    """Of effects and latent vectors."""
    effect: float
    """Standard deviation of the effect of a category's value."""
    latent: float
    """Standard deviation of a latent coordinate; a dot product of two vectors has that squared, times the root of 4."""
    steepness: float
    """The row of rank r has a share like 1 / (r + rows / 30) to this power."""


INFERENCE = ClickRule(seed=WORLD_SEED, effect=0.3, latent=0.42, steepness=1.0)
"""What the mini edition of the inference suite is about: most of what can be known is in the products of embeddings."""
TRAINING = ClickRule(seed=20211201, effect=0.6, latent=0.3, steepness=1.5)
"""What the mini edition of the training suite is about. SGD with one rate for tables and layers, as the rules of
training ask for, does not learn the products of the other rule within a minute, so single categories tell more here."""


@dataclass(frozen=True, slots=True)
class Clicks:
    """Some pairs, as raw records, and the logits that they were drawn with."""

    records: NDArray[np.int32]
    """(pairs, 1 + 4 + 8): label, counts (-1 where absent), raw categories: the order of the reference's binary
    files."""
    logits: NDArray[np.int64]
    """(pairs,) in 1/4096: what the best possible model would say."""

    @property
    def sha256(self) -> str:
        """Of the records, little-endian."""
        return hashlib.sha256(self.records.astype("<i4").tobytes()).hexdigest()


class ClickProcess:
    """A rule as tables: of quantiles, effects, latent vectors and probabilities."""

    def __init__(self, rule: ClickRule = INFERENCE) -> None:
        bits = np.random.PCG64(rule.seed)
        self._count_of = [_count_quantiles(median) for median in _MEDIANS]
        self._count_effect = [
            _rounded(weight * (np.log1p(np.maximum(counts, 0)) - math.log1p(median)))
            for weight, counts, median in zip(_WEIGHTS, self._count_of, _MEDIANS, strict=True)
        ]
        self._row_of = [_row_quantiles(rows, rule.steepness, bits) for rows in ROWS]
        self._effect = [_rounded(rule.effect * _bell(bits, rows)) for rows in ROWS]
        # Coordinates count in 1/64, so a product of two does in 1/4096.
        coordinates = [np.rint(64 * rule.latent * _bell(bits, rows * _RANK)).astype(np.int64) for rows in ROWS]
        self._latent = [latent.reshape(-1, _RANK) for latent in coordinates]
        self._square = [np.square(latent).sum(axis=1) for latent in self._latent]
        steps = np.arange(-_BOUND, _BOUND + 1) / _STEP
        self._threshold = np.rint(2.0**32 / (1 + np.exp(-steps))).astype(np.int64)

    def draw(self, pairs: int, *, seed: int) -> Clicks:
        """Draw pairs.

        Args:
            pairs: How many.
            seed: Another one gives other pairs, of the same rule.
        """
        words = -(-(COUNTS + CATEGORIES) // 4)
        raw = np.random.PCG64(seed).random_raw(pairs * (words + 1 + CATEGORIES // 4)).astype("<u8")
        raw = raw.reshape(pairs, -1)
        quantiles = np.ascontiguousarray(raw[:, :words]).view("<u2")  # (pairs, 12)
        chance = raw[:, words] >> np.uint64(32)
        folds = np.ascontiguousarray(raw[:, words + 1 :]).view("<u2")  # (pairs, 8)

        records = np.empty((pairs, 1 + COUNTS + CATEGORIES), np.int32)
        logits = np.full(pairs, round(_BIAS * _STEP), np.int64)
        for feature in range(COUNTS):
            quantile = quantiles[:, feature]
            records[:, 1 + feature] = self._count_of[feature][quantile]
            logits += self._count_effect[feature][quantile]
        # The sum of all products of two is half of (the square of the sum, less the squares).
        together = np.zeros((pairs, _RANK), np.int64)
        squares = np.zeros(pairs, np.int64)
        for feature in range(CATEGORIES):
            rows = self._row_of[feature][quantiles[:, COUNTS + feature]]
            records[:, 1 + COUNTS + feature] = rows + MODULUS * folds[:, feature].astype(np.int32)
            logits += self._effect[feature][rows]
            together += self._latent[feature][rows]
            squares += self._square[feature][rows]
        logits += (np.square(together).sum(axis=1) - squares) // 2
        np.clip(logits, -_BOUND, _BOUND, out=logits)
        records[:, 0] = chance.astype(np.int64) < self._threshold[logits + _BOUND]
        return Clicks(records, logits)


def _rounded(logits: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(_STEP * logits).astype(np.int64)


def _count_quantiles(median: int) -> NDArray[np.int64]:
    """(65536,): a log-logistic count for each quantile; one in sixteen is absent, which click logs write as -1."""
    step = np.arange(_QUANTILES)
    counts = median * step // (_QUANTILES - step)
    counts[: _QUANTILES // 16] = -1
    return counts


def _row_quantiles(rows: int, steepness: float, bits: np.random.PCG64) -> NDArray[np.int64]:
    """(65536,): the row for each quantile, ranks mixed."""
    shares = 1 / (np.arange(rows) + rows / 30) ** steepness
    ends = np.rint(_QUANTILES * np.cumsum(shares) / shares.sum()).astype(np.int64)
    order = np.argsort(bits.random_raw(rows), kind="stable")
    return order[np.searchsorted(ends, np.arange(_QUANTILES), side="right")]


def _bell(bits: np.random.PCG64, count: int) -> NDArray[np.float64]:
    """(count,): sums of twelve uniform numbers, less six: nearly normal, variance one, and exact in every sum."""
    uniform = (bits.random_raw(12 * count) >> np.uint64(32)).reshape(count, 12) * 2.0**-32
    total: NDArray[np.float64] = uniform.sum(axis=1) - 6
    return total
