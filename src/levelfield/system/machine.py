"""The whole machine, and what of a submission's system description follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from levelfield.formats.system_description import SystemDescription
from levelfield.system.accelerators import Accelerators, find_accelerators
from levelfield.system.devices import Disk, Port, find_disks, find_memory_bytes, find_ports
from levelfield.system.limits import Limits, find_limits
from levelfield.system.processor import Processor, find_processor
from levelfield.system.software import OperatingSystem, find_operating_system, python_version
from levelfield.system.source import Source
from levelfield.units import format_bytes

__all__ = ["Machine", "describe", "find_machine"]

PLACEHOLDERS = (
    "to be filled",
    "system product name",
    "system manufacturer",
    "default string",
    "not specified",
    "o.e.m",
)
"""What board makers leave in place of a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Facts; unknown ones are ``None`` or empty."""

    name: str | None = None
    """Maker and product, as the firmware says."""
    processor: Processor = field(default_factory=Processor)
    memory_bytes: int | None = None
    disks: tuple[Disk, ...] = ()
    ports: tuple[Port, ...] = ()
    accelerators: Accelerators = field(default_factory=Accelerators)
    operating_system: OperatingSystem = field(default_factory=OperatingSystem)
    limits: Limits = field(default_factory=Limits)


def find_machine(source: Source) -> Machine:
    """Read everything; takes milliseconds, or up to a few seconds where a GPU driver has to wake up."""
    processor = find_processor(source)
    return Machine(
        name=_name(source),
        processor=processor,
        memory_bytes=find_memory_bytes(source),
        disks=find_disks(source, virtual=processor.virtual),
        ports=find_ports(source),
        accelerators=find_accelerators(source),
        operating_system=find_operating_system(source),
        limits=find_limits(source),
    )


def describe(machine: Machine, *, framework: str = "", software: Mapping[str, str] | None = None) -> SystemDescription:
    """The system description as far as it can be known; the rest is the submitter's to fill in.

    Args:
        machine: What was found.
        framework: What runs the model, with its version: ``onnxruntime 1.32.0``.
        software: Versions of the packages in use, by name; goes into ``other_software_stack``.
    """
    processor, accelerators = machine.processor, machine.accelerators
    stack = [python_version(), *(f"{name} {version}" for name, version in (software or {}).items())]
    if accelerators.driver:
        stack.append(f"NVIDIA driver {accelerators.driver}")
    return SystemDescription(
        system_name=machine.name or "",
        number_of_nodes="1",
        host_processor_model_name=processor.model or "",
        host_processors_per_node=_text(processor.sockets),
        host_processor_core_count=_text(processor.cores_per_socket),
        host_processor_frequency=processor.frequency or "",
        host_processor_caches=", ".join(str(cache) for cache in processor.caches),
        host_memory_capacity=format_bytes(machine.memory_bytes) if machine.memory_bytes else "",
        host_storage_type=_each(disk.kind for disk in machine.disks),
        host_storage_capacity=_each(format_bytes(disk.size_bytes) for disk in machine.disks),
        host_networking=_each(f"{port.kind} {port.mbit_per_s:,} Mbit/s" for port in machine.ports),
        accelerators_per_node=str(len(accelerators.devices)) if accelerators.count_is_known else "",
        accelerator_model_name=_same(device.model for device in accelerators.devices),
        accelerator_memory_capacity=_same(
            format_bytes(device.memory_mib << 20) for device in accelerators.devices if device.memory_mib
        ),
        accelerator_frequency=_same(
            f"{device.clock_mhz} MHz (maximum)" for device in accelerators.devices if device.clock_mhz
        ),
        accelerator_host_interconnect=_same(device.link for device in accelerators.devices if device.link),
        hw_notes="; ".join(_notes(machine)),
        framework=framework,
        operating_system=", ".join(
            part for part in (machine.operating_system.name, machine.operating_system.kernel) if part
        ),
        other_software_stack=", ".join(stack),
    )


def _notes(machine: Machine) -> list[str]:
    """What a reader must know to read the hardware fields rightly."""
    limits, processor = machine.limits, machine.processor
    notes = ["virtual machine: processor counts and caches are as the hypervisor shows them"] * processor.virtual
    if limits.allowed_cpus and processor.logical_cpus and limits.allowed_cpus < processor.logical_cpus:
        notes.append(f"the process may use {limits.allowed_cpus} of {processor.logical_cpus} logical CPUs")
    if limits.cpu_quota and limits.cpu_quota < (processor.logical_cpus or float("inf")):
        notes.append(f"the control group grants {limits.cpu_quota:g} CPUs")
    if limits.memory_bytes and limits.memory_bytes < (machine.memory_bytes or float("inf")):
        notes.append(f"the control group grants {format_bytes(limits.memory_bytes)} of memory")
    return notes


def _name(source: Source) -> str | None:
    parts = [source.read(f"/sys/class/dmi/id/{part}") for part in ("sys_vendor", "product_name")]
    if not any(parts):
        parts = [source.read("/sys/firmware/devicetree/base/model")]
    named = [part for part in parts if part and not any(word in part.lower() for word in PLACEHOLDERS)]
    return " ".join(named) or None


def _each(words: Iterable[str]) -> str:
    """Words with their number: ``2x SSD, HDD``."""
    return ", ".join(f"{count}x {word}" if count > 1 else word for word, count in Counter(words).items())


def _same(words: Iterable[str]) -> str:
    """Different words once each; how many devices there are stands in a field of its own."""
    return " + ".join(dict.fromkeys(words))


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
