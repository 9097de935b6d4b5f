from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from machines import SERVER

from levelfield.cli import doctor
from levelfield.cli.app import run
from levelfield.cli.doctor import Checkup, terminal_finding, text_of
from levelfield.loadgen.steadiness import Steadiness
from levelfield.loadgen.timekeeping import Pace, Spread, Timekeeping
from levelfield.system import find_machine
from levelfield.system.checkup import Finding, Level, Runnable
from levelfield.system.health import Health

SPREAD = Spread(count=1_000, p50_ns=300, p99_ns=3_000, p999_ns=40_000, max_ns=90_000)
VERSIONS = {
    "numpy": "2.4.6",
    "onnxruntime": "1.32.0",
    "click": "8",
    "rich": "14",
    "opencv-python-headless": None,
    "openvino": "2026.4",
}
CHECKUP = Checkup(
    machine=find_machine(SERVER),
    health=Health(
        load_1min=0.1,
        usable_cpus=8,
        governors=(),
        turbo=None,
        free_disk_bytes=50 << 30,
        available_memory_bytes=None,
    ),
    timekeeping=Timekeeping(
        clock_step_ns=30,
        clock_call_ns=70,
        sleep_overshoot=SPREAD,
        margin_ns=150_000,
        paces=(Pace(per_s=10_000, beside_busy_thread=False, lateness=SPREAD),),
        switch_interval_s=0.005,
        steadiness=Steadiness(pieces=20_000, usual_ns=100_000, slow_share=0.001, longest_slow_ns=300_000, slowest=3.0),
    ),
    versions=VERSIONS,
    runnable=(Runnable(benchmark="resnet50", edition="mini"),),
    terminal=Finding(level=Level.OK, topic="terminal", text="80 columns"),
)


def test_text_ends_with_the_verdict_and_fits_80_columns() -> None:
    text = doctor.click.unstyle(text_of(CHECKUP))
    assert max(map(len, text.splitlines())) <= 80
    assert text.endswith(
        "This machine keeps time to 3.00 µs at p99 (p99.9 40.0 µs, at most 90.0 µs).\n"
        "Server results at 10,000 queries/s can be trusted."
    )
    assert "  · extra vision optional; lacks opencv-python-headless" in text
    assert "pip install 'levelfield[vision]'" in text
    assert "  ✓ onnxruntime  1.32.0; reads .onnx, .ort" in text
    assert "  ✓ openvino     2026.4; reads .onnx, .xml, .tflite" in text
    assert "  · litert       not installed; reads .tflite" in text
    assert "pip install 'levelfield[litert]'" in text
    assert "extra litert" not in text
    assert "  ✓ resnet50 mini can run" in text
    assert "  10,000 queries/s                        300 ns   3.00 µs   40.0 µs   90.0 µs" in text


def test_text_in_ascii() -> None:
    text = doctor.click.unstyle(text_of(CHECKUP, unicode=False))
    assert text.isascii()
    assert "ok machine" in text


def test_exit_code_is_3_where_something_needed_is_missing() -> None:
    broken = replace(CHECKUP, versions=VERSIONS | {"onnxruntime": None})
    assert (CHECKUP.exit_code, broken.exit_code) == (0, 3)
    assert "Something that levelfield needs is missing" in text_of(broken)


def test_json_holds_everything() -> None:
    data = json.loads(CHECKUP.to_json())
    assert data["timekeeping"]["paces"][0]["lateness"]["p99_ns"] == 3_000
    assert data["machine"]["processor"]["sockets"] == 2
    assert data["system_description"]["accelerators_per_node"] == "2"
    assert data["verdict"][1] == "Server results at 10,000 queries/s can be trusted."
    assert {finding["level"] for finding in data["findings"]} == {"ok", "note"}


@pytest.mark.parametrize(
    ("terminal", "columns", "text"),
    [(False, 80, "output is not a terminal: plain text"), (True, 60, "60 columns, no colour,")],
)
def test_terminal_finding(terminal: bool, columns: int, text: str) -> None:
    found = terminal_finding(terminal, columns, {"NO_COLOR": "1", "TERM": "xterm"})
    assert text in found.text
    assert (found.level is Level.NOTE) is (columns < 80)


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_command_prints_the_checkup(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: CHECKUP)
    outcome = CliRunner().invoke(doctor.command, arguments, standalone_mode=False)
    assert outcome.exception is None
    assert outcome.return_value == 0
    assert "10,000 queries/s can be trusted" in outcome.stdout
    if arguments:
        json.loads(outcome.stdout)


def test_the_entry_point_hands_on_the_exit_code(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: replace(CHECKUP, versions={}))
    assert run(["doctor", "--json"]) == 3


def test_benchmark_sources_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "BENCHMARK_SOURCES", (lambda: [Runnable(benchmark="x", edition="mini")],))
    monkeypatch.setattr(doctor, "measure_timekeeping", lambda: CHECKUP.timekeeping)
    assert [one.benchmark for one in doctor.examine().runnable] == ["x"]
