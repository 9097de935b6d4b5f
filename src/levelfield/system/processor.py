"""The processor: model, sockets, cores, frequency, caches."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from levelfield.system.source import Source
from levelfield.units import format_bytes

__all__ = ["Cache", "Processor", "count_of_cpu_list", "find_processor", "parse_cpuinfo", "parse_lscpu", "parse_sysctl"]

CPU = "/sys/devices/system/cpu"
SIZE_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """One level of cache as the first CPU sees it."""

    name: str
    """``L1d``, ``L1i``, ``L2`` …"""
    size_bytes: int
    """Of one instance."""
    shared_by: int | None = None
    """Logical CPUs that share the instance."""

    def __str__(self) -> str:
        """As a submission words it: ``L3 32 MiB shared by 16 CPUs``."""
        shared = f" shared by {self.shared_by} CPUs" if (self.shared_by or 1) > 1 else ""
        return f"{self.name} {format_bytes(self.size_bytes)}{shared}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """The processors of a machine; ``None`` and empty mean unknown."""

    model: str | None = None
    sockets: int | None = None
    cores_per_socket: int | None = None
    logical_cpus: int | None = None
    """Hardware threads that are online."""
    frequency: str | None = None
    """In words, with which frequency it is: ``2600 MHz (base)``."""
    caches: tuple[Cache, ...] = ()
    virtual: bool = False
    """Whether a hypervisor presents it: counts and caches are then what the hypervisor shows."""


def find_processor(source: Source) -> Processor:
    """What Linux or macOS says about the processors."""
    cpuinfo = source.read("/proc/cpuinfo")
    if cpuinfo is None:
        sysctl = source.output("sysctl", "hw", "machdep.cpu")
        return parse_sysctl(sysctl) if sysctl else Processor()
    found = parse_cpuinfo(cpuinfo)
    if None in {found.model, found.sockets, found.cores_per_socket} and (text := source.output("lscpu")):
        found = _first_known(found, parse_lscpu(text))
    return replace(found, frequency=_frequency(source, found.model), caches=_caches(source))


def parse_cpuinfo(text: str) -> Processor:
    """``/proc/cpuinfo``: complete on x86; on ARM it numbers cores without naming them."""
    blocks = [_fields(block) for block in re.split(r"\n\s*\n", text)]
    cpus = [block for block in blocks if block.get("processor", "").isdigit()]
    models = list(dict.fromkeys(model for cpu in cpus if (model := cpu.get("model name"))))
    packages = {cpu["physical id"] for cpu in cpus if "physical id" in cpu}
    cores = {(cpu["physical id"], cpu["core id"]) for cpu in cpus if "physical id" in cpu and "core id" in cpu}
    stated = {cpu.get("cpu cores") for cpu in cpus}
    sockets = len(packages) or None
    per_socket = len(cores) // sockets if sockets and cores and len(cores) % sockets == 0 else None
    if stated != {str(per_socket)}:  # some cores are offline or hidden: neither count is the processor's
        per_socket = None
    return Processor(
        model=" + ".join(re.sub(r"\s+", " ", model) for model in models) or None,
        sockets=sockets,
        cores_per_socket=per_socket,
        logical_cpus=len(cpus) or None,
        virtual=any("hypervisor" in cpu.get("flags", "").split() for cpu in cpus[:1]),
    )


def parse_lscpu(text: str) -> Processor:
    """``lscpu`` in the C locale: knows the names of ARM cores."""
    pairs = [(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in text.splitlines())]
    fields = dict(pairs)
    models = list(dict.fromkeys(value for key, value in pairs if key == "Model name" and value not in {"", "-"}))
    mixed = len(models) > 1  # big and little cores: one count does not describe them
    return Processor(
        model=" + ".join(models) or None,
        sockets=None if mixed else _integer(fields.get("Socket(s)")),
        cores_per_socket=None if mixed else _integer(fields.get("Core(s) per socket")),
        logical_cpus=_integer(fields.get("CPU(s)")),
        virtual="Hypervisor vendor" in fields,
    )


def parse_sysctl(text: str) -> Processor:
    """``sysctl hw machdep.cpu`` of macOS."""
    fields = _fields(text)
    sockets = _integer(fields.get("hw.packages"))
    cores = _integer(fields.get("hw.physicalcpu"))
    frequency = _integer(fields.get("hw.cpufrequency_max"))
    names = {"hw.l1dcachesize": "L1d", "hw.l1icachesize": "L1i", "hw.l2cachesize": "L2", "hw.l3cachesize": "L3"}
    sizes = {name: _integer(fields.get(key)) for key, name in names.items()}
    return Processor(
        model=fields.get("machdep.cpu.brand_string"),
        sockets=sockets,
        cores_per_socket=cores // sockets if sockets and cores and cores % sockets == 0 else None,
        logical_cpus=_integer(fields.get("hw.logicalcpu")),
        frequency=f"{frequency // 1_000_000} MHz (maximum)" if frequency else None,
        caches=tuple(Cache(name=name, size_bytes=size) for name, size in sizes.items() if size),
    )


def count_of_cpu_list(text: str) -> int | None:
    """How many CPUs a kernel list names: ``0-3,8`` is 5; ``None`` where it is not such a list."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        return None
    spans = [part.split("-") for part in text.split(",")]
    return sum(int(span[-1]) - int(span[0]) + 1 for span in spans)


def _frequency(source: Source, model: str | None) -> str | None:
    """The base frequency if it is known, else the maximum. The momentary one ("cpu MHz") says nothing."""
    base = _integer(source.read(f"{CPU}/cpu0/cpufreq/base_frequency"))
    if base:
        return f"{base // 1000} MHz (base)"
    named = re.search(r"@ ([\d.]+) ?GHz", model or "")
    if named:
        return f"{float(named[1]) * 1000:.0f} MHz (base)"
    highest = _integer(source.read(f"{CPU}/cpu0/cpufreq/cpuinfo_max_freq"))
    return f"{highest // 1000} MHz (maximum)" if highest else None


def _caches(source: Source) -> tuple[Cache, ...]:
    found = []
    for index in source.names(f"{CPU}/cpu0/cache"):
        if not index.startswith("index"):
            continue
        level, kind, size, shared = (
            source.read(f"{CPU}/cpu0/cache/{index}/{name}") or ""
            for name in ("level", "type", "size", "shared_cpu_list")
        )
        measure = re.fullmatch(r"(\d+)([KMG]?)", size)
        if not level or measure is None:
            continue
        suffix = {"Data": "d", "Instruction": "i"}.get(kind, "")
        size_bytes = int(measure[1]) * SIZE_UNITS[measure[2]]
        found.append(Cache(name=f"L{level}{suffix}", size_bytes=size_bytes, shared_by=count_of_cpu_list(shared)))
    return tuple(found)


def _first_known(first: Processor, second: Processor) -> Processor:
    return Processor(
        model=first.model or second.model,
        sockets=first.sockets or second.sockets,
        cores_per_socket=first.cores_per_socket or second.cores_per_socket,
        logical_cpus=first.logical_cpus or second.logical_cpus,
        virtual=first.virtual or second.virtual,
    )


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
