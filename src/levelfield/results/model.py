"""One record for the results of all suites: a submission's number for one system, benchmark and metric.

What a suite does not have is ``None``; nothing is guessed. Numbers are kept as they were found and formatted only for
display. Field names follow the long table of our publication rules; which comparisons they allow is decided elsewhere.
"""

from __future__ import annotations

from enum import StrEnum

from levelfield.frozen import frozen

__all__ = ["Direction", "Processors", "Provenance", "Result", "System", "Verification"]


class Direction(StrEnum):
    """Which way a metric is better. Data, never guessed from a unit."""

    HIGHER = "higher"
    LOWER = "lower"


class Verification(StrEnum):
    """Whether a result went through the review of a published round."""

    VERIFIED = "verified"
    """Taken from the repository of a round that MLCommons published."""
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"
    """Shown as unverified."""


@frozen
class Processors:
    """One kind of processor or accelerator in a system."""

    model: str
    """Empty where there is none."""
    per_node: int | None
    """``None`` where the description does not say a number."""
    total: int | None
    """``per_node`` times nodes."""


@frozen
class System:
    """The system under test as its submitter describes it."""

    id: str
    """The name of its folder."""
    name: str
    type: str
    """``datacenter``, ``edge``, ``datacenter,edge``; empty where a suite has no such thing."""
    nodes: int | None
    host: Processors
    accelerator: Processors
    accelerator_memory: str
    interconnect: str
    software: str
    operating_system: str
    hardware_notes: str
    software_notes: str


@frozen
class Provenance:
    """Where a record comes from."""

    source: str
    """The folder, archive or repository as the user named it, without what stands above it on this machine."""
    commit: str
    """The revision of the source where it is a repository; else empty."""
    path: str
    """Inside the source: the folder of the result."""
    sha256: str
    """Of the file that holds the number."""
    url: str
    """A public address of the result's folder, where one is known; else empty."""


@frozen
class Result:
    """One submission, system, benchmark, scenario and metric."""

    round: str
    """``inference-v2.0``."""
    division: str
    availability: str
    submitter: str
    system: System
    benchmark: str
    """The round's own name for the folder: ``resnet50``."""
    model_used: str
    """The name of the folder: in open submissions any model."""
    scenario: str
    """``Offline``; empty in suites without scenarios."""
    metric: str
    """What is measured: ``samples per second``, ``minutes to train``, ``system power``."""
    value: float
    """In ``unit``."""
    unit: str
    """As the official summary of the round spells it."""
    direction: Direction
    accuracy: tuple[tuple[str, float], ...]
    """Achieved accuracy by metric."""
    accuracy_target: float | None
    """The least that closed submissions must reach, of the first metric; of an error rate the most."""
    latencies_ns: tuple[tuple[str, int], ...]
    """Percentiles that the log states, by their label: ``99.00``."""
    power_value: float | None
    power_unit: str
    """``Watts`` or ``Joules``, in tiny ``uJ/inf``; empty without a power result."""
    inferred: bool
    """Whether the number was computed from the log of another scenario."""
    verification: Verification
    compliant: bool | None
    """Whether all required audits hold; ``None`` where the round asks for none here."""
    void: bool
    """Whether our own check refuses the result."""
    findings: tuple[str, ...]
    """Codes of what was found, void first."""
    run_minutes: tuple[float, ...] = ()
    """Training: every run that counts, in the order of its logs; the score drops the fastest and slowest of them."""
    weight_types: str = ""
    notes: str = ""
    edition: str = "full"
    """``mini`` for results of our own small editions: never comparable with a round."""
    official: bool = True
    """Whether it ran with the round's full durations and counts; own quick runs did not, and are never comparable."""
    provenance: Provenance

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a result one of its kind: equal keys are the same result, imported again."""
        return (
            self.round,
            self.division,
            self.submitter,
            self.system.id,
            self.model_used,
            self.scenario,
            self.metric,
            self.system.software,
            self.provenance.path,
        )
