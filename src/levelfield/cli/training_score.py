"""``levelfield training score``: the scores of runs or of a whole round, and what the reference points say."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import click

__all__ = ["command"]

OUTPUT = click.Path(path_type=Path)


@click.command(name="score")
@click.argument("source")
@click.option("--rules", "round_name", default="training-v1.1", show_default=True, help="The round.")
@click.option(
    "--rcp-set",
    help="Reference points for all runs, open ones too: the name of a set, or a .toml file.  [default: the round's]",
)
@click.option(
    "--rcp-mode",
    type=click.Choice(["closed-form", "bisect"]),
    default="closed-form",
    show_default=True,
    help="How the floor is computed: by its formula, or by the official search.",
)
@click.option(
    "--rcp-figure",
    type=click.Choice(["auto", "epoch_num", "train_samples"]),
    default="auto",
    show_default=True,
    help="Where logs have figures in samples (bert).",
)
@click.option(
    "--median",
    type=click.Choice(["lower", "upper"]),
    default="lower",
    show_default=True,
    help="Of more runs than the rules ask for: which of two middle windows counts.",
)
@click.option(
    "--speed-up",
    type=click.FloatRange(0, 99, min_open=True),
    metavar="PERCENT",
    help="Also say how likely the test sees so much faster convergence, and with how many runs.",
)
@click.option("--csv", "csv_file", type=OUTPUT, help="One row for each system and benchmark.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(
    *,
    source: str,
    round_name: str,
    rcp_set: str | None,
    rcp_mode: str,
    rcp_figure: str,
    median: str,
    speed_up: float | None,
    csv_file: Path | None,
    as_json: bool,
) -> int:
    """Score the runs in SOURCE: a round, a submitter's folder, a folder of result_<i>.txt, an archive, git:REPO[@REV].

    The exit code is 1 where a folder has no score or its convergence does not hold.

    \b
    levelfield training score my-runs --speed-up 5
    levelfield training score training_results_v1.1 --csv scores.csv
    """  # noqa: D301 - click's mark for lines that stay as they are
    # Nothing here is linear algebra, and a process with threads cannot fork.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from levelfield.cli.training_table import print_power, print_scores
    from levelfield.errors import InputError
    from levelfield.rules import load_training
    from levelfield.rules.rcp import load_rcp
    from levelfield.stats.olympic_window import Median
    from levelfield.stats.rcp import Floor, Status
    from levelfield.stats.rcp_figure import FigureMode
    from levelfield.submission.outputs.records import to_plain
    from levelfield.submission.outputs.training_csv import write_scores_csv
    from levelfield.submission.sources.open import open_source
    from levelfield.submission.training.check_round import check_training
    from levelfield.submission.training.judging import Judging
    from levelfield.submission.training.tree import LOG_PLACE

    rules = load_training(round_name)
    judging = Judging(
        points=load_rcp(rcp_set or rules.submission.rcp_set),
        figure=FigureMode(rcp_figure),
        floor=Floor(rcp_mode),
        median=Median(median),
        points_for_all=rcp_set is not None,
    )
    with closing(open_source(source)) as opened:
        report = check_training(opened, rules, judging=judging, jobs=os.cpu_count() or 1)
    if not report.scores:
        raise InputError(f"{source} holds no logs of a training round.", hint=f"Expected {LOG_PLACE}.")
    if csv_file is not None:
        write_scores_csv(report, csv_file)
    if as_json:
        click.echo(json.dumps([to_plain(score) for score in report.scores], indent=2))
    else:
        print_scores(report)
        if speed_up is not None:
            print_power(report, speed_up=speed_up / 100)
    bad = {Status.FAIL, Status.MISSING}
    return int(any(score.score is None or score.convergence.status in bad for score in report.scores))
