"""The field's closed vocabularies, spelled as the field spells them. Imports nothing of ours."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "Availability",
    "Division",
    "DrawVariant",
    "Edition",
    "Mode",
    "Profile",
    "Scenario",
    "Suite",
    "Validity",
]


class Scenario(StrEnum):
    """How load arrives (inference rules, "Scenarios")."""

    SINGLE_STREAM = "SingleStream"
    MULTI_STREAM = "MultiStream"
    SERVER = "Server"
    OFFLINE = "Offline"


class Mode(StrEnum):
    """What a test run does; the order is LoadGen's numbering 0..3."""

    SUBMISSION = "SubmissionRun"
    ACCURACY = "AccuracyOnly"
    PERFORMANCE = "PerformanceOnly"
    FIND_PEAK = "FindPeakPerformance"


class Profile(StrEnum):
    """Whose semantics a run follows where releases of LoadGen differ."""

    V2_0 = "v2.0"
    V6 = "v6"


class DrawVariant(StrEnum):
    """How a uniform integer is drawn: libstdc++ up to GCC 10 (classic), or from GCC 11 (lemire)."""

    CLASSIC = "classic"
    LEMIRE = "lemire"


class Division(StrEnum):
    """How much freedom a submission takes."""

    CLOSED = "closed"
    OPEN = "open"
    NETWORK = "network"


class Suite(StrEnum):
    """What a system is for; one that is for both is written ``datacenter,edge``, in either order."""

    DATACENTER = "datacenter"
    EDGE = "edge"


class Availability(StrEnum):
    """Whether the system can be bought."""

    AVAILABLE = "available"
    PREVIEW = "preview"
    RDI = "rdi"


class Edition(StrEnum):
    """The round's model and data, or the small one that ships with the package."""

    FULL = "full"
    MINI = "mini"


class Validity(StrEnum):
    """The verdict of a run. ``WITH_ERRORS`` met every condition but logged an error: unusable."""

    VALID = "VALID"
    INVALID = "INVALID"
    WITH_ERRORS = "VALID-WITH-ERRORS"

    @property
    def usable(self) -> bool:
        """Whether the run may be submitted."""
        return self is Validity.VALID
