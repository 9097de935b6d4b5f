"""Software: the operating system, the interpreter, and which packages are installed at which version."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

from levelfield.system.source import Source

__all__ = [
    "CORE_PACKAGES",
    "EXTRAS",
    "OperatingSystem",
    "find_operating_system",
    "has_free_threading",
    "parse_os_release",
    "python_version",
    "versions_of",
]

CORE_PACKAGES = ("numpy", "onnxruntime", "click", "rich")
"""What levelfield cannot work without; a test compares it with ``pyproject.toml``."""
EXTRAS: dict[str, tuple[str, ...]] = {
    "vision": ("opencv-python-headless",),
    "speech": ("soundfile",),
    "parquet": ("pyarrow",),
    "duckdb": ("duckdb",),
    "openvino": ("openvino",),
    "torch": ("torch",),
    "litert": ("ai-edge-litert",),
}
"""Optional packages by extra; the same test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """Which system runs; inside a container the name is the container's, the kernel the host's."""

    name: str | None = None
    kernel: str | None = None


def find_operating_system(source: Source) -> OperatingSystem:
    """From ``os-release`` and the kernel, or ``sw_vers`` on macOS."""
    release = source.read("/etc/os-release") or source.read("/usr/lib/os-release")
    kernel = source.read("/proc/sys/kernel/osrelease")
    if release or kernel:
        return OperatingSystem(name=parse_os_release(release or ""), kernel=f"Linux {kernel}" if kernel else None)
    product, version = (source.output("sw_vers", f"-product{part}") for part in ("Name", "Version"))
    darwin = source.output("uname", "-sr")
    return OperatingSystem(name=f"{product} {version}" if product and version else None, kernel=darwin)


def parse_os_release(text: str) -> str | None:
    """The pretty name of ``/etc/os-release``."""
    found = re.search(r"""^PRETTY_NAME=(["']?)(.+?)\1\s*$""", text, re.MULTILINE)
    return found[2] if found else None


def versions_of(packages: Iterable[str]) -> dict[str, str | None]:
    """The installed version of each distribution; ``None`` where it is absent. Nothing is imported."""
    found: dict[str, str | None] = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def python_version() -> str:
    """``CPython 3.11.2``."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def has_free_threading() -> bool:
    """Whether this interpreter runs without the global lock (PEP 703): built for it, and not switched back on."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and enabled is not None and not enabled()
