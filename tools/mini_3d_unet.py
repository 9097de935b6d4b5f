"""Make the mini edition of 3d-unet: train, export, measure, and write what ships with the package.

Run ``python tools/mini_3d_unet.py [--out FOLDER] [--filters 8 16 32]`` in an environment with levelfield, torch (CPU)
and onnx (``constraints.txt`` has the versions). It takes about a minute of one core and writes into
``src/levelfield/workloads/medical_segmentation/data`` unless told otherwise:

* ``unet3d_fp32.onnx``: the model;
* ``manifest.json``: seeds, hash of the generated volumes, training curve, Dice of the model and what can be reached.

``--full FILE`` exports the full network instead, with random weights: what a run of the full edition costs, without its
accuracy.

The model is quantised too, and the pair is compared; the int8 file is thrown away, because it is the slower one.

The volumes are not written: their generator is exact everywhere, and the manifest has their hash. Seeds fix the initial
weights and the patches. Floating-point sums differ between machines and versions, so a rebuild gives another file with
a Dice in the same band, not the same bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from levelfield.backends import Backend
from levelfield.backends.port import BackendOptions
from levelfield.files import sha256_of, write_atomically
from levelfield.metrics.dice import DiceScores, dice_of_case
from levelfield.stats.bootstrap import mean_interval
from levelfield.workloads.medical_segmentation.dataset import MINI_CASES, MINI_SEED, TRAIN_SEED, Phantoms
from levelfield.workloads.medical_segmentation.export import graph_of, write_int8
from levelfield.workloads.medical_segmentation.generator import MINI_WINDOW, best_labels, phantom
from levelfield.workloads.medical_segmentation.network import FULL_FILTERS, MINI_FILTERS, UNet3D, train_step
from levelfield.workloads.medical_segmentation.patches import Patches
from levelfield.workloads.medical_segmentation.preprocess import FULL_WINDOW, prepared_image, prepared_labels
from levelfield.workloads.medical_segmentation.task import task_on

HERE = Path(__file__).resolve().parents[1] / "src/levelfield/workloads/medical_segmentation/data"

TRAIN_CASES = 512
SEED = 20220406
STEPS = 540
BATCH = 8
PEAK_LEARNING_RATE = 0.2
WARM_UP = 50
CALIBRATION_SEED, CALIBRATION_CASES = 20220403, 24
CURVE_STEPS = 50


def trained(filters: tuple[int, ...], steps: int) -> tuple[UNet3D, list[dict[str, float]]]:
    """The model after the last step (no choosing by any score), and the mean loss of each fifty steps."""
    torch.manual_seed(SEED)
    patches = Patches(TRAIN_CASES, SEED)
    model = UNet3D(filters)
    optimizer = torch.optim.SGD(model.parameters(), PEAK_LEARNING_RATE, momentum=0.9, nesterov=True)
    curve, losses = [], []
    for step in range(steps):
        decay = (1 + math.cos(math.pi * max(0, step - WARM_UP) / (steps - WARM_UP))) / 2
        optimizer.param_groups[0]["lr"] = PEAK_LEARNING_RATE * min((step + 1) / WARM_UP, decay)
        images, labels = (torch.from_numpy(part) for part in patches.batch(BATCH))
        losses.append(train_step(model, optimizer, images, labels))
        if (step + 1) % CURVE_STEPS == 0:
            curve.append({"step": step + 1, "loss": round(float(np.mean(losses)), 4)})
            print(f"step={step + 1} loss={curve[-1]['loss']} cpu={time.process_time():.0f}", flush=True)
            losses = []
    return model, curve


def calibration_windows() -> Iterator[np.ndarray]:
    """A window of each case that ranges are taken from."""
    for number in range(CALIBRATION_CASES):
        image = prepared_image(phantom(CALIBRATION_SEED, number).image_scan(), MINI_WINDOW)
        yield image[np.newaxis, :, :16, :16, :16]


def measured(path: Path) -> tuple[DiceScores, float]:
    """Dice of every test case under onnxruntime, one thread, and CPU milliseconds per volume."""
    task = task_on(Phantoms(), path, Backend.ONNXRUNTIME, BackendOptions(threads=1))
    indices = np.arange(task.dataset.total_sample_count)
    task.dataset.load(indices)
    began = time.process_time()
    payloads = [(int(index), task.infer(indices[index : index + 1])[0].tobytes()) for index in indices]
    spent = time.process_time() - began
    return task.scores(payloads), 1000 * spent / len(payloads)


def attainable() -> DiceScores:
    """Dice of a reader who knows the solids exactly; see ``best_labels``."""
    cases = [phantom(MINI_SEED, index) for index in range(MINI_CASES)]
    pairs = [(best_labels(case), prepared_labels(case.label_scan(), MINI_WINDOW)) for case in cases]
    return DiceScores(np.array([dice_of_case(best, truth) for best, truth in pairs]))


def dice_entry(scores: DiceScores) -> dict[str, object]:
    """For the manifest."""
    interval = mean_interval(scores.composites)
    return {
        "dice": round(scores.mean, 6),
        "kidney": round(scores.kidney, 6),
        "tumour": round(scores.tumour, 6),
        "interval_95": [round(bound, 6) for bound in interval],
    }


def processor() -> str:
    """The processor's name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the mini edition of 3d-unet.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the files")
    parser.add_argument("--filters", type=int, nargs="+", default=MINI_FILTERS, help="of each level, for experiments")
    parser.add_argument("--steps", type=int, default=STEPS, help="of training, for experiments")
    parser.add_argument("--full", type=Path, metavar="FILE", help="only export the full network, with random weights")
    given = parser.parse_args()
    if given.full:
        torch.manual_seed(SEED)
        graph_of(UNet3D(FULL_FILTERS), window=FULL_WINDOW).write(given.full)
        return
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)

    started = time.process_time(), time.perf_counter()
    model, curve = trained(tuple(given.filters), given.steps)
    spent = time.process_time() - started[0], time.perf_counter() - started[1]
    fp32 = out / "unet3d_fp32.onnx"
    graph_of(model, window=MINI_WINDOW).write(fp32)
    scores = {"fp32": measured(fp32)}
    with tempfile.TemporaryDirectory() as folder:
        int8 = Path(folder) / "unet3d_int8.onnx"
        write_int8(fp32, int8, calibration_windows())
        scores["int8"] = measured(int8)
        int8_bytes = int8.stat().st_size
    differences = scores["int8"][0].composites - scores["fp32"][0].composites
    manifest = {
        "schema": "levelfield.mini-model/1",
        "benchmark": "3d-unet",
        "model": f"3-D U-Net of {len(given.filters)} levels with {', '.join(map(str, given.filters))} filters",
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "source": "generated: levelfield.workloads.medical_segmentation.generator",
            "licence": "Apache-2.0, as levelfield",
            "test": {"seed": MINI_SEED, "cases": MINI_CASES, "sha256": Phantoms().sha256()},
            "train": {"seed": TRAIN_SEED, "cases": TRAIN_CASES},
            "calibration": {"seed": CALIBRATION_SEED, "cases": CALIBRATION_CASES},
            "attainable": dice_entry(attainable()),
        },
        "files": {
            "fp32": {
                "file": fp32.name,
                "sha256": sha256_of(fp32),
                "bytes": fp32.stat().st_size,
                "cpu_ms_per_volume": round(scores["fp32"][1], 2),
                **dice_entry(scores["fp32"][0]),
            },
        },
        "int8_not_shipped": {
            "why": "slower than fp32",
            "bytes": int8_bytes,
            "cpu_ms_per_volume": round(scores["int8"][1], 2),
            **dice_entry(scores["int8"][0]),
            "minus_fp32": round(float(differences.mean()), 6),
            "minus_fp32_interval_95": [round(bound, 6) for bound in mean_interval(differences)],
        },
        "reference_accuracy": round(scores["fp32"][0].mean, 6),
        "training": {
            "seed": SEED,
            "steps": given.steps,
            "batch": BATCH,
            "peak_learning_rate": PEAK_LEARNING_RATE,
            "warm_up_steps": WARM_UP,
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
    print(json.dumps({name: manifest[name] for name in ("parameters", "files", "int8_not_shipped")}, indent=2))


if __name__ == "__main__":
    main()
