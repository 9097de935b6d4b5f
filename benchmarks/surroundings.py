"""What a measured number must carry: machine, versions, and what else ran meanwhile."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import levelfield
from levelfield.system.machine import find_machine
from levelfield.system.source import LiveSource

__all__ = ["QUIET_LOAD_PER_CORE", "Watch", "cores", "machine", "sharing", "versions"]

QUIET_LOAD_PER_CORE = 0.5
"""Above this a run is marked; the benchmark's own load is not counted."""
REPEATED = 15
COUNT = """
import sys, time
print(flush=True)
sys.stdin.read()
begin = time.perf_counter()
sum(i * i for i in range(1_000_000))
print(time.perf_counter() - begin)
"""


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


def sharing() -> float:
    """How many times as long each of two processes takes at once as one alone: 1 where each has a core of its own.

    The processors of a virtual machine may be halves of one core, which no other load of the machine shows.
    """
    turns = [(statistics.mean(_counting(2)), statistics.mean(_counting(1))) for _ in range(REPEATED)]
    return round(statistics.median(together / alone for together, alone in turns), 2)


def _counting(processes: int) -> list[float]:
    """Seconds that processes at once take to count, start of Python apart."""
    started = [
        subprocess.Popen([sys.executable, "-S", "-c", COUNT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()  # all are there
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    return [float(process.stdout.read()) for process in started if process.stdout is not None and not process.wait()]


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
