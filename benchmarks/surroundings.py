"""What a measured number must carry: machine, versions, and what else ran meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import levelfield
from levelfield.system.machine import find_machine
from levelfield.system.source import LiveSource

__all__ = ["QUIET_LOAD_PER_CORE", "Watch", "cores", "machine", "versions"]

QUIET_LOAD_PER_CORE = 0.5
"""Above this a run is marked; the benchmark's own load is not counted."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, object]:
    found = find_machine(LiveSource())
    return {
        "processor": found.processor.model,
        "cores_usable": cores(),
        "memory_bytes": found.memory_bytes,
        "virtual": found.processor.virtual,
        "operating_system": found.operating_system.name,
        "kernel": found.operating_system.kernel,
    }


def versions(*packages: str) -> dict[str, str]:
    return {
        "levelfield": levelfield.__version__,
        "commit": _commit(),
        "python": sys.version.split()[0],
        **{package: version(package) for package in packages},
    }


class Watch:
    """CPU time that other processes take, as a share of all cores, from the start of a measurement to its end."""

    def __init__(self) -> None:
        self._busy, self._own, self._began = _busy_cpu_s(), sum(os.times()[:4]), time.monotonic()

    def foreign_load_per_core(self) -> float:
        """So far."""
        foreign_s = _busy_cpu_s() - self._busy - (sum(os.times()[:4]) - self._own)
        return round(max(foreign_s, 0) / (time.monotonic() - self._began) / (os.cpu_count() or 1), 3)


def _busy_cpu_s() -> float:
    """CPU time that the whole machine has spent, as far as it says so."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError):
        return 0.0
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"
