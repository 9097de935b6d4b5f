"""How fit this machine is for measuring at the moment: load, frequency policy, free space."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from levelfield.system.source import Source

__all__ = ["Health", "find_health", "load_per_core"]

CPU = "/sys/devices/system/cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The momentary state; ``None`` = cannot be seen here."""

    load_1min: float | None
    usable_cpus: int
    governors: tuple[str, ...]
    """Frequency governors in force; empty where hidden, as in most virtual machines."""
    turbo: bool | None
    """Whether the processor may exceed its base frequency."""
    free_disk_bytes: int | None
    available_memory_bytes: int | None


def find_health(source: Source, *, folder: Path, usable_cpus: int) -> Health:
    """Look at the machine as it is now.

    Args:
        source: The machine.
        folder: Where results would be written; its disk's free space is reported.
        usable_cpus: CPUs that this process may use.
    """
    load = (source.read("/proc/loadavg") or "").split()
    policies = f"{CPU}/cpufreq"
    governors = {source.read(f"{policies}/{name}/scaling_governor") for name in source.names(policies)}
    return Health(
        load_1min=float(load[0]) if load else _load_by_call(),
        usable_cpus=usable_cpus,
        governors=tuple(sorted(governor for governor in governors if governor)),
        turbo=_turbo(source),
        free_disk_bytes=_free_bytes(folder),
        available_memory_bytes=_available_memory(source),
    )


def load_per_core(health: Health) -> float | None:
    """The one-minute load average per usable CPU."""
    return None if health.load_1min is None else health.load_1min / max(1, health.usable_cpus)


def _turbo(source: Source) -> bool | None:
    off = source.read(f"{CPU}/intel_pstate/no_turbo")
    if off in {"0", "1"}:
        return off == "0"
    boost = source.read(f"{CPU}/cpufreq/boost")
    return boost == "1" if boost in {"0", "1"} else None


def _load_by_call() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _available_memory(source: Source) -> int | None:
    for line in (source.read("/proc/meminfo") or "").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None
