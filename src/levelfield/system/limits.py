"""What of the machine this process may use: CPU affinity and control groups (containers)."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.system.processor import count_of_cpu_list
from levelfield.system.source import Source

__all__ = ["Limits", "find_limits", "parse_cgroup", "parse_cpu_max"]

ROOT = "/sys/fs/cgroup"
NO_LIMIT_BYTES = 1 << 60
"""Version 1 writes "no limit" as a number just below 2^63."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds below the whole machine; ``None`` = none seen."""

    allowed_cpus: int | None = None
    """CPUs that the process may be scheduled on."""
    cpu_quota: float | None = None
    """CPU seconds per second that the control group grants."""
    memory_bytes: int | None = None


def find_limits(source: Source) -> Limits:
    """The tightest bounds on the way from this process's control group to the root."""
    allowed = None
    for line in (source.read("/proc/self/status") or "").splitlines():
        if line.startswith("Cpus_allowed_list:"):
            allowed = count_of_cpu_list(line.partition(":")[2].strip())
    groups = parse_cgroup(source.read("/proc/self/cgroup") or "")
    quotas = [parse_cpu_max(source.read(f"{ROOT}{path}/cpu.max") or "") for path in _way_up(groups.get("", "/"))]
    for path in _way_up(groups.get("cpu", "/")):
        quota, period = (source.read(f"{ROOT}/cpu{path}/cpu.cfs_{name}_us") or "" for name in ("quota", "period"))
        quotas.append(parse_cpu_max(f"{quota} {period}"))
    memory = [source.read(f"{ROOT}{path}/memory.max") or "" for path in _way_up(groups.get("", "/"))]
    memory += [
        source.read(f"{ROOT}/memory{path}/memory.limit_in_bytes") or "" for path in _way_up(groups.get("memory", "/"))
    ]
    bounds = [int(text) for text in memory if text.isdigit() and int(text) < NO_LIMIT_BYTES]
    return Limits(
        allowed_cpus=allowed,
        cpu_quota=min((quota for quota in quotas if quota is not None), default=None),
        memory_bytes=min(bounds, default=None),
    )


def parse_cgroup(text: str) -> dict[str, str]:
    """``/proc/self/cgroup``: path by controller; the unified hierarchy (version 2) has the empty name."""
    lines = (line.split(":", 2) for line in text.splitlines())
    return {name: path for line in lines if len(line) == 3 for path in [line[2]] for name in line[1].split(",")}


def parse_cpu_max(text: str) -> float | None:
    """``200000 100000`` is 2.0 CPUs; ``max 100000`` and ``-1 100000`` are no limit."""
    parts = text.split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or int(parts[1]) == 0:
        return None
    return int(parts[0]) / int(parts[1])


def _way_up(path: str) -> list[str]:
    """A group and its parents; the root is the empty text."""
    parts = [part for part in path.split("/") if part]
    return ["".join(f"/{part}" for part in parts[:length]) for length in range(len(parts), -1, -1)]
