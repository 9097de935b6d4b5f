"""Which samples of a loaded set make up the queries: drawn, in a fixed order, or the whole set over and over.

The order in which the sample-index generator is consumed is LoadGen's (mlcommons/inference, ``loadgen/loadgen.cc``,
GenerateQueries, v2.0 and b66003e1); :mod:`levelfield.loadgen.schedule` says it.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from levelfield.loadgen.ports import IntArray
from levelfield.stats.randomness import RandomStream

__all__ = ["Drawn", "InOrder", "OneQuery", "Samples", "neighbours"]


class Samples(Protocol):
    """The samples of queries, from the first one on."""

    def take(self, queries: int) -> IntArray:
        """(queries * samples_per_query,) dataset indices of the next queries."""

    def restarted(self) -> Samples:
        """The same samples from the first query on, whatever was taken."""


def neighbours(loaded: IntArray, starts: IntArray, samples_per_query: int) -> IntArray:
    """(queries, samples_per_query) entries of the loaded set from each start on."""
    return loaded[np.add.outer(starts, np.arange(samples_per_query))]


class Drawn:
    """Each query starts at a random entry of the loaded set and takes its neighbours.

    Args:
        loaded: (samples + padding,) dataset indices.
        starts: Entries that a query may start at: the first so many.
        samples_per_query: Entries that a query takes.
        generator: Where the starts are drawn from; copied.
    """

    def __init__(self, loaded: IntArray, *, starts: int, samples_per_query: int, generator: RandomStream) -> None:
        self._loaded = loaded
        self._starts = starts
        self._samples_per_query = samples_per_query
        self._origin = generator.copy()
        self._generator = generator.copy()

    def take(self, queries: int) -> IntArray:
        """(queries * samples_per_query,) dataset indices of the next queries."""
        starts = self._generator.integers(self._starts, queries)
        if self._samples_per_query == 1:
            return self._loaded[starts]
        return neighbours(self._loaded, starts, self._samples_per_query).ravel()

    def restarted(self) -> Drawn:
        """The same samples from the first query on."""
        return Drawn(
            self._loaded,
            starts=self._starts,
            samples_per_query=self._samples_per_query,
            generator=self._origin,
        )


class InOrder:
    """Given queries in turn, and from the first again after the last.

    Args:
        queries: (queries, samples_per_query) dataset indices.
    """

    def __init__(self, queries: IntArray) -> None:
        self._queries = queries
        self._queries.flags.writeable = False
        self._taken = 0

    def take(self, queries: int) -> IntArray:
        """(queries * samples_per_query,) dataset indices of the next queries."""
        first = self._taken % len(self._queries)
        self._taken += queries
        if first + queries <= len(self._queries):
            return self._queries[first : first + queries].ravel()
        return self._queries.take(np.arange(first, first + queries), axis=0, mode="wrap").ravel()

    def restarted(self) -> InOrder:
        """The same samples from the first query on."""
        return InOrder(self._queries)


class OneQuery:
    """One query with the whole loaded set, over and over.

    Args:
        loaded: (samples,) dataset indices.
        samples_per_query: Samples in the query: hundreds of millions occur, so nothing but the result is as long.
        generator: Shuffles each copy of the set; ``None`` = every copy in order. Copied.
    """

    def __init__(self, loaded: IntArray, *, samples_per_query: int, generator: RandomStream | None) -> None:
        self._loaded = loaded
        self._samples_per_query = samples_per_query
        self._generator = generator

    def take(self, queries: int) -> IntArray:
        """(samples_per_query,) dataset indices of the query; there is only one."""
        assert queries == 1
        copies, rest = divmod(self._samples_per_query, len(self._loaded))
        samples = np.empty(self._samples_per_query, np.int64)
        body = samples[: len(samples) - rest].reshape(copies, len(self._loaded))
        body[:] = self._loaded
        if self._generator is not None:
            generator = self._generator.copy()
            for copy in body:
                copy[:] = generator.shuffled(copy)
        samples[len(samples) - rest :] = self._loaded[:rest]
        return samples

    def restarted(self) -> OneQuery:
        """The query keeps no place."""
        return self
