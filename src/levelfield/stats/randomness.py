"""The random numbers of LoadGen, bit for bit: C++'s ``std::mt19937`` and libstdc++'s distributions over it.

LoadGen (mlcommons/inference, ``loadgen/loadgen.cc``, v2.0 and b66003e1) draws with the C++ standard library, whose
generator is specified and whose distributions are not: the same seed gives other numbers with another compiler.
Two variants of the integer draw occur in published results, see :class:`~levelfield.terms.DrawVariant`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import length_hint
from typing import Self, TypeAlias

import numpy as np
from numpy.random import MT19937, RandomState
from numpy.typing import NDArray

from levelfield.terms import DrawVariant
from levelfield.units import NS_PER_S

__all__ = ["FloatArray", "IntArray", "RandomStream"]

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
RawArray: TypeAlias = NDArray[np.uint64]

LARGEST_RAW = 0xFFFF_FFFF
RAW_PER_REFILL = 2048
"""Raw numbers made at a time: a refill (about 5 µs) may fall between two queries that wait."""
DRAWS_PER_PASS = 4096
OFTEN_REJECTED = 1 << 26
"""Above this bound more than one raw number in 64 is rejected: one draw at a time is then the faster way."""
LITTLE_ENDIAN_32 = np.dtype("<u4")
LITTLE_ENDIAN_64 = np.dtype("<u8")
LARGEST_BELOW_ONE = 1.0 - 2.0**-53
LOG_MARGIN = 2.0**-48
"""How far, relatively, a gap computed with NumPy's logarithm may be off: a few units in the last place, times four."""


class RandomStream:
    """One stream of random numbers from one seed; every method goes on where the last one stopped.

    Integers, shuffles and reals consume exactly the raw numbers that LoadGen would consume, so that a stream may
    be used for one thing after another in LoadGen's order.

    Args:
        seed: Unsigned 64-bit as published; the generator uses its low 32 bits.
        variant: How integers are drawn.
    """

    __slots__ = ("_at", "_buffer", "_generator", "variant")

    def __init__(self, seed: int, variant: DrawVariant = DrawVariant.LEMIRE) -> None:
        self.variant = variant
        # RandomState is the one public way to the initialisation of 2002 that std::mt19937 has.
        self._generator = MT19937(0)
        seeded = RandomState(seed & LARGEST_RAW).get_state(legacy=False)["state"]
        self._generator.state = {"bit_generator": "MT19937", "state": {"key": seeded["key"], "pos": seeded["pos"]}}
        self._buffer: RawArray = np.empty(0, np.uint64)
        self._at = 0

    def copy(self) -> RandomStream:
        """A stream that goes on from here on its own."""
        generator = MT19937(0)
        generator.state = self._generator.state
        return self._going_on(self.variant, generator, self._buffer, self._at)

    @classmethod
    def _going_on(cls, variant: DrawVariant, generator: MT19937, buffer: RawArray, at: int) -> Self:
        """A stream of a generator in a known state, which takes no seeding."""
        self = cls.__new__(cls)
        self.variant, self._generator = variant, generator
        self._buffer, self._at = buffer, at  # a buffer is replaced, never written to
        return self

    def raw(self, count: int) -> RawArray:
        """(count,) uint64, the generator's next 32-bit outputs. Do not write to them."""
        outputs = self._peek(count)
        self._at += count
        return outputs

    def skip(self, count: int) -> None:
        """Leave out raw numbers, in constant memory."""
        while count > 0:
            step = min(count, 1 << 16)
            self.raw(step)
            count -= step

    def integer(self, bound: int) -> int:
        """One uniform integer in [0, bound), 0 < bound < 2**32."""
        if self.variant is DrawVariant.CLASSIC:
            scale = LARGEST_RAW // bound
            while (output := self._raw_one()) >= bound * scale:
                pass
            return output // scale
        rejected_below = (LARGEST_RAW + 1) % bound
        while (product := self._raw_one() * bound) & LARGEST_RAW < rejected_below:
            pass
        return product >> 32

    def integers(self, bound: int, count: int) -> IntArray:
        """(count,) uniform integers in [0, bound), 0 < bound < 2**32; the same as ``count`` single draws.

        A rejected raw number is left out and nothing else changes, so the draws are a filter of the raw stream.
        """
        values, accepted = self._one_bound(self.raw(count), bound)
        if np.count_nonzero(accepted) == count:
            return values
        pieces = [values[accepted]]
        missing = count - len(pieces[0])
        while missing:
            values, accepted = self._one_bound(self.raw(missing), bound)
            pieces.append(values[accepted])
            missing -= len(pieces[-1])
        return np.concatenate(pieces)

    def integers_each(self, bounds: IntArray) -> IntArray:
        """(len(bounds),) uniform integers, each in [0, its own bound)."""
        drawn = np.empty(len(bounds), np.int64)
        done = 0
        while done < len(bounds):
            chunk = bounds[done : done + DRAWS_PER_PASS]
            if chunk.max() > OFTEN_REJECTED:
                drawn[done : done + len(chunk)] = self._one_by_one(chunk.astype(np.uint64))
                done += len(chunk)
                continue
            values, accepted = self._many_bounds(self._peek(len(chunk)), chunk.astype(np.uint64))
            whole = bool(accepted.all())
            usable = len(chunk) if whole else int(accepted.argmin())
            drawn[done : done + usable] = values[:usable]
            self._at += usable if whole else usable + 1
            done += usable
        return drawn

    def shuffled(self, values: IntArray) -> IntArray:
        """A shuffled copy, in the order of libstdc++'s ``std::shuffle``."""
        order: IntArray = self.permutations(len(values), 1)[0]
        return values[order]

    def order(self, length: int) -> IntArray:
        """(length,) the list 0, 1, 2 … shuffled once: ``shuffled`` of it, in a third of the time.

        Before a place is reached it holds its own number, so each swap puts that number at the target, where it stays
        until a later swap has the same target. A place thus ends with the last number that was put there; one that was
        no target after it was reached keeps what it took: what its own target had been given by the swap before, or
        else what that one took when it was reached itself, and so on.
        """
        if length < 2:
            return np.arange(length)
        targets = np.concatenate(([0], self._swap_targets(length, 1)[0]))
        by_target = np.argsort(targets.astype(np.uint16 if length <= 1 << 16 else np.int64), kind="stable")
        again = np.diff(targets[by_target]) == 0
        place = np.arange(length)
        given = place.copy()
        given[by_target[1:][again]] = by_target[:-1][again]
        source = np.where((given != place) | (targets == place), place, targets)
        while not np.array_equal(further := source[source], source):
            source = further
        order: IntArray = given[source]
        last = by_target[np.append(~again, True)]
        order[targets[last]] = last
        return order

    def permutations(self, length: int, times: int) -> IntArray:
        """(times, length) the list 0, 1, 2 … after one, two, three … shuffles in place."""
        rows = np.empty((times, length), np.int64)
        order = list(range(length))
        for start in range(0, times, step := max(1, DRAWS_PER_PASS // max(length, 1))):
            for row, targets in enumerate(self._swap_targets(length, min(step, times - start)).tolist(), start):
                for place, target in enumerate(targets, 1):
                    order[place], order[target] = order[target], order[place]
                rows[row] = order
        return rows

    def skip_shuffles(self, length: int, times: int) -> None:
        """Consume what so many shuffles of a list of this length consume."""
        step = max(1, DRAWS_PER_PASS // max(length, 1))
        for start in range(0, times, step):
            self._swap_targets(length, min(step, times - start))

    def reals(self, count: int) -> FloatArray:
        """(count,) uniform in [0, 1), two raw numbers each, the first one the less significant.

        ``std::generate_canonical<double, 53>`` adds both in double precision: one rounding, as here.
        """
        both: RawArray = self.raw(2 * count).astype(LITTLE_ENDIAN_32).view(LITTLE_ENDIAN_64)
        drawn: FloatArray = np.minimum(both * 2.0**-64, LARGEST_BELOW_ONE)
        return drawn

    def gaps_ns(self, per_s: float, count: int) -> IntArray:
        """(count,) times between the arrivals of a Poisson process of ``per_s`` arrivals a second, truncated to ns.

        LoadGen takes the C library's logarithm. NumPy's differs in the last bits on some processors, which shows
        where a gap is all but a whole number: only there it is computed again with the C library's.
        """
        survival = 1.0 - self.reals(count)
        gaps = np.log(survival)
        np.negative(gaps, out=gaps)
        gaps /= per_s
        gaps *= NS_PER_S
        doubtful = np.abs(gaps - np.rint(gaps)) <= gaps * LOG_MARGIN
        if np.count_nonzero(doubtful):
            for place in np.flatnonzero(doubtful).tolist():
                gaps[place] = -math.log(survival[place]) / per_s * NS_PER_S
        return gaps.astype(np.int64)

    def _peek(self, count: int) -> RawArray:
        have = len(self._buffer) - self._at
        if have < count:
            fresh = self._generator.random_raw(max(count - have, RAW_PER_REFILL))
            self._buffer = np.concatenate((self._buffer[self._at :], fresh)) if have else fresh
            self._at = 0
        return self._buffer[self._at : self._at + count]

    def _raw_one(self) -> int:
        return int(self.raw(1)[0])

    def _one_bound(self, raw: RawArray, bound: int) -> tuple[IntArray, NDArray[np.bool_]]:
        if self.variant is DrawVariant.CLASSIC:
            scale = LARGEST_RAW // bound
            return (raw // np.uint64(scale)).view(np.int64), raw < bound * scale
        product = raw * np.uint64(bound)
        accepted = (product & np.uint64(LARGEST_RAW)) >= (LARGEST_RAW + 1) % bound
        return (product >> np.uint64(32)).view(np.int64), accepted

    def _one_by_one(self, bounds: RawArray) -> IntArray:
        """A uniform integer for each bound, where so many raw numbers are rejected that a pass over all is in vain."""
        classic = self.variant is DrawVariant.CLASSIC
        scales = np.uint64(LARGEST_RAW) // bounds
        limits = bounds * scales if classic else np.uint64(LARGEST_RAW + 1) % bounds
        count = 2 * len(bounds)
        while True:  # half of them are rejected at the worst
            raw = self._peek(count).tolist()
            left = iter(raw)
            try:
                if classic:
                    accepted = _below(limits.tolist(), left)
                else:
                    accepted = _products(bounds.tolist(), limits.tolist(), left)
                break
            except StopIteration:
                count *= 2
        self._at += len(raw) - length_hint(left)
        kept = np.array(accepted, np.uint64)
        return (kept // scales if classic else kept >> np.uint64(32)).view(np.int64)

    def _many_bounds(self, raw: RawArray, bounds: RawArray) -> tuple[IntArray, NDArray[np.bool_]]:
        if self.variant is DrawVariant.CLASSIC:
            scales = np.uint64(LARGEST_RAW) // bounds
            return (raw // scales).view(np.int64), raw < bounds * scales
        products = raw * bounds
        accepted = (products & np.uint64(LARGEST_RAW)) >= np.uint64(LARGEST_RAW + 1) % bounds
        return (products >> np.uint64(32)).view(np.int64), accepted

    def _swap_targets(self, length: int, times: int) -> IntArray:
        """(times, length - 1) with which earlier place the places 1, 2, 3 … change, shuffle by shuffle.

        Where the generator's range allows (up to 65535 values), libstdc++ takes two swaps from one draw.
        """
        if length < 2:
            return np.empty((times, 0), np.int64)
        places = np.arange(1, length)
        if LARGEST_RAW // length < length:
            return self.integers_each(np.tile(places + 1, times)).reshape(times, -1)
        alone = 1 - length % 2  # an even number of values leaves one swap without a partner: the first
        seconds = places[alone::2] + 2
        bounds = np.concatenate((np.full(alone, 2), (seconds - 1) * seconds))
        draws = self.integers_each(np.tile(bounds, times)).reshape(times, -1)
        targets = np.empty((times, length - 1), np.int64)
        targets[:, :alone] = draws[:, :alone]
        targets[:, alone::2], targets[:, alone + 1 :: 2] = np.divmod(draws[:, alone:], seconds)
        return targets


def _below(limits: list[int], left: Iterator[int]) -> list[int]:
    """For each limit the next number below it."""
    accepted: list[int] = []
    accept, take = accepted.append, left.__next__
    for limit in limits:
        output = take()
        while output >= limit:
            output = take()
        accept(output)
    return accepted


def _products(bounds: list[int], limits: list[int], left: Iterator[int]) -> list[int]:
    """For each bound its product with the next number that does not leave too little in the low half."""
    accepted: list[int] = []
    accept, take = accepted.append, left.__next__
    for bound, limit in zip(bounds, limits, strict=True):
        product = take() * bound
        while product & LARGEST_RAW < limit:
            product = take() * bound
        accept(product)
    return accepted
