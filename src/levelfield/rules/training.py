"""The rules of a round of MLPerf Training, as far as a score and its targets need them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from levelfield.errors import RulesError, nearest
from levelfield.rules.citations import Cites
from levelfield.rules.model import Citation, Document
from levelfield.rules.origin import Origin
from levelfield.rules.round import Measure, Round, Target, check_aliases, measure, read_head, targets
from levelfield.rules.table import Table
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
        benchmarks=tuple(_benchmark(name, table, head.cites) for name, table in tables),
        submission=submission_rules(head.top.table("submission"), head.cites),
    )
    head.round.finish()
    head.top.finish()
    if problems := dict.fromkeys(head.top.problems.found):
        raise RulesError(f"The rule file {origin.files[-1].name} does not hold together.", problems=problems)
    return rules


def _status(table: Table) -> Status:
    status = Status(availability=table.text("availability"), words=table.texts("words", required=True))
    table.finish()
    return status


def _benchmark(name: str, table: Table, cites: Cites) -> TrainingBenchmark:
    runs, dropped = table.integer("runs", at_least=1), table.integer("dropped")
    if runs <= 2 * dropped:
        table.wrong("dropped", f"so few that some of the {runs} runs are left")
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
    )
    table.finish()
    return benchmark
