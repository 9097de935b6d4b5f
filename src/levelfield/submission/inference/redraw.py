"""Drawing again what runs say that they drew: the samples that were loaded, and the Server queries that were generated.

The same seed gives other samples with another C++ library, so each run is held against both variants that occur.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from levelfield.submission.inference.claims import RunClaim, ScheduleClaim, SetsClaim
from levelfield.terms import DrawVariant
from levelfield.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from levelfield.stats.randomness import IntArray

__all__ = ["DrawUnit", "Draws", "can_be_drawn", "draw", "draw_units", "draws_of", "load_code_of_draws", "plausible"]

DEVIATIONS = 6
"""Standard deviations of a Poisson count: one honest run in a thousand million is beyond."""
LONGEST_GAP = 60
"""Mean gaps; see checks/measured.py."""
LARGEST_PADDING = 10_000
SMALL_PART = 4
"""Of what part of a library a set may be for it not to be worth spelling all of it, which other runs load."""
MOST_SETS = 100_000
DRAWN_ALIKE = 1000
"""Up to so many samples both variants may give the same order: of 42 they do."""
QUERIES_OF_A_SAMPLE = 10
"""How many are drawn in the time that an order takes for each sample."""
LARGEST_LIBRARY = 5_000_000
"""Drawing the order of a library costs about half a second for a million samples."""
MOST_DRAWN = 1_000_000_000
"""Half a minute. The whole of round v2.0, with some hundred schedules, takes a tenth of it."""
KEPT_ORDERS = 4
"""Sets of one order come together, and each may be in two variants; an order of the largest library has 40 MB."""
KEPT_HASHES = 1000

_values_of = attrgetter("seed", "target_qps", "min_duration_ms", "min_query_count", "query_count", "duration_ns")

Difference: TypeAlias = tuple[str, str]
"""What differs, as found and expected."""


@dataclass(slots=True)
class Draws:
    """What was found. The same draw is made once, however many runs say that it is theirs."""

    variants: dict[SetsClaim, tuple[DrawVariant, ...]] = field(default_factory=dict)
    """The variants whose sets are those of the runs."""
    schedules: dict[ScheduleClaim, Difference | None] = field(default_factory=dict)
    """What differs from the schedule of the seed."""

    def add(self, other: Draws) -> None:
        """Take in what another process found."""
        self.variants |= other.variants
        self.schedules |= other.schedules

    def missing(self, units: Iterable[DrawUnit]) -> Iterator[DrawUnit]:
        """What of these was not drawn."""
        for unit in units:
            if not isinstance(unit, SetsUnit):
                if unit not in self.schedules:
                    yield unit
            elif left := tuple(claim for claim in unit.claims if claim not in self.variants):
                yield SetsUnit(unit.first_tried, left)

    def only(self, units: Iterable[DrawUnit]) -> Draws:
        """What was found of these, each of which was drawn."""
        found = Draws()
        for unit in units:
            if isinstance(unit, SetsUnit):
                found.variants |= {claim: self.variants[claim] for claim in unit.claims}
            else:
                found.schedules[unit] = self.schedules[unit]
        return found


@dataclass(frozen=True, slots=True)
class SetsUnit:
    """Sets of one order, which is drawn once for all of them."""

    first_tried: DrawVariant
    claims: tuple[SetsClaim, ...]


DrawUnit: TypeAlias = SetsUnit | ScheduleClaim


def draw_units(
    claims: Iterable[RunClaim], first_tried: DrawVariant, most_queries: int, *, most: float = MOST_DRAWN
) -> list[DrawUnit]:
    """What is to be drawn, each once and the quick ones first: sets, and schedules of up to so many queries.

    Together they take no longer than ``most`` (:func:`draws_of`); what is beyond is not drawn.
    """
    orders: dict[tuple[int, int], set[SetsClaim]] = {}
    schedules: set[ScheduleClaim] = set()
    for claim in claims:
        orders.setdefault((claim.sets.seed, claim.sets.library_count), set()).add(claim.sets)
        made = claim.schedule
        if made and can_be_drawn(made) and _queries(made) <= most_queries:
            schedules.add(made)
    units: list[DrawUnit] = [*(SetsUnit(first_tried, tuple(sets)) for sets in orders.values()), *schedules]
    units.sort(key=_place_of)
    within = sum(1 for _ in takewhile(lambda so_far: so_far <= most, accumulate(map(draws_of, units))))
    return units[:within]


def _place_of(unit: DrawUnit) -> tuple[float, ...]:
    """Their order, whichever process said it first."""
    if isinstance(unit, SetsUnit):
        return draws_of(unit), 0, unit.claims[0].seed, unit.claims[0].library_count
    return draws_of(unit), 1, *_values_of(unit)


def draws_of(unit: DrawUnit) -> float:
    """About how long it takes at most, in queries of a schedule: some 20 ns each."""
    if not isinstance(unit, SetsUnit):
        return _queries(unit)
    library = unit.claims[0].library_count
    return library * (QUERIES_OF_A_SAMPLE + len(unit.claims)) if 0 < library <= LARGEST_LIBRARY else 0


def draw(units: Iterable[DrawUnit]) -> Draws:
    """Make draws again and compare."""
    found = Draws()
    for unit in units:
        if isinstance(unit, SetsUnit):
            found.variants |= {claim: tuple(_variants(claim, unit.first_tried)) for claim in unit.claims}
        else:
            found.schedules[unit] = _difference(unit)
    return found


def load_code_of_draws() -> None:
    """Load what drawing needs, NumPy above all, which takes longer than most draws."""
    import levelfield.stats.arrivals  # noqa: PLC0415
    import levelfield.stats.sample_sets  # noqa: F401, PLC0415


def _variants(claim: SetsClaim, first_tried: DrawVariant) -> Iterator[DrawVariant]:
    """The variants whose sets are those that a run loaded."""
    if not 0 < claim.library_count <= LARGEST_LIBRARY or not 0 <= claim.padding <= LARGEST_PADDING:
        return
    if claim.set_size < 1 or claim.library_count > claim.set_size * MOST_SETS:
        return
    for variant in (first_tried, *(other for other in DrawVariant if other is not first_tried)):
        drawn = (claim.seed, variant, claim.library_count, claim.set_size, claim.padding)
        if not claim.is_of_accuracy and claim.set_count == 1:
            same = claim.sha256 == _first_set(*drawn)
        else:
            alone, both = _every_set(*drawn)
            same = claim.sha256 in ({alone, both} if claim.is_of_accuracy else {both})
        if same:
            yield variant
            if claim.library_count > DRAWN_ALIKE:
                return  # the other one cannot give the same


@lru_cache(maxsize=KEPT_HASHES)
def _first_set(seed: int, variant: DrawVariant, library: int, size: int, padding: int) -> str:
    """SHA-256 of the set that a performance run loads, as its log spells it."""
    if SMALL_PART * size < library:
        order = _spelled(_order(seed, variant, library)[:size])
    else:
        order = _spelled_order(seed, variant, library)
    return hashlib.sha256(order.set_from(0, size, padding)).hexdigest()


@lru_cache(maxsize=KEPT_HASHES)
def _every_set(seed: int, variant: DrawVariant, library: int, size: int, padding: int) -> tuple[str, str]:
    """SHA-256 of all sets, as an accuracy run loads them, and of all followed by the first: both in one run."""
    order = _spelled_order(seed, variant, library)
    alone = hashlib.sha256(b"".join([order.set_from(start, size, padding) for start in range(0, library, size)]))
    both = alone.copy()
    both.update(order.set_from(0, size, padding))
    return alone.hexdigest(), both.hexdigest()


@dataclass(frozen=True, slots=True)
class _SpelledOrder:
    """Samples in the order of a seed, as a log spells them; cut into sets at any size."""

    text: bytes
    """``3,14,15,``"""
    begins: IntArray
    """(samples + 1,) where each begins in the text, and where the text ends."""

    def set_from(self, start: int, size: int, padding: int) -> bytes:
        """``[3,14,15]`` and a line end: a set, the last one of which may be shorter.

        Args:
            start: Its first place in the order.
            size: Samples of a set.
            padding: So many of its own first samples are repeated at its end, cyclically (MultiStream).
        """
        count = min(size, len(self.begins) - 1 - start)
        whole, more = divmod(padding, count)
        text = self._between(start, start + count) * (1 + whole) + self._between(start, start + more)
        return b"[%s]\n" % text[:-1]

    def _between(self, start: int, stop: int) -> bytes:
        return self.text[int(self.begins[start]) : int(self.begins[stop])]


@lru_cache(maxsize=KEPT_ORDERS)
def _order(seed: int, variant: DrawVariant, library: int) -> IntArray:
    from levelfield.stats.sample_sets import library_order  # noqa: PLC0415 - loads NumPy, which few runs need

    return library_order(seed, variant, library)


@lru_cache(maxsize=KEPT_ORDERS)
def _spelled_order(seed: int, variant: DrawVariant, library: int) -> _SpelledOrder:
    return _spelled(_order(seed, variant, library))


def _spelled(order: IntArray) -> _SpelledOrder:
    """Digit by digit, all samples at once."""
    import numpy as np  # noqa: PLC0415

    width = len(str(order.max()))
    letters = np.full((len(order), width + 1), ord(","), np.uint8)
    rest = order.astype(np.uint32)
    for place in reversed(range(width)):
        tens = rest // 10
        letters[:, place] = rest - tens * 10 + ord("0")
        if place < width - 1:
            letters[rest == 0, place] = 0
        rest = tens
    stands = letters != 0
    begins = np.zeros(len(order) + 1, np.int64)
    np.cumsum(stands.sum(axis=1), out=begins[1:])
    return _SpelledOrder(text=letters[stands].tobytes(), begins=begins)


def can_be_drawn(made: ScheduleClaim) -> bool:
    """Whether there is such a schedule, and it ends."""
    return 0 < made.target_qps < NS_PER_S and 0 <= made.min_duration_ms < 10**9


def _queries(made: ScheduleClaim) -> float:
    """About how many are to be drawn, at most."""
    return max(_expected(made), made.query_count, made.min_query_count)


def _difference(made: ScheduleClaim) -> Difference | None:
    """What differs from the schedule of the seed."""
    from levelfield.stats.arrivals import PoissonArrivals  # noqa: PLC0415

    arrivals = PoissonArrivals(made.seed, made.target_qps)
    count, duration_ns = arrivals.extent(made.min_duration_ms * NS_PER_MS, made.min_query_count, 1)
    if (made.query_count, made.duration_ns) == (count, duration_ns):
        return None
    if f"{made.target_qps:.5g}" != f"{made.target_qps:.6g}":
        return plausible(made)  # the log rounds rates to six digits, so the true one is not known
    return (
        f"{made.query_count} queries in {made.duration_ns} ns",
        f"{count} in {duration_ns}, from seed {made.seed} at {made.target_qps:g} a second",
    )


def _expected(made: ScheduleClaim) -> float:
    """About how many queries the rate gives."""
    return made.target_qps * made.min_duration_ms / 1000


def plausible(made: ScheduleClaim) -> Difference | None:
    """What cannot be a Poisson process of that rate."""
    least_ns = made.min_duration_ms * NS_PER_MS
    mean = _expected(made)
    spread = DEVIATIONS * math.sqrt(mean) + 1 + 5.1e-6 * mean
    if made.query_count < made.min_query_count:
        return f"{made.query_count} queries", f"{made.min_query_count} or more"
    more = made.query_count > made.min_query_count
    if made.query_count < mean - spread or (more and made.query_count > mean + spread):
        return f"{made.query_count} queries", f"{mean:.0f} give or take {spread:.0f} at {made.target_qps:g} a second"
    longest_ns = least_ns + LONGEST_GAP * NS_PER_S / made.target_qps
    if made.duration_ns < least_ns or (more and made.duration_ns > longest_ns):
        return f"{made.duration_ns} ns", f"{least_ns} to {longest_ns:.0f} ns"
    return None
