"""Make the mini edition of rnnt: train, export, quantise, measure, and write what ships with the package.

Run ``python tools/mini_rnnt.py [--out FOLDER]`` in an environment with levelfield, torch (CPU) and onnx
(``constraints.txt`` has the versions). It takes three minutes on one core, half of them training, and writes into
``src/levelfield/workloads/speech_recognition/data`` unless told otherwise:

* ``fp32/`` and ``int8/``: ``encoder.onnx``, ``prediction.onnx``, ``joint.onnx`` of each;
* ``test_crc32.npy``: (1200,) uint32, the checksum of each test utterance's 16-bit samples;
* ``manifest.json``: seeds, versions, hashes, training curve, both accuracies, their paired difference, and what is
  attainable.

Seeds fix the utterances, the initial weights and the order. The utterances are the same everywhere; floating-point sums
are not, so a rebuild gives other weights with an accuracy in the same band.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
import zlib
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.files import sha256_of, write_atomically
from levelfield.metrics.wer import WordErrors, word_errors
from levelfield.workloads.speech_recognition.batches import Batch, Spoken, collated, spoken
from levelfield.workloads.speech_recognition.dataset import SpeechDataset, Tones
from levelfield.workloads.speech_recognition.export import graphs_of, write_int8
from levelfield.workloads.speech_recognition.generator import ALPHABET, SEED, Part, told, utterance
from levelfield.workloads.speech_recognition.model import MINI as CONTRACT
from levelfield.workloads.speech_recognition.model import NETWORKS, fitted
from levelfield.workloads.speech_recognition.network import MINI, Transducer, training_step
from levelfield.workloads.speech_recognition.task import SpeechRecognition
from levelfield.workloads.speech_recognition.transcript import VOCABULARY
from levelfield.workloads.task import Precision

HERE = Path(__file__).resolve().parents[1] / "src/levelfield/workloads/speech_recognition/data"

TRAIN, TEST = 4_000, 1_200
LISTENED = 300
"""Of the test utterances, what is attainable is measured on the first ones."""
EPOCHS = 8
BATCH = 24
PEAK_LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-2


def batches(chosen: Spoken, draw: np.random.Generator) -> Iterator[Batch]:
    """Utterances of similar length together, the batches in any order."""
    order = np.array(
        sorted(range(len(chosen.texts)), key=lambda index: len(chosen.features[index]) + draw.uniform(-6, 6))
    )
    pieces = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    for piece in draw.permutation(len(pieces)):
        yield collated(
            [
                (chosen.features[index], [ALPHABET.index(letter) for letter in chosen.texts[index]])
                for index in pieces[piece]
            ]
        )


def trained(chosen: Spoken) -> tuple[Transducer, list[dict[str, float]]]:
    """The model after the last epoch (no choosing by any score), and the curve."""
    torch.manual_seed(SEED)
    draw = np.random.default_rng(SEED)
    model = Transducer(MINI)
    optimizer = torch.optim.AdamW(model.parameters(), PEAK_LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(chosen.texts) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)
    curve = []
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for batch in batches(chosen, draw):
            losses.append(training_step(model, optimizer, batch))
            schedule.step()
        curve.append({"epoch": epoch, "loss": round(float(np.mean(losses)), 4)})
        print(" ".join(f"{key}={value}" for key, value in curve[-1].items()), flush=True)
    return model, curve


def measured(task: SpeechRecognition) -> WordErrors:
    """All utterances, as an accuracy run goes through them."""
    dataset, pairs = task.dataset, []
    step = dataset.performance_sample_count
    for start in range(0, dataset.total_sample_count, step):
        indices = np.arange(start, min(start + step, dataset.total_sample_count))
        dataset.load(indices)
        for piece in np.array_split(indices, -(-len(indices) // BATCH)):
            for index, labels in zip(piece, task.infer(piece), strict=True):
                pairs.append((dataset.transcripts[index], "".join(VOCABULARY[label] for label in labels)))
        dataset.unload(indices)
    return word_errors(pairs)


def paired_interval(one: WordErrors, other: WordErrors) -> list[float]:
    """95 % interval of the difference of the two accuracies, in points: the same utterances drawn for both."""
    draw = np.random.default_rng(SEED)
    differences = (other.errors - one.errors).astype(float)
    drawn = []
    for _ in range(2_000):
        times = np.bincount(draw.integers(0, len(differences), len(differences)), minlength=len(differences))
        drawn.append(100 * float(times @ differences) / float(times @ one.words))
    return [round(float(bound), 4) for bound in np.quantile(drawn, [0.025, 0.975])]


def processor() -> str:
    """The processor's name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def files_of(folder: Path, out: Path) -> list[dict[str, str | int]]:
    """The three networks of one precision, for the manifest."""
    return [
        {"file": str(path.relative_to(out)), "sha256": sha256_of(path), "bytes": path.stat().st_size}
        for path in (folder / f"{name}.onnx" for name in NETWORKS)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the mini edition of rnnt.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for what ships")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(mode=True)
    torch.set_num_threads(1)

    chosen = spoken(Part.TRAIN, TRAIN)
    started = time.process_time(), time.perf_counter()
    model, curve = trained(chosen)
    spent = time.process_time() - started[0], time.perf_counter() - started[1]

    for precision in Precision:
        (out / precision).mkdir(exist_ok=True)
    for name, graph in graphs_of(model).items():
        graph.write(out / "fp32" / f"{name}.onnx")
        write_int8(out / "fp32" / f"{name}.onnx", out / "int8" / f"{name}.onnx")
    tested = [utterance(Part.TEST, index) for index in range(TEST)]
    checksums = out / "test_crc32.npy"
    np.save(checksums, np.array([zlib.crc32(one.pcm.astype("<i2").tobytes()) for one in tested], np.uint32))
    limit = word_errors((one.text, told(one)) for one in tested[:LISTENED])
    tones = SpeechDataset("tones", Tones(checksums), performance_sample_count=TEST // 4, complete=True)
    found = {}
    for precision in Precision:
        folder = out / precision
        options = BackendOptions(threads=1)
        sessions = {name: load(Backend.ONNXRUNTIME, folder / f"{name}.onnx", options) for name in NETWORKS}
        task = SpeechRecognition(fitted(sessions, folder, CONTRACT), tones, precision=precision, reference=None)
        found[precision] = measured(task)
    fp32, int8 = found[Precision.FP32], found[Precision.INT8]
    manifest = {
        "schema": "levelfield.mini-model/1",
        "benchmark": "rnnt",
        "model": "RNN-T: LSTM, pairs of steps, LSTM; prediction LSTM; joint network of one hidden layer",
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "file": checksums.name,
            "sha256": sha256_of(checksums),
            "source": "generated: generator.py of the workload, part TEST",
            "licence": "that of levelfield",
            "items": TEST,
            "words": int(fp32.words.sum()),
            "hours": round(sum(len(one.pcm) for one in tested) / 16_000 / 3600, 3),
            "transcripts_sha256": sha256("\n".join(one.text for one in tested).encode()).hexdigest(),
            "split": {"train": TRAIN, "calibration": 0, "test": TEST, "rule": "seeds of parts never meet"},
        },
        "models": {
            name: {
                "files": files_of(out / name, out),
                "errors": int(errors.errors.sum()),
                "word_error_rate": round(100 * errors.rate, 4),
                "accuracy": round(errors.accuracy_percent, 4),
                "interval": [round(bound, 3) for bound in errors.accuracy_interval()],
            }
            for name, errors in found.items()
        },
        "reference_accuracy": round(fp32.accuracy_percent, 4),
        "attainable": {
            "accuracy": round(limit.accuracy_percent, 4),
            "interval": [round(bound, 3) for bound in limit.accuracy_interval()],
            "items": LISTENED,
            "by": "a listener who is told boundaries and speaker, and knows nothing of which letter follows which",
        },
        "pairs": {
            "utterances_fp32_better": int((fp32.errors < int8.errors).sum()),
            "utterances_int8_better": int((int8.errors < fp32.errors).sum()),
            "fp32_minus_int8_points": round(fp32.accuracy_percent - int8.accuracy_percent, 4),
            "interval": paired_interval(fp32, int8),
        },
        "training": {
            "seed": SEED,
            "epochs": EPOCHS,
            "batch": BATCH,
            "optimizer": "AdamW, one cycle, gradients of at most 1",
            "peak_learning_rate": PEAK_LEARNING_RATE,
            "weight_decay": WEIGHT_DECAY,
            "threads": 1,
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
    for name, errors in found.items():
        size = sum(int(file["bytes"]) for file in files_of(out / name, out))
        print(f"{name}: {errors.line}, {size:,} bytes")


if __name__ == "__main__":
    main()
