"""A request becomes the command that makes the same request again."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.backends import Backend
from levelfield.backends.port import Arithmetic
from levelfield.cli import inference
from levelfield.cli.app import run
from levelfield.inference.command import command_of
from levelfield.inference.request import RunRequest, ServingOverrides
from levelfield.loadgen.run import IssuingChoice
from levelfield.terms import Edition, Scenario
from levelfield.workloads.task import Precision

PLAIN = RunRequest(benchmark="resnet50", scenarios=(Scenario.SERVER,), out=Path("out"))
FULL = RunRequest(
    benchmark="resnet50",
    scenarios=(Scenario.OFFLINE,),
    out=Path("my runs/o"),
    edition=Edition.FULL,
    official=True,
    performance=False,
    backend=Backend.OPENVINO,
    provider="GPU.1",
    arithmetic=Arithmetic.BF16,
    precision=Precision.INT8,
    model=Path("m.onnx"),
    data=Path("imagenet"),
    serving=ServingOverrides(threads=2, workers=3, batch_size=16, batch_delay_ms=0.25, latency_budget_ms=9.5),
    system_name="my host",
    user_conf=(Path("a.conf"), Path("b.conf")),
    native_conf=Path("levelfield.toml"),
    audit_conf=Path("audit.config"),
    settings=("target_qps=1200.5", "min_query_count=7"),
    duration_s=1234567.5,
    issuing=IssuingChoice.PROCESS,
    stall_s=9.0,
)


def test_defaults_are_left_out() -> None:
    assert " ".join(command_of(PLAIN, Scenario.SERVER)) == (
        "levelfield inference run --benchmark resnet50 --scenario Server --rules inference-v2.0 "
        "--backend onnxruntime --out out"
    )


@pytest.mark.parametrize("request_", [PLAIN, FULL], ids=["plain", "everything"])
def test_command_makes_the_same_request(request_: RunRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def execute(request: RunRequest, *, as_json: bool) -> int:
        asked.append(request)
        return 0

    monkeypatch.setattr("levelfield.cli.show.execute", execute)
    assert run(list(command_of(request_, request_.scenarios[0])[1:])) == 0
    assert asked == [request_]


def test_every_option_of_the_command_line_is_known_to_the_test() -> None:
    """A new option of ``inference run`` belongs into the command too."""
    options = {option.opts[0] for option in inference.command.commands["run"].params}  # type: ignore[attr-defined]
    said = {word for word in command_of(FULL, Scenario.OFFLINE) if word.startswith("--")}
    assert options - said == {"--no-accuracy", "--qps", "--json"}
