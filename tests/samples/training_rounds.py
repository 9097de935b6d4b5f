"""Small submissions of training, made by hand: a tree that nothing is wrong with, of logs that comply."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from training_logs import BAD, GOOD, START_MS, Line, changed, data_of, run_lines

from levelfield.rules import load_training

RULES = load_training("training-v1.1")


def training_log(
    minutes: float,
    *,
    benchmark: str = "resnet",
    division: str = "closed",
    quality: object = None,
    init_minutes: float = 5,
    launched_ms: float = 0,
    batch_size: object = None,
    last_epoch: object = 36,
    train_samples: object = None,
    status: str = "success",
    seed: int | None = 7,
    platform: str = "rocket",
    without: Iterable[str] = (),
) -> bytes:
    """One run. Only the last evaluation is a good one."""
    lines = run_lines(
        benchmark, division=division, minutes=minutes, init_minutes=init_minutes, quality=quality, status=status
    )
    if batch_size is not None and division == "closed":
        lines = changed(lines, "global_batch_size", value=batch_size)
    elif division != "closed":
        lines.insert(1, Line(key="global_batch_size", value=3264 if batch_size is None else batch_size))
    if train_samples is not None:
        lines = changed(lines, "train_samples", value=train_samples)
    lines = changed(lines, "submission_platform", value=platform)
    if seed is not None:
        lines.insert(1, Line(key="seed", value=seed))
    lines = _evaluated(lines, benchmark, GOOD[benchmark] if quality is None else quality, last_epoch)
    kept = [line for line in lines if line.key not in set(without)]
    return data_of([replace(line, time_ms=line.time_ms + launched_ms) for line in kept])  # type: ignore[operator]


def _evaluated(lines: list[Line], benchmark: str, quality: object, last_epoch: object) -> list[Line]:
    """The lines with an evaluation as often as the rules ask for, up to the last epoch."""
    step = {"resnet": 4, "maskrcnn": 1}.get(benchmark)
    epochs = range(step, last_epoch, step) if step and isinstance(last_epoch, int) else range(0)
    evaluations = [
        *(
            Line(key="eval_accuracy", value=BAD[benchmark], time_ms=START_MS + 1, metadata={"epoch_num": epoch})
            for epoch in epochs
        ),
        Line(key="eval_accuracy", value=quality, time_ms=START_MS + 2, metadata={"epoch_num": last_epoch}),
    ]
    at = next(index for index, line in enumerate(lines) if line.key == "eval_accuracy")
    return [*lines[:at], *evaluations, *(line for line in lines[at:] if line.key != "eval_accuracy")]


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
