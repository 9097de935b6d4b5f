"""Which samples are issued when: LoadGen's loadable sets, sample order and arrival times, as a stream.

LoadGen materialises every query before the run (mlcommons/inference, ``loadgen/loadgen.cc``, GenerateLoadableSets and
GenerateQueries, read at v2.0 and b66003e1). Here the same queries come block by block in constant memory, drawn from
the same generators in the same order, and a stream that waits for completions never runs out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from levelfield.errors import SettingsError
from levelfield.loadgen.arrivals import arrivals
from levelfield.loadgen.ports import BoolArray, IntArray
from levelfield.loadgen.selection import Drawn, InOrder, OneQuery, Samples, neighbours
from levelfield.loadgen.settings import EffectiveSettings, Settings
from levelfield.stats.randomness import RandomStream
from levelfield.stats.sample_sets import cut_into_sets, library_order
from levelfield.terms import Mode, Profile, Scenario
from levelfield.units import NS_PER_MS

__all__ = [
    "AccuracySampler",
    "Generated",
    "LoadableSet",
    "QueryBlock",
    "Schedule",
    "loadable_sets",
    "schedule",
]

QUERIES_PER_BLOCK = 512
"""About 30 µs of work in Server: a query that becomes due meanwhile waits for no longer."""
QUERIES_PER_PASS = 512
SAMPLES_PER_PASS = 1 << 16
SAMPLER_SEED = 5489
"""LoadGen default-constructs the generator of the per-sample values: its own seed setting never reaches it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadableSet:
    """Samples that are in memory together."""

    indices: IntArray
    """(samples + padding,) dataset indices; in MultiStream padded with its own first entries, see below."""
    unpadded_count: int
    """How many samples there are without the padding."""


def loadable_sets(effective: EffectiveSettings, phase: Mode) -> list[LoadableSet]:
    """The order of the library, cut into sets of the performance sample count; the last may be shorter.

    A performance phase uses the first set only. In MultiStream each set is extended by its own first
    ``samples_per_query - 1`` entries, cyclically, so that a query of neighbours may start anywhere.

    Profile v2.0 draws from the whole dataset; v6 only from its first items: as many as fit in memory
    (performance), or the accuracy sample count (accuracy). The difference is deliberate,
    see tests/conformance/test_wheel_schedule.py and test_real_loaded_sets.py.
    """
    size = effective.performance_sample_count
    padding = effective.samples_per_query - 1 if effective.scenario is Scenario.MULTI_STREAM else 0
    order = library_order(effective.seeds.qsl, effective.variant, _library_size(effective, phase))
    sets = cut_into_sets(order, size=size, padding=padding)
    for indices in sets:
        indices.flags.writeable = False
    return [LoadableSet(indices=indices, unpadded_count=len(indices) - padding) for indices in sets]


def _library_size(effective: EffectiveSettings, phase: Mode) -> int:
    if effective.profile is Profile.V2_0:
        return effective.total_sample_count
    wanted = effective.accuracy_sample_count if phase is Mode.ACCURACY else effective.performance_sample_count
    return min(wanted, effective.total_sample_count)


class AccuracySampler:
    """Decides which samples of a performance phase have their output logged. One per test run.

    Every sample that LoadGen generates in the run has a value, in order over all phases, issued or not. The value
    is shifted around the unit circle by an offset from ``accuracy_log_rng_seed`` and compared with a probability.
    """

    def __init__(self) -> None:
        self._values = RandomStream(SAMPLER_SEED)
        self._reserved = 0

    def reserve(self, samples: int) -> RandomStream:
        """The values of the next phase, which generates so many samples; the phase after it starts behind them."""
        self._values.skip(2 * self._reserved)
        self._reserved = samples
        return self._values.copy()

    @staticmethod
    def offset(effective: EffectiveSettings) -> float:
        """The shift, the same in every phase."""
        return float(RandomStream(effective.seeds.accuracy_log).reals(1)[0])

    @staticmethod
    def probability(effective: EffectiveSettings) -> float:
        """The fraction of samples to log: as set, or the sampling target over the samples that are expected."""
        settings = effective.requested
        if not settings.accuracy_log_sampling_target:
            return settings.accuracy_log_probability
        expected = int(effective.target_qps * effective.min_duration_ms / 1000)
        if effective.scenario is not Scenario.OFFLINE:
            expected *= effective.samples_per_query
        expected = max(expected, effective.min_sample_count)
        return settings.accuracy_log_sampling_target / expected if expected else math.inf


class _Logging:
    """Which samples are logged, sample by sample."""

    def __init__(self, values: RandomStream, offset: float, probability: float) -> None:
        self._values = values
        self._offset = offset
        self._probability = probability

    def take(self, samples: int) -> BoolArray:
        logged = np.empty(samples, np.bool_)
        for start in range(0, samples, SAMPLES_PER_PASS):
            part = logged[start : start + SAMPLES_PER_PASS]
            shifted = self._values.reals(len(part)) + self._offset
            shifted[shifted >= 1.0] -= 1.0
            np.less_equal(shifted, self._probability, out=part)
        return logged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryBlock:
    """Queries that follow each other."""

    scheduled_ns: IntArray
    """(queries,) when each is due after the start; only bookkeeping where a query waits for the last to complete."""
    indices: IntArray
    """(queries * samples_per_query,) dataset indices, query by query."""
    logged: BoolArray | None
    """(samples,) whose output is logged. ``None`` = as the phase has it: all in accuracy, none in performance."""

    def rows(self, first_id: int, per_query: int) -> Iterator[tuple[IntArray, IntArray]]:
        """The ids, counted from ``first_id``, and dataset indices of each query, without a copy."""
        ids = np.arange(first_id, first_id + len(self.indices), dtype=np.int64)
        return zip(ids.reshape(-1, per_query), self.indices.reshape(-1, per_query), strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What LoadGen would generate for a phase, as its detail log says it."""

    query_count: int
    samples_per_query: int
    """As logged: v2.0 logs the effective setting, v6 what the query really has. See :class:`Schedule` for that."""
    duration_ns: int
    """When the first query that was not generated would have been due."""


def schedule(
    effective: EffectiveSettings, loadable: LoadableSet, phase: Mode, sampler: AccuracySampler | None = None
) -> Schedule:
    """The queries of one phase over one loadable set.

    Args:
        effective: The settings.
        loadable: The set in memory; every set starts the generators anew.
        phase: ACCURACY or PERFORMANCE.
        sampler: The test run's sampler. The phase takes its place in it when the schedule is made, so make the
            schedules of a run in the order in which they run. ``None`` = a phase on its own.

    Raises:
        SettingsError: The settings generate no query, a query without samples, or queries without end.
    """
    if phase not in {Mode.ACCURACY, Mode.PERFORMANCE}:
        raise ValueError(f"phase: found {phase}, expected {Mode.ACCURACY} or {Mode.PERFORMANCE}")
    once = _issues_once(effective, phase)
    samples_per_query, minimum = _sizes(effective, loadable, phase, once=once)
    generated = _extent(effective, loadable, phase, samples_per_query, minimum, once=once)
    sampler = sampler or AccuracySampler()
    return Schedule(
        effective=effective,
        phase=phase,
        generated=generated,
        samples_per_query=samples_per_query,
        finite=once or effective.scenario in {Scenario.SERVER, Scenario.OFFLINE},
        samples=_samples(effective, loadable, phase, samples_per_query, minimum),
        values=sampler.reserve(generated.query_count * samples_per_query),
    )


class Schedule:
    """The queries of one phase over one loadable set; made by :func:`schedule`.

    Attributes:
        generated: What LoadGen would have logged.
        samples_per_query: Samples in each query.
        finite: Whether :meth:`blocks` ends. SingleStream and MultiStream performance goes on for ever, except where
            every sample is issued once (unique issue; in profile v2.0 same issue has that length too).
    """

    def __init__(
        self,
        *,
        effective: EffectiveSettings,
        phase: Mode,
        generated: Generated,
        samples_per_query: int,
        finite: bool,
        samples: Samples,
        values: RandomStream,
    ) -> None:
        self.generated = generated
        self.samples_per_query = samples_per_query
        self.finite = finite
        self._effective = effective
        self._samples = samples
        self._values = values
        self._probability = AccuracySampler.probability(effective) if phase is Mode.PERFORMANCE else 0.0

    def blocks(
        self, queries_per_block: int = QUERIES_PER_BLOCK, *, first: int = 0, stride: int = 1
    ) -> Iterator[QueryBlock]:
        """The queries from the start, in constant memory; every call gives the same ones.

        Args:
            queries_per_block: How many to generate at a time. A small block costs more per query, a large one
                keeps a query that is due meanwhile waiting for longer; the queries are the same.
            first: Give only the queries ``first``, ``first + stride`` …: the share of issue thread ``first`` of
                ``stride``. A block then holds the share of ``queries_per_block`` queries, in the end maybe none.
            stride: See ``first``.
        """
        if queries_per_block < 1 or not 0 <= first < stride:
            raise ValueError(f"found blocks of {queries_per_block} queries, first {first}, stride {stride}")
        return self._generate(queries_per_block, first, stride)

    def _generate(self, queries_per_block: int, first: int, stride: int) -> Iterator[QueryBlock]:
        due = arrivals(self._effective)
        samples = self._samples.restarted()
        logged = self._logging()
        # Small blocks are cut from a larger one: most of what a block costs does not depend on its size.
        queries_per_pass = queries_per_block * max(1, QUERIES_PER_PASS // queries_per_block)
        done = 0
        while not self.finite or done < self.generated.query_count:
            queries = queries_per_pass
            if self.finite:
                queries = min(queries, self.generated.query_count - done)
            made = QueryBlock(
                scheduled_ns=due.take(queries),
                indices=samples.take(queries),
                logged=logged.take(queries * self.samples_per_query) if logged else None,
            )
            for start in range(0, queries, queries_per_block):
                begin = start + (first - done - start) % stride
                yield self._part(made, slice(begin, start + queries_per_block, stride))
            done += queries

    def _part(self, block: QueryBlock, queries: slice) -> QueryBlock:
        width = self.samples_per_query
        logged = block.logged
        return QueryBlock(
            scheduled_ns=block.scheduled_ns[queries],
            indices=block.indices[queries] if width == 1 else block.indices.reshape(-1, width)[queries].reshape(-1),
            logged=logged if logged is None else logged.reshape(-1, width)[queries].reshape(-1),
        )

    def _logging(self) -> _Logging | None:
        if not self._probability:
            return None
        return _Logging(self._values.copy(), AccuracySampler.offset(self._effective), self._probability)


def _issues_once(effective: EffectiveSettings, phase: Mode) -> bool:
    """Whether there are as many queries as the loaded set fills, whatever the minimums say."""
    settings = effective.requested
    same = settings.performance_issue_same and effective.profile is Profile.V2_0
    return phase is Mode.ACCURACY or settings.performance_issue_unique or same


def _grows(effective: EffectiveSettings) -> bool:
    """Whether equal issue makes the query count a multiple of the loaded set's size (v6, also in MultiStream)."""
    equal_issue = effective.requested.sample_concatenate_permutation
    return equal_issue and effective.profile is Profile.V6 and effective.scenario is not Scenario.OFFLINE


def _sizes(effective: EffectiveSettings, loadable: LoadableSet, phase: Mode, *, once: bool) -> tuple[int, int]:
    """Samples per query, and the minimum query count before equal issue rounds it up."""
    loaded = len(loadable.indices)
    samples_per_query = effective.samples_per_query
    if effective.scenario is Scenario.OFFLINE and phase is Mode.ACCURACY:
        samples_per_query = loadable.unpadded_count
    if samples_per_query < 1:
        raise SettingsError(
            "These settings generate a query without samples.",
            problems=[f"samples_per_query: found {samples_per_query}, expected 1 or more."],
        )
    minimum = loaded // samples_per_query if once else effective.min_query_count
    if effective.scenario is Scenario.OFFLINE and effective.requested.sample_concatenate_permutation:
        samples_per_query += -samples_per_query % loaded
    return samples_per_query, minimum


def _extent(
    effective: EffectiveSettings,
    loadable: LoadableSet,
    phase: Mode,
    samples_per_query: int,
    minimum: int,
    *,
    once: bool,
) -> Generated:
    """How much LoadGen would generate: twice the duration where it depends on the system how far a run gets."""
    loaded = len(loadable.indices)
    times = 1 if effective.scenario is Scenario.SERVER else 2
    duration_ns = 0 if once else times * effective.target_duration_ms * NS_PER_MS
    step = loaded if _grows(effective) else 1
    if phase is Mode.PERFORMANCE:
        minimum += -minimum % step
    count, duration_ns = arrivals(effective).extent(duration_ns, minimum, step)
    if count < 1:
        problem = "min_query_count, min_duration_ms: found 0 for both, expected 1 or more for one of them."
        if once:
            problem = f"samples per query: found {samples_per_query}, expected at most the {loaded} that are loaded."
        raise SettingsError("These settings generate no query.", problems=[problem])
    return Generated(
        query_count=count,
        samples_per_query=effective.samples_per_query if effective.profile is Profile.V2_0 else samples_per_query,
        duration_ns=duration_ns,
    )


def _samples(
    effective: EffectiveSettings, loadable: LoadableSet, phase: Mode, samples_per_query: int, minimum: int
) -> Samples:
    """The samples of the queries.

    The sample-index generator is consumed in LoadGen's order, whether or not the result is used: the order of an
    accuracy phase, the unique order, the permutations of equal issue for the minimum query count, then the queries.
    That is why another minimum query count draws other samples from the same seed.
    """
    settings, loaded = effective.requested, loadable.indices
    generator = RandomStream(effective.seeds.sample_index, effective.variant)
    width = samples_per_query if effective.scenario is Scenario.MULTI_STREAM else 1
    starts = np.arange(0, loadable.unpadded_count, width)
    order: IntArray | None = generator.shuffled(starts) if phase is Mode.ACCURACY else None
    unique = generator.shuffled(starts)
    repeats = -(-minimum // len(loaded))
    if _takes_equal_issue_order(effective):
        order = generator.permutations(len(loaded), max(repeats, 1)).ravel()
    else:
        generator.skip_shuffles(len(loaded), repeats)
    # These two come first, in an accuracy phase as well.
    if settings.performance_issue_same:
        order = np.array([_same_index(settings, loadable)])
    if settings.performance_issue_unique:
        order = unique
    if effective.scenario is Scenario.OFFLINE:
        copies = loaded[order] if order is not None and settings.performance_issue_same else loaded
        shuffled = settings.sample_concatenate_permutation and copies is loaded
        return OneQuery(copies, samples_per_query=samples_per_query, generator=generator if shuffled else None)
    if order is not None:
        return InOrder(neighbours(loaded, order, width))
    return Drawn(loaded, starts=loadable.unpadded_count, samples_per_query=width, generator=generator)


def _same_index(settings: Settings, loadable: LoadableSet) -> int:
    index = settings.performance_issue_same_index
    if index >= loadable.unpadded_count:
        raise SettingsError(
            "The sample to issue again and again is not in the loaded set.",
            problems=[
                f"performance_issue_same_index: found {index}, expected less than {loadable.unpadded_count} samples."
            ],
        )
    return index


def _takes_equal_issue_order(effective: EffectiveSettings) -> bool:
    if not effective.requested.sample_concatenate_permutation:
        return False
    if effective.scenario is Scenario.SINGLE_STREAM:
        return True
    return effective.scenario is Scenario.SERVER and effective.profile is Profile.V6
