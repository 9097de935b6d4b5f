"""Which pairs make a sample: 100 to 700 of them in a row, by the published distribution.

The published trace is a text file of one line a sample, ``start, end, count``, pairs counted from 0 and the end
exclusive. It was drawn by NumPy's legacy generator with seed 123, whose stream is frozen, so :func:`drawn_trace` gives
the very same file (its MD5 is checked in a test); a copy of it is welcome, not needed.

Source: mlcommons/inference, recommendation/dlrm/pytorch: ``python/criteo.py``, ``python/main.py``,
``tools/dist_quantile.txt``, and the MD5 in ``README.md``, tag v2.0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError

__all__ = ["OFFICIAL_MD5", "OFFICIAL_PAIRS", "OFFICIAL_SEED", "QUANTILES", "SampleTrace", "drawn_trace", "read_trace"]

OFFICIAL_PAIRS = 89_137_319
"""The first half of the 178,274,637 rows of day 23, the middle one included."""
OFFICIAL_SEED = 123
OFFICIAL_MD5 = "3db90209564316f2506c99cc994ad0b2"
QUANTILES = (100,) * 2 + (200,) * 12 + (300,) * 2 + (400, 500, 600, 700)
"""Twenty equally likely sizes."""
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SampleTrace:
    """The bounds of samples that follow each other."""

    bounds: NDArray[np.int64]
    """(samples + 1,): sample i is the pairs ``bounds[i]`` to ``bounds[i + 1]``, the latter excluded."""

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self.bounds) - 1

    @property
    def pairs(self) -> int:
        """How many pairs they have together."""
        return int(self.bounds[-1])

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(samples,): the pairs of each."""
        return np.diff(self.bounds)

    @property
    def text(self) -> str:
        """As the published file has it."""
        return "".join(self._lines())

    @property
    def md5(self) -> str:
        """Of :attr:`text`."""
        digest = hashlib.md5(usedforsecurity=False)
        for line in self._lines():
            digest.update(line.encode())
        return digest.hexdigest()

    def _lines(self) -> Iterator[str]:
        bounds: list[int] = self.bounds.tolist()
        return (f"{start}, {end}, {end - start}\n" for start, end in pairwise(bounds))


def drawn_trace(pairs: int, *, seed: int = OFFICIAL_SEED) -> SampleTrace:
    """Cut pairs into samples as the reference does; the last sample takes what is left.

    Args:
        pairs: How many there are, one or more.
        seed: 123 is the reference's.
    """
    sizes = np.array(QUANTILES)
    most = -(-pairs // min(QUANTILES))
    drawn = sizes[np.random.RandomState(seed).randint(0, len(sizes), size=most)]
    ends = np.minimum(np.cumsum(drawn), pairs)
    count = int(np.searchsorted(ends, pairs)) + 1
    return SampleTrace(np.concatenate([[0], ends[:count]]).astype(np.int64))


def read_trace(path: Path) -> SampleTrace:
    """Read a trace file.

    Raises:
        DatasetError: It cannot be read, or its samples do not follow each other from 0 on. Every line at fault counts.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    bounds = [0]
    problems = []
    for number, line in enumerate(lines, 1):
        try:
            start, end, count = (int(column) for column in line.split(","))
        except ValueError:
            problems.append(f"{path}:{number}: found {line[:80]!r}, expected start, end, count")
            continue
        if start != bounds[-1] or count < 1 or end - start != count:
            problems.append(f"{path}:{number}: found {line!r}, expected {bounds[-1]}, {bounds[-1]} + count, count")
        bounds.append(end)
    if not problems and len(bounds) == 1:
        problems.append(f"{path}: found no sample, expected one a line")
    if problems:
        shown = problems[:_SHOWN] + ([f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else [])
        raise DatasetError(
            f"{path} is not a trace of samples.",
            problems=shown,
            hint=f"Take the published file (MD5 {OFFICIAL_MD5}), or remove it: levelfield can draw the same trace.",
        )
    return SampleTrace(np.array(bounds, np.int64))
