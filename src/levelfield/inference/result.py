"""The result of one benchmark in one scenario: what ``result.json`` holds and the report shows.

History of the schema: 1 (0.1.0) the first.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from levelfield.loadgen.configure import Provenance
from levelfield.system.contention import Contention
from levelfield.terms import Edition, Scenario, Validity

__all__ = [
    "Accuracy",
    "Condition",
    "FileReference",
    "Implementation",
    "InferenceResult",
    "Lateness",
    "Metric",
    "Performance",
    "RulesReference",
    "Verdict",
]

SCHEMA = "levelfield.inference-result/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The headline number of a scenario."""

    name: str
    """For example ``early-stopping 90th percentile latency``."""
    value: float | None
    """In ``unit``; ``None`` where the run gives none."""
    unit: str
    """``ms`` or ``samples/s``."""
    higher_is_better: bool
    raw_field: str
    """The key of the detail log that it is read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of validity: what was required and what was measured, in words."""

    name: str
    met: bool
    required: str
    measured: str
    advice: str | None = None
    """What would help, with numbers, where the condition is not met."""
    clause: str | None = None
    """The rule that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the run holds, and why."""

    validity: Validity
    conditions: tuple[Condition, ...]
    errors: tuple[str, ...] = ()
    """Errors that LoadGen's log holds; any makes the run unusable."""
    summary: str = ""
    """One sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Accuracy of the outputs against the gate."""

    metric: str
    """``top-1``."""
    value: float
    """In ``unit``."""
    unit: str
    target: float
    """The gate: what must be reached."""
    reference: float
    """The fp32 reference that the gate is a fraction of."""
    fraction: float
    """0.99 or 0.999."""
    passed: bool
    good: int | None
    total: int
    confidence_low: float
    """95 % interval (Wilson for a share)."""
    confidence_high: float
    line: str
    """The line that ``accuracy.txt`` holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """Statistics of the performance phase. Latencies are nanoseconds, integer, without interpolation."""

    query_count: int
    sample_count: int
    duration_s: float
    """From the start until the last completion."""
    samples_per_s: float
    latency_min_ns: int
    latency_mean_ns: int
    latency_max_ns: int
    latency_percentiles_ns: dict[str, int]
    """Keys ``50.00``, ``90.00``, ``95.00``, ``97.00``, ``99.00``, ``99.90``; per query in MultiStream."""
    target_latency_ns: int | None
    """The limit, in Server."""
    target_percentile: float | None
    early_stopping_ns: int | None
    """The early-stopping estimate at the target percentile (SingleStream, MultiStream)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late the load generator itself was; part of every measured latency."""

    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int
    bound_ns: int | None
    """Above this 99th percentile the run is INVALID; ``None`` where queries have no due time."""
    met: bool
    issuing_mode: str
    issuing_reason: str
    overhead_ns_per_query: float | None
    """The load generator's own CPU time per query, measured against a null system under test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesReference:
    """Which rule file judged the run."""

    name: str
    """``inference-v2.0``."""
    sha256: str
    """Of the rule file."""
    profile: str
    draw_variant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """A file that belongs to the result."""

    path: str
    """Relative to the folder of ``result.json``."""
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """What a submission states of the implementation; ``None`` where only the submitter can know."""

    name: str
    """``levelfield-onnxruntime``: the folder of its code."""
    input_data_types: str
    """``fp32``."""
    weight_data_types: str | None
    """``int8``; several with commas, the one with most weights first."""
    starting_weights_filename: str
    weight_transformations: str | None
    retraining: str | None
    command: tuple[str, ...]
    """What repeats the run of this scenario, word by word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceResult:
    """One benchmark, one scenario, one run."""

    schema: str = SCHEMA
    benchmark: str
    edition: Edition
    scenario: Scenario
    official: bool
    """Run with the round's full durations and counts; ``False`` = quick, and never a result of a round."""
    rules: RulesReference
    backend: dict[str, str]
    """Name, version, precision, threads, model file and its hash."""
    metric: Metric
    verdict: Verdict
    accuracy: Accuracy | None
    performance: Performance
    lateness: Lateness
    settings: tuple[Provenance, ...]
    seeds: dict[str, int]
    system: dict[str, str]
    """The system description that was found, by the field names of a submission."""
    software: dict[str, str]
    """Package versions."""
    started: str
    """UTC, ISO 8601."""
    finished: str
    files: dict[str, FileReference] = field(default_factory=dict)
    """By role: ``record``, ``detail``, ``summary``, ``accuracy_log``, ``accuracy`` ..."""
    system_id: str = ""
    """The name of the system's folders."""
    implementation: Implementation | None = None
    """``None`` in results that were written before this was recorded."""
    contention: Contention | None = None
    """During the performance phase; ``None`` where the machine does not show it."""

    def to_json(self) -> str:
        """The text of ``result.json``."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> InferenceResult:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError, ValueError: The data is not such a result; the caller names the file.
        """
        if data.get("schema") != SCHEMA:
            raise ValueError(f"schema: found {data.get('schema')!r}, expected {SCHEMA!r}")
        verdict = data["verdict"]
        return cls(
            **{
                **data,
                "edition": Edition(data["edition"]),
                "scenario": Scenario(data["scenario"]),
                "rules": RulesReference(**data["rules"]),
                "metric": Metric(**data["metric"]),
                "verdict": Verdict(
                    validity=Validity(verdict["validity"]),
                    conditions=tuple(Condition(**condition) for condition in verdict["conditions"]),
                    errors=tuple(verdict["errors"]),
                    summary=verdict["summary"],
                ),
                "accuracy": Accuracy(**data["accuracy"]) if data["accuracy"] else None,
                "performance": Performance(**data["performance"]),
                "lateness": Lateness(**data["lateness"]),
                "settings": tuple(
                    Provenance(**{**line, "overridden": tuple(line["overridden"])}) for line in data["settings"]
                ),
                "files": {role: FileReference(**reference) for role, reference in data["files"].items()},
                "implementation": _implementation(data.get("implementation")),
                "contention": Contention(**found) if (found := data.get("contention")) else None,
            }
        )


def _implementation(data: dict[str, Any] | None) -> Implementation | None:
    return None if data is None else Implementation(**{**data, "command": tuple(data["command"])})
