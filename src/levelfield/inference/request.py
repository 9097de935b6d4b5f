"""What a user asks of an inference run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from levelfield.backends import Backend
from levelfield.backends.port import Arithmetic
from levelfield.loadgen.run import IssuingChoice
from levelfield.terms import Edition, Scenario
from levelfield.workloads.task import Precision

__all__ = ["RunRequest", "ServingOverrides"]

NAME_BREAKERS = frozenset("/\\\0\n\r\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingOverrides:
    """Threads, workers and batches where the user wants others than the default; ``None`` = the default."""

    threads: int | None = None
    workers: int | None = None
    batch_size: int | None = None
    batch_delay_ms: float | None = None
    latency_budget_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One benchmark in one or more scenarios."""

    benchmark: str
    scenarios: tuple[Scenario, ...]
    out: Path
    edition: Edition = Edition.MINI
    rules: str = "inference-v2.0"
    official: bool = False
    """With the durations and counts of the round, and nothing changed that its rules fix."""
    accuracy: bool = True
    """Whether to run accuracy mode, and hold the result against the gate."""
    performance: bool = True
    backend: Backend = Backend.ONNXRUNTIME
    provider: str | None = None
    """Which device executes, by the runtime's name for it; ``None`` = the CPU."""
    arithmetic: Arithmetic = Arithmetic.MODEL
    precision: Precision = Precision.FP32
    model: Path | None = None
    data: Path | None = None
    serving: ServingOverrides = ServingOverrides()
    system_name: str | None = None
    user_conf: tuple[Path, ...] = ()
    native_conf: Path | None = None
    audit_conf: Path | None = None
    settings: tuple[str, ...] = ()
    """From the command line, by the keys of LoadGen's files: ``("target_qps=1200",)``."""
    duration_s: float | None = None
    issuing: IssuingChoice = IssuingChoice.AUTO
    stall_s: float | None = None

    def to_json(self) -> str:
        """As a JSON object, so that a later command can run the same system again."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RunRequest:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: The data is not such a request; the caller names the file.
        """

        def path(name: str) -> Path | None:
            return None if data[name] is None else Path(data[name])

        return cls(
            **{
                **data,
                "scenarios": tuple(Scenario(name) for name in data["scenarios"]),
                "out": Path(data["out"]),
                "edition": Edition(data["edition"]),
                "backend": Backend(data["backend"]),
                "arithmetic": Arithmetic(data.get("arithmetic", Arithmetic.MODEL)),  # older requests lack it
                "precision": Precision(data["precision"]),
                "model": path("model"),
                "data": path("data"),
                "serving": ServingOverrides(**data["serving"]),
                "user_conf": tuple(Path(name) for name in data["user_conf"]),
                "native_conf": path("native_conf"),
                "audit_conf": path("audit_conf"),
                "settings": tuple(data["settings"]),
                "issuing": IssuingChoice(data["issuing"]),
            }
        )

    def problems(self) -> list[str]:
        """Everything in it that cannot be, whatever the scenario and the rules are."""
        serving = self.serving
        found = [
            f"{option}: found {value:g}, expected {expected}."
            for option, value, possible, expected in (
                ("--threads", serving.threads, _from(1), "1 or more"),
                ("--workers", serving.workers, _from(0), "0 (the issuing thread) or more"),
                ("--batch", serving.batch_size, _from(1), "1 or more"),
                ("--batch-delay", serving.batch_delay_ms, _from(0), "milliseconds, 0 or more"),
                ("--latency-budget", serving.latency_budget_ms, _from(0), "milliseconds, 0 or more"),
                ("--duration", self.duration_s, _from(0), "seconds, 0 or more"),
                ("--stall", self.stall_s, lambda value: 0 < value < math.inf, "seconds, more than 0"),
            )
            if value is not None and not possible(value)
        ]
        name = self.system_name
        if name is not None and (not name.strip() or name.startswith(".") or not NAME_BREAKERS.isdisjoint(name)):
            found.append(
                f"--system-name: found {name!r}, expected a name for a folder: not empty, no dot first, no slash."
            )
        return found


def _from(least: int) -> Callable[[float], bool]:
    return lambda value: least <= value < math.inf
