"""What a submission of a round looks like: places, files, required fields, the summary table."""

from __future__ import annotations

from enum import StrEnum

from levelfield.frozen import frozen

__all__ = ["CsvFormat", "ExtraFiles", "Fields", "OfficialCheck", "Place", "PlaceName", "Reaction"]


class Reaction(StrEnum):
    """What the official checker of a round does where a condition fails."""

    VOID = "void"
    LOG = "log"
    IGNORE = "ignore"


class PlaceName(StrEnum):
    """The folders and files of a submission that have a fixed place."""

    SYSTEM = "system"
    CODE = "code"
    MEASUREMENTS = "measurements"
    PERFORMANCE = "performance"
    RANGING = "ranging"
    POWER = "power"
    ACCURACY = "accuracy"
    AUDIT = "audit"
    AUDIT_PERFORMANCE = "audit-performance"
    AUDIT_ACCURACY = "audit-accuracy"
    NAMEPLATE_POWER = "nameplate-power"
    PRIVATE_ID = "private-id"
    MODEL_MAPPING = "model-mapping"
    ENDPOINT = "endpoint"


@frozen
class ExtraFiles:
    """Files that an accuracy folder must hold besides its logs (images, videos)."""

    folder: str
    names: tuple[str, ...]
    """Without an ending."""


@frozen
class Place:
    """A folder (or file) of a submission and what belongs into it."""

    name: PlaceName
    path: str
    """Template with ``{division}``, ``{submitter}``, ``{system}``, ``{benchmark}``, ``{scenario}``, ``{audit}``."""
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    with_power: tuple[str, ...] = ()
    """Required too where power was measured."""


@frozen
class Fields:
    """Names of required JSON fields."""

    system: tuple[str, ...]
    system_not_empty: tuple[str, ...]
    """Of those, the ones that must say something."""
    system_power: tuple[str, ...]
    """Known where power was measured."""
    system_network: tuple[str, ...]
    """Of the network division."""
    measurement: tuple[str, ...]


@frozen
class CsvFormat:
    """The summary table of the official checker."""

    columns: tuple[str, ...]
    quoted: tuple[str, ...]
    """Columns written in double quotes."""


@frozen
class OfficialCheck:
    """What the official checker does about one condition."""

    condition: str
    reaction: Reaction
