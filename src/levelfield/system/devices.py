"""Memory, disks and network ports."""

from __future__ import annotations

import re
from dataclasses import dataclass

from levelfield.system.source import Source

__all__ = ["Disk", "Port", "find_disks", "find_memory_bytes", "find_ports", "parse_meminfo"]

SECTOR_BYTES = 512
"""The kernel counts disks in sectors of 512 bytes whatever the device's own are."""
NOT_DISKS = ("loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "mtd")
ETHERNET, INFINIBAND = "1", "32"
"""Numbers of link types (ARPHRD)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One block device."""

    kind: str
    """``NVMe``, ``SSD``, ``HDD``, ``virtual disk``, ``flash card``."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One physical network port with a link."""

    kind: str
    """``Ethernet`` or ``InfiniBand``."""
    mbit_per_s: int


def parse_meminfo(text: str) -> int | None:
    """``/proc/meminfo``: bytes that the kernel manages, somewhat less than is installed."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def find_memory_bytes(source: Source) -> int | None:
    """The size of main memory."""
    text = source.read("/proc/meminfo")
    if text is not None:
        return parse_meminfo(text)
    found = re.search(r"^hw\.memsize: (\d+)$", source.output("sysctl", "hw.memsize") or "")
    return int(found[1]) if found else None


def find_disks(source: Source, *, virtual: bool) -> tuple[Disk, ...]:
    """The disks that Linux lists, with their kind where it can be known.

    Args:
        source: The machine.
        virtual: Whether a hypervisor presents them; what it says about spinning is then meaningless.
    """
    found = []
    for name in source.names("/sys/block"):
        sectors = source.read(f"/sys/block/{name}/size") or ""
        if name.startswith(NOT_DISKS) or not sectors.isdigit() or sectors == "0":
            continue
        spins = source.read(f"/sys/block/{name}/queue/rotational")
        kind = _kind_of_disk(name, spins, virtual=virtual)
        if kind is not None:
            found.append(Disk(kind=kind, size_bytes=int(sectors) * SECTOR_BYTES))
    return tuple(found)


def _kind_of_disk(name: str, spins: str | None, *, virtual: bool) -> str | None:
    if name.startswith("nvme"):
        return "NVMe"
    if name.startswith("mmcblk"):
        return "flash card" if "boot" not in name else None
    if virtual or name.startswith(("vd", "xvd")):
        return "virtual disk"
    return {"0": "SSD", "1": "HDD"}.get(spins or "")


def find_ports(source: Source) -> tuple[Port, ...]:
    """Physical ports with a known speed; virtual interfaces have no device, virtual cards no speed."""
    found = []
    for name in source.names("/sys/class/net"):
        folder = f"/sys/class/net/{name}"
        speed = source.read(f"{folder}/speed") or ""
        kind = {ETHERNET: "Ethernet", INFINIBAND: "InfiniBand"}.get(source.read(f"{folder}/type") or "")
        if kind and source.names(f"{folder}/device") and speed.isdigit() and speed != "0":
            found.append(Port(kind=kind, mbit_per_s=int(speed)))
    return tuple(found)
