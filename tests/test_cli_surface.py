"""The commands and options, literally: a change of what users type is made on purpose, and seen in a review."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from levelfield import __version__
from levelfield.cli.app import app, run

SRC = Path(__file__).parents[1] / "src"

SURFACE: dict[str, list[str]] = {
    "": ["--help", "--version", "-h"],
    "demo": ["--help", "--json", "--out", "-h"],
    "inference": ["--help", "-h"],
    "inference run": [
        "--accuracy-only", "--arithmetic", "--audit-config", "--backend", "--batch", "--batch-delay", "--benchmark",
        "--config", "--data", "--duration", "--edition", "--help", "--issuing", "--json", "--latency-budget", "--model",
        "--no-accuracy", "--official", "--out", "--precision", "--provider", "--qps", "--rules", "--scenario", "--set",
        "--stall", "--system-name", "--threads", "--user-conf", "--workers", "-b", "-h", "-s",
    ],
    "inference audit": [
        "--benchmark", "--help", "--json", "--out", "--pairs", "--scenario", "--test", "-b", "-h", "-s",
        "[RUN_FOLDER]",
    ],
    "inference peak": [
        "--arithmetic", "--backend", "--batch", "--batch-delay", "--benchmark", "--config", "--data", "--duration",
        "--edition", "--help", "--issuing", "--json", "--latency-budget", "--model", "--official", "--out",
        "--precision", "--probe-duration", "--probes", "--provider", "--qps", "--rules", "--scenario", "--set",
        "--stall", "--system-name", "--threads", "--tolerance", "--user-conf", "--workers", "-b", "-h", "-s",
    ],
    "inference data": ["--benchmark", "--check", "--help", "--json", "--rules", "-b", "-h"],
    "inference list": ["--help", "--json", "--rules", "-h"],
    "training": ["--help", "-h"],
    "training run": [
        "--batch", "--benchmark", "--checkpoints", "--clear-caches", "--data", "--device", "--division", "--edition",
        "--help", "--json", "--keep-model", "--out", "--peak-flops", "--precision", "--resume", "--rules", "--runs",
        "--seed", "--set", "--shuffled-labels", "--start", "--status", "--submitter", "--system-name", "--threads",
        "-b", "-h",
    ],
    "training list": ["--help", "--json", "--rules", "-h"],
    "training score": [
        "--csv", "--help", "--json", "--median", "--rcp-figure", "--rcp-mode", "--rcp-set", "--rules", "--speed-up",
        "-h", "SOURCE",
    ],
    "training export": ["--data", "--help", "--json", "--number", "--out", "--threads", "-h", "RUN"],
    "training borrow": ["--help", "--json", "--rules", "-h", "DONOR", "OURS"],
    "training check": ["--help", "--json", "--rule-files", "--rules", "-h", "LOG..."],
    "submission": ["--help", "-h"],
    "submission check": [
        "--csv", "--help", "--ignore", "--jobs", "--json", "--junit", "--long-csv", "--official", "--round", "--sarif",
        "--select", "-h", "SOURCE",
    ],
    "submission explain": ["--help", "-h", "CODE"],
    "submission checks": ["--help", "-h"],
    "power": ["--help", "-h"],
    "power check": ["--as", "--help", "--json", "--round", "-h", "SESSION"],
    "results": ["--help", "-h"],
    "results import": ["--database", "--help", "--json", "--published", "--round", "-h", "SOURCE..."],
    "results table": [
        "--accelerator", "--availability", "--benchmark", "--csv", "--database", "--division", "--edition", "--help",
        "--inferred", "--json", "--limit", "--max-accelerators", "--min-accelerators", "--power", "--processor",
        "--reverse", "--round", "--scenario", "--software", "--sort", "--submitter", "--suite", "--system",
        "--system-type", "--text", "--verified", "--void", "--wide", "-h",
    ],
    "results compare": [
        "--benchmark", "--database", "--division", "--help", "--json", "--limit", "--round", "--scenario",
        "--system-type", "-h", "MY_RUN",
    ],
    "results export": [
        "--accelerator", "--availability", "--benchmark", "--database", "--division", "--edition", "--format",
        "--help", "--inferred", "--json", "--max-accelerators", "--min-accelerators", "--out", "--power",
        "--processor", "--retrieved", "--round", "--scenario", "--software", "--submitter", "--suite", "--system",
        "--system-type", "--text", "--verified", "--void", "-h",
    ],
    "submission package": [
        "--division", "--help", "--infer", "--org", "--out", "--rehearsal", "--round", "--system-json", "-h", "RUN...",
    ],
    "submission verify-log": ["--help", "-h", "FULL_LOG", "MANIFEST"],
    "results site": [
        "--database", "--help", "--out", "--private", "--retrieved", "--round", "--single-file", "--title", "-h",
        "[SOURCE]...",
    ],
    "rules": ["--help", "-h"],
    "rules list": ["--help", "--json", "-h"],
    "rules show": ["--benchmark", "--help", "--json", "--scenario", "-h", "NAME"],
    "doctor": ["--help", "--json", "-h"],
}  # fmt: skip


def commands(
    command: click.Command = app, path: tuple[str, ...] = (), parent: click.Context | None = None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command with its path, itself first."""
    settings = {} if parent else command.context_settings
    context = click.Context(command, info_name=path[-1] if path else "levelfield", parent=parent, **settings)
    yield " ".join(path), command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name), context)


def names_of(command: click.Command, context: click.Context) -> list[str]:
    found: list[str] = []
    for parameter in command.get_params(context):
        found += [parameter.human_readable_name] if isinstance(parameter, click.Argument) else parameter.opts
    return sorted(found)


def test_commands_and_options_are_these() -> None:
    assert {path: names_of(command, context) for path, command, context in commands()} == SURFACE


def test_every_command_and_option_has_help() -> None:
    for path, command, context in commands():
        assert command.help, path
        for parameter in command.get_params(context):
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.opts}"


@pytest.mark.parametrize("path", SURFACE)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_shown(path: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path.split(), option]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: levelfield {path}".rstrip())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"levelfield, version {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["demo", "--help"],
        ["inference", "run", "--help"],
        ["training", "run", "--help"],
        ["results", "table", "--help"],
    ],
)
def test_help_loads_nothing_heavy(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "import json, sys, time\n"
        "from levelfield.cli.app import run\n"
        f"run({arguments!r})\n"
        "print(json.dumps([time.process_time(), sorted(sys.modules)]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )
    cpu_s, loaded = json.loads(ended.stdout.splitlines()[-1])
    with capsys.disabled():
        print(f"\nlevelfield {' '.join(arguments)}: {cpu_s:.3f} s of CPU", end=" ")  # noqa: T201 - a figure to look at, not a bar
    assert not {"onnxruntime", "numpy", "rich", "cv2", "torch"} & set(loaded)


def test_the_official_checks_load_only_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "closed" / "Org" / "systems").mkdir(parents=True)
    (tmp_path / "closed" / "Org" / "systems" / "box.json").write_text("{}")
    code = (
        "import json, sys\n"
        "from levelfield.cli.app import run\n"
        f"run(['submission', 'check', {str(tmp_path)!r}, '--select', 'official'])\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = json.loads(ended.stdout.splitlines()[-1])
    assert "levelfield.submission.inference.official" in loaded
    rooms = (
        "numpy",
        "subprocess",
        "tarfile",
        "xml",
        "levelfield.submission.power",
        "levelfield.submission.outputs",
    )
    rooms += ("levelfield.rules.mobile", "levelfield.rules.tiny", "levelfield.rules.training")
    assert [name for name in loaded if name.startswith(rooms)] == []
