"""The options of every command that runs a benchmark, and the request that they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from levelfield.cli.options import A_PATH, with_options

if TYPE_CHECKING:
    from levelfield.inference.request import RunRequest
    from levelfield.terms import Scenario

__all__ = ["RunOptionsGiven", "request_of", "run_options"]

OPTIONS = (
    click.option("--benchmark", "-b", required=True, help="For example resnet50."),
    click.option("--edition", default="mini", show_default=True, help="mini (ships with the package) or full (yours)."),
    click.option("--out", type=A_PATH, help="An empty or new folder.  [default: levelfield-BENCHMARK]"),
    click.option("--rules", default="inference-v2.0", show_default=True, help="The round whose rules hold."),
    click.option(
        "--official", is_flag=True, help="The round's full durations and counts; nothing it fixes may change."
    ),
    click.option("--data", type=A_PATH, help="The dataset folder (full edition)."),
    click.option("--model", type=A_PATH, help="A model file.  [default: the one that ships (mini)]"),
    click.option("--precision", default="fp32", show_default=True, help="Which shipped model: fp32 or int8."),
    click.option(
        "--backend",
        default="onnxruntime",
        show_default=True,
        help="The runtime; openvino, torch and litert are extras.",
    ),
    click.option("--provider", help="The runtime's device, by its own name.  [default: the CPU]"),
    click.option("--arithmetic", default="model", show_default=True, help="model (as the file says) or bf16."),
    click.option("--threads", type=int, help="Threads of the runtime in each call.  [default: by scenario]"),
    click.option(
        "--workers", type=int, help="Threads that call the runtime; 0 = the issuing one.  [default: by scenario]"
    ),
    click.option("--batch", type=int, help="Most samples in a call.  [default: by scenario]"),
    click.option("--batch-delay", type=float, metavar="MS", help="How long a sample waits for a fuller batch."),
    click.option("--latency-budget", type=float, metavar="MS", help="Arrival to answer: how far batches may fill up."),
    click.option("--duration", type=float, metavar="SECONDS", help="Minimum duration.  [default: 4, or the rule's]"),
    click.option("--qps", type=float, help="Target rate in Server, expected rate in Offline.  [default: measured]"),
    click.option(
        "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Any setting, by its key in mlperf.conf."
    ),
    click.option("--user-conf", multiple=True, type=A_PATH, help="A user.conf in LoadGen's format."),
    click.option("--config", type=A_PATH, help="A levelfield.toml with a [settings] table."),
    click.option(
        "--issuing", default="auto", show_default=True, help="Server: auto, inline, or process (one of its own)."
    ),
    click.option("--stall", type=float, metavar="SECONDS", help="No completion for this long ends the run."),
    click.option("--system-name", help="The system's folder name.  [default: after the processor]"),
)

run_options = with_options(OPTIONS)
"""Gives a command these options."""


class RunOptionsGiven(TypedDict):
    """What a user gave for them, by parameter name."""

    benchmark: str
    edition: str
    out: Path | None
    rules: str
    official: bool
    data: Path | None
    model: Path | None
    precision: str
    backend: str
    provider: str | None
    arithmetic: str
    threads: int | None
    workers: int | None
    batch: int | None
    batch_delay: float | None
    latency_budget: float | None
    duration: float | None
    qps: float | None
    settings: tuple[str, ...]
    user_conf: tuple[Path, ...]
    config: Path | None
    issuing: str
    stall: float | None
    system_name: str | None


def request_of(given: RunOptionsGiven, *, scenarios: tuple[Scenario, ...]) -> RunRequest:
    """The request that the options make.

    Raises:
        UsageError: A word is unknown; the message names the nearest one.
    """
    from levelfield.backends import backend_named
    from levelfield.cli.choices import arithmetic_of, edition_of, issuing_of, precision_of
    from levelfield.inference.request import RunRequest, ServingOverrides

    qps = given["qps"]
    return RunRequest(
        benchmark=given["benchmark"],
        scenarios=scenarios,
        out=given["out"] or Path(f"levelfield-{given['benchmark']}"),
        edition=edition_of(given["edition"]),
        rules=given["rules"],
        official=given["official"],
        backend=backend_named(given["backend"]),
        provider=given["provider"],
        arithmetic=arithmetic_of(given["arithmetic"]),
        precision=precision_of(given["precision"]),
        model=given["model"],
        data=given["data"],
        serving=ServingOverrides(
            threads=given["threads"],
            workers=given["workers"],
            batch_size=given["batch"],
            batch_delay_ms=given["batch_delay"],
            latency_budget_ms=given["latency_budget"],
        ),
        system_name=given["system_name"],
        user_conf=given["user_conf"],
        native_conf=given["config"],
        settings=(*given["settings"], *((f"target_qps={qps!r}",) if qps is not None else ())),
        duration_s=given["duration"],
        issuing=issuing_of(given["issuing"]),
        stall_s=given["stall"],
    )
