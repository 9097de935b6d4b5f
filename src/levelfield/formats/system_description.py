"""The system description of a submission: ``systems/<system>.json``.

The 33 fields that every inference submission must hold, from the checker's ``SYSTEM_DESC_REQUIRED_FIELDS``
(mlcommons/inference, ``tools/submission/submission-checker.py`` at v2.0). Presence is required, an empty text is
accepted, and a number may stand as a JSON number or as text; here every value is text, which keeps what a submitter
wrote ("2.25 GHz", "N/A", "8") as it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from levelfield.errors import FormatError, InputError

__all__ = [
    "POWER_FIELDS",
    "REQUIRED_FIELDS",
    "SystemDescription",
    "parse_system_description",
    "read_system_description",
]

POWER_FIELDS = (
    "power_management",
    "filesystem",
    "boot_firmware_version",
    "management_firmware_version",
    "other_hardware",
    "number_of_type_nics_installed",
    "nics_enabled_firmware",
    "nics_enabled_os",
    "nics_enabled_connected",
    "network_speed_mbit",
    "power_supply_quantity_and_rating_watts",
    "power_supply_details",
    "disk_drives",
    "disk_controllers",
)
"""Fields known for submissions with power; their presence is not enforced. They are kept in ``extra``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDescription:
    """What a submission says about the system under test. An empty text means: not stated."""

    division: str = ""
    """``closed``, ``open`` or ``network``."""
    submitter: str = ""
    status: str = ""
    """``available``, ``preview`` or ``rdi``."""
    system_name: str = ""
    system_type: str = ""
    """``datacenter``, ``edge`` or both."""
    number_of_nodes: str = ""
    host_processor_model_name: str = ""
    host_processors_per_node: str = ""
    """Sockets."""
    host_processor_core_count: str = ""
    """Cores of one processor."""
    host_processor_frequency: str = ""
    host_processor_caches: str = ""
    host_processor_interconnect: str = ""
    host_memory_capacity: str = ""
    host_memory_configuration: str = ""
    host_storage_type: str = ""
    host_storage_capacity: str = ""
    host_networking: str = ""
    host_networking_topology: str = ""
    accelerators_per_node: str = ""
    accelerator_model_name: str = ""
    accelerator_frequency: str = ""
    accelerator_host_interconnect: str = ""
    accelerator_interconnect: str = ""
    accelerator_interconnect_topology: str = ""
    accelerator_memory_capacity: str = ""
    accelerator_memory_configuration: str = ""
    accelerator_on_chip_memories: str = ""
    """In the file: ``accelerator_on-chip_memories``."""
    cooling: str = ""
    hw_notes: str = ""
    sw_notes: str = ""
    framework: str = ""
    operating_system: str = ""
    other_software_stack: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    """Fields beyond the required ones (power, vendor's own), in the order of the file."""

    def as_dict(self) -> dict[str, str]:
        """Every field under its published name: the required ones in the checker's order, then the extra ones."""
        return {published: getattr(self, name) for published, name in _NAME_BY_PUBLISHED.items()} | dict(self.extra)

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False) + "\n"

    @property
    def to_be_filled_in(self) -> tuple[str, ...]:
        """The required fields, by published name, that hold nothing yet."""
        return tuple(published for published, name in _NAME_BY_PUBLISHED.items() if not getattr(self, name).strip())


_NAME_BY_PUBLISHED = {
    field.name.replace("on_chip", "on-chip"): field.name for field in fields(SystemDescription) if field.name != "extra"
}
REQUIRED_FIELDS = tuple(_NAME_BY_PUBLISHED)
"""The 33 published names, in the order of the checker."""


def parse_system_description(text: str, *, source: Path | str) -> SystemDescription:
    """Read the text of a system description.

    Args:
        text: The content of the file; a byte order mark is allowed.
        source: Which file, for the errors.

    Raises:
        FormatError: The text is not a JSON object.
        InputError: Fields are missing, or hold something else than text or a number; all of them are listed.
    """
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise FormatError(source, f"line {error.lineno}", repr(text[error.pos : error.pos + 20]), "JSON") from error
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        raise FormatError(source, "whole file", str(error)[:80], "JSON that can be read") from error
    if not isinstance(data, dict):
        raise FormatError(source, "line 1", type(data).__name__, "a JSON object with the fields of a system")
    problems = [f"{name}: missing." for name in REQUIRED_FIELDS if name not in data]
    problems += [
        f"{name}: found {json.dumps(value)[:40]}, expected text or a number."
        for name, value in data.items()
        if isinstance(value, bool) or not isinstance(value, str | int | float)
    ]
    if problems:
        raise InputError(f"{source} is not a complete system description.", problems=problems)
    values = {name: value if isinstance(value, str) else str(value) for name, value in data.items()}
    return SystemDescription(
        **{name: values[published] for published, name in _NAME_BY_PUBLISHED.items()},
        extra=tuple((name, value) for name, value in values.items() if name not in _NAME_BY_PUBLISHED),
    )


def read_system_description(path: Path) -> SystemDescription:
    """Read ``systems/<system>.json``.

    Raises:
        InputError: As :func:`parse_system_description`; also where the file is not UTF-8 or cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(path, f"byte {error.start}", f"0x{error.object[error.start]:02x}", "UTF-8") from error
    return parse_system_description(text, source=path)
