"""Small submissions of training, made by hand: logs that comply, and a tree that nothing is wrong with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from levelfield.rules import load_training

MINUTE_MS = 60_000
RULES = load_training("training-v1.1")

HYPERPARAMETERS: dict[str, dict[str, object]] = {
    "resnet": {
        "opt_name": "lars",
        "lars_opt_base_learning_rate": 10.5,
        "lars_opt_end_learning_rate": 0.0001,
        "lars_opt_learning_rate_decay_poly_power": 2,
        "lars_opt_learning_rate_decay_steps": 14_523,
        "lars_epsilon": 0.0,
        "lars_opt_learning_rate_warmup_epochs": 2,
        "lars_opt_momentum": 0.9,
        "lars_opt_weight_decay": 0.00005,
    },
    "bert": {
        "opt_base_learning_rate": 0.0004,
        "opt_epsilon": 1e-6,
        "opt_learning_rate_training_steps": 8103,
        "opt_learning_rate_warmup_steps": 0,
        "num_warmup_steps": 0,
        "start_warmup_step": 0,
        "opt_lamb_beta_1": 0.9,
        "opt_lamb_beta_2": 0.999,
        "opt_lamb_weight_decay_rate": 0.01,
    },
    "maskrcnn": {
        "opt_base_learning_rate": 0.12,
        "opt_learning_rate_warmup_steps": 625,
        "opt_learning_rate_warmup_factor": 0.000192,
        "num_image_candidates": 6000,
        "opt_learning_rate_decay_factor": 0.1,
        "opt_learning_rate_decay_steps": [12_000, 16_000],
        "min_image_size": 800,
        "max_image_size": 1333,
    },
}
"""Of the closed division."""

Line = tuple[str, float, object, Mapping[str, object]]


def training_log(
    minutes: float,
    *,
    benchmark: str = "resnet",
    division: str = "closed",
    quality: object = 0.7595,
    init_minutes: float = 5,
    launched_ms: float = 0,
    batch_size: object = 3264,
    last_epoch: object = 36,
    train_samples: object = 1_281_167,
    status: str = "success",
    seed: int | None = 7,
    without: Iterable[str] = (),
) -> bytes:
    """One run; its clock starts at 1 000 000 ms + half an hour. Only the last evaluation is a good one."""
    start = launched_ms + 1_000_000 + 30 * MINUTE_MS
    said: list[tuple[str, object]] = [
        *(("submission_benchmark", benchmark), ("submission_org", "Acme"), ("submission_division", division)),
        *(("submission_status", "onprem"), ("submission_platform", "Rocket 2"), ("global_batch_size", batch_size)),
        *(("gradient_accumulation_steps", 1), ("train_samples", train_samples), ("eval_samples", 50_000)),
        *HYPERPARAMETERS.get(benchmark, {}).items(),
    ]
    lines: list[Line] = [("cache_clear", launched_ms, None, {}), ("init_start", launched_ms, None, {})]
    lines += [(key, launched_ms, value, {}) for key, value in said]
    lines += [("seed", launched_ms, seed, {})] if seed is not None else []
    lines += [("weights_initialization", launched_ms, None, {"tensor": name}) for name in weights(benchmark, division)]
    lines += [
        ("init_stop", launched_ms + init_minutes * MINUTE_MS, None, {}),
        ("run_start", start, None, {}),
        ("block_start", start, None, {"first_epoch_num": 1, "epoch_count": 4}),
        ("epoch_start", start, None, {"epoch_num": 1}),
        ("epoch_stop", start + 1, None, {"epoch_num": 1}),
        ("eval_start", start + 1, None, {"epoch_num": 1}),
        ("eval_stop", start + 2, None, {"epoch_num": 1}),
        *(("eval_accuracy", start + 1, low(quality), {"epoch_num": epoch}) for epoch in earlier(benchmark, last_epoch)),
        ("eval_accuracy", start + 2, quality, {"epoch_num": last_epoch}),
        ("block_stop", start + 2, None, {"first_epoch_num": 1}),
        ("run_stop", start + minutes * MINUTE_MS, None, {"status": status}),
    ]
    kept = [line for line in lines if line[0] not in set(without)]
    return "\n".join(["some output", *map(_line, kept), ""]).encode()


def low(quality: object) -> object:
    """What an early evaluation says."""
    return dict.fromkeys(quality, 0.1) if isinstance(quality, dict) else 0.1


def earlier(benchmark: str, last_epoch: object) -> range:
    """Epochs with an evaluation before the last."""
    step = {"resnet": 4, "maskrcnn": 1}.get(benchmark)
    return range(step, last_epoch, step) if step and isinstance(last_epoch, int) else range(0)


def weights(benchmark: str, division: str) -> tuple[str, ...]:
    """What a closed log lists."""
    return RULES.benchmark(benchmark).log.weights if division == "closed" else ()


def _line(line: Line) -> str:
    key, time_ms, value, metadata = line
    event = {
        "namespace": "",
        "time_ms": time_ms,
        "event_type": "POINT_IN_TIME",
        "key": key,
        "value": value,
        "metadata": {"file": "train.py", "lineno": 1, **metadata},
    }
    return ":::MLLOG " + json.dumps(event)


SYSTEM: dict[str, object] = {
    "submitter": "Acme Corp",
    "division": "closed",
    "status": "onprem",
    "system_name": "Rocket 2",
    "number_of_nodes": "2",
    "host_processors_per_node": "2",
    "host_processor_model_name": "CPU X",
    "host_processor_core_count": "64",
    "accelerators_per_node": 8,
    "accelerator_model_name": "GPU Y",
    "accelerator_memory_capacity": "80 GB",
    "accelerator_interconnect": "Link",
    "framework": "TensorFlow 2",
    "operating_system": "Linux",
    "other_software_stack": {"driver": "1.2"},
    "sw_notes": "note",
}


def system(**changes: object) -> bytes:
    """A description with all fields; those that are not changed are as above, or empty. ``None`` takes one away."""
    fields = {**dict.fromkeys(RULES.submission.system_fields, ""), **SYSTEM, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def code(benchmark: str, system_folder: str = "rocket", org: str = "Acme") -> dict[str, bytes]:
    """What lies under ``benchmarks``."""
    place = f"{org}/benchmarks/{benchmark}"
    steps = {f"{place}/{system_folder}/{name}": b"x" for name in RULES.submission.code_files}
    return {f"{place}/implementations/tf/train.py": b"import random\n", **steps}


def training_tree() -> dict[str, bytes]:
    """One system, closed, on resnet: 10, 11, 12, 13 and 14 minutes, so the score is 12; 36 epochs at batch 3264."""
    logs = {f"Acme/results/rocket/resnet/result_{i}.txt": training_log(10 + i, seed=100 + i) for i in range(5)}
    return {"Acme/systems/rocket.json": system(), **logs, **code("resnet")}


def bert_log(minutes: float, **changes: object) -> bytes:
    """A run of bert whose figure is under ``train_samples``."""
    arguments: dict[str, object] = {
        "benchmark": "bert",
        "quality": 0.7205,
        "batch_size": 448,
        "last_epoch": 1,
        "train_samples": 2_600_000,
        **changes,
    }
    return training_log(minutes, **arguments)  # type: ignore[arg-type]
