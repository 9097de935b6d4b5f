"""Checks of draws: the samples that were loaded and the queries that were generated are those of the seeds.

The same seed gives other samples with another C++ library, so each run is held against both variants that occur.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeAlias

from levelfield.submission.check import Check, PassedOver, Remark
from levelfield.submission.crew import Crew
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.registry import RoundSubject
from levelfield.submission.inference.claims import RunClaim, RunKind, ScheduleClaim
from levelfield.submission.report import CheckText
from levelfield.terms import DrawVariant
from levelfield.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from levelfield.stats.randomness import IntArray

__all__ = [
    "DRAW_CHECKS",
    "SampleUnit",
    "draw_samples",
    "draw_schedules",
    "load_code_of_draws",
    "sample_units",
    "schedule_units",
]

GENERATED = "loadgen/loadgen.cc, GenerateLoadableSets and GenerateQueries (mlcommons/inference v2.0)"
DEVIATIONS = 6
"""Standard deviations of a Poisson count: one honest run in a thousand million is beyond."""
LONGEST_GAP = 60
"""Mean gaps; see measured.py."""
LARGEST_PADDING = 10_000
MOST_SETS = 100_000
DRAWN_ALIKE = 1000
"""Up to so many samples both variants may give the same order: of 42 they do."""
SPELLED_ALONE = 400
"""Up to so many indices it is faster to spell one after the other."""
MANY_SAMPLES, MANY_QUERIES = 1_000_000, 10_000_000
"""From which on it is worth loading NumPy in one process more: about as many are drawn in that time."""
LARGEST_LIBRARY = 5_000_000
"""Drawing the order of a library costs about half a second for a million samples."""

SampleUnit: TypeAlias = tuple[DrawVariant, tuple[RunClaim, ...]]
"""The variant to be tried first, and all runs of one seed and library."""


@cache
def _first_set(seed: int, variant: DrawVariant, library: int, size: int, padding: int) -> str:
    """SHA-256 of the set that a performance run loads, as its log spells it."""
    return hashlib.sha256(_spellings(seed, variant, library, size, padding, most=1)[0]).hexdigest()


@cache
def _every_set(seed: int, variant: DrawVariant, library: int, size: int, padding: int) -> tuple[str, str]:
    """SHA-256 of all sets, as an accuracy run loads them, and of all followed by the first: both in one run."""
    spellings = _spellings(seed, variant, library, size, padding, most=library)
    alone = hashlib.sha256(b"".join(spellings))
    both = alone.copy()
    both.update(spellings[0])
    return alone.hexdigest(), both.hexdigest()


def _spellings(seed: int, variant: DrawVariant, library: int, size: int, padding: int, *, most: int) -> list[bytes]:
    """The first sets as logs spell them, each with a line end."""
    from levelfield.stats.sample_sets import cut_into_sets  # noqa: PLC0415 - loads numpy, which few runs need

    order = _order(seed, variant, library)[: most * size]
    return [_spelled(indices) for indices in cut_into_sets(order, size=size, padding=padding)]


def _spelled(indices: IntArray) -> bytes:
    """``[3,14,15]`` and a line end; many are spelled digit by digit, all at once."""
    import numpy as np  # noqa: PLC0415

    if len(indices) < SPELLED_ALONE:
        return b"[%s]\n" % ",".join(map(str, indices.tolist())).encode()
    width = len(str(indices.max()))
    letters = np.full((len(indices), width + 1), ord(","), np.uint8)
    rest = indices.astype(np.uint32)
    for place in reversed(range(width)):
        tens = rest // 10
        letters[:, place] = rest - tens * 10 + ord("0")
        if place < width - 1:
            letters[rest == 0, place] = 0
        rest = tens
    return b"[%s]\n" % letters[letters != 0].tobytes()[:-1]


@cache
def _order(seed: int, variant: DrawVariant, library: int) -> IntArray:
    from levelfield.stats.sample_sets import library_order  # noqa: PLC0415

    return library_order(seed, variant, library)


def _variants(claim: RunClaim, first_tried: DrawVariant) -> Iterator[DrawVariant]:
    """The variants whose sets are those of the run."""
    if not 0 < claim.library_count <= LARGEST_LIBRARY or not 0 <= claim.padding <= LARGEST_PADDING:
        return
    if claim.set_size < 1 or claim.library_count > claim.set_size * MOST_SETS:
        return
    for variant in (first_tried, *(other for other in DrawVariant if other is not first_tried)):
        drawn = (claim.seed, variant, claim.library_count, claim.set_size, claim.padding)
        if claim.kind is not RunKind.ACCURACY and claim.set_count == 1:
            same = claim.sets_sha256 == _first_set(*drawn)
        else:
            alone, both = _every_set(*drawn)
            same = claim.sets_sha256 in ({alone, both} if claim.kind is RunKind.ACCURACY else {both})
        if same:
            yield variant
            if claim.library_count > DRAWN_ALIKE:
                return  # the other one cannot give the same


def sample_units(claims: Iterable[RunClaim], first_tried: DrawVariant) -> list[SampleUnit]:
    """What :func:`draw_samples` takes."""
    by_order: dict[tuple[int, int], list[RunClaim]] = {}
    for claim in claims:
        by_order.setdefault((claim.seed, claim.library_count), []).append(claim)
    return [(first_tried, tuple(runs)) for runs in by_order.values()]


def schedule_units(claims: Iterable[RunClaim], most_queries: int) -> list[ScheduleClaim]:
    """What :func:`draw_schedules` takes: schedules of up to so many queries, each once."""
    made = {claim.schedule for claim in claims if claim.schedule}
    return [one for one in made if _queries(one) <= most_queries and _can_be_drawn(one)]


def load_code_of_draws() -> None:
    """Load what the tasks of a crew need, NumPy above all, which takes longer than most draws."""
    import levelfield.stats.arrivals  # noqa: PLC0415
    import levelfield.stats.sample_sets  # noqa: F401, PLC0415


def draw_samples(units: Iterable[SampleUnit]) -> dict[tuple[str, str], tuple[DrawVariant, ...]]:
    """By log and result: the variants whose sets are those of the run. A task of a crew."""
    return {
        (claim.path, claim.subject): tuple(_variants(claim, first_tried))
        for first_tried, runs in units
        for claim in runs
    }


def draw_schedules(units: Iterable[ScheduleClaim]) -> dict[ScheduleClaim, tuple[str, str] | None]:
    """What differs from the schedule of the seed, as found and expected. A task of a crew."""
    return {made: _exact(made) for made in units}


@lru_cache(maxsize=1)
def _drawn(
    claims: tuple[RunClaim, ...], first_tried: DrawVariant, crew: Crew
) -> dict[tuple[str, str], tuple[DrawVariant, ...]]:
    units = sample_units(claims, first_tried)
    joins = sum(runs[0].library_count for _, runs in units) > MANY_SAMPLES
    shares = crew.share(draw_samples, (), lambda unit: unit[1][0].library_count, apart=units, joins=joins)
    return {claim: variants for share in shares for claim, variants in share.items()}


def _drawn_of(subject: RoundSubject) -> Iterator[tuple[RunClaim, tuple[DrawVariant, ...]]]:
    found = _drawn(subject.claims, subject.rules.draw_variant, subject.crew)
    return ((claim, found[claim.path, claim.subject]) for claim in subject.claims)


def _loaded(subject: RoundSubject) -> Iterator[Remark]:
    for claim, variants in _drawn_of(subject):
        if not variants:
            yield Remark(
                path=claim.path,
                line=claim.sets_line,
                found="another set of samples" if claim.set_count else "no loaded set",
                expected=f"the set of seed {claim.seed} for {claim.library_count} samples, {claim.set_size} at a time",
                result=claim.subject,
                closed=claim.closed,
            )


LOADED = Check(
    text=CheckText(
        code="INF150",
        title="The samples that were loaded are those of the seed",
        why="Samples that one chose are easier than samples that were drawn.",
        clause=GENERATED,
        example="closed/…/run_1/mlperf_log_detail.txt:54: found another set of samples, expected the set of seed …",
        fix="Run with an unchanged LoadGen; other C++ libraries than GCC's draw otherwise.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_loaded,
)


def _mixed(subject: RoundSubject) -> Iterator[Remark]:
    counts: dict[str, Counter[DrawVariant]] = {}
    for claim, found in _drawn_of(subject):
        if len(found) == 1:  # small libraries are drawn alike by both
            counts.setdefault(claim.submitter, Counter())[found[0]] += 1
    for submitter, variants in sorted(counts.items()):
        if len(variants) > 1:
            shown = ", ".join(f"{variants[variant]} {variant}" for variant in DrawVariant)
            yield Remark(path=submitter, found=f"logs of both kinds: {shown}", expected="one way of drawing integers")


MIXED = Check(
    text=CheckText(
        code="INF151",
        title="A submitter's runs draw integers in one way",
        why="Two C++ libraries give two sample sets for one seed, so results are not of the same samples.",
        clause="C++ leaves std::uniform_int_distribution open; libstdc++ changed it in GCC 11",
        example="closed/Org: found logs of both kinds: 192 classic, 316 lemire, expected one way of drawing integers",
        fix="Build LoadGen with the same compiler on all systems.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_mixed,
)


def _schedules(subject: RoundSubject) -> Iterator[Remark | PassedOver]:
    units = schedule_units(subject.claims, subject.exact_queries)
    joins = sum(map(_queries, units)) > MANY_QUERIES
    shares = subject.crew.share(draw_schedules, (), _queries, apart=units, joins=joins)
    exact = {made: problem for share in shares for made, problem in share.items()}
    for claim in subject.claims:
        made = claim.schedule
        if made is None:
            continue
        problem: tuple[str, str] | None
        if not _can_be_drawn(made):
            problem = (f"{made.target_qps:g} queries a second", "a rate that can be drawn")
        elif made in exact:
            problem = exact[made]
        else:
            problem = _plausible(made)
            yield PassedOver(
                result=claim.subject,
                reason=f"{claim.path}: {made.query_count} queries, held against the rate and not drawn one by one",
            )
        if problem is not None:
            yield Remark(
                path=claim.path,
                line=made.line,
                found=problem[0],
                expected=problem[1],
                result=claim.subject,
                closed=claim.closed,
            )


def _can_be_drawn(made: ScheduleClaim) -> bool:
    return 0 < made.target_qps < NS_PER_S and 0 <= made.min_duration_ms < 10**9


def _queries(made: ScheduleClaim) -> float:
    """About how many are to be drawn, at most."""
    return max(_expected(made), made.query_count, made.min_query_count)


@lru_cache(maxsize=10_000)
def _exact(made: ScheduleClaim) -> tuple[str, str] | None:
    """What differs from the schedule of the seed, as found and expected."""
    from levelfield.stats.arrivals import PoissonArrivals  # noqa: PLC0415

    arrivals = PoissonArrivals(made.seed, made.target_qps)
    count, duration_ns = arrivals.extent(made.min_duration_ms * NS_PER_MS, made.min_query_count, 1)
    if (made.query_count, made.duration_ns) == (count, duration_ns):
        return None
    if f"{made.target_qps:.5g}" != f"{made.target_qps:.6g}":
        return _plausible(made)  # the log rounds rates to six digits, so the true one is not known
    return (
        f"{made.query_count} queries in {made.duration_ns} ns",
        f"{count} in {duration_ns}, from seed {made.seed} at {made.target_qps:g} a second",
    )


def _expected(made: ScheduleClaim) -> float:
    """About how many queries the rate gives."""
    return made.target_qps * made.min_duration_ms / 1000


def _plausible(made: ScheduleClaim) -> tuple[str, str] | None:
    """What cannot be a Poisson process of that rate, as found and expected."""
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


SCHEDULES = Check(
    text=CheckText(
        code="INF152",
        title="The Server queries that were generated are those of the schedule's seed",
        why="Count and duration of the schedule follow from seed, rate and minimum; other ones were not drawn.",
        clause=GENERATED,
        example="closed/…/run_1/mlperf_log_detail.txt:55: found 780000 queries in 600 s",
        fix="Run with an unchanged LoadGen.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_schedules,
)

DRAW_CHECKS = (LOADED, MIXED, SCHEDULES)
