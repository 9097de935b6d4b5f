"""The command that makes a request: what a user would type, and what the command line reads as the same request."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from levelfield.cli.training_options import request_of, training_options
from levelfield.terms import Division, Edition
from levelfield.training.command import command_of
from levelfield.training.port import NumberFormat
from levelfield.training.request import TrainingRequest

EVERYTHING = TrainingRequest(
    benchmark="resnet",
    out=Path("my runs"),
    edition=Edition.FULL,
    runs=5,
    seed=7,
    batch_size=3264,
    number_format=NumberFormat.BF16,
    data=Path("/data"),
    start=Path("weights.pt"),
    changed={"opt_name": "lars", "lars_opt_momentum": "0.9"},
    device="cuda",
    threads=4,
    division=Division.CLOSED,
    organisation="Acme & Co",
    status="onprem",
    system_name="rocket",
    checkpoints=True,
    keep_model=True,
    clear_caches=True,
    peak_flops=1e15,
    shuffled_labels=True,
)


def test_defaults_are_left_out() -> None:
    request = TrainingRequest(benchmark="dlrm", out=Path("out"))
    assert command_of(request) == (
        "levelfield", "training", "run", "--benchmark", "dlrm", "--rules", "training-v1.1", "--out", "out"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("processes", "hosts", "words"),
    [
        (8, 1, ("torchrun", "--nproc-per-node", "8", "-m", "levelfield", "training", "run")),
        (16, 2, ("torchrun", "--nnodes", "2", "--nproc-per-node", "8", "-m", "levelfield", "training", "run")),
    ],
)
def test_several_processes_are_started_by_torchrun(processes: int, hosts: int, words: tuple[str, ...]) -> None:
    request = TrainingRequest(benchmark="dlrm", out=Path("out"))
    assert command_of(request, processes=processes, hosts=hosts)[: len(words)] == words


@pytest.mark.parametrize(
    "request_made", [EVERYTHING, TrainingRequest(benchmark="m:B", out=Path("o"), changed={}, resume=True)]
)
def test_the_command_line_reads_the_same_request(request_made: TrainingRequest) -> None:
    read: list[TrainingRequest] = []

    @click.command()
    @training_options
    def command(**given: object) -> None:
        read.append(request_of(given))  # type: ignore[arg-type]

    command.main(list(command_of(request_made)[3:]), standalone_mode=False)
    assert read == [request_made]
