"""Make the mini edition of resnet50: train, export, quantise, measure, and write what ships with the package.

Run ``python tools/mini_resnet50.py [--out FOLDER]`` in an environment with levelfield, torch (CPU), scikit-learn and
onnx (``constraints.txt`` has the versions). It takes about a minute on two cores and writes into
``src/levelfield/workloads/image_classification/data`` unless told otherwise:

* ``digits.npz``: the test set: ``images`` (1281, 8, 8) uint8 0..16 and ``labels`` (1281,) uint8 0..9;
* ``digits_rest.npz``: the 516 others, which the training suite takes too;
* ``resnet8_fp32.onnx``, ``resnet8_int8.onnx``: the model, and its static post-training quantisation;
* ``manifest.json``: source, licence, split, seed, versions, hashes, training curve, and both accuracies.

Seeds fix the initial weights, the order of the pictures and their augmentation. Floating-point sums differ between
machines and versions, so a rebuild gives another file with an accuracy in the same band, not the same bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.files import sha256_of, write_atomically
from levelfield.workloads.image_classification.export import INPUT, OUTPUT, graph_of, write_int8
from levelfield.workloads.image_classification.network import ResNet8, train_step, varied
from levelfield.workloads.image_classification.preprocess import digits_input
from levelfield.workloads.pictures import Layout

HERE = Path(__file__).resolve().parents[1] / "src/levelfield/workloads/image_classification/data"

# The digits come form by form: about every 130 items the writing starts again with 0..9 three times (at 0, 130, 256,
# 386, 516, 646, ...). A split at such places keeps the handwriting of the test set out of training and calibration, and
# only three forms to learn from keep the task hard enough that damage shows.
TRAIN = slice(0, 386)
CALIBRATION = slice(386, 516)
TEST = slice(516, 1797)

SEED = 20220406
EPOCHS = 40
BATCH = 32
PEAK_LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-2


def trained(
    pictures: torch.Tensor, labels: torch.Tensor, held_out: tuple[torch.Tensor, torch.Tensor]
) -> tuple[ResNet8, list[dict[str, float]]]:
    """The model after the last epoch (no choosing by any score), and the curve.

    ``held_out`` is the calibration split: its accuracy is recorded for each epoch and decides nothing.
    """
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = ResNet8()
    optimizer = torch.optim.AdamW(model.parameters(), PEAK_LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * math.ceil(len(pictures) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)
    curve = []
    for epoch in range(1, EPOCHS + 1):
        model.train()
        losses, good = [], 0
        for chosen in torch.randperm(len(pictures), generator=generator).split(BATCH):
            loss, right = train_step(model, optimizer, varied(pictures[chosen], generator), labels[chosen])
            schedule.step()
            losses.append(loss * len(chosen))
            good += right
        model.eval()
        with torch.no_grad():
            held = (model(held_out[0]).argmax(1) == held_out[1]).float().mean()
        point = {
            "epoch": epoch,
            "loss": round(sum(losses) / len(pictures), 4),
            "train_accuracy": round(100 * good / len(pictures), 2),
            "calibration_accuracy": round(100 * float(held), 2),
        }
        curve.append(point)
        print(" ".join(f"{key}={value}" for key, value in point.items()))
    return model, curve


def correct(path: Path, pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(samples,) bool: which pictures the model file gets right under onnxruntime, one thread."""
    session = load(Backend.ONNXRUNTIME, path, BackendOptions(threads=1))
    logits = session.run({INPUT: pictures})[OUTPUT]
    return logits.argmax(axis=1) == labels


def processor() -> str:
    """The processor's name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the mini edition of resnet50.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the five files")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(mode=True)

    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.int64)
    inputs = digits_input(images, Layout.NCHW)
    tensors, classes = torch.from_numpy(inputs), torch.from_numpy(labels)

    started = time.process_time(), time.perf_counter()
    model, curve = trained(tensors[TRAIN], classes[TRAIN], (tensors[CALIBRATION], classes[CALIBRATION]))
    spent = time.process_time() - started[0], time.perf_counter() - started[1]

    fp32, int8 = out / "resnet8_fp32.onnx", out / "resnet8_int8.onnx"
    graph_of(model, channels=1, side=32).write(fp32)
    write_int8(fp32, int8, inputs[CALIBRATION])
    np.savez_compressed(out / "digits.npz", images=images[TEST], labels=labels[TEST].astype(np.uint8))
    # The training suite has a split of its own, and takes all digits: these and those of digits.npz.
    rest = slice(0, TEST.start)
    np.savez_compressed(out / "digits_rest.npz", images=images[rest], labels=labels[rest].astype(np.uint8))

    right = {path: correct(path, inputs[TEST], labels[TEST]) for path in (fp32, int8)}
    total = TEST.stop - TEST.start
    manifest = {
        "schema": "levelfield.mini-model/1",
        "benchmark": "resnet50",
        "model": "ResNet-8 (the architecture of MLPerf Tiny's image classification, one channel)",
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "file": "digits.npz",
            "sha256": sha256_of(out / "digits.npz"),
            "source": "scikit-learn load_digits: the test part of Optical Recognition of Handwritten Digits, "
            "E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, doi:10.24432/C50P49",
            "licence": "CC BY 4.0",
            "items": total,
            "split": {
                "train": [TRAIN.start, TRAIN.stop],
                "calibration": [CALIBRATION.start, CALIBRATION.stop],
                "test": [TEST.start, TEST.stop],
                "rule": "by position in load_digits, at the starts of forms, so that no form is on both sides",
            },
            "rest": {
                "file": "digits_rest.npz",
                "sha256": sha256_of(out / "digits_rest.npz"),
                "items": TEST.start,
            },
        },
        "rest": {
            "file": "digits_rest.npz",
            "sha256": sha256_of(out / "digits_rest.npz"),
            "items": rest.stop,
        },
        "files": {
            name: {
                "file": path.name,
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
                "good": int(right[path].sum()),
                "accuracy": round(100 * float(right[path].mean()), 4),
            }
            for name, path in (("fp32", fp32), ("int8", int8))
        },
        "reference_accuracy": round(100 * float(right[fp32].mean()), 4),
        "pairs": {
            "fp32_only_right": int((right[fp32] & ~right[int8]).sum()),
            "int8_only_right": int((right[int8] & ~right[fp32]).sum()),
        },
        "training": {
            "seed": SEED,
            "epochs": EPOCHS,
            "batch": BATCH,
            "peak_learning_rate": PEAK_LEARNING_RATE,
            "weight_decay": WEIGHT_DECAY,
            "cpu_s": round(spent[0], 1),
            "wall_s": round(spent[1], 1),
            "curve": curve,
        },
        "made_with": {
            "python": platform.python_version(),
            "processor": processor(),
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            **{name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy", "scikit-learn")},
        },
    }
    write_atomically(out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    for name in ("fp32", "int8"):
        entry = manifest["files"][name]
        print(f"{name}: {entry['good']}/{total} = {entry['accuracy']} %, {entry['bytes']:,} bytes")


if __name__ == "__main__":
    main()
