"""``levelfield results``: import, look at, compare and export results."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from levelfield.cli.database import DATABASE
from levelfield.cli.options import with_options
from levelfield.cli.site import command as site

__all__ = ["command"]

OK, FOUND = 0, 1


@click.group(name="results")
def command() -> None:
    """Keep published and own results: import, table, compare, export, site."""


command.add_command(site)


_database = click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DATABASE,
    show_default=True,
    help="The file that holds the results.",
)


def _filter_options() -> list[Callable[[Any], Any]]:
    """The filters that table and export share."""
    many = (
        ("--round", "rounds", "inference-v2.0."),
        ("--suite", "suites", "inference, training, tiny, mobile."),
        ("--division", "divisions", "closed, open."),
        ("--availability", "availabilities", "available, preview, rdi."),
        ("--system-type", "system_types", "datacenter, edge."),
        ("--benchmark", "benchmarks", "resnet50."),
        ("--scenario", "scenarios", "Offline."),
        ("--edition", "editions", "full, mini."),
        ("--submitter", "submitters", "A part of the name."),
        ("--system", "systems", "A part of the name or folder."),
        ("--processor", "processors", "A part of the name."),
        ("--accelerator", "accelerators", "A part of the name."),
        ("--software", "software", "A part of the framework's name."),
    )
    options = [click.option(flag, name, multiple=True, help=f"Only these: {text}") for flag, name, text in many]
    options += [
        click.option("--min-accelerators", "accelerators_at_least", type=int, help="In all nodes together."),
        click.option("--max-accelerators", "accelerators_at_most", type=int, help="In all nodes together."),
        click.option("--power/--no-power", default=None, help="With or without a power result."),
        click.option("--verified/--unverified", default=None, help="Through the review of a round, or not."),
        click.option("--inferred/--measured", default=None, help="Computed from another scenario, or measured."),
        click.option("--void/--not-void", default=None, help="Refused by our check, or not."),
        click.option("--text", default="", help="Words that occur anywhere in names, software or notes."),
    ]
    return options


_filters = with_options(_filter_options())


# ------------------------------------------------------------------------------------------------------ import


@command.command(name="import")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--round", "round_name", required=True, help="The round that the sources belong to: inference-v2.0.")
@click.option("--published", is_flag=True, help="The source is a repository of results that MLCommons published.")
@_database
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(*, sources: tuple[str, ...], round_name: str, published: bool, database: Path, as_json: bool) -> int:
    """Put the results of sources into the database; a source that is there already is replaced.

    SOURCE is a result.json of a run or its folder, a results.json of an export, or a submission: a folder, an archive,
    git:REPO[@REV][:SUBTREE].

    \b
    levelfield results import levelfield-resnet50 --round inference-v2.0
    levelfield results import git:inference_results_v2.0@main --round inference-v2.0 --published
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.cli.reading import results_of
    from levelfield.cli.results_tables import imported_json, print_imported
    from levelfield.errors import UsageError
    from levelfield.results.model import Result, Verification
    from levelfield.results.store import Store

    batches: dict[str, list[Result]] = {}
    for source in sources:  # everything is read before anything is written
        for result in results_of(source, round_name):
            if result.round != round_name:
                raise UsageError(
                    f"{source} holds results of {result.round}, expected {round_name}.",
                    hint=f"Import it with --round {result.round}.",
                )
            ours = result.edition != "full" or not result.official
            verified = replace(result, verification=Verification.VERIFIED) if published and not ours else result
            batches.setdefault(result.provenance.source, []).append(verified)
    with Store(database, create=True) as store:
        done = [store.add(name, batches[name]) for name in sorted(batches)]
    if as_json:
        click.echo(json.dumps({"database": str(database), "imports": imported_json(done)}, indent=2))
    else:
        print_imported(done, database)
    return FOUND if any(imported.set_aside for imported in done) else OK


# ------------------------------------------------------------------------------------------------------- table


@command.command()
@_filters
@click.option(
    "--sort",
    "order",
    default="natural",
    show_default=True,
    help="natural, value, per-accelerator, per-watt, accelerators, submitter or system.",
)
@click.option("--reverse", is_flag=True, help="From the other end.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most rows on the terminal.")
@click.option("--wide", is_flag=True, help="A row for each system, a column for each scenario, as a round's tables.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Write CSV into a file.")
@_database
@click.option("--json", "as_json", is_flag=True, help="Print JSON, all rows.")
def table(
    *,
    order: str,
    reverse: bool,
    limit: int,
    wide: bool,
    csv_file: Path | None,
    database: Path,
    as_json: bool,
    **asked: object,
) -> None:
    """Show results; options narrow them down, and may be given several times.

    \b
    levelfield results table --benchmark resnet50 --scenario Offline --sort value
    levelfield results table --accelerator a100 --power --sort per-watt
    levelfield results table --round inference-v2.0 --wide
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.cli.results_choices import sort_key_of
    from levelfield.cli.results_drawing import results_text
    from levelfield.cli.results_tables import print_long, print_wide, wide_json
    from levelfield.files import write_atomically
    from levelfield.results.exports import csv_text, json_text, wide_csv_text
    from levelfield.results.query import Filter
    from levelfield.results.store import Store
    from levelfield.results.table import wide_tables

    by = sort_key_of(order)
    with Store(database) as store:
        found = store.select(Filter(**asked), by, reverse=reverse)  # type: ignore[arg-type]
    sheets = wide_tables(found) if wide else ()
    if csv_file is not None:
        text = "\r\n".join(wide_csv_text(sheet) for sheet in sheets) if wide else csv_text(found)
        write_atomically(csv_file, text)
        click.echo(f"{results_text(len(found))} in {csv_file}")
    elif as_json:
        click.echo(json.dumps(wide_json(sheets), indent=2, ensure_ascii=False) if wide else json_text(found), nl=wide)
    elif wide:
        print_wide(sheets, total=len(found))
    else:
        print_long(found, by, limit=limit)


# ----------------------------------------------------------------------------------------------------- compare


@command.command()
@click.argument("run", metavar="MY_RUN")
@click.option("--round", "round_name", required=True, help="The round to compare with: inference-v2.0.")
@click.option("--division", default="closed", show_default=True, help="Whose results: closed or open.")
@click.option("--system-type", default="", help="datacenter or edge.  [default: the run's, or both]")
@click.option("--benchmark", help="Only this one, of a run with several.")
@click.option("--scenario", help="Only this one, of a run with several.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most published rows of each.")
@_database
@click.option("--json", "as_json", is_flag=True, help="Print JSON, all rows.")
def compare(
    *,
    run: str,
    round_name: str,
    division: str,
    system_type: str,
    benchmark: str | None,
    scenario: str | None,
    limit: int,
    database: Path,
    as_json: bool,
) -> None:
    """Put an own run beside the published results of the same benchmark, scenario and division.

    MY_RUN is a result.json of levelfield inference run, or its folder. Runs of a mini edition and quick runs are shown
    with the reason why they have no rank.
    """
    from levelfield.cli.reading import results_of
    from levelfield.cli.results_comparison import comparison_json, print_comparison
    from levelfield.errors import UsageError
    from levelfield.results.compare import compare as compared
    from levelfield.results.model import Result
    from levelfield.results.query import Filter, is_one_of
    from levelfield.results.store import Store

    def wanted(result: Result) -> bool:
        return is_one_of(result.benchmark, (benchmark,) if benchmark else ()) and is_one_of(
            result.scenario, (scenario,) if scenario else ()
        )

    own = [result for result in results_of(run, round_name) if wanted(result)]
    if not own:
        raise UsageError(f"{run} has no result of what was asked for.", hint="Leave --benchmark and --scenario out.")
    with Store(database) as store:
        published = store.select(Filter(rounds=(round_name,), editions=("full",), official=True))
        if not published:
            raise UsageError(
                f"{database} holds no published results of {round_name}.",
                hint=f"Import them with: levelfield results import SOURCE --round {round_name}",
            )
    others = [result for result in published if result.provenance.source != own[0].provenance.source]
    found = [compared(result, others, division=division, system_type=system_type) for result in own]
    if as_json:
        click.echo(json.dumps([comparison_json(one) for one in found], indent=2, ensure_ascii=False))
    else:
        print_comparison(found, limit=limit)


# ------------------------------------------------------------------------------------------------------ export


@command.command()
@_filters
@click.option("--out", type=click.Path(path_type=Path), required=True, help="An empty or new folder.")
@click.option(
    "--format", "formats", multiple=True, help="json, csv, wide, sqlite, parquet, duckdb.  [default: the first four]"
)
@click.option("--retrieved", multiple=True, metavar="ROUND=DATE=URL", help="Where from and when, for the footnotes.")
@_database
@click.option("--json", "as_json", is_flag=True, help="Print the list of files as JSON.")
def export(
    *,
    out: Path,
    formats: tuple[str, ...],
    retrieved: tuple[str, ...],
    database: Path,
    as_json: bool,
    **asked: object,
) -> None:
    """Write results as files: results.json, results.csv, a CSV for each wide table, results.sqlite and more.

    Equal results give equal files. SOURCE_DATE_EPOCH, where it is set, is the date in results.json.

    \b
    levelfield results export --out published --round inference-v2.0
    levelfield results export --out table --format parquet
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.cli.results_choices import export_of, retrieval_of
    from levelfield.cli.results_drawing import results_text
    from levelfield.results.exports import PLAIN
    from levelfield.results.exports import export as exported
    from levelfield.results.query import Filter
    from levelfield.results.store import Store

    chosen = [export_of(word) for word in formats] or list(PLAIN)
    sources = dict(retrieval_of(text) for text in retrieved)
    with Store(database) as store:
        found = store.select(Filter(**asked))  # type: ignore[arg-type]
    files = exported(found, out, chosen, generated=_source_date(), retrieved=sources)
    if as_json:
        rows = [{"path": str(f.path), "about": f.about, "bytes": f.bytes, "sha256": f.sha256} for f in files]
        click.echo(json.dumps({"results": len(found), "files": rows}, indent=2))
        return
    width = max(len(file.path.name) for file in files)
    click.echo(f"{results_text(len(found))} in {out}:")
    for file in files:
        click.echo(f"  {file.path.name:<{width}}  {file.bytes:>11,} B  {file.about}")


def _source_date() -> str | None:
    """The date that reproducible builds hand over."""
    from levelfield.errors import UsageError

    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), tz=UTC).isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"SOURCE_DATE_EPOCH: found {text!r}, expected seconds since 1970.") from error
