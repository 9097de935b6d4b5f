"""What is written down beside exported files: ``export.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from levelfield.training.export.agreement import TOLERANCE, Agreement
from levelfield.training.result import RunResult
from levelfield.workloads.task import Precision

__all__ = ["RECORD", "SCHEMA", "ExportRecord", "ExportedFile"]

RECORD = "export.json"
SCHEMA = "levelfield.model-export/1"
"""History: 1 (0.1.0) the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """One file, and how it agrees with the network in torch."""

    path: str
    """Relative to the folder of the record."""
    precision: Precision
    sha256: str
    bytes: int
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """What was exported, from where, and how well."""

    benchmark: str
    edition: str
    run: RunResult
    step: int
    """The weights are those after it."""
    shuffled_labels: bool
    """Whether the run was the control, of which nothing can be expected."""
    parameters: int
    files: tuple[ExportedFile, ...]
    answer: str
    """What was compared: ``the class of a picture``."""
    int8: str
    """How the int8 files were made."""
    inference: str | None
    """The benchmark of the inference suite that runs the model."""
    remark: str
    software: Mapping[str, str]

    @property
    def quality(self) -> Mapping[str, float]:
        """What the run's last evaluation of these weights said; empty where none was made of them."""
        evaluated = {point.step: point.quality for point in self.run.quality}
        return evaluated.get(self.step, {})

    def of(self, precision: Precision) -> tuple[ExportedFile, ...]:
        """The files of a precision."""
        return tuple(file for file in self.files if file.precision is precision)

    def model(self, folder: Path, precision: Precision) -> Path:
        """What ``--model`` of the inference suite takes: the file, or the folder of several."""
        files = self.of(precision)
        path = folder / files[0].path
        return path if len(files) == 1 else path.parent

    def to_json(self) -> str:
        """The text of the file."""
        run = self.run
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "benchmark": self.benchmark,
            "edition": self.edition,
            "run": {
                "number": run.number,
                "seed": run.seed,
                "started": run.started,
                "status": str(run.status),
                "resumed_after": run.resumed_after,
                "shuffled_labels": self.shuffled_labels,
                "step": self.step,
                "quality": dict(self.quality),
            },
            "parameters": self.parameters,
            "files": [
                {
                    "file": file.path,
                    "precision": file.precision.value,
                    "sha256": file.sha256,
                    "bytes": file.bytes,
                    **asdict(file.agreement),
                }
                for file in self.files
            ],
            "compared": f"with torch, under onnxruntime, on evaluation data; an answer is {self.answer}",
            "tolerance": TOLERANCE,
            "int8": self.int8,
            "inference": self.inference,
            "remark": self.remark,
            "software": dict(self.software),
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
