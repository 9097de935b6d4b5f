"""The files that a site offers: the same results in every format that needs no extra, with sizes and hashes."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from levelfield.errors import InputError
from levelfield.results.exports import Export, Written, export
from levelfield.results.model import Result
from levelfield.results.site.catalog import Catalog
from levelfield.results.site.inputs import SiteInputs
from levelfield.results.site.notes import retrieval_of
from levelfield.results.site.pages.about import Download
from levelfield.results.site.words import plural

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
        folder = Path(name) / FOLDER
        try:
            written = export(kept, folder, (*LONG, Export.WIDE), retrieved=retrieved)
        except InputError as error:
            notes.append(f"The wide tables are left out of the files. {error.message} {' '.join(error.problems[:5])}")
            written = export(kept, folder, LONG, retrieved=retrieved)
        contents = tuple(one.path.read_bytes() for one in written)
    return Offer(downloads=tuple(map(_download, written)), contents=contents, notes=tuple(notes))


def _download(written: Written) -> Download:
    return Download(path=f"{FOLDER}/{written.path.name}", what=written.about, size=written.bytes, sha256=written.sha256)


def _finite(result: Result) -> bool:
    numbers = [result.value, *(value for _, value in result.accuracy), *result.run_minutes]
    return all(math.isfinite(number) for number in [*numbers, result.power_value or 0.0])
