"""Whether one entry has another's hyperparameters as the rules let them be borrowed during review.

A borrower replaces all hyperparameters of a benchmark by those of another submitter, as a group; batch sizes and the
span of batch normalisation are its own. Here two entries are compared by what their logs say.

Source: mlcommons/training_policies, ``training_rules.adoc``, Hyperparameter Borrowing, at 8c7f5e70. Of which kind a
hyperparameter is stands in the rule file of the round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from levelfield.errors import UsageError
from levelfield.formats.mllog import EventType, Json, read_mllog
from levelfield.rules.training import TrainingBenchmark, TrainingRules
from levelfield.rules.training_borrowing import BorrowingKind

__all__ = ["Borrowing", "Compared", "Side", "Verdict", "compare", "side_of"]

NOBODY = frozenset({"", "none"})
"""What a log says of its submitter where it was not told."""
KEPT_VALUES = 5
"""Of one key; what has more is told with these."""


class Verdict(StrEnum):
    """What one entry is to the other."""

    WHOLE = "whole"
    """It has all of the donor's hyperparameters that go together."""
    PARTIAL = "partial"
    """It has some of them, which no rule allows."""
    NONE = "none"
    """It has none of them, but for those that the rules fix for everybody."""
    UNKNOWN = "unknown"
    """Nothing differs, but something is not logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What the runs of one entry say."""

    name: str
    """As the user named it, with the folder where that is deeper."""
    benchmark: str
    division: str
    """Empty where the logs do not say one."""
    organisation: str
    runs: int
    values: Mapping[str, tuple[Json, ...]]
    """By key, each value that some run says once, in the order of the logs."""

    def one(self, key: str) -> Json:
        """The value of a key that all runs say alike; ``None`` where they do not, or say nothing."""
        values = self.values.get(key, ())
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One hyperparameter."""

    key: str
    kind: BorrowingKind
    fixed: bool
    """Whether the rules give it one value, so that everybody has it."""
    ours: tuple[Json, ...]
    """Empty where no run says it; more than one where the runs differ among themselves."""
    donor: tuple[Json, ...]

    @property
    def silent(self) -> bool:
        """Whether either does not say it."""
        return not (self.ours and self.donor)

    @property
    def same(self) -> bool:
        """Whether all runs of both say the same."""
        return len(self.ours) == len(self.donor) == 1 and self.ours == self.donor


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowing:
    """The comparison of two entries."""

    ours: Side
    donor: Side
    verdict: Verdict
    explanation: str
    """The verdict in plain words."""
    remarks: tuple[str, ...]
    """What else is to be known of it."""
    compared: tuple[Compared, ...]
    """Every hyperparameter of the benchmark, in the order of the rules."""
    unlisted: tuple[Compared, ...]
    """What both log, differently, and the rules do not name: to be looked at by a person."""
    clause: str
    """Where the rules say what may be borrowed."""


def side_of(name: str, logs: Iterable[bytes], rules: TrainingRules) -> Side:
    """Read the runs of one entry.

    Args:
        name: For messages.
        logs: The files; each is read once.
        rules: Of the round.

    Raises:
        UsageError: They are not all logs of one benchmark of the round; every problem is told.
    """
    values: dict[str, list[Json]] = {}
    runs, strange = 0, 0
    for data in logs:
        runs += 1
        events = read_mllog(data).events
        strange += not any(event.key == "submission_benchmark" for event in events)
        for event in events:
            if event.event_type not in {EventType.START, EventType.STOP}:
                found = values.setdefault(event.key, [])
                if event.value not in found and len(found) < KEPT_VALUES:
                    found.append(event.value)
    said = values.get("submission_benchmark", [])
    known = [one.name for one in rules]
    problems = [f"{name}: {strange} of {runs} logs say no submission_benchmark."] if strange else []
    if len(said) > 1:
        problems.append(f"{name}: logs of {' and '.join(map(str, said))}, expected those of one benchmark.")
    problems += [f"{name}: {one} is no benchmark of {rules.name}." for one in said if one not in known]
    if problems:
        raise UsageError("These are not the logs of one entry.", problems=problems)
    return Side(
        name=name,
        benchmark=str(said[0]),
        division=_text(values, "submission_division"),
        organisation=_text(values, "submission_org"),
        runs=runs,
        values={key: tuple(found) for key, found in values.items()},
    )


def _text(values: Mapping[str, list[Json]], key: str) -> str:
    found = values.get(key, [])
    return str(found[0]) if len(found) == 1 else ""


def compare(ours: Side, donor: Side, rules: TrainingRules) -> Borrowing:
    """Compare two entries of one benchmark.

    Raises:
        UsageError: They are of two benchmarks.
    """
    if ours.benchmark != donor.benchmark:
        raise UsageError(
            f"Hyperparameters are borrowed within a benchmark, and these are of two: {ours.benchmark} in {ours.name}, "
            f"{donor.benchmark} in {donor.name}."
        )
    benchmark = rules.benchmark(ours.benchmark)
    compared = tuple(_compared(ours, donor, benchmark, rules))
    verdict, explanation = _judged(compared)
    return Borrowing(
        ours=ours,
        donor=donor,
        verdict=verdict,
        explanation=explanation,
        remarks=tuple(_remarks(ours, donor, compared)),
        compared=compared,
        unlisted=tuple(_unlisted(ours, donor, {one.key for one in compared}, rules)),
        clause=str(benchmark.borrowing.citation),
    )


def _compared(ours: Side, donor: Side, benchmark: TrainingBenchmark, rules: TrainingRules) -> Iterator[Compared]:
    """Those that the log of either must have: an optimizer brings hyperparameters of its own."""
    asked = [{key: side.one(key) for key in side.values} for side in (ours, donor)]
    keys = dict.fromkeys(key for chosen in asked for key in rules.hyperparameters(benchmark, chosen=chosen))
    wanted = {key: rule for chosen in asked for key, rule in rules.keys(benchmark, closed=True, chosen=chosen).items()}
    for key in keys:
        value = wanted[key].value
        yield Compared(
            key=key,
            kind=benchmark.borrowing.kind(key),
            fixed=value is not None and value.equals is not None,
            ours=ours.values.get(key, ()),
            donor=donor.values.get(key, ()),
        )


def _unlisted(ours: Side, donor: Side, listed: set[str], rules: TrainingRules) -> Iterator[Compared]:
    """Other keys with one value each; a figure that changes from line to line is a measurement."""
    benchmark = rules.benchmark(ours.benchmark)
    for key, values in ours.values.items():
        others = donor.values.get(key, ())
        known = key in listed or key in rules.known_keys or key == "seed"
        if not known and len(values) == len(others) == 1 and values != others:
            yield Compared(key=key, kind=benchmark.borrowing.kind(key), fixed=False, ours=values, donor=others)


def _judged(compared: Iterable[Compared]) -> tuple[Verdict, str]:
    group = [one for one in compared if one.kind is BorrowingKind.GROUP]
    free = [one.key for one in compared if one.kind is BorrowingKind.FREE and not one.same]
    silent = [one.key for one in group if one.silent]
    differing = [one.key for one in group if not one.same and not one.silent]
    tuned = [one.key for one in group if one.same and not one.fixed]
    if differing:
        told = ", ".join(differing)
        if not tuned:
            return Verdict.NONE, (
                f"OURS borrows nothing of DONOR: of the hyperparameters that go together {told} "
                f"{'differs' if len(differing) == 1 else 'differ'}, and none that the rules leave open is the donor's."
            )
        return Verdict.PARTIAL, (
            f"OURS is no whole borrowing of DONOR: {len(tuned)} of {len(tuned) + len(differing)} tuned "
            f"hyperparameters that go together are the donor's, and {told} {_are(differing)} not. Who borrows replaces "
            "all of them; further changes need evidence that the model converges worse at the donor's batch size."
        )
    if silent:
        return Verdict.UNKNOWN, (
            f"Whether OURS is a whole borrowing of DONOR cannot be said: {', '.join(silent)} {_are(silent)} not in the "
            "logs of both. All others that go together are the donor's."
        )
    beside = f"; what is free, {', '.join(free)}, is its own" if free else "; so is what is free"
    return Verdict.WHOLE, (
        f"OURS is a whole borrowing of DONOR: all {len(group)} hyperparameters that go together are the donor's"
        f"{beside}."
    )


def _are(keys: list[str]) -> str:
    return "is" if len(keys) == 1 else "are"


def _remarks(ours: Side, donor: Side, compared: Iterable[Compared]) -> Iterator[str]:
    borrowed = []
    for one in compared:
        if one.kind is BorrowingKind.NEVER:
            yield f"{one.key} is never borrowed: it stays as it was in the entry that is replaced."
        else:
            borrowed.append(one.key)
    if ours.organisation not in NOBODY and ours.organisation == donor.organisation:
        yield f"Both are of {ours.organisation}: the rules are about borrowing from another submitter."
    for label, side in (("OURS", ours), ("DONOR", donor)):
        if side.division == "open":
            yield f"{label} is in the open division, where any hyperparameters may be used without borrowing."
        if told := [key for key in borrowed if len(side.values.get(key, ())) > 1]:
            yield f"The runs of {label} differ among themselves in {', '.join(told)}."
    yield (
        "Not in the logs: whether software and system are those of the entry that is replaced, and whether it borrows "
        "for the first time."
    )
