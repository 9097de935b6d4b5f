"""``levelfield training export``: the model of a run as ONNX files, in fp32 and in int8."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from levelfield.cli.options import A_PATH

if TYPE_CHECKING:
    from levelfield.training.export.record import ExportRecord

__all__ = ["command"]


@click.command(name="export")
@click.argument("source", metavar="RUN", type=A_PATH)
@click.option("--out", required=True, type=A_PATH, help="An empty or new folder.")
@click.option(
    "--number", type=int, help="Which run, as the table counts them.  [default: the first that reached its target]"
)
@click.option("--data", type=A_PATH, help="The dataset folder (full edition).  [default: the run's]")
@click.option("--threads", type=int, help="Threads of torch.  [default: torch's choice]")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def command(
    *, source: Path, out: Path, number: int | None, data: Path | None, threads: int | None, as_json: bool
) -> None:
    """Write the model of RUN, the output folder of `training run --keep-model`, as ONNX files in fp32 and int8.

    Both are held against the network in torch on evaluation data; an fp32 file that differs is an error.

    \b
    levelfield training run -b resnet --out trained --keep-model
    levelfield training export trained --out exported
    levelfield inference run -b resnet50 --model exported/model-fp32.onnx
    """  # noqa: D301 - click's mark for lines that stay as they are
    from levelfield.errors import UsageError
    from levelfield.training.needs import require_torch

    require_torch()
    if threads is not None:
        if threads < 1:
            raise UsageError(f"--threads: found {threads}, expected 1 or more.")
        import torch

        torch.set_num_threads(threads)
    from levelfield.training.export.run import ExportRequest, export_model

    record = export_model(ExportRequest(source=source, out=out, number=number, data=data))
    if as_json:
        click.echo(record.to_json(), nl=False)
    else:
        _show(record, out)


def _show(record: ExportRecord, out: Path) -> None:
    from levelfield.cli.drawing import draw, note, table, title
    from levelfield.training.export.record import RECORD
    from levelfield.units import format_number
    from levelfield.workloads.task import Precision

    run = record.run
    quality = ", ".join(f"{name} {format_number(value)}" for name, value in record.quality.items()) or "not evaluated"
    draw(title(f"{record.benchmark} ({record.edition})", f"run {run.number + 1} after step {record.step:,}: {quality}"))
    columns = ("file", "bytes", "largest difference", "same answers")
    rows = [
        (
            file.path,
            f"{file.bytes:,}",
            f"{file.agreement.difference:.2g}",
            f"{file.agreement.same:,} of {file.agreement.answers:,}" if file.agreement.answers else "",
        )
        for file in record.files
    ]
    draw(table(columns, rows, right=[1, 2, 3]))
    draw(note(f"held against torch on evaluation data; an answer is {record.answer}"))
    if not run.succeeded:
        draw(note(f"the run did not reach its target in one piece ({run.status}); the model is what it came to"))
    if record.shuffled_labels:
        draw(note("the run was the control: its labels were dealt anew"))
    if record.remark:
        draw(note(record.remark))
    click.echo(f"{'record':<12}{out / RECORD}")
    if record.inference:
        edition = "" if record.edition == "mini" else " --edition full --data FOLDER"
        model = record.model(out, Precision.FP32)
        click.echo(f"{'run it':<12}levelfield inference run -b {record.inference}{edition} --model {model}")
