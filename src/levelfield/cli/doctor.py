"""``levelfield doctor``: what this machine can run, and how well it keeps time."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from levelfield import __version__
from levelfield.backends import Backend
from levelfield.cli.progress import style_of
from levelfield.loadgen.timekeeping import Spread, Timekeeping, measure_timekeeping, timekeeping_verdict
from levelfield.system import LiveSource, Machine, describe, find_machine
from levelfield.system.checkup import (
    Finding,
    Level,
    Runnable,
    machine_findings,
    package_findings,
    runnable_findings,
    usable_cpus,
)
from levelfield.system.health import Health, find_health
from levelfield.system.software import CORE_PACKAGES, EXTRAS, has_free_threading, python_version, versions_of
from levelfield.units import format_ns

__all__ = ["BENCHMARK_SOURCES", "Checkup", "command"]


def _inference_benchmarks() -> Sequence[Runnable]:
    """The benchmarks of the inference suite, by what is installed here."""
    from levelfield.inference.benchmarks import BENCHMARKS

    found = versions_of(("onnxruntime", "opencv-python-headless"))
    runtime = () if found["onnxruntime"] else ("onnxruntime",)
    pictures = () if found["opencv-python-headless"] else ("OpenCV",)
    rows = []
    for benchmark in BENCHMARKS:
        run = f"levelfield inference run -b {benchmark.name}"
        full = f"{run} --edition full --data DIR --model FILE" if not pictures else "pip install 'levelfield[vision]'"
        rows.append(Runnable(benchmark=benchmark.name, edition="mini", missing=runtime, command=run))
        rows.append(Runnable(benchmark=benchmark.name, edition="full", missing=(*runtime, *pictures), command=full))
    return rows


BENCHMARK_SOURCES: tuple[Callable[[], Sequence[Runnable]], ...] = (_inference_benchmarks,)
"""Each suite's answer to which of its benchmarks can be run here."""

MISSING_EXIT = 3
TOPIC_WIDTH = 12
SIGNS = {Level.OK: "✓", Level.NOTE: "·", Level.WARNING: "!", Level.MISSING: "✗"}
PLAIN_SIGNS = {Level.OK: "ok", Level.NOTE: "--", Level.WARNING: "!!", Level.MISSING: "XX"}
COLOURS = {Level.OK: "green", Level.NOTE: "bright_black", Level.WARNING: "yellow", Level.MISSING: "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """Everything that the doctor found."""

    machine: Machine
    health: Health
    timekeeping: Timekeeping
    versions: dict[str, str | None]
    runnable: tuple[Runnable, ...]
    terminal: Finding

    def sections(self) -> list[tuple[str, list[Finding]]]:
        """Findings under headings, in the order in which they are shown."""
        parts = [
            ("Machine", machine_findings(self.machine, self.health)),
            ("Software", [_python(), *package_findings(self.versions, apart=set(Backend)), self.terminal]),
            ("Backends", _backend_findings(self.versions)),
            ("Benchmarks", runnable_findings(list(self.runnable))),
        ]
        return [(heading, findings) for heading, findings in parts if findings]

    @property
    def exit_code(self) -> int:
        """3 where something needed is missing, else 0."""
        levels = [finding.level for _, findings in self.sections() for finding in findings]
        return MISSING_EXIT if Level.MISSING in levels else 0

    def to_json(self) -> str:
        """For machines."""
        content = {
            "levelfield": __version__,
            "python": python_version(),
            "free_threading": has_free_threading(),
            "machine": asdict(self.machine),
            "system_description": describe(self.machine).as_dict(),
            "health": asdict(self.health),
            "packages": self.versions,
            "timekeeping": asdict(self.timekeeping),
            "runnable": [asdict(one) for one in self.runnable],
            "findings": [asdict(finding) for _, findings in self.sections() for finding in findings],
            "verdict": list(timekeeping_verdict(self.timekeeping)),
        }
        return json.dumps(content, indent=2, ensure_ascii=False)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(*, as_json: bool) -> int:
    """Tell what this machine can run and how well it keeps time (about seven seconds)."""
    if sys.stderr.isatty():
        click.echo("Measuring how well this machine keeps time ...", err=True)
    checkup = examine()
    if as_json:
        click.echo(checkup.to_json())
    else:
        style = style_of(sys.stdout, os.environ)
        columns = min(100, shutil.get_terminal_size().columns)
        click.echo(text_of(checkup, unicode=style.unicode, columns=columns), color=style.colour)
    return checkup.exit_code


def examine() -> Checkup:
    """Look at this machine."""
    source = LiveSource()
    machine = find_machine(source)
    # Health first: the measurement of timekeeping is a load of its own.
    health = find_health(source, folder=Path.cwd(), usable_cpus=usable_cpus(machine))
    return Checkup(
        machine=machine,
        health=health,
        timekeeping=measure_timekeeping(),
        versions=versions_of([*CORE_PACKAGES, *(package for extra in EXTRAS.values() for package in extra)]),
        runnable=tuple(one for ask in BENCHMARK_SOURCES for one in ask()),
        terminal=terminal_finding(sys.stdout.isatty(), shutil.get_terminal_size().columns, os.environ),
    )


def terminal_finding(terminal: bool, columns: int, environment: Mapping[str, str]) -> Finding:
    """What the terminal can show."""
    if not terminal:
        return Finding(level=Level.OK, topic="terminal", text="output is not a terminal: plain text")
    style = style_of(sys.stdout, environment)
    colour = "colour" if style.colour else "no colour"
    characters = "UTF-8" if style.unicode else "ASCII only"
    narrow = columns < 80
    return Finding(
        level=Level.NOTE if narrow else Level.OK,
        topic="terminal",
        text=f"{columns} columns, {colour}, {characters}",
        advice="Tables are made for 80 columns." if narrow else "",
    )


def text_of(checkup: Checkup, *, unicode: bool = True, columns: int = 80) -> str:
    """The whole answer for a person; colour codes are stripped by whoever prints it where they are unwanted."""
    lines = [click.style(f"levelfield {__version__}", bold=True)]
    for heading, findings in checkup.sections():
        lines += [
            "",
            click.style(heading, bold=True),
            *(_line(finding, unicode=unicode, columns=columns) for finding in findings),
        ]
    lines += ["", click.style("Timekeeping", bold=True), *_timekeeping_lines(checkup.timekeeping), ""]
    for number, sentence in enumerate(_verdict(checkup)):
        lines += [
            click.style(line, bold=not number)
            for line in textwrap.wrap(sentence, max(20, columns), break_on_hyphens=False)
        ]
    text = "\n".join(lines)
    return text if unicode else text.replace("µ", "u")


def _verdict(checkup: Checkup) -> list[str]:
    told = list(timekeeping_verdict(checkup.timekeeping))
    if checkup.exit_code:
        told.append("Something that levelfield needs is missing: see the lines above.")
    return told


def _line(finding: Finding, *, unicode: bool, columns: int) -> str:
    """Sign, topic and text; what follows stands below the text."""
    sign = SIGNS[finding.level] if unicode else PLAIN_SIGNS[finding.level]
    start = f"  {click.style(sign, fg=COLOURS[finding.level])} {finding.topic:<{TOPIC_WIDTH}} "
    below = "\n" + " " * (len(sign) + TOPIC_WIDTH + 4)
    room = max(20, columns - len(below))
    line = start + below.join(textwrap.wrap(finding.text, room, break_on_hyphens=False))
    advice = [click.style(part, fg="cyan") for part in textwrap.wrap(finding.advice, room, break_on_hyphens=False)]
    return below.join([line, *advice])


def _timekeeping_lines(found: Timekeeping) -> list[str]:
    clock = f"smallest step {format_ns(found.clock_step_ns)}, {format_ns(found.clock_call_ns)} a look"
    slow = found.steadiness
    lines = [
        f"  clock: {clock}; thread switch interval {format_ns(found.switch_interval_s * 1e9)}",
        f"  polling begins {format_ns(found.margin_ns)} before a query is due",
        f"  slowed down for {slow.slow_share:.2%} of the time, at the longest for {format_ns(slow.longest_slow_ns)}",
        "",
        f"  {'lateness':<36}{'p50':>10}{'p99':>10}{'p99.9':>10}{'max':>10}",
        _row("sleep of 1 ms, overshoot", found.sleep_overshoot),
    ]
    for pace in found.paces:
        beside = ", busy Python thread" if pace.beside_busy_thread else ""
        lines.append(_row(f"{pace.per_s:,} queries/s{beside}", pace.lateness))
    return lines


def _row(name: str, spread: Spread) -> str:
    values = (spread.p50_ns, spread.p99_ns, spread.p999_ns, spread.max_ns)
    return f"  {name:<36}" + "".join(f"{format_ns(value):>10}" for value in values)


def _backend_findings(versions: Mapping[str, str | None]) -> list[Finding]:
    """Which runtimes are there, and which files each reads; nothing is imported, as that may take seconds."""
    found = []
    for backend in Backend:
        version, reads = versions.get(backend.distribution), f"reads {', '.join(backend.suffixes)}"
        if version is not None:
            found.append(Finding(level=Level.OK, topic=backend.value, text=f"{version}; {reads}"))
        elif backend.extra is not None:  # a missing part of the core is told of under Software
            advice = f"pip install 'levelfield[{backend.extra}]'"
            found.append(Finding(level=Level.NOTE, topic=backend.value, text=f"not installed; {reads}", advice=advice))
    return found


def _python() -> Finding:
    threading = "without the global lock" if has_free_threading() else "with the global lock"
    return Finding(level=Level.OK, topic="python", text=f"{python_version()}, {threading}")
