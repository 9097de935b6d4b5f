"""The files that a site offers: the same results in every format that needs no extra, with sizes and hashes."""

from __future__ import annotations

import hashlib
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.results.exports import Export, export, wide_csv_text
from levelfield.results.model import Result
from levelfield.results.site.catalog import Catalog, grouped
from levelfield.results.site.inputs import SiteInputs
from levelfield.results.site.notes import retrieval_of
from levelfield.results.site.pages.about import Download
from levelfield.results.site.slugs import slugs_of
from levelfield.results.site.words import plural
from levelfield.results.table import wide_tables

__all__ = ["Offer", "offer"]

FOLDER = "downloads"
LONG = (Export.JSON, Export.CSV, Export.SQLITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The files and what is said of them."""

    downloads: tuple[Download, ...] = ()
    contents: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()
    """What is not in the files, and why."""


def offer(catalog: Catalog, inputs: SiteInputs) -> Offer:
    """Write every format once and read it back."""
    every = [entry.result for entry in catalog.entries]
    kept = [result for result in every if _finite(result)]
    retrieved = {name: retrieval_of(name, every, inputs) for name in catalog.rounds}
    notes = []
    if len(kept) < len(every):
        notes.append(f"{plural(len(every) - len(kept), 'result')} left out of the files: a number of it is not finite.")
    with tempfile.TemporaryDirectory(prefix="levelfield-site-") as name:
        written = export(kept, Path(name) / FOLDER, LONG, retrieved=retrieved)
        files = [(one.path.name, one.about, one.path.read_bytes()) for one in written]
    for name, members in grouped(kept, lambda result: result.round).items():
        try:
            tables = wide_tables(members, retrieved=retrieved)
        except InputError as error:
            places = "; ".join(problem.rstrip(".") for problem in error.problems[:5])
            notes.append(f"The wide tables of {name} are left out of the files. {error.message} {places}.")
            continue
        names = slugs_of([table.name for table in tables], {table.name: [table.name] for table in tables})
        for table in (table for table in tables if table.rows):
            content = wide_csv_text(table).encode(errors="backslashreplace")
            files.append((f"wide-{names[table.name]}.csv", "one row for each system", content))
    downloads = (
        Download(path=f"{FOLDER}/{name}", what=what, size=len(content), sha256=hashlib.sha256(content).hexdigest())
        for name, what, content in files
    )
    return Offer(downloads=tuple(downloads), contents=tuple(content for _, _, content in files), notes=tuple(notes))


def _finite(result: Result) -> bool:
    numbers = [result.value, *(value for _, value in result.accuracy), *result.run_minutes]
    return all(math.isfinite(number) for number in [*numbers, result.power_value or 0.0])
