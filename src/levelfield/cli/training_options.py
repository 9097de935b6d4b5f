"""The options of ``levelfield training run``, and the request that they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from levelfield.cli.options import A_PATH, with_options

if TYPE_CHECKING:
    from levelfield.training.request import TrainingRequest

__all__ = ["TrainingOptionsGiven", "request_of", "training_options"]

OPTIONS = (
    click.option("--benchmark", "-b", required=True, help="For example resnet; or package.module:OBJECT of your own."),
    click.option("--edition", default="mini", show_default=True, help="mini (about a minute) or full (the round's)."),
    click.option("--runs", type=int, default=1, show_default=True, help="How many; a submission has 5, 10 or 40."),
    click.option("--out", type=A_PATH, help="An empty or new folder.  [default: levelfield-training-BENCHMARK]"),
    click.option("--rules", default="training-v1.1", show_default=True, help="The round whose rules hold."),
    click.option("--seed", type=int, help="Of the first run, for a repeatable test.  [default: from entropy]"),
    click.option("--batch", type=int, help="Samples of a step, over all processes.  [default: the benchmark's]"),
    click.option(
        "--precision", default="fp32", show_default=True, help="Of forward and backward passes: fp32, bf16 or fp16."
    ),
    click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A hyperparameter, by its name in the log."
    ),
    click.option("--data", type=A_PATH, help="The dataset folder (full edition)."),
    click.option("--start", type=A_PATH, help="Weights to start from, where the rules give some (full edition)."),
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, or auto."),
    click.option("--threads", type=int, help="Threads of torch on the CPU.  [default: torch's choice]"),
    click.option("--division", default="open", show_default=True, help="open or closed; a mini is always open."),
    click.option("--submitter", default="", help="The organisation that the log names."),
    click.option("--status", default="research", show_default=True, help="cloud, onprem, preview or research."),
    click.option("--system-name", help="The system's folder name.  [default: after the device]"),
    click.option("--checkpoints", is_flag=True, help="Keep the newest state after each evaluation, for --resume."),
    click.option("--keep-model", is_flag=True, help="Keep the model of each run after its end, for training export."),
    click.option(
        "--resume", is_flag=True, help="Go on with the unfinished run in --out: for development, never scored."
    ),
    click.option("--clear-caches", is_flag=True, help="Drop the file caches before each run; needs root."),
    click.option(
        "--peak-flops", type=float, help="What one device could do, for the utilisation.  [default: after its name]"
    ),
    click.option("--shuffled-labels", is_flag=True, help="The control: with labels dealt anew no run may succeed."),
)

training_options = with_options(OPTIONS)
"""Gives a command these options."""


class TrainingOptionsGiven(TypedDict):
    """What a user gave for them, by parameter name."""

    benchmark: str
    edition: str
    runs: int
    out: Path | None
    rules: str
    seed: int | None
    batch: int | None
    precision: str
    settings: tuple[str, ...]
    data: Path | None
    start: Path | None
    device: str
    threads: int | None
    division: str
    submitter: str
    status: str
    system_name: str | None
    checkpoints: bool
    keep_model: bool
    resume: bool
    clear_caches: bool
    peak_flops: float | None
    shuffled_labels: bool


def request_of(given: TrainingOptionsGiven) -> TrainingRequest:
    """The request that the options make.

    Raises:
        UsageError: A word is unknown; the message names the nearest one.
    """
    from levelfield.cli.choices import division_of, edition_of, number_format_of
    from levelfield.training.request import TrainingRequest, changed_of

    return TrainingRequest(
        benchmark=given["benchmark"],
        out=given["out"] or Path(f"levelfield-training-{given['benchmark'].rpartition('.')[2].replace(':', '-')}"),
        edition=edition_of(given["edition"]),
        rules=given["rules"],
        runs=given["runs"],
        seed=given["seed"],
        batch_size=given["batch"],
        number_format=number_format_of(given["precision"]),
        data=given["data"],
        start=given["start"],
        changed=changed_of(given["settings"]),
        device=given["device"],
        threads=given["threads"],
        division=division_of(given["division"]),
        organisation=given["submitter"],
        status=given["status"],
        system_name=given["system_name"],
        checkpoints=given["checkpoints"],
        keep_model=given["keep_model"],
        resume=given["resume"],
        shuffled_labels=given["shuffled_labels"],
        clear_caches=given["clear_caches"],
        peak_flops=given["peak_flops"],
    )
