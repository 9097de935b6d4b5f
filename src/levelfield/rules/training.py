"""The rules of a round of MLPerf Training: runs, targets, and what a log says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from levelfield.errors import RulesError, nearest
from levelfield.rules.citations import Cites
from levelfield.rules.log_keys import KeyRule, Occurs
from levelfield.rules.model import Citation, Document
from levelfield.rules.origin import Origin
from levelfield.rules.round import Measure, Round, Target, check_aliases, measure, read_head, targets
from levelfield.rules.table import Table
from levelfield.rules.training_borrowing import BorrowingRules, borrowing_rules
from levelfield.rules.training_log import BenchmarkLog, LogRules, read_benchmark_log, read_log
from levelfield.rules.training_submission import SubmissionRules, submission_rules

__all__ = ["FAMILY", "Status", "TrainingBenchmark", "TrainingRules", "build"]

FAMILY = "training"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingBenchmark:
    """One benchmark of the round."""

    name: str
    """The folder, and what logs say under ``submission_benchmark``."""
    aliases: tuple[str, ...]
    """Further folder names."""
    title: str
    model: str
    dataset: str
    runs: int
    """How many runs a submission has, exactly."""
    dropped: int
    """How many runs are dropped at each end; as many may fail."""
    targets: tuple[Target, ...]
    """On one ``eval_accuracy`` line; where there are several, its value is an object with these keys."""
    runs_citation: Citation
    has_reference: bool
    """Whether its convergence is tested against reference points."""
    log: BenchmarkLog
    borrowing: BorrowingRules

    @property
    def keys(self) -> frozenset[str]:
        """Every key that the rules of this benchmark look at."""
        brought = (key for _, _, keys in self.log.chosen for key in keys)
        return frozenset({*self.log.closed, *self.log.advice, *brought})

    def closed_keys(self, chosen: Mapping[str, object]) -> dict[str, KeyRule]:
        """What this benchmark asks of the keys of a closed log, with those that the log's own choices bring."""
        keys = dict(self.log.closed)
        for key, value, brought in self.log.chosen:
            if chosen.get(key) == value:
                keys |= brought
        return keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an availability is called in system descriptions, which have no fixed words."""

    availability: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRules(Round):
    """The rules of one round."""

    ruleset: str
    """As the official tools name it: ``1.1.0``."""
    measure: Measure
    init_limit_ns: int
    """From the first ``init_start`` to ``init_stop``; reaching it is too long."""
    init_citation: Citation
    statuses: tuple[Status, ...]
    log: LogRules
    known_keys: frozenset[str]
    """Every key that any rule of the round looks at."""
    benchmarks: tuple[TrainingBenchmark, ...]
    submission: SubmissionRules

    def __iter__(self) -> Iterator[TrainingBenchmark]:
        """The benchmarks in the order of the rule file."""
        return iter(self.benchmarks)

    def map_folder(self, folder: str) -> TrainingBenchmark | None:
        """The benchmark of a folder; ``None`` where the round has none of that name."""
        return next((one for one in self.benchmarks if folder in {one.name, *one.aliases}), None)

    def benchmark(self, name: str) -> TrainingBenchmark:
        """A benchmark by name or alias, in any case.

        Raises:
            UsageError: There is none; the message names the nearest one.
        """
        for one in self.benchmarks:
            if name.lower() in {word.lower() for word in (one.name, *one.aliases)}:
                return one
        raise nearest(name, [one.name for one in self.benchmarks], what="benchmark")

    def keys(
        self, benchmark: TrainingBenchmark | None, *, closed: bool, chosen: Mapping[str, object]
    ) -> dict[str, KeyRule]:
        """What is asked of each key of a log, the inner rules in the place of the outer ones.

        Args:
            benchmark: What the log says that it is of; ``None`` where the round has no such benchmark.
            closed: Whether it is a log of the closed division.
            chosen: What the log says for keys that bring others with them (``opt_name``).
        """
        keys = dict(self.log.keys)
        if closed:
            keys |= self.log.closed
            if benchmark is not None:
                keys |= benchmark.closed_keys(chosen)
        return keys

    def hyperparameters(self, benchmark: TrainingBenchmark, *, chosen: Mapping[str, object]) -> tuple[str, ...]:
        """The hyperparameters that closed logs of a benchmark say, in the order of the rule file.

        Args:
            benchmark: Of the round.
            chosen: As for :meth:`keys`.
        """
        asked = {**benchmark.closed_keys(chosen), **self.log.closed}
        return tuple(
            key
            for key, rule in asked.items()
            if rule.occurs is not Occurs.ANY and key not in benchmark.borrowing.unrelated
        )

    def availability(self, status: str) -> str:
        """What a system description means by its status; the word itself where the round does not know it."""
        found = (known.availability for known in self.statuses if status.strip().lower() in known.words)
        return next(found, status)


def build(document: Document, *, origin: Origin) -> TrainingRules:
    """Read a document, bases merged in.

    Raises:
        RulesError: It does not hold together; every problem is listed with the path of its field.
    """
    head = read_head(document, FAMILY)
    tables = head.top.table("benchmarks").tables()
    check_aliases(tables)
    log = read_log(head.top, head.round, head.cites)
    borrowing = borrowing_rules(head.top.table("borrowing"), head.cites)
    benchmarks = tuple(_benchmark(name, table, head.cites, log, borrowing) for name, table in tables)
    known_keys = _known_keys(log, benchmarks)
    for key in borrowing.named:
        head.top.check_known(key, known_keys, "key", "borrowing")
    rules = TrainingRules(
        origin=origin,
        family=FAMILY,
        version=head.version,
        divisions=head.divisions,
        sources=head.sources,
        document=document,
        ruleset=head.round.text("ruleset"),
        measure=measure(head.top.table("measure"), head.cites),
        init_limit_ns=head.round.integer("init_limit_ns", at_least=1),
        init_citation=head.cites.of("init_limit_ns", head.round),
        statuses=tuple(_status(table) for table in head.top.array("statuses")),
        submission=submission_rules(head.top.table("submission"), head.cites),
        log=log,
        known_keys=known_keys,
        benchmarks=benchmarks,
    )
    head.round.finish()
    head.top.finish()
    if problems := dict.fromkeys(head.top.problems.found):
        raise RulesError(f"The rule file {origin.files[-1].name} does not hold together.", problems=problems)
    return rules


def _known_keys(log: LogRules, benchmarks: Iterable[TrainingBenchmark]) -> frozenset[str]:
    return frozenset({*log.keys, *log.closed, *(key for one in benchmarks for key in one.keys)})


def _status(table: Table) -> Status:
    status = Status(availability=table.text("availability"), words=table.texts("words", required=True))
    table.finish()
    return status


def _benchmark(name: str, table: Table, cites: Cites, log: LogRules, borrowing: BorrowingRules) -> TrainingBenchmark:
    runs, dropped = table.integer("runs", at_least=1), table.integer("dropped")
    if runs <= 2 * dropped:
        table.wrong("dropped", f"so few that some of the {runs} runs are left")
    own = borrowing_rules(table.table("borrowing"), cites)
    benchmark = TrainingBenchmark(
        name=name,
        aliases=table.texts("aliases"),
        title=table.text("title"),
        model=table.text("model"),
        dataset=table.text("dataset"),
        runs=runs,
        dropped=dropped,
        targets=targets(table, cites),
        runs_citation=cites.of("runs", table),
        has_reference=table.flag("has_reference") if "has_reference" in table else True,
        log=read_benchmark_log(table, cites, log),
        borrowing=borrowing.with_those_of(own),
    )
    for key in own.named:
        table.check_known(key, benchmark.keys, "key", "borrowing")
    table.finish()
    return benchmark
