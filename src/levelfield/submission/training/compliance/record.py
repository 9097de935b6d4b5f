"""One log as the checks see it: its events by key, and what the round asks of each key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from levelfield.formats.mllog import Event, Json, MlLog, read_mllog
from levelfield.rules.log_keys import KeyRule
from levelfield.rules.round import Target
from levelfield.rules.training import TrainingBenchmark, TrainingRules
from levelfield.submission.check import Remark
from levelfield.terms import Division

__all__ = ["KEPT_OF_A_RULE", "SEED", "LogRecord", "Quality", "bounded", "read_record", "shown"]

KEPT_OF_A_RULE = 20
"""Findings of one rule in one log that are told one by one; what is beyond is counted."""
SEED = "seed"
_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """What one log says, sorted by key."""

    path: str
    rules: TrainingRules
    log: MlLog
    events: Mapping[str, tuple[Event, ...]]
    """By key, in the order of the file."""
    stated_division: str
    """As the log says; empty where it says none."""
    known_division: str
    """What the caller knows: of the system's description."""
    benchmark: TrainingBenchmark | None
    """What the log says that it is of, else what its folder says; ``None`` where neither is one of the round."""
    keys: Mapping[str, KeyRule]
    """What is asked of each key in this division and benchmark."""

    def all(self, key: str) -> tuple[Event, ...]:
        """Every event of a key."""
        return self.events.get(key, ())

    def first(self, key: str) -> Event | None:
        """The first event of a key."""
        events = self.all(key)
        return events[0] if events else None

    @property
    def division(self) -> str:
        """What the log says, else what the caller knows."""
        return self.stated_division or self.known_division

    @property
    def is_closed(self) -> bool:
        """Whether the rules of the closed division hold."""
        return self.division == Division.CLOSED

    @property
    def logged(self) -> dict[str, Json]:
        """The first value of each key."""
        return {key: events[0].value for key, events in self.events.items()}

    def remark(self, *, line: int, found: str, expected: str, hint: str = "") -> Remark:
        """Something wrong with this log."""
        return Remark(path=self.path, line=line, found=found, expected=expected, hint=hint)


def read_record(
    path: str, data: bytes, *, rules: TrainingRules, folder: TrainingBenchmark | None, division: str
) -> LogRecord:
    """Parse a log, once, keeping the lines that any rule of the round looks at.

    Args:
        path: Where it lies in the source.
        data: Its bytes.
        rules: Of the round.
        folder: The benchmark of its folder, if known.
        division: What is known of the division from elsewhere.
    """
    log = read_mllog(data, keys=rules.known_keys | {SEED}, prove=True)
    events: dict[str, list[Event]] = {}
    for event in log.events:
        events.setdefault(event.key, []).append(event)
    stated = _text(events, "submission_division")
    name = _text(events, "submission_benchmark")
    benchmark = next((one for one in rules if one.name == name), folder)
    chosen = {key: found[0].value for key, found in events.items()}
    return LogRecord(
        path=path,
        rules=rules,
        log=log,
        events={key: tuple(found) for key, found in events.items()},
        stated_division=stated,
        known_division=division,
        benchmark=benchmark,
        keys=rules.keys(benchmark, closed=(stated or division) == Division.CLOSED, chosen=chosen),
    )


def _text(events: Mapping[str, list[Event]], key: str) -> str:
    value = events[key][0].value if key in events else None
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The value of an evaluation beside the targets."""

    reached: bool
    problem: str
    """Why the targets cannot be applied to it; empty where they can."""

    @classmethod
    def of(cls, value: Json, targets: Iterable[Target], *, below: float | None = None) -> Quality:
        """Compare a value with the targets, from left to right, and stop at the first that it misses.

        Args:
            value: A number; where there are several targets, an object that has one for each of their keys.
            targets: Of the benchmark.
            below: Asked of each number in the place of the targets' own bounds.
        """
        targets = tuple(targets)
        if len(targets) > 1:
            missing = [target.key for target in targets if not isinstance(value, dict) or target.key not in value]
            if missing:
                return cls(reached=False, problem=f"{shown(value)} without {' and '.join(missing)}")
        for target in targets:
            number = value[target.key] if len(targets) > 1 and isinstance(value, dict) else value
            if not isinstance(number, int | float):
                return cls(reached=False, problem=f"{shown(number)}, which is no number")
            if not (target.holds(number) if below is None else number < below):
                return cls(reached=False, problem="")
        return cls(reached=True, problem="")


def bounded(record: LogRecord, remarks: Iterable[Remark]) -> Iterator[Remark]:
    """The first remarks of one rule, and how many more there are."""
    more, line = 0, 0
    for number, remark in enumerate(remarks):
        if number < KEPT_OF_A_RULE:
            expected = remark.expected
            yield remark
            continue
        line = line or remark.line
        more += 1
    if more:
        yield record.remark(line=line, found=f"{more:,} lines more of the same", expected=expected)


def shown(value: object) -> str:
    """A value as a finding shows it, shortened."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
