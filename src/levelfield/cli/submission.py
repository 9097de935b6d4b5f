"""``levelfield submission``: make a tree that can be handed in, check one, say what a check looks at."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from levelfield.cli.package import package, verify_log
from levelfield.frozen import frozen
from levelfield.submission.crew import Crew

if TYPE_CHECKING:
    from levelfield.submission.report import CheckText

__all__ = ["command"]

OUTPUT = click.Path(path_type=Path)


@click.group(name="submission")
def command() -> None:
    """Make, check and explain a submission."""


command.add_command(package)
command.add_command(verify_log)


@command.command()
@click.argument("source")
@click.option("--round", "round_name", default="inference-v2.0", show_default=True, help="The round whose rules hold.")
@click.option("--select", multiple=True, metavar="CODES", help="Only these checks: codes, their beginnings, official.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Leave these out; recorded in the report.")
@click.option("--official", is_flag=True, help="Every check; --select and --ignore are refused.")
@click.option("--csv", "csv_file", type=OUTPUT, help="The official checker's summary, cell by cell.")
@click.option("--long-csv", type=OUTPUT, help="Every result with all that is known of it.")
@click.option("--json", "json_file", type=OUTPUT, help="The whole report.")
@click.option("--sarif", "sarif_file", type=OUTPUT, help="Findings for code-scanning tools.")
@click.option("--junit", "junit_file", type=OUTPUT, help="Checks as test cases, for CI systems.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes at most.  [default: as many as cores]")
def check(
    *,
    source: str,
    round_name: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    official: bool,
    csv_file: Path | None,
    long_csv: Path | None,
    json_file: Path | None,
    sarif_file: Path | None,
    junit_file: Path | None,
    jobs: int | None,
) -> int:
    """Check the submission tree in SOURCE against the rules of a round.

    SOURCE is a folder, a .zip or .tar.* file, or git:REPO[@REV][:SUBTREE]; nothing is unpacked.

    \b
    levelfield submission check inference_results_v2.0/ --csv summary.csv
    levelfield submission check mine.tar.gz --official --sarif findings.sarif
    levelfield submission check git:results.git@main:closed/Example
    levelfield submission check training_results_v1.1/ --round training-v1.1 --csv summary.csv
    """  # noqa: D301 - click's mark for lines that stay as they are
    gc.disable()
    # Nothing here is linear algebra; a thread for it would cost its start, and a process with threads cannot fork.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    jobs = jobs or _cores()
    with ExitStack() as stack:
        ahead = {}
        is_folder = os.path.isdir(source)  # noqa: PTH112 - false, and no error, for a name that is too long
        if jobs > 1 and not select and is_folder and round_name.lower().startswith("inference-"):
            # There is enough to do for another process, which loads code while this one reads rules and lists files.
            ahead["crew"] = stack.enter_context(Crew(size=2, ahead=_load_ahead))
        from levelfield.rules.load import load_any
        from levelfield.submission.engine import Selection
        from levelfield.submission.sources.open import open_source

        rules = load_any(round_name)
        suite = _suite_of(rules.name)
        _collect_rarely()
        selection = Selection.parse(suite.texts, select=select, ignore=ignore, official=official)
        opened = stack.enter_context(closing(open_source(source)))
        report = suite.check(opened, rules, selection, jobs=jobs, **ahead)
    for writer, path in (
        (suite.official_csv, csv_file),
        (suite.long_csv, long_csv),
        ("json.write_json", json_file),
        ("sarif.write_sarif", sarif_file),
        ("junit.write_junit", junit_file),
    ):
        if path is not None:
            _writer(writer)(report, path)
    suite.show(report)
    return 1 if report.fails else 0


@command.command()
@click.argument("code")
def explain(*, code: str) -> None:
    """Say what a check looks at, why, and what to do about a finding.

    \b
    levelfield submission explain INF012
    """  # noqa: D301
    from levelfield.cli.submission_table import print_explanation
    from levelfield.errors import nearest
    from levelfield.submission.inference.checks import INFERENCE
    from levelfield.submission.read_round import READING_CHECKS
    from levelfield.submission.training.checks import TRAINING

    weights = {one.code: one.weights for one in (*INFERENCE.every, *TRAINING.every)}
    weights |= {one.text.code: str(one.severity) for one in READING_CHECKS}
    texts = (*INFERENCE.texts, *TRAINING.texts, *(one.text for one in READING_CHECKS))
    for text in texts:
        if text.code == code.upper():
            print_explanation(text, weights.get(text.code, "by what is found"))
            return
    raise nearest(code, [text.code for text in texts], what="check")


@command.command()
def checks() -> None:
    """List the checks, one on a line."""
    from levelfield.cli.submission_table import print_texts
    from levelfield.submission.inference.checks import INFERENCE
    from levelfield.submission.training.checks import TRAINING

    print_texts((*INFERENCE.texts, *TRAINING.texts))


@frozen
class _Suite:
    """How the trees of one suite are checked and shown."""

    texts: Iterable[CheckText]
    check: Callable[..., Any]
    """Source, rules and selection to a report of the suite's kind, which the others take."""
    show: Callable[[Any], None]
    official_csv: str
    """What writes it: ``csv.write_official_csv``."""
    long_csv: str


def _load_ahead() -> None:
    from levelfield.submission.inference import check_round  # noqa: F401
    from levelfield.submission.inference.redraw import load_code_of_draws

    load_code_of_draws()
    _collect_rarely()


def _collect_rarely() -> None:
    """What was imported is never garbage: look only at what the check makes, and more rarely."""
    gc.freeze()
    gc.set_threshold(100_000)
    gc.enable()


def _suite_of(round_name: str) -> _Suite:
    """The suite of a round; the code of others is not loaded.

    Raises:
        UsageError: Trees of that suite are read, but there are no checks of them.
    """
    from levelfield.errors import UsageError

    family = round_name.partition("-")[0]
    if family == "inference":
        from levelfield.cli.submission_table import print_report
        from levelfield.submission.inference.check_round import check_round
        from levelfield.submission.inference.checks import INFERENCE

        return _Suite(
            texts=INFERENCE.each_text(),
            check=check_round,
            show=print_report,
            official_csv="csv.write_official_csv",
            long_csv="csv.write_long_csv",
        )
    if family == "training":
        from levelfield.cli.training_table import print_training_report
        from levelfield.submission.training.check_round import check_training
        from levelfield.submission.training.checks import TRAINING

        return _Suite(
            texts=TRAINING.texts,
            check=check_training,
            show=print_training_report,
            official_csv="training_csv.write_summary_csv",
            long_csv="training_csv.write_scores_csv",
        )
    raise UsageError(
        f"{round_name} is a round of {family}, expected one of inference or training.",
        hint=f"levelfield results import SOURCE --round {round_name}   reads its results.",
    )


def _writer(name: str) -> Callable[[Any, Path], None]:
    """Of ``json.write_json``: a run loads only what it writes."""
    module, _, function = name.partition(".")
    found: Callable[[Any, Path], None] = getattr(import_module(f"levelfield.submission.outputs.{module}"), function)
    return found


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
