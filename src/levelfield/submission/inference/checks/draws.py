"""Checks of draws: the samples that were loaded and the queries that were generated are those of the seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from levelfield.submission.check import Check, PassedOver, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.registry import RoundSubject
from levelfield.submission.inference.redraw import can_be_drawn, plausible
from levelfield.submission.report import CheckText
from levelfield.terms import DrawVariant

__all__ = ["DRAW_CHECKS"]

GENERATED = "loadgen/loadgen.cc, GenerateLoadableSets and GenerateQueries (mlcommons/inference v2.0)"


def _loaded(subject: RoundSubject) -> Iterator[Remark | PassedOver]:
    for claim in subject.claims:
        sets = claim.sets
        variants = subject.draws.variants.get(sets)
        if variants is None:
            reason = f"{claim.path}: {sets.library_count} samples, not drawn, as all draws together take too long"
            yield PassedOver(result=claim.subject, reason=reason)
        elif not variants:
            yield Remark(
                path=claim.path,
                line=sets.line,
                found="another set of samples" if sets.set_count else "no loaded set",
                expected=f"the set of seed {sets.seed} for {sets.library_count} samples, {sets.set_size} at a time",
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
    for claim in subject.claims:
        found = subject.draws.variants.get(claim.sets, ())
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
    for claim in subject.claims:
        made = claim.schedule
        if made is None:
            continue
        problem: tuple[str, str] | None
        if not can_be_drawn(made):
            problem = (f"{made.target_qps:g} queries a second", "a rate that can be drawn")
        elif made in subject.draws.schedules:
            problem = subject.draws.schedules[made]
        else:
            problem = plausible(made)
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
