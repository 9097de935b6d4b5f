"""Build a site: all pages from the results, into a folder that is swapped in whole, or into one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from levelfield import __version__
from levelfield.errors import OutputError, UsageError
from levelfield.files import write_atomically
from levelfield.results.model import Result
from levelfield.results.site.catalog import Catalog, catalog_of
from levelfield.results.site.data import data_files
from levelfield.results.site.downloads import Offer, offer
from levelfield.results.site.frame import SCRIPTS, STYLE, Frame, Page, Places, asset
from levelfield.results.site.inputs import SiteInputs
from levelfield.results.site.pages.about import about_page, downloads_page
from levelfield.results.site.pages.charts import chart_page
from levelfield.results.site.pages.context import Context
from levelfield.results.site.pages.findings import findings_page
from levelfield.results.site.pages.interactive import compare_page, explore_page
from levelfield.results.site.pages.overview import not_found, overview, tables
from levelfield.results.site.pages.things import benchmark_page, submission_page, system_page, table_page
from levelfield.results.site.publication import check_published
from levelfield.results.site.views import View

__all__ = ["LARGEST_SINGLE_FILE", "Site", "build_site", "pages_of", "write_site"]

LARGEST_SINGLE_FILE = 10_000_000
"""Bytes. A larger page is slow to open and cannot be sent by mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What was written."""

    pages: int
    files: int
    bytes: int
    digest: str


def write_site(out: Path, inputs: SiteInputs, *, today: date) -> Site:
    """Write a site into a folder; files that are there and unchanged stay as they are.

    Args:
        out: A folder that is empty, not there yet, or holds a site that this function wrote.
        inputs: The results and all else that decides the bytes. The same inputs give the same bytes.
        today: Rounds that are not published by then are shown in a private site only.

    Raises:
        UsageError: A round is not published and the site is not private; there is no result; one file is too large.
        OutputError: The folder holds something else, or cannot be written.
    """
    if not inputs.private:
        check_published((result.round for result in inputs.results), today)
    files = build_site(inputs)
    before = _claim(out)
    every = {*before, *files} - {MANIFEST}
    if every != set(before):
        # First, so that the folder is known as ours, with all that may be in it, if this is killed in the middle.
        write_atomically(out / MANIFEST, _manifest("", every))
    for name, content in files.items():
        path = out / name
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    _sweep(out, before, files)
    pages = sum(name.endswith(".html") for name in files)
    return Site(
        pages=pages, files=len(files), bytes=sum(map(len, files.values())), digest=json.loads(files[MANIFEST])["digest"]
    )


def build_site(inputs: SiteInputs) -> dict[str, bytes]:
    """Every file of the site by its name; pure, so that a test can hold it to the byte.

    Raises:
        UsageError: There is no result, or one file would be too large.
    """
    if not inputs.results:
        raise UsageError(
            "There is no result to show.",
            hint="Check the filters; levelfield results table lists what the database holds.",
        )
    catalog = catalog_of(inputs.results)
    data = tuple(data_files(catalog.entries))
    files_offered = Offer() if inputs.single_file else offer(catalog, inputs)
    digest = _digest(inputs, (entry.result for entry in catalog.entries), [text for _, text in data])
    frame = Frame(inputs=inputs, data_files=data, digest=digest)
    pages = pages_of(catalog, inputs, files_offered, digest)
    if inputs.single_file:
        return {"index.html": _single(frame, list(pages)), MANIFEST: _manifest(digest, ["index.html"])}
    files = {page.path: _encoded(frame.page(page)) for page in pages}
    files |= {f"assets/{name}": _encoded(asset(name)) for name in (STYLE, "theme.js", *SCRIPTS)}
    files |= {name: _encoded(text) for name, text in data}
    named = zip(files_offered.downloads, files_offered.contents, strict=True)
    files |= {download.path: content for download, content in named}
    files[MANIFEST] = _manifest(digest, files)
    return files


def pages_of(catalog: Catalog, inputs: SiteInputs, files_offered: Offer, digest: str) -> Iterator[Page]:
    """Every page, one at a time."""

    def context(path: str) -> Context:
        return Context(catalog=catalog, inputs=inputs, places=Places(current=path, single=inputs.single_file))

    yield overview(context("index.html"))
    yield explore_page(context("explore.html"))
    yield tables(context("tables.html"))
    for view in View:
        yield chart_page(view, context(f"{view}.html"))
    yield compare_page(context("compare.html"))
    yield findings_page(context("findings.html"))
    yield downloads_page(files_offered.downloads, files_offered.notes)
    yield about_page(context("about.html"), digest)
    yield not_found(context("404.html"))
    for folder, groups, make in (
        ("tables", catalog.tables, table_page),
        ("benchmarks", catalog.benchmarks, benchmark_page),
        ("submissions", catalog.submissions, submission_page),
        ("systems", catalog.systems, system_page),
    ):
        for name, entries in groups.items():
            yield make(name, entries, context(f"{folder}/{name}.html"))


MANIFEST = "site.json"
"""Names what belongs to the site, so that a later build may take away what is no longer part of it."""


def _single(frame: Frame, pages: list[Page]) -> bytes:
    content = _encoded(frame.single(pages))
    if len(content) > LARGEST_SINGLE_FILE:
        raise UsageError(
            f"The site would be one file of {len(content):,} bytes; the limit is {LARGEST_SINGLE_FILE:,}.",
            hint="Leave out --single-file, or choose fewer rounds with --round.",
        )
    return content


def _digest(inputs: SiteInputs, results: Iterable[Result], texts: Iterable[str]) -> str:
    """Over everything that the pages are made from."""
    digest = hashlib.sha256()
    about = (__version__, inputs.title, inputs.retrieved.isoformat(), inputs.private, inputs.single_file)
    parts = [repr(about), *texts, *(repr(one) for one in inputs.findings)]
    parts += [repr(one) for one in results]
    parts += [asset(name) for name in (STYLE, "theme.js", *SCRIPTS)]
    for part in parts:
        digest.update(part.encode(errors="backslashreplace") + b"\0")
    return digest.hexdigest()


def _encoded(text: str) -> bytes:
    """A lone surrogate, as in a name that is not UTF-8, is written as its escape."""
    return text.encode(errors="backslashreplace")


def _manifest(digest: str, names: Iterable[str]) -> bytes:
    document = {"schema": "levelfield.site/1", "digest": digest, "files": sorted(names)}
    return (json.dumps(document, indent=1) + "\n").encode()


def _claim(out: Path) -> tuple[str, ...]:
    """Make the folder, or see which files a site that we wrote left there; anything else is refused."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        taken = sorted(entry.name for entry in out.iterdir())
        if not taken:
            return ()
        listed = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"] if MANIFEST in taken else None
    except OSError as error:
        raise OutputError(
            f"The output folder {out} cannot be used: {error.strerror or error}.",
            hint="Give another folder with --out.",
        ) from error
    except (ValueError, KeyError, TypeError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise OutputError(
            f"The output folder {out} is not empty and holds no site of ours (it holds {', '.join(taken[:3])}).",
            hint="Give an empty or new folder with --out.",
        )
    return tuple(listed)


def _sweep(out: Path, before: Iterable[str], files: Iterable[str]) -> None:
    """Take away what the site that was there before had and this one has not; nothing else is touched."""
    for name in sorted(set(before) - set(files)):
        path = PurePosixPath(name)
        if not path.is_absolute() and ".." not in path.parts and (out / path).is_file():
            (out / path).unlink()
