"""Make the mini edition of dlrm: train, export, quantise, measure, and write what ships with the package.

Run ``python tools/mini_dlrm.py [--out FOLDER]`` in an environment with levelfield, torch (CPU) and onnx
(``constraints.txt`` has the versions). It takes about half a minute and writes into
``src/levelfield/workloads/recommendation/data`` unless told otherwise:

* ``dlrm_fp32.onnx``, ``dlrm_int8.onnx``: the model, and the same with its tables in int8;
* ``manifest.json``: seeds and hash of the data, best possible area, split, versions, hashes, curve, both accuracies.

The data are not shipped: ``generator.py`` makes the same pairs anywhere. Seeds fix them, the initial weights and the
order of the batches. Floating-point sums differ between machines and versions, so a rebuild gives another file with an
area in the same band, not the same bytes.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.files import sha256_of, write_atomically
from levelfield.metrics.auc import AreaOfMany, RocArea, area_difference, binary_auc
from levelfield.workloads.onnx_files import quantise
from levelfield.workloads.recommendation import network, preprocess
from levelfield.workloads.recommendation.dataset import MINI_SAMPLES, MINI_SEED, MINI_TRACE_SEED, mini_trace
from levelfield.workloads.recommendation.export import OUTPUT, graph_of, write_int8
from levelfield.workloads.recommendation.generator import WORLD_SEED, ClickProcess, Clicks
from levelfield.workloads.recommendation.model import COUNTS, ROWS

HERE = Path(__file__).resolve().parents[1] / "src/levelfield/workloads/recommendation/data"

TRAIN_SEED, CALIBRATION_SEED = 101, 202
TRAIN_PAIRS, CALIBRATION_PAIRS = 800_000, 51_200
SEED = 20220406
EPOCHS = 2
BATCH = 512
POINTS_PER_EPOCH = 5
CALIBRATION_BATCH = 1024


def arrays(clicks: Clicks) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Counts, categories and labels as the network reads them."""
    counts, rows = preprocess.model_inputs(clicks.records, preprocess.MINI)
    return counts, rows.astype(np.int64), clicks.records[:, 0] == 1


def trained(clicks: Clicks, held_out: Clicks) -> tuple[network.Dlrm, list[dict[str, float]]]:
    """The model after the last epoch (no choosing by any score), and the curve.

    ``held_out`` is the calibration split: its area is recorded five times an epoch and decides nothing.
    """
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    counts, rows, clicked = (torch.from_numpy(array) for array in arrays(clicks))
    seen_counts, seen_rows, seen_clicked = arrays(held_out)
    model = network.Dlrm(network.MINI)
    per_epoch = len(clicked) // BATCH
    trainer = network.Trainer(model, steps=EPOCHS * per_epoch)
    curve, losses = [], []
    for _ in range(EPOCHS):
        for chosen in network.batches(len(clicked), BATCH, generator):
            losses.append(trainer.step(counts[chosen], rows[:, chosen], clicked[chosen].float()))
            if trainer.step_count % (per_epoch // POINTS_PER_EPOCH) == 0:
                with torch.no_grad():
                    logits = model(torch.from_numpy(seen_counts), torch.from_numpy(seen_rows))[:, 0].numpy()
                point = {
                    "epoch": round(trainer.step_count / per_epoch, 3),
                    "loss": round(float(np.mean(losses)), 4),
                    "calibration_auc": round(100 * binary_auc(logits, seen_clicked), 3),
                }
                losses.clear()
                curve.append(point)
                print(" ".join(f"{key}={value}" for key, value in point.items()), flush=True)
    return model, curve


def calibration_batches(clicks: Clicks) -> Iterator[dict[str, NDArray]]:
    """The calibration split in batches, once."""
    counts, rows, _ = arrays(clicks)
    for at in range(0, len(counts), CALIBRATION_BATCH):
        yield {COUNTS: counts[at : at + CALIBRATION_BATCH], ROWS: rows[:, at : at + CALIBRATION_BATCH]}


def predictions(path: Path, clicks: Clicks) -> NDArray[np.float32]:
    """(pairs,): what the model file says under onnxruntime, one thread."""
    session = load(Backend.ONNXRUNTIME, path, BackendOptions(threads=1))
    counts, rows, _ = arrays(clicks)
    step = 4096
    pieces = [
        session.run({COUNTS: counts[at : at + step], ROWS: np.ascontiguousarray(rows[:, at : at + step])})[OUTPUT]
        for at in range(0, len(counts), step)
    ]
    return np.concatenate(pieces)[:, 0]


def area(scores: NDArray, labels: NDArray[np.bool_]) -> RocArea:
    """The exact area and its error."""
    many = AreaOfMany()
    many.add(scores, labels)
    return many.area()


def above_chance(percent: float) -> float:
    """An area of 50 % is reached without a model."""
    return percent - 50


def processor() -> str:
    """The processor's name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the mini edition of dlrm.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the three files")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(mode=True)
    torch.set_num_threads(1)

    process = ClickProcess()
    train = process.draw(TRAIN_PAIRS, seed=TRAIN_SEED)
    calibration = process.draw(CALIBRATION_PAIRS, seed=CALIBRATION_SEED)
    trace = mini_trace()
    test = process.draw(trace.pairs, seed=MINI_SEED)
    labels = test.records[:, 0] == 1

    started = time.process_time(), time.perf_counter()
    model, curve = trained(train, calibration)
    spent = time.process_time() - started[0], time.perf_counter() - started[1]

    paths = {"fp32": out / "dlrm_fp32.onnx", "int8": out / "dlrm_int8.onnx"}
    graph_of(model, counts=network.MINI.counts, tables=len(network.MINI.rows)).write(paths["fp32"])
    write_int8(paths["fp32"], paths["int8"])

    said = {name: predictions(path, test) for name, path in paths.items()}
    with tempfile.TemporaryDirectory() as folder:
        throughout = Path(folder) / "throughout.onnx"
        # Measured, not shipped: everything in int8, the products of embeddings too, costs area and is no faster.
        quantise(paths["fp32"], throughout, calibration_batches(calibration))
        said_throughout, bytes_throughout = predictions(throughout, test), throughout.stat().st_size
    areas = {name: area(scores, labels) for name, scores in said.items()}
    bayes = 100 * binary_auc(test.logits.astype(np.float64), labels)
    reference = 100 * areas["fp32"].value
    area_throughout = 100 * area(said_throughout, labels).value
    difference, error = (100 * number for number in area_difference(said["int8"], said["fp32"], labels))
    manifest = {
        "schema": "levelfield.mini-model/1",
        "benchmark": "dlrm",
        "model": "DLRM: 4 counts, 8 tables of 50 to 1,000 rows, 16 wide, 32 below, 64-32 above",
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "source": "drawn by levelfield.workloads.recommendation.generator from seeds, the same on every machine",
            "licence": "Apache-2.0, as the package",
            "world_seed": WORLD_SEED,
            "test_seed": MINI_SEED,
            "trace_seed": MINI_TRACE_SEED,
            "samples": MINI_SAMPLES,
            "pairs": trace.pairs,
            "clicked": int(labels.sum()),
            "sha256": test.sha256,
            "split": {
                "train": {"seed": TRAIN_SEED, "pairs": TRAIN_PAIRS, "sha256": train.sha256},
                "calibration": {"seed": CALIBRATION_SEED, "pairs": CALIBRATION_PAIRS, "sha256": calibration.sha256},
                "rule": "drawn from one rule with seeds of their own",
            },
        },
        "best_possible_auc": round(bayes, 4),
        "share_of_learnable": round(above_chance(reference) / above_chance(bayes), 4),
        "files": {
            name: {
                "file": path.name,
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
                "auc": round(100 * areas[name].value, 4),
                "standard_error": round(100 * areas[name].standard_error, 4),
            }
            for name, path in paths.items()
        },
        "reference_accuracy": round(reference, 4),
        "pairs": {
            "int8_less_fp32": round(difference, 4),
            "standard_error": round(error, 4),
            "interval_95": [round(difference - 1.96 * error, 4), round(difference + 1.96 * error, 4)],
            "above_chance_ratio": round(above_chance(100 * areas["int8"].value) / above_chance(reference), 5),
        },
        "not_shipped": {
            "what": "int8 throughout: static QDQ, the products of embeddings too",
            "bytes": bytes_throughout,
            "auc": round(area_throughout, 4),
            "ratio": round(area_throughout / reference, 5),
            "above_chance_ratio": round(above_chance(area_throughout) / above_chance(reference), 5),
        },
        "training": {
            "seed": SEED,
            "epochs": EPOCHS,
            "batch": BATCH,
            "table_rate": network.Trainer.TABLE_RATE,
            "layer_rate": network.Trainer.LAYER_RATE,
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
    print(f"best possible {bayes:.3f} %, reached {100 * manifest['share_of_learnable']:.1f} % of what can be learnt")
    for name, entry in manifest["files"].items():
        print(f"{name}: AUC {entry['auc']} +- {entry['standard_error']}, {entry['bytes']:,} bytes")
    print(f"int8 less fp32: {difference:.4f} +- {error:.4f}; int8 throughout would have {area_throughout:.4f}")


if __name__ == "__main__":
    main()
