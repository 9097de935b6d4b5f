"""The rules of a round of MLPerf Mobile, as far as a score and its targets need them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from levelfield.errors import RulesError, nearest
from levelfield.rules.citations import Cites
from levelfield.rules.model import Citation, Document
from levelfield.rules.origin import Origin
from levelfield.rules.round import Measure, Round, Target, check_aliases, measure, read_head, targets
from levelfield.rules.table import Table
from levelfield.terms import Scenario

__all__ = ["FAMILY", "MobileBenchmark", "MobileRules", "MobileTask", "build"]

FAMILY = "mobile"


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileTask:
    """A benchmark in one scenario: what the app runs and gives an id."""

    scenario: Scenario
    ids: tuple[str, ...]
    """``benchmark_id`` of result files, one for each type of the model's weights."""
    min_queries: int
    """Queries of SingleStream, samples of the one query of Offline."""
    min_duration_ns: int
    """0 where there is none."""
    run_citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileBenchmark:
    """One benchmark of the round."""

    name: str
    """The folder: ``mobileBERT``."""
    aliases: tuple[str, ...]
    title: str
    model: str
    dataset: str
    targets: tuple[Target, ...]
    tasks: tuple[MobileTask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileRules(Round):
    """The rules of one round."""

    measures: tuple[tuple[Scenario, Measure], ...]
    benchmarks: tuple[MobileBenchmark, ...]

    def __iter__(self) -> Iterator[MobileBenchmark]:
        """The benchmarks in the order of the rule file."""
        return iter(self.benchmarks)

    def measure(self, scenario: Scenario) -> Measure:
        """What a result of a scenario is a number of."""
        return dict(self.measures)[scenario]

    def map_id(self, benchmark_id: str) -> tuple[MobileBenchmark, MobileTask] | None:
        """The benchmark and scenario of an id in a result file; ``None`` where the round has none of that name."""
        for one in self.benchmarks:
            for task in one.tasks:
                if benchmark_id in task.ids:
                    return one, task
        return None

    def benchmark(self, name: str) -> MobileBenchmark:
        """A benchmark by name or alias, in any case.

        Raises:
            UsageError: There is none; the message names the nearest one.
        """
        for one in self.benchmarks:
            if name.lower() in {word.lower() for word in (one.name, *one.aliases)}:
                return one
        raise nearest(name, [one.name for one in self.benchmarks], what="benchmark")


def build(document: Document, *, origin: Origin) -> MobileRules:
    """Read a document, bases merged in.

    Raises:
        RulesError: It does not hold together; every problem is listed with the path of its field.
    """
    head = read_head(document, FAMILY)
    tables = head.top.table("benchmarks").tables()
    check_aliases(tables)
    measures = head.top.table("measures")
    rules = MobileRules(
        origin=origin,
        family=FAMILY,
        version=head.version,
        divisions=head.divisions,
        sources=head.sources,
        document=document,
        measures=tuple((_scenario(name, measures), measure(table, head.cites)) for name, table in measures.tables()),
        benchmarks=tuple(_benchmark(name, table, head.cites) for name, table in tables),
    )
    _check_tasks(rules, head.top)
    head.round.finish()
    head.top.finish()
    if problems := dict.fromkeys(head.top.problems.found):
        raise RulesError(f"The rule file {origin.files[-1].name} does not hold together.", problems=problems)
    return rules


def _scenario(name: str, table: Table) -> Scenario:
    table.check_known(name, [str(known) for known in Scenario], "scenario", name)
    return Scenario(name) if name in set(Scenario) else Scenario.SINGLE_STREAM


def _benchmark(name: str, table: Table, cites: Cites) -> MobileBenchmark:
    tasks = table.table("tasks")
    benchmark = MobileBenchmark(
        name=name,
        aliases=table.texts("aliases"),
        title=table.text("title"),
        model=table.text("model"),
        dataset=table.text("dataset"),
        targets=targets(table, cites),
        tasks=tuple(_task(_scenario(scenario, tasks), entry, cites) for scenario, entry in tasks.tables()),
    )
    if not benchmark.tasks:
        table.wrong("tasks", "at least one scenario")
    table.finish()
    return benchmark


def _task(scenario: Scenario, table: Table, cites: Cites) -> MobileTask:
    task = MobileTask(
        scenario=scenario,
        ids=table.texts("ids", required=True),
        min_queries=table.integer("min_queries", at_least=1),
        min_duration_ns=table.integer("min_duration_ns", default=0),
        run_citation=cites.of("min_queries", table),
    )
    table.finish()
    return task


def _check_tasks(rules: MobileRules, top: Table) -> None:
    """No id stands for two tasks, and every scenario in use has a measure."""
    owner: dict[str, str] = {}
    for one in rules:
        for task in one.tasks:
            if task.scenario not in dict(rules.measures):
                top.problems.add(("measures", task.scenario), f"missing, but {one.name} is run in it.")
            for word in task.ids:
                if word in owner:
                    top.problems.add(("benchmarks", one.name), f"the id {word!r} belongs to {owner[word]} already.")
                owner[word] = f"{one.name}, {task.scenario}"
