"""What else had the processors while something was measured: other processes, and other machines on the same host.

Source: Linux's ``/proc/stat``, line ``cpu``, in ticks of all processors: user, nice, system, idle, iowait, irq,
softirq, steal (proc(5)). *Steal* is time in which a virtual machine wanted to run and its host did not let it.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from levelfield.system.source import Source

__all__ = ["Contention", "ProcessorTimes", "contention_between", "processor_times"]

_STAT = "/proc/stat"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorTimes:
    """Counters at one moment, in seconds; each only grows."""

    wall_s: float
    busy_s: float
    """Of all processors, whoever used them."""
    stolen_s: float
    """Of all processors."""
    own_s: float
    """Used by this process and by those that it started and that have ended."""
    processors: int
    """Of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """Shares of the time of all processors of the machine, from 0 to 1."""

    others: float
    """Used by other processes."""
    stolen: float
    """Wanted here, and given to somebody else by the host of a virtual machine."""


def processor_times(source: Source, *, tick_hz: int | None = None) -> ProcessorTimes | None:
    """The counters now; ``None`` where the machine does not show them.

    Args:
        source: The machine.
        tick_hz: Ticks in a second; the machine's own by default.
    """
    lines = (source.read(_STAT) or "").splitlines()
    processors = sum(line.startswith("cpu") and line[3:4].isdigit() for line in lines)
    fields = lines[0].split() if lines else []
    if (
        fields[:1] != ["cpu"]
        or len(fields) < 9
        or not all(field.isdecimal() for field in fields[1:9])
        or not processors
    ):
        return None
    user, nice, system, _, _, irq, softirq, stolen = (int(field) for field in fields[1:9])
    hz = tick_hz or os.sysconf("SC_CLK_TCK")
    own = os.times()
    return ProcessorTimes(
        wall_s=time.monotonic(),
        busy_s=(user + nice + system + irq + softirq) / hz,
        stolen_s=stolen / hz,
        own_s=own.user + own.system + own.children_user + own.children_system,
        processors=processors,
    )


def contention_between(before: ProcessorTimes | None, after: ProcessorTimes | None) -> Contention | None:
    """What others had between two moments; ``None`` where that is not known.

    Counters are in ticks of a hundredth of a second, so a share of a short time is rounded.
    """
    if before is None or after is None or after.wall_s <= before.wall_s:
        return None
    whole_s = (after.wall_s - before.wall_s) * after.processors
    others_s = (after.busy_s - before.busy_s) - (after.own_s - before.own_s)
    return Contention(
        others=min(max(others_s / whole_s, 0.0), 1.0),
        stolen=min(max((after.stolen_s - before.stolen_s) / whole_s, 0.0), 1.0),
    )
