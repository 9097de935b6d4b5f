"""A ``result.json`` as ``levelfield inference run`` writes it, cut down to what a reader of results looks at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SYSTEM = {
    "division": "",
    "submitter": "",
    "status": "",
    "system_name": "",
    "system_type": "",
    "number_of_nodes": "1",
    "host_processor_model_name": "Host 9000",
    "host_processors_per_node": "2",
    "accelerators_per_node": "0",
    "accelerator_model_name": "",
    "framework": "onnxruntime 1.32.0",
    "operating_system": "Linux 6",
    "hw_notes": "virtual machine",
}


def own_result(**changes: Any) -> dict[str, Any]:
    """One result of a run: Offline, quick, mini, valid."""
    scenario = changes.get("scenario", "Offline")
    folder = f"results/host-onnxruntime/resnet50/{scenario}"
    return {
        "schema": "levelfield.inference-result/1",
        "benchmark": "resnet50",
        "edition": "mini",
        "scenario": "Offline",
        "official": False,
        "rules": {"name": "inference-v2.0", "sha256": "", "profile": "v2.0", "draw_variant": "classic"},
        "backend": {"backend": "onnxruntime", "precision": "int8"},
        "metric": {"name": "samples per second", "value": 7185.25, "unit": "samples/s", "higher_is_better": True},
        "verdict": {"validity": "VALID", "conditions": [{"name": "minimum duration", "met": True}], "errors": []},
        "accuracy": {"metric": "top-1", "value": 95.16, "target": 94.2084, "passed": True},
        "performance": {"latency_percentiles_ns": {"50.00": 630693951, "99.00": 1075889722}},
        "system": SYSTEM,
        "started": "2026-11-26T17:07:40.383+00:00",
        "files": {"detail": {"path": f"{folder}/performance/run_1/mlperf_log_detail.txt", "sha256": "", "bytes": 1}},
        **changes,
    }


def own_file(folder: Path, *results: dict[str, Any], **changes: Any) -> Path:
    """A file of a run with these results, or with one."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"schema": "levelfield.inference-run/1", "results": list(results) or [own_result()], **changes}
    path = folder / "result.json"
    path.write_text(json.dumps(document))
    return path
