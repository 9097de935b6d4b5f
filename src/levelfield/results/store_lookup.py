"""A filter as a condition on the tables of the store.

Names are chosen among those that occur, with the very comparison that :meth:`Filter.matches` makes, and then looked up
by index: so the store and a filter in memory can never disagree about case or parts of words.
"""

from __future__ import annotations

import json
import sqlite3

from levelfield.results.columns import Cell
from levelfield.results.query import PARTS, WHOLE, Filter, has_part, is_one_of
from levelfield.results.store_rows import stored_text

__all__ = ["condition_of"]

_COLUMNS = {
    "rounds": ("submissions", "submissions.round"),
    "suites": ("submissions", "submissions.suite"),
    "divisions": ("submissions", "submissions.division"),
    "submitters": ("submissions", "submissions.submitter"),
    "availabilities": ("results", "results.availability"),
    "system_types": ("systems", "systems.system_type"),
    "systems": ("systems", "systems.system_name || char(10) || systems.system_id"),
    "processors": ("systems", "systems.processor"),
    "accelerators": ("systems", "systems.accelerator"),
    "software": ("systems", "systems.software"),
    "benchmarks": ("benchmarks", "benchmarks.benchmark"),
    "scenarios": ("results", "results.scenario"),
    "editions": ("results", "results.edition"),
}
"""Where a filter's field is looked up."""
_CONDITIONS = {
    "power": "results.power_value IS NOT NULL",
    "verified": "results.verification = 'verified'",
    "inferred": "results.inferred",
    "official": "results.official",
    "void": "results.void",
}
_COUNTS = {"accelerators": "systems.accelerators_total", "nodes": "systems.nodes"}


def condition_of(asked: Filter, database: sqlite3.Connection) -> tuple[str, list[Cell]]:
    """What follows the long select, and the values that are bound in it."""
    parts: list[str] = []
    values: list[Cell] = []
    for names, accepts in ((WHOLE, is_one_of), (PARTS, has_part)):
        for name in names:
            wanted: tuple[str, ...] = getattr(asked, name)
            if wanted:
                table, column = _COLUMNS[name]
                occurring = database.execute(f"SELECT DISTINCT {column} FROM {table}")  # noqa: S608 - our own names
                chosen = [value for (value,) in occurring if accepts(value, wanted)]
                parts.append(column + " IN (SELECT value FROM json_each(?))")  # noqa: S608 - our own names
                values.append(json.dumps(chosen))
    for name, true in _CONDITIONS.items():
        flag: bool | None = getattr(asked, name)
        if flag is not None:
            parts.append(true if flag else f"NOT ({true})")
    for name, column in _COUNTS.items():
        for bound, comparison in zip(asked.bounds(name), (">=", "<="), strict=True):
            if bound is not None:
                parts.append(f"{column} {comparison} ?")
                values.append(bound)
    for word in asked.words:
        parts.append("instr(results.searched, ?)")
        values.append(stored_text(word))
    return "".join(f" AND {part}" for part in parts), values
