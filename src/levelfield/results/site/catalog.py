"""The results with their places on the site: which pages there are, and what stands on each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from levelfield.results.compatibility import round_of
from levelfield.results.model import Result
from levelfield.results.site.slugs import slugs_of

__all__ = ["Catalog", "Entry", "catalog_of", "grouped"]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One result and the names of the pages that it stands on."""

    result: Result
    number: int
    """From 0, in the order of the site."""
    suite: str
    version: str
    system: str
    submission: str
    benchmark: str
    tables: tuple[str, ...]
    """Official tables: one for each system type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything on the site, in its order."""

    entries: tuple[Entry, ...]
    systems: dict[str, tuple[Entry, ...]]
    """By page name; the same for the rest."""
    submissions: dict[str, tuple[Entry, ...]]
    benchmarks: dict[str, tuple[Entry, ...]]
    tables: dict[str, tuple[Entry, ...]]
    rounds: dict[str, tuple[Entry, ...]]


def catalog_of(results: Iterable[Result]) -> Catalog:
    """Order results and give each its pages; the order in which they come does not matter."""
    ordered = sorted(results, key=_order)
    systems = _names(ordered, _system_key)
    submissions = _names(ordered, lambda r: (r.round, r.division, r.submitter))
    benchmarks = _names(ordered, lambda r: (round_of(r.round).suite.name, r.benchmark))
    kinds = {key for result in ordered for key in _table_keys(result)}
    tables = slugs_of(sorted(kinds), {key: key for key in kinds})
    entries = tuple(
        Entry(
            result=result,
            number=number,
            suite=round_of(result.round).suite.name,
            version=round_of(result.round).version,
            system=systems[_system_key(result)],
            submission=submissions[result.round, result.division, result.submitter],
            benchmark=benchmarks[round_of(result.round).suite.name, result.benchmark],
            tables=tuple(tables[key] for key in _table_keys(result)),
        )
        for number, result in enumerate(ordered)
    )
    by_table: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        for name in entry.tables:
            by_table[name].append(entry)
    return Catalog(
        entries=entries,
        systems=grouped(entries, lambda entry: entry.system),
        submissions=grouped(entries, lambda entry: entry.submission),
        benchmarks=grouped(entries, lambda entry: entry.benchmark),
        tables={name: tuple(by_table[name]) for name in sorted(by_table)},
        rounds=grouped(entries, lambda entry: entry.result.round),
    )


def grouped(items: Iterable[Item], key: Callable[[Item], str]) -> dict[str, tuple[Item, ...]]:
    """Items by a key, keys sorted, items in their order."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return {name: tuple(found[name]) for name in sorted(found)}


def _order(result: Result) -> tuple[str, ...]:
    the_round = round_of(result.round)
    return (
        the_round.suite.name, the_round.version, result.division, result.submitter, result.system.id,
        result.system.type, result.benchmark, result.model_used, result.scenario, result.metric,
        result.provenance.path, repr(result),
    )  # fmt: skip


def _system_key(result: Result) -> tuple[str, ...]:
    return (result.round, result.submitter, result.system.id)


def _table_keys(result: Result) -> list[tuple[str, ...]]:
    types = [part.strip() for part in result.system.type.split(",") if part.strip()] or [""]
    return [(result.round, kind, result.division) for kind in types]


def _names(results: list[Result], key: Callable[[Result], tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    keys = {key(result) for result in results}
    return slugs_of(sorted(keys), {one: one for one in keys})
