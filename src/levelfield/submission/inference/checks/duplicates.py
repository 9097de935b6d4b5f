"""Check of logs that stand in more than one place, and what the official checker could not get through."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.checks.registry import RoundSubject
from levelfield.submission.inference.claims import RunClaim, RunKind
from levelfield.submission.inference.official import OfficialOutcome
from levelfield.submission.report import CheckText

__all__ = ["DUPLICATE_CHECKS", "OFFICIAL_CHECKS"]


def _duplicates(subject: RoundSubject) -> Iterator[Remark]:
    groups: dict[tuple[str, str], list[RunClaim]] = {}
    for claim in subject.claims:
        if claim.kind is not RunKind.ACCURACY:
            groups.setdefault((claim.sha256, claim.audit), []).append(claim)
    for group in groups.values():
        originals: dict[tuple[str, str], RunClaim] = {}
        for claim in sorted(group, key=lambda claim: (claim.inferred, claim.path)):
            first = originals.setdefault((claim.benchmark, claim.scenario), claim)
            other = next(one for one in originals.values())
            twice = first is not claim and not claim.inferred
            elsewhere = (claim.system, claim.model) != (other.system, other.model)
            if twice or elsewhere:
                original = first if twice else other
                yield Remark(
                    path=claim.path,
                    found="the very same log",
                    expected="a run of its own",
                    hint=f"It is also {original.path}.",
                    result=claim.subject,
                    closed=claim.closed,
                )


DUPLICATES = Check(
    text=CheckText(
        code="INF153",
        title="No log stands for two results",
        why="A run that is handed in for two systems or benchmarks was not made on one of them.",
        clause="our own; copies for inferred scenarios, and for 99 % and 99.9 % of one model, are allowed",
        example="closed/Org/results/box-b/…/mlperf_log_detail.txt: found the very same log, expected a run of its own",
        fix="Run each system and benchmark.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_duplicates,
)


def _stops(outcome: OfficialOutcome) -> Iterator[Remark]:
    for path, problem in sorted(outcome.stops.items()):
        yield Remark(path=path, found=problem[:120], expected="a file that the official checker gets through")


STOPS = Check(
    text=CheckText(
        code="INF190",
        title="The official checker gets through the tree",
        why="It ends with a traceback here and says nothing about what follows; ours goes on without it.",
        clause="submission-checker.py (mlcommons/inference v2.0)",
        example="closed/Org/systems/edge-box.json: found Expecting ',' delimiter, expected a file that …",
        fix="Mend the file.",
        official=False,
    ),
    severity=Severity.NOTE,
    look=_stops,
)

DUPLICATE_CHECKS = (DUPLICATES,)
OFFICIAL_CHECKS = (STOPS,)
