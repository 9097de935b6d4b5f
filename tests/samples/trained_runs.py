"""Folders as ``levelfield training run`` leaves them, made by hand: closed runs of the full edition that comply.

A real one takes a machine with GPUs and days; packaging looks at the record and the logs only. That the record is the
one that real runs write is held by tests that package real minis.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training_rounds import training_log

MACHINE = {
    "division": "closed",
    "submitter": "Acme",
    "status": "onprem",
    "system_name": "rocket",
    "number_of_nodes": "1",
    "host_processor_model_name": "CPU X",
    "host_processors_per_node": "2",
    "host_processor_core_count": "64",
    "host_processor_vcpu_count": "256",
    "accelerators_per_node": "8",
    "accelerator_model_name": "GPU Y",
    "framework": "torch 2.13.0",
    "operating_system": "Linux",
}
MINUTES = (10.0, 11.0, 12.0, 13.0, 14.0)
DAY_MS = 86_400_000


def trained(folder: Path, minutes: tuple[float, ...] = MINUTES, *, first_seed: int = 100, **log: Any) -> Path:
    """Runs of resnet in the closed division, launched a day apart, with seeds that count up.

    Args:
        folder: Where they lie.
        minutes: Of each run.
        first_seed: Of the first; the others follow.
        log: Further arguments of each log.
    """
    place = "results/rocket/resnet"
    (folder / place).mkdir(parents=True)
    runs = []
    launched = log.pop("launched_ms", 0)
    for number, one in enumerate(minutes):
        data = training_log(one, seed=first_seed + number, launched_ms=launched + number * DAY_MS, **log)
        (folder / place / f"result_{number}.txt").write_bytes(data)
        runs.append(
            {
                "number": number,
                "log": f"{place}/result_{number}.txt",
                "log_sha256": hashlib.sha256(data).hexdigest(),
                "seed_given": False,
                "resumed_after": None,
                "status": "success",
            }
        )
    header = {
        "round": "training-v1.1",
        "benchmark": "resnet",
        "edition": "full",
        "targets": ["top-1 accuracy ≥ 0.759"],
        "system": "rocket",
        "device": "GPU Y",
        "processes": 8,
        "number_format": "bf16",
        "request": {
            "benchmark": "resnet",
            "runs": len(minutes),
            "shuffled_labels": False,
            "data": "/data/image net",
            "start": None,
        },
        "machine": MACHINE,
        "software": {"levelfield": "0.1", "python": "CPython 3.11.7", "torch": "2.13.0"},
        "command": ["torchrun", "--nproc-per-node", "8", "-m", "levelfield", "training", "run", "--out", folder.name],
    }
    record = {"schema": "levelfield.training-run/1", "header": header, "runs": runs, "score": None}
    (folder / "run.json").write_text(json.dumps(record))
    return folder


def change_record(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Alter the record of a folder."""
    path = folder / "run.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return folder
