"""What a machine's state means for measuring on it, as findings with the next step."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import StrEnum

from levelfield.system.health import Health, load_per_core
from levelfield.system.machine import Machine
from levelfield.system.software import CORE_PACKAGES, EXTRAS
from levelfield.units import format_bytes

__all__ = ["Finding", "Level", "Runnable", "machine_findings", "package_findings", "runnable_findings", "usable_cpus"]

MOST_LOAD_PER_CPU = 0.5
LEAST_FREE_DISK_BYTES = 1 << 30
STEADY_GOVERNORS = {"performance", "schedutil"}


class Level(StrEnum):
    """How much a finding weighs."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    MISSING = "missing"
    """Something that is needed is not there: exit code 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    topic: str
    text: str
    advice: str = ""
    """What to do, where there is something to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """Whether a benchmark can be run here."""

    benchmark: str
    edition: str
    missing: tuple[str, ...] = ()
    """What it lacks; empty = it can run."""
    command: str = ""
    """Runs it, or adds what is missing."""


def usable_cpus(machine: Machine) -> int:
    """CPUs that this process may use, rounded down; 1 at least."""
    limits = machine.limits
    known = [count for count in (machine.processor.logical_cpus, limits.allowed_cpus, limits.cpu_quota) if count]
    return max(1, int(min(known, default=1)))


def machine_findings(machine: Machine, health: Health) -> list[Finding]:
    """Processor, limits, load, frequency, memory, disk."""
    processor, limits = machine.processor, machine.limits
    kind = "virtual machine" if processor.virtual else ""
    memory = f"{format_bytes(machine.memory_bytes)} memory" if machine.memory_bytes else "memory of unknown size"
    parts = [
        processor.model or "unknown processor",
        f"{processor.logical_cpus or '?'} logical CPUs",
        memory,
        kind,
        *dict.fromkeys(device.model for device in machine.accelerators.devices),
    ]
    found = [Finding(level=Level.OK, topic="machine", text=", ".join(part for part in parts if part))]
    if limits.cpu_quota is not None:
        found.append(
            Finding(
                level=Level.WARNING,
                topic="container",
                text=f"the control group grants {limits.cpu_quota:g} CPUs; its throttling shows up as latency",
                advice="Run the container without a CPU limit, pinned to cores instead.",
            )
        )
    if limits.allowed_cpus and processor.logical_cpus and limits.allowed_cpus < processor.logical_cpus:
        text = f"this process may use {limits.allowed_cpus} of {processor.logical_cpus} CPUs"
        found.append(Finding(level=Level.NOTE, topic="affinity", text=text))
    if limits.memory_bytes is not None:
        text = f"the control group grants {format_bytes(limits.memory_bytes)}"
        found.append(Finding(level=Level.NOTE, topic="memory", text=text))
    return [*found, *_state_findings(health)]


def _state_findings(health: Health) -> list[Finding]:
    found = []
    load = load_per_core(health)
    if load is not None:
        busy = load > MOST_LOAD_PER_CPU
        text = f"load average {health.load_1min:.2f} on {health.usable_cpus} CPUs"
        advice = "Close what else runs here: it competes with the load generator." if busy else ""
        found.append(Finding(level=Level.WARNING if busy else Level.OK, topic="load", text=text, advice=advice))
    if health.governors:
        shaky = sorted(set(health.governors) - STEADY_GOVERNORS)
        advice = "For steady figures: sudo cpupower frequency-set -g performance" if shaky else ""
        text = f"frequency governor {', '.join(health.governors)}"
        found.append(Finding(level=Level.NOTE if shaky else Level.OK, topic="frequency", text=text, advice=advice))
    if health.turbo is not None:
        text = f"turbo is {'on: figures depend on temperature and neighbours' if health.turbo else 'off'}"
        found.append(Finding(level=Level.NOTE if health.turbo else Level.OK, topic="turbo", text=text))
    if health.free_disk_bytes is not None:
        low = health.free_disk_bytes < LEAST_FREE_DISK_BYTES
        text = f"{format_bytes(health.free_disk_bytes)} free in the current folder"
        advice = "A long run's logs may not fit; give another folder with --out." if low else ""
        found.append(Finding(level=Level.WARNING if low else Level.OK, topic="disk", text=text, advice=advice))
    return found


def package_findings(versions: Mapping[str, str | None], *, apart: Container[str] = ()) -> list[Finding]:
    """What is installed, and the command that adds what is not.

    Args:
        versions: By distribution; ``None`` = absent.
        apart: Extras that are told of elsewhere.
    """
    found = []
    for package in CORE_PACKAGES:
        version = versions.get(package)
        if version is None:
            advice = "pip install --force-reinstall levelfield"
            found.append(Finding(level=Level.MISSING, topic=package, text="not installed, needed", advice=advice))
        else:
            found.append(Finding(level=Level.OK, topic=package, text=version))
    for extra, packages in EXTRAS.items():
        if extra in apart:
            continue
        absent = [package for package in packages if versions.get(package) is None]
        if absent:
            text, advice = f"optional; lacks {', '.join(absent)}", f"pip install 'levelfield[{extra}]'"
            found.append(Finding(level=Level.NOTE, topic=f"extra {extra}", text=text, advice=advice))
        else:
            text = ", ".join(f"{package} {versions[package]}" for package in packages)
            found.append(Finding(level=Level.OK, topic=f"extra {extra}", text=text))
    return found


def runnable_findings(runnable: list[Runnable]) -> list[Finding]:
    """Which benchmarks can be run; one that cannot is a note, for nobody needs all of them."""
    return [
        Finding(
            level=Level.NOTE if one.missing else Level.OK,
            topic=f"{one.benchmark} {one.edition}",
            text=f"lacks {', '.join(one.missing)}" if one.missing else "can run",
            advice=one.command,
        )
        for one in runnable
    ]
