"""``levelfield submission``: check a submission tree, say what a check looks at."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import click

__all__ = ["command"]


@click.group(name="submission")
def command() -> None:
    """Check a submission tree."""


@command.command()
@click.argument("source")
@click.option("--round", "round_name", default="inference-v2.0", show_default=True, help="The round whose rules hold.")
@click.option("--select", multiple=True, metavar="CODES", help="Only these checks: codes, their beginnings, official.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Leave these out; recorded in the report.")
@click.option("--official", is_flag=True, help="Every check; --select and --ignore are refused.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes at most.  [default: as many as cores]")
def check(
    *,
    source: str,
    round_name: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    official: bool,
    jobs: int | None,
) -> int:
    """Check the submission tree in SOURCE against the rules of a round.

    \b
    levelfield submission check inference_results_v2.0/
    levelfield submission check mine/ --official
    """  # noqa: D301 - click's mark for lines that stay as they are
    gc.disable()
    from levelfield.cli.submission_table import print_report
    from levelfield.rules.load import load
    from levelfield.submission.engine import Selection
    from levelfield.submission.inference.check_round import check_round
    from levelfield.submission.inference.checks import INFERENCE
    from levelfield.submission.sources.folder import FolderSource

    rules = load(round_name)
    gc.freeze()  # what was imported is never garbage: look only at what the check makes, and more rarely
    gc.set_threshold(20_000)
    gc.enable()
    texts = [one.text for one in INFERENCE.every]
    selection = Selection.parse(texts, select=select, ignore=ignore, official=official)
    report = check_round(FolderSource(Path(source)), rules, selection, jobs=jobs or _cores())
    print_report(report)
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

    for one in INFERENCE.every:
        if one.code == code.upper():
            weights = one.severity if one.in_open in {None, one.severity} else f"{one.severity}; in open {one.in_open}"
            print_explanation(one.text, str(weights))
            return
    raise nearest(code, [one.code for one in INFERENCE.every], what="check")


@command.command()
def checks() -> None:
    """List the checks, one on a line."""
    from levelfield.cli.submission_table import print_texts
    from levelfield.submission.inference.checks import INFERENCE

    print_texts(one.text for one in INFERENCE.every)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
