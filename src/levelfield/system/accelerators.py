"""Accelerators: NVIDIA's through its own tool or driver files; others are noticed on the PCI bus but not named."""

from __future__ import annotations

from dataclasses import dataclass

from levelfield.system.source import Source

__all__ = ["Accelerator", "Accelerators", "find_accelerators", "parse_nvidia_information", "parse_nvidia_smi"]

QUERY = "name,memory.total,driver_version,clocks.max.sm,pcie.link.gen.max,pcie.link.width.max"
NVIDIA, AMD, VIRTIO = "0x10de", "0x1002", "0x1af4"
DISPLAY, ACCELERATING, UNCLASSIFIED = ("0x0300", "0x0380"), ("0x0302", "0x1200"), ("0xff00", "0xffff")
"""PCI classes: displays count only from makers whose displays compute, 3D controllers and accelerators always,
devices without a class unless they are a virtual machine's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One device; ``None`` means unknown."""

    model: str
    memory_mib: int | None = None
    clock_mhz: int | None = None
    """The highest clock of its streaming multiprocessors."""
    pcie_generation: int | None = None
    pcie_lanes: int | None = None

    @property
    def link(self) -> str | None:
        """The link to the host at its best: ``PCIe Gen5 x16``."""
        known = self.pcie_generation and self.pcie_lanes
        return f"PCIe Gen{self.pcie_generation} x{self.pcie_lanes}" if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerators:
    """The accelerators of a machine."""

    devices: tuple[Accelerator, ...] = ()
    driver: str | None = None
    count_is_known: bool = False
    """``False`` where there may be some that could not be identified."""


def find_accelerators(source: Source) -> Accelerators:
    """NVIDIA's tool first, then its driver's files, then whether the PCI bus shows any candidate at all."""
    listing = source.output("nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader,nounits")
    devices, driver = parse_nvidia_smi(listing or "")
    if not devices:
        folder = "/proc/driver/nvidia/gpus"
        texts = (source.read(f"{folder}/{name}/information") for name in source.names(folder))
        devices = tuple(device for text in texts if text and (device := parse_nvidia_information(text)))
    candidates = _candidates(source)
    return Accelerators(
        devices=devices,
        driver=driver,
        count_is_known=candidates is not None and candidates <= len(devices),
    )


def parse_nvidia_smi(text: str) -> tuple[tuple[Accelerator, ...], str | None]:
    """The devices and the driver version in the answer to :data:`QUERY`; ``[N/A]`` is unknown."""
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    rows = [row for row in rows if len(row) == len(QUERY.split(","))]
    devices = tuple(
        Accelerator(
            model=row[0],
            memory_mib=_integer(row[1]),
            clock_mhz=_integer(row[3]),
            pcie_generation=_integer(row[4]),
            pcie_lanes=_integer(row[5]),
        )
        for row in rows
    )
    return devices, rows[0][2] if rows else None


def parse_nvidia_information(text: str) -> Accelerator | None:
    """``/proc/driver/nvidia/gpus/*/information``: the model alone."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "Model" and value.strip():
            return Accelerator(model=value.strip())
    return None


def _candidates(source: Source) -> int | None:
    """How many PCI devices may be accelerators; ``None`` where the bus cannot be seen."""
    bus = "/sys/bus/pci/devices"
    names = source.names(bus)
    if not names:
        return None
    count = 0
    for name in names:
        kind = (source.read(f"{bus}/{name}/class") or "")[:6]
        maker = source.read(f"{bus}/{name}/vendor")
        count += (
            kind in ACCELERATING
            or (kind in DISPLAY and maker in {NVIDIA, AMD})
            or (kind in UNCLASSIFIED and maker != VIRTIO)
        )
    return count


def _integer(text: str) -> int | None:
    return int(text) if text.isdigit() else None
