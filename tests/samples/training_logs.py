"""Logs of training that comply with every rule of v1.1, event by event, for a test to damage."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from levelfield.rules import load_training

MINUTE_MS = 60_000
START_MS = 1_000_000

HYPERPARAMETERS: dict[str, dict[str, object]] = {
    "bert": {
        "global_batch_size": 448,
        "opt_base_learning_rate": 4e-4,
        "opt_epsilon": 1e-6,
        "opt_learning_rate_training_steps": 8103,
        "opt_learning_rate_warmup_steps": 0,
        "num_warmup_steps": 0,
        "start_warmup_step": 0,
        "opt_lamb_beta_1": 0.9,
        "opt_lamb_beta_2": 0.999,
        "opt_lamb_weight_decay_rate": 0.01,
    },
    "dlrm": {
        "global_batch_size": 32768,
        "opt_base_learning_rate": 18.0,
        "opt_learning_rate_warmup_steps": 8000,
        "lr_decay_start_steps": 70000,
        "sgd_opt_base_learning_rate": 18.0,
        "sgd_opt_learning_rate_decay_poly_power": 2,
        "sgd_opt_learning_rate_decay_steps": 30000,
    },
    "maskrcnn": {
        "global_batch_size": 96,
        "opt_base_learning_rate": 0.12,
        "opt_learning_rate_warmup_steps": 625,
        "opt_learning_rate_warmup_factor": 0.0001,
        "num_image_candidates": 2000,
        "opt_learning_rate_decay_factor": 0.1,
        "opt_learning_rate_decay_steps": [12000, 16000],
        "min_image_size": 800,
        "max_image_size": 1333,
    },
    "minigo": {
        "train_batch_size": 4096,
        "lr_boundaries": [100, 200],
        "lr_rates": [0.01, 0.001],
        "actual_selfplay_games_per_generation": 8192,
        "min_selfplay_games_per_generation": 8192,
    },
    "resnet": {
        "global_batch_size": 3264,
        "opt_name": "lars",
        "lars_opt_base_learning_rate": 10.5,
        "lars_opt_end_learning_rate": 0.0001,
        "lars_opt_learning_rate_decay_poly_power": 2,
        "lars_opt_learning_rate_decay_steps": 14523,
        "lars_epsilon": 0.0,
        "lars_opt_learning_rate_warmup_epochs": 2,
        "lars_opt_momentum": 0.9,
        "lars_opt_weight_decay": 5e-05,
    },
    "ssd": {
        "global_batch_size": 1024,
        "model_bn_span": 128,
        "opt_learning_rate_warmup_factor": 0,
        "opt_learning_rate_warmup_steps": 300,
        "opt_weight_decay": 5e-4,
        "opt_base_learning_rate": 0.0025,
        "max_samples": 1,
        "opt_learning_rate_decay_boundary_epochs": [44, 55],
    },
    "rnnt": {
        "model_weights_initialization_scale": 0.5,
        "global_batch_size": 1024,
        "opt_name": "lamb",
        "opt_base_learning_rate": 0.004,
        "opt_lamb_epsilon": 1e-9,
        "opt_lamb_learning_rate_decay_poly_power": 0.935,
        "opt_lamb_learning_rate_hold_epochs": 40,
        "opt_learning_rate_warmup_epochs": 6,
        "opt_weight_decay": 1e-3,
        "opt_lamb_beta_1": 0.9,
        "opt_lamb_beta_2": 0.999,
        "opt_gradient_clip_norm": 1,
        "opt_learning_rate_alt_decay_func": True,
        "opt_learning_rate_alt_warmup_func": True,
        "opt_lamb_learning_rate_min": 1e-5,
        "data_train_max_duration": 16.7,
        "data_train_num_buckets": 6,
        "data_speed_perturbaton_min": 0.85,
        "data_speed_perturbaton_max": 1.15,
        "data_spec_augment_freq_n": 2,
        "data_spec_augment_freq_min": 0,
        "data_spec_augment_freq_max": 20,
        "data_spec_augment_time_n": 10,
        "data_spec_augment_time_min": 0,
        "data_spec_augment_time_max": 0.03,
        "model_eval_ema_factor": 0.999,
        "eval_max_prediction_symbols": 300,
    },
    "unet3d": {
        "global_batch_size": 32,
        "opt_name": "sgd",
        "opt_base_learning_rate": 4.0,
        "opt_learning_rate_warmup_epochs": 1000,
        "opt_learning_rate_decay_boundary_epochs": [],
        "opt_learning_rate_decay_factor": 1.0,
        "opt_weight_decay": 0.0,
        "seed": 4711,
        "opt_momentum": 0.9,
        "oversampling": 0.4,
        "training_input_shape": [128, 128, 128],
        "validation_input_shape": [128, 128, 128],
        "validation_overlap": 0.5,
    },
}
SAMPLES = {"rnnt": (278528, 2703), "unet3d": (168, 42)}
GOOD: dict[str, object] = {
    "bert": 0.7201,
    "dlrm": 0.8026,
    "maskrcnn": {"BBOX": 0.378, "SEGM": 0.34},
    "minigo": 0.51,
    "resnet": 0.7595,
    "ssd": 0.2305,
    "rnnt": 0.0579,
    "unet3d": 0.909,
}
BAD: dict[str, object] = {**dict.fromkeys(GOOD, 0.1), "maskrcnn": {"BBOX": 0.1, "SEGM": 0.1}, "rnnt": 0.9}
EPOCHS = {"bert": (150080, 300160), "dlrm": (0.95, 1.0), "resnet": (3, 7), "ssd": (5, 10), "unet3d": (1050, 1071)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    key: str
    value: object = None
    time_ms: object = 0
    metadata: dict[str, object] | None = field(default_factory=dict)

    def text(self) -> str:
        metadata = None if self.metadata is None else {"file": "train.py", "lineno": 1, **self.metadata}
        members = {
            "namespace": "",
            "time_ms": self.time_ms,
            "event_type": "POINT_IN_TIME",
            "key": self.key,
            "value": self.value,
            "metadata": metadata,
        }
        return ":::MLLOG " + json.dumps(members)


def run_lines(
    benchmark: str = "resnet",
    *,
    division: str = "closed",
    minutes: float = 10,
    init_minutes: float = 5,
    quality: object = None,
    status: str = "success",
    weights: bool = True,
) -> list[Line]:
    """The lines of one run; it starts at 1 000 000 ms."""
    train, evaluation = SAMPLES.get(benchmark, (1281167, 50000))
    first, last = EPOCHS.get(benchmark, (1, 2))
    names = load_training("training-v1.1").benchmark(benchmark).log.weights if division == "closed" and weights else ()
    closed = {"gradient_accumulation_steps": 1, **HYPERPARAMETERS[benchmark]} if division == "closed" else {}
    start = START_MS
    return [
        Line(key="submission_benchmark", value=benchmark),
        Line(key="submission_org", value="Acme"),
        Line(key="submission_division", value=division),
        Line(key="submission_status", value="onprem"),
        Line(key="submission_platform", value="rocket"),
        Line(key="cache_clear", value=True),
        Line(key="init_start"),
        *(Line(key=key, value=value) for key, value in closed.items()),
        *(Line(key="weights_initialization", metadata={"tensor": name}) for name in names),
        Line(key="init_stop", time_ms=init_minutes * MINUTE_MS),
        Line(key="run_start", time_ms=start),
        Line(key="train_samples", value=train, time_ms=start),
        Line(key="eval_samples", value=evaluation, time_ms=start),
        Line(key="block_start", time_ms=start, metadata={"first_epoch_num": 1, "epoch_count": first}),
        Line(key="eval_start", time_ms=start + 1, metadata={"epoch_num": first}),
        Line(key="eval_accuracy", value=BAD[benchmark], time_ms=start + 1, metadata={"epoch_num": first}),
        Line(key="eval_stop", time_ms=start + 1, metadata={"epoch_num": first}),
        Line(
            key="eval_accuracy",
            value=GOOD[benchmark] if quality is None else quality,
            time_ms=start + 2,
            metadata={"epoch_num": last},
        ),
        Line(key="block_stop", time_ms=start + 2, metadata={"first_epoch_num": 1}),
        Line(key="run_stop", time_ms=start + minutes * MINUTE_MS, metadata={"status": status}),
    ]


def data_of(lines: list[Line]) -> bytes:
    """The file; its first line is other output."""
    return "\n".join(["some output", *(line.text() for line in lines), ""]).encode()


def without(lines: list[Line], key: str) -> list[Line]:
    assert any(line.key == key for line in lines), key
    return [line for line in lines if line.key != key]


def changed(lines: list[Line], key: str, /, **fields: object) -> list[Line]:
    """Every line of a key with other fields."""
    assert any(line.key == key for line in lines), key
    return [replace(line, **fields) if line.key == key else line for line in lines]  # type: ignore[arg-type]
