"""The rules of a round of MLPerf Tiny, as far as a score and its targets need them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from levelfield.errors import RulesError, nearest
from levelfield.rules.citations import Cites
from levelfield.rules.model import Citation, Document
from levelfield.rules.origin import Origin
from levelfield.rules.round import Measure, Round, Target, check_aliases, measure, read_head, targets
from levelfield.rules.table import Table

__all__ = ["FAMILY", "TinyBenchmark", "TinyRules", "build"]

FAMILY = "tiny"


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyBenchmark:
    """One benchmark of the round."""

    name: str
    """The folder: ``kws``."""
    aliases: tuple[str, ...]
    """What devices and runners call it: ``kws01``."""
    title: str
    model: str
    dataset: str
    classes: int
    """How many values of a result vector count; a device may print more."""
    files: int
    """Files of the accuracy run."""
    windows_per_file: int
    """How many inferences make up the score of a file: their mean (anomaly detection)."""
    label_pattern: str
    """Regular expression for a file name that says its class, group 1; empty where names do not."""
    targets: tuple[Target, ...]
    files_citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyRules(Round):
    """The rules of one round."""

    throughput: Measure
    energy: Measure
    windows: int
    """Timed windows of a run; their median is the score."""
    min_window_ns: int
    min_inferences: int
    """In each window."""
    run_citation: Citation
    benchmarks: tuple[TinyBenchmark, ...]

    def __iter__(self) -> Iterator[TinyBenchmark]:
        """The benchmarks in the order of the rule file."""
        return iter(self.benchmarks)

    def map_folder(self, folder: str) -> TinyBenchmark | None:
        """The benchmark of a folder; ``None`` where the round has none of that name."""
        return next((one for one in self.benchmarks if folder in {one.name, *one.aliases}), None)

    def benchmark(self, name: str) -> TinyBenchmark:
        """A benchmark by name or alias, in any case.

        Raises:
            UsageError: There is none; the message names the nearest one.
        """
        for one in self.benchmarks:
            if name.lower() in {word.lower() for word in (one.name, *one.aliases)}:
                return one
        raise nearest(name, [one.name for one in self.benchmarks], what="benchmark")


def build(document: Document, *, origin: Origin) -> TinyRules:
    """Read a document, bases merged in.

    Raises:
        RulesError: It does not hold together; every problem is listed with the path of its field.
    """
    head = read_head(document, FAMILY)
    tables = head.top.table("benchmarks").tables()
    check_aliases(tables)
    measures = head.top.table("measures")
    rules = TinyRules(
        origin=origin,
        family=FAMILY,
        version=head.version,
        divisions=head.divisions,
        sources=head.sources,
        document=document,
        throughput=measure(measures.table("throughput"), head.cites),
        energy=measure(measures.table("energy"), head.cites),
        windows=head.round.integer("windows", at_least=1),
        min_window_ns=head.round.integer("min_window_ns"),
        min_inferences=head.round.integer("min_inferences"),
        run_citation=head.cites.of("windows", head.round),
        benchmarks=tuple(_benchmark(name, table, head.cites) for name, table in tables),
    )
    for table in (measures, head.round, head.top):
        table.finish()
    if problems := dict.fromkeys(head.top.problems.found):
        raise RulesError(f"The rule file {origin.files[-1].name} does not hold together.", problems=problems)
    return rules


def _benchmark(name: str, table: Table, cites: Cites) -> TinyBenchmark:
    pattern = table.text("label_pattern", "")
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        table.wrong("label_pattern", f"a regular expression ({error})")
        groups = 1
    if pattern and groups != 1:
        table.wrong("label_pattern", "a regular expression with one group, the class")
    benchmark = TinyBenchmark(
        name=name,
        aliases=table.texts("aliases"),
        title=table.text("title"),
        model=table.text("model"),
        dataset=table.text("dataset"),
        classes=table.integer("classes", at_least=2),
        files=table.integer("files", at_least=1),
        windows_per_file=table.integer("windows_per_file", at_least=1, default=1),
        label_pattern=pattern,
        targets=targets(table, cites),
        files_citation=cites.of("files", table),
    )
    table.finish()
    return benchmark
