"""``levelfield results site``: results as a static site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from levelfield.cli.database import DATABASE

if TYPE_CHECKING:
    from levelfield.cli.reading import SourceRead
    from levelfield.results.model import Result
    from levelfield.results.site import SiteFinding

__all__ = ["command", "shown_findings"]

DEFAULT_ROUND = "inference-v2.0"


@click.command(name="site")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder of the site.")
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DATABASE,
    show_default=True,
    help="Where the results are, if no SOURCE is given.",
)
@click.option("--round", "rounds", multiple=True, help="Only these: inference-v2.0.")
@click.option("--title", default="levelfield results", show_default=True, help="The heading of the site.")
@click.option(
    "--retrieved",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When the results were taken from their source; stands in the footnotes. [default: today]",
)
@click.option("--single-file", is_flag=True, help="Everything in one index.html, without the files to download.")
@click.option("--private", is_flag=True, help="For results that are not published: every page says so.")
def command(
    *,
    sources: tuple[str, ...],
    out: Path,
    database: Path,
    rounds: tuple[str, ...],
    title: str,
    retrieved: datetime | None,
    single_file: bool,
    private: bool,
) -> None:
    """Write results as a site that works from a folder: tables, plots, comparison, downloads.

    SOURCE is a result.json of a run or its folder, a results.json of an export, or a submission (folder, archive,
    git:REPO@REV), which is checked first; without one the database is read.

    \b
    levelfield results site --out site --round inference-v2.0
    levelfield results site levelfield-resnet50 --out site --single-file --private
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.errors import UsageError
    from levelfield.results.site import SiteInputs, write_site
    from levelfield.results.site.publication import soon_after
    from levelfield.units import format_bytes

    today = datetime.now(UTC).date()
    day = retrieved.date() if retrieved else today
    if day > today:
        raise UsageError(f"--retrieved {day} is in the future; today is {today}.")
    results, findings = _results(sources, database, rounds)
    inputs = SiteInputs(
        results=results, findings=findings, title=title, retrieved=day, private=private, single_file=single_file
    )
    site = write_site(out, inputs, today=today)
    click.echo(out / "index.html")
    told = f"{len(results):,} results on {site.pages:,} pages, {format_bytes(site.bytes)} in {site.files:,} files."
    click.echo(told, err=True)
    early = soon_after((result.round for result in results), today)
    if early and not private:
        click.echo(
            f"Warning: {', '.join(early)} came out less than two weeks ago; until then only those who submitted may "
            "compare its results.",
            err=True,
        )


def _results(
    sources: tuple[str, ...], database: Path, rounds: tuple[str, ...]
) -> tuple[tuple[Result, ...], tuple[SiteFinding, ...]]:
    from levelfield.cli.reading import read_source
    from levelfield.errors import UsageError
    from levelfield.results.query import Filter
    from levelfield.results.store import Store

    if not sources:
        with Store(database) as store:
            return store.select(Filter(rounds=rounds)), ()
    read = [read_source(source, rounds[0] if rounds else DEFAULT_ROUND) for source in sources]
    results = [result for one in read for result in one.results]
    found = tuple(result for result in results if not rounds or result.round in rounds)
    if results and not found:
        held = ", ".join(sorted({result.round for result in results}))
        raise UsageError(f"The sources hold results of {held} only, expected {', '.join(rounds)}.")
    return found, tuple(finding for one in read for finding in shown_findings(one))


def shown_findings(read: SourceRead) -> Iterator[SiteFinding]:
    """The findings of a source as the site shows them, with what is said of each check."""
    from levelfield.results.site import SiteFinding

    texts = {text.code: text for text in read.checks}
    for finding in read.findings:
        text = texts.get(finding.code)
        yield SiteFinding(
            round=read.round,
            code=finding.code,
            severity=finding.severity.value,
            path=finding.path,
            line=finding.line,
            found=finding.found,
            expected=finding.expected,
            subject=finding.subject,
            title=text.title if text else "",
            fix=finding.hint or (text.fix if text else ""),
        )
