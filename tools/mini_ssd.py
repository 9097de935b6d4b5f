"""Make the mini edition of ssd-mobilenet or ssd-resnet34: train, export, quantise, measure, write what ships.

Run ``python tools/mini_ssd.py ssd-mobilenet [--out FOLDER]`` in an environment with levelfield, torch (CPU) and onnx
(``constraints.txt`` has the versions). It takes a minute or two of one core and writes into
``src/levelfield/workloads/object_detection/data/BENCHMARK`` unless told otherwise:

* ``*_fp32.onnx``, ``*_int8.onnx``: the model, and its static post-training quantisation;
* ``manifest.json``: seeds, hashes, versions, training curve, both accuracies and their paired comparison.

The scenes are drawn from seeds and not shipped; the hash of the test set is. Seeds fix the initial weights and the
order of the scenes too. Floating-point sums differ between machines and versions, so a rebuild gives another file with
an accuracy in the same band, not the same bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.files import sha256_of, write_atomically
from levelfield.metrics.coco_map import Matching, average_precision, bootstrap
from levelfield.workloads.object_detection.dataset import DetectionDataset, GeneratedScenes, scene_hash
from levelfield.workloads.object_detection.export import graph_of, write_int8
from levelfield.workloads.object_detection.generator import MINI_TEST_SEED as TEST_SEED
from levelfield.workloads.object_detection.generator import MINI_TRAIN_SEED as TRAIN_SEED
from levelfield.workloads.object_detection.generator import SceneSet, scenes
from levelfield.workloads.object_detection.model import (
    MINI_MOBILENET,
    MINI_RESNET34,
    MiniEdition,
    fitted,
)
from levelfield.workloads.object_detection.network import (
    MOBILENET,
    RESNET,
    Design,
    anchors,
    detector,
    network,
    targets,
    train_step,
)
from levelfield.workloads.object_detection.preprocess import picture_input
from levelfield.workloads.object_detection.task import ObjectDetection
from levelfield.workloads.pictures import Layout

CALIBRATION_SEED = 20220402
CALIBRATION_SCENES, TEST_SCENES = 160, 1000
WEIGHT_SEED = 20220406
DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How a design is trained."""

    edition: MiniEdition
    design: Design
    file: str
    what: str
    scenes: int
    epochs: int
    batch: int = 16
    peak_learning_rate: float = 4e-3
    weight_decay: float = 1e-2


TRAININGS = {
    "ssd-mobilenet": Training(
        edition=MINI_MOBILENET,
        design=MOBILENET,
        file="ssd_mobilenet_mini",
        what="SSD with depthwise-separable convolutions, as SSD-MobileNet-v1, for 64x64",
        scenes=3600,
        epochs=6,
        batch=32,
        peak_learning_rate=5e-3,
    ),
    "ssd-resnet34": Training(
        edition=MINI_RESNET34,
        design=RESNET,
        file="ssd_resnet34_mini",
        what="SSD with residual blocks, as SSD-ResNet34, for 96x96",
        scenes=3000,
        epochs=5,
    ),
}


def trained(training: Training, inputs: np.ndarray, train: SceneSet) -> tuple[nn.Module, list[dict[str, float]]]:
    """The model after the last epoch (no choosing by any score), and the curve of the loss."""
    wanted = targets(training.design, train)
    pictures = torch.from_numpy(inputs)
    classes, moves = torch.from_numpy(wanted.classes), torch.from_numpy(wanted.moves)
    torch.manual_seed(WEIGHT_SEED)
    order = torch.Generator().manual_seed(WEIGHT_SEED)
    model = network(training.design).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), training.peak_learning_rate, weight_decay=training.weight_decay)
    steps = training.epochs * math.ceil(training.scenes / training.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training.peak_learning_rate, total_steps=steps)
    curve = []
    model.train()
    for epoch in range(1, training.epochs + 1):
        losses = []
        for chosen in torch.randperm(training.scenes, generator=order).split(training.batch):
            batch = pictures[chosen].contiguous(memory_format=torch.channels_last)
            losses.append(train_step(model, optimizer, batch, classes[chosen], moves[chosen]) * len(chosen))
            schedule.step()
        curve.append({"epoch": epoch, "loss": round(sum(losses) / training.scenes, 4)})
        print(" ".join(f"{key}={value}" for key, value in curve[-1].items()), flush=True)
    return model.eval(), curve


def matched(training: Training, path: Path, pictures: GeneratedScenes) -> Matching:
    """The test set through a model file under onnxruntime, one thread, by the way of a real run."""
    edition = training.edition
    model = fitted(load(Backend.ONNXRUNTIME, path, BackendOptions(threads=1)), path, edition.contract)
    dataset = DetectionDataset(
        edition.name,
        pictures,
        values=model.values,
        layout=model.layout,
        size=edition.contract.size,
        performance_sample_count=TEST_SCENES,
        complete=True,
    )
    task = ObjectDetection(model, dataset, precision="", reference=None)
    every = np.arange(TEST_SCENES)
    dataset.load(every)
    entries = [
        (int(index), payload.tobytes())
        for batch in np.array_split(every, TEST_SCENES // 20)
        for index, payload in zip(batch, task.infer(batch), strict=True)
    ]
    return task.matched(entries)


def processor() -> str:
    """The processor's name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def compared(fp32: Matching, int8: Matching) -> dict[str, object]:
    """Intervals of both, and of their difference over the same draws of scenes."""
    draws = 100 * bootstrap((fp32, int8), draws=DRAWS, seed=TEST_SEED)
    difference = draws[:, 1] - draws[:, 0]

    def interval(values: np.ndarray) -> list[float]:
        return [round(float(bound), 3) for bound in np.quantile(values, [0.025, 0.975])]

    return {
        "draws": DRAWS,
        "fp32_interval_95": interval(draws[:, 0]),
        "int8_interval_95": interval(draws[:, 1]),
        "int8_minus_fp32": round(100 * (average_precision(int8).ap - average_precision(fp32).ap), 3),
        "int8_minus_fp32_interval_95": interval(difference),
        "share_of_draws_where_int8_passes_the_gate": round(float((draws[:, 1] >= 0.99 * draws[:, 0]).mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the mini edition of ssd-mobilenet or ssd-resnet34.")
    parser.add_argument("benchmark", choices=[*TRAININGS])
    parser.add_argument("--out", type=Path, help="folder for the three files")
    arguments = parser.parse_args()
    training = TRAININGS[arguments.benchmark]
    edition = training.edition
    out: Path = arguments.out or edition.folder
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)

    values = edition.contract.values[0]
    train = scenes(edition.scenes, TRAIN_SEED, training.scenes)
    started = time.process_time(), time.perf_counter()
    model, curve = trained(training, picture_input(train.pixels, values, Layout.NCHW), train)
    spent = time.process_time() - started[0], time.perf_counter() - started[1]

    fp32, int8 = out / f"{training.file}_fp32.onnx", out / f"{training.file}_int8.onnx"
    decoder = detector(model, torch.from_numpy(anchors(training.design)))
    graph_of(decoder, size=edition.scenes.size).write(fp32)
    calibration = scenes(edition.scenes, CALIBRATION_SEED, CALIBRATION_SCENES)
    write_int8(fp32, int8, picture_input(calibration.pixels, values, Layout.NCHW))

    test_hash = scene_hash(scenes(edition.scenes, TEST_SEED, TEST_SCENES))
    pictures = GeneratedScenes(edition.scenes, seed=TEST_SEED, count=TEST_SCENES, sha256=test_hash)
    found = {path: matched(training, path, pictures) for path in (fp32, int8)}
    score = {path: average_precision(one) for path, one in found.items()}
    manifest = {
        "schema": "levelfield.mini-model/1",
        "benchmark": edition.name,
        "model": training.what,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "source": "generated scenes (generator.py), none shipped",
            "licence": "Apache-2.0",
            "items": TEST_SCENES,
            "objects": len(pictures.truth.areas),
            "classes": list(edition.scenes.classes),
            "test_seed": TEST_SEED,
            "sha256": test_hash,
            "train_seed": TRAIN_SEED,
            "train_items": training.scenes,
            "calibration_seed": CALIBRATION_SEED,
            "calibration_items": CALIBRATION_SCENES,
        },
        "files": {
            name: {
                "file": path.name,
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
                "accuracy": round(100 * score[path].ap, 4),
                "ap50": round(100 * score[path].ap50, 4),
                "ap75": round(100 * score[path].ap75, 4),
            }
            for name, path in (("fp32", fp32), ("int8", int8))
        },
        "reference_accuracy": round(100 * score[fp32].ap, 4),
        "compared": compared(found[fp32], found[int8]),
        "training": {
            "seed": WEIGHT_SEED,
            "epochs": training.epochs,
            "batch": training.batch,
            "peak_learning_rate": training.peak_learning_rate,
            "weight_decay": training.weight_decay,
            "cpu_s": round(spent[0], 1),
            "wall_s": round(spent[1], 1),
            "curve": curve,
        },
        "made_with": {
            "python": platform.python_version(),
            "processor": processor(),
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            **{name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")},
        },
    }
    write_atomically(out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    for name in ("fp32", "int8"):
        entry = manifest["files"][name]
        print(f"{name}: mAP {entry['accuracy']} % (.50: {entry['ap50']}), {entry['bytes']:,} bytes")
    print(manifest["compared"], f"{spent[0]:.1f} CPU s")


if __name__ == "__main__":
    main()
