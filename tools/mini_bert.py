"""Make the mini edition of bert-99 and bert-99.9: generate, train, export, quantise, measure, and write what ships.

Run ``python tools/mini_bert.py [--out FOLDER]`` in an environment with levelfield, torch (CPU) and onnx
(``constraints.txt`` has the versions). It takes about a minute of one core and writes into
``src/levelfield/workloads/question_answering/data`` unless told otherwise:

* ``questions.json.gz``: the test set, in the format of SQuAD v1.1; ``vocab.txt``: the WordPiece vocabulary;
* ``bert_fp32.onnx``, ``bert_int8.onnx``: the model, and its dynamic quantisation;
* ``manifest.json``: seeds, versions, hashes, training curve, accuracies, and the comparison of both, pair by pair.

Seeds fix passages, initial weights and the order of training. Floating-point sums differ between machines and versions,
so a rebuild gives other weights with an accuracy in the same band; the test set has the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import platform
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from levelfield.backends import Backend, load
from levelfield.backends.port import BackendOptions
from levelfield.files import sha256_of, write_atomically
from levelfield.metrics.squad import SquadScore
from levelfield.stats.bootstrap import mean_interval
from levelfield.workloads.question_answering.batches import Batch, questions
from levelfield.workloads.question_answering.dataset import QuestionDataset, Questions
from levelfield.workloads.question_answering.export import graph_of, write_int8
from levelfield.workloads.question_answering.generator import Names, passages, vocabulary
from levelfield.workloads.question_answering.model import fitted
from levelfield.workloads.question_answering.network import SpanModel, Trainee, mini_shape, train_step
from levelfield.workloads.question_answering.preprocess import MINI
from levelfield.workloads.question_answering.squad import as_squad
from levelfield.workloads.question_answering.task import QuestionAnswering, score_entries
from levelfield.workloads.question_answering.wordpiece import WordPiece

HERE = Path(__file__).resolve().parents[1] / "src/levelfield/workloads/question_answering/data"

SEED = 20220406
EASY = (11, 4_500, (1, 3))
"""Seed, passages, and fewest and most sentences of the first part of training."""
TRAIN = (12, 9_500, (3, 6))
HELD_OUT = (13, 300, (3, 6))
"""For the curve; decides nothing."""
TEST = ((Names.SEEN, 21, 500, (4, 7)), (Names.UNSEEN, 22, 600, (6, 11)))
"""Names, seed, passages and sentences of both halves of the test set. The hard half has other full names than training,
and longer passages, of which many need two inputs."""

BATCH = 32
PEAK_LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.01
WARM_UP = 0.15
CURVE_STEPS = 50


def batches(data: Batch, draws: np.random.Generator) -> Iterator[Batch]:
    """All of it once, in batches of like lengths, in any order; filling is cut off."""
    lengths = data.inputs[:, 1].sum(1).numpy()
    order = np.lexsort((draws.random(len(lengths)), lengths // 4))
    parts = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    for number in draws.permutation(len(parts)):
        part = torch.from_numpy(parts[number])
        longest = int(lengths[parts[number]].max())
        yield Batch(
            inputs=data.inputs[part, :, :longest],
            positions=data.positions[part],
            support=data.support[part, :longest],
        )


def exact(model: SpanModel, data: Batch) -> float:
    """Inputs of which first and last token are both found, percent."""
    with torch.no_grad():
        start, end = model(*data.inputs.unbind(1))
    right = (start.argmax(1) == data.positions[:, 0]) & (end.argmax(1) == data.positions[:, 1])
    return 100 * float(right.float().mean())


def trained(tokenizer: WordPiece) -> tuple[SpanModel, list[dict[str, float]], int]:
    """The model after the last step (no choosing by any score), the curve, and the number of steps."""
    parts = [questions(tokenizer, *part) for part in (EASY, TRAIN)]
    held_out = questions(tokenizer, *HELD_OUT)
    torch.manual_seed(SEED)
    draws = np.random.default_rng(SEED)
    trainee = Trainee(mini_shape(len(tokenizer.vocabulary), MINI.sequence))
    trainee.initialise()
    optimiser = torch.optim.AdamW(trainee.groups(PEAK_LEARNING_RATE), weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
    steps = sum(math.ceil(len(part.positions) / BATCH) for part in parts)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group["lr"] for group in optimiser.param_groups], total_steps=steps, pct_start=WARM_UP
    )
    curve: list[dict[str, float]] = []
    losses: list[float] = []
    began = time.process_time()
    for part in parts:
        for batch in batches(part, draws):
            losses.append(train_step(trainee, optimiser, batch))
            schedule.step()
            if len(losses) % CURVE_STEPS == 0 or len(losses) == steps:
                point = {
                    "step": len(losses),
                    "loss": round(float(np.mean(losses[-CURVE_STEPS:])), 4),
                    "held_out_exact": round(exact(trainee.model, held_out), 2),
                    "cpu_s": round(time.process_time() - began, 1),
                }
                curve.append(point)
                print(" ".join(f"{key}={value}" for key, value in point.items()), flush=True)
    return trainee.model.eval(), curve, steps


def scored(path: Path, questions: Questions) -> SquadScore:
    """The answers of a model file under onnxruntime, one thread, by the path of an accuracy run."""
    model = fitted(load(Backend.ONNXRUNTIME, path, BackendOptions(threads=1)), path, MINI)
    total = len(questions.features)
    dataset = QuestionDataset("all", questions, model.dtype, performance_sample_count=total, complete=True)
    task = QuestionAnswering(model, dataset, precision="any", reference=None)
    dataset.load(np.arange(total))
    entries = [
        (int(index), payload.tobytes())
        for part in np.array_split(np.arange(total), math.ceil(total / BATCH))
        for index, payload in zip(part, task.infer(part), strict=True)
    ]
    return score_entries(entries, questions)


def processor() -> str:
    """The processor's name where Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def halves(score: SquadScore, questions: Questions) -> dict[str, float]:
    """F1 of the questions with names that training may have seen, and of those with others."""
    unseen = np.array([example.question.identity.startswith("unseen") for example in questions.examples])
    return {
        "seen_names": round(100 * float(score.f1_of[~unseen].mean()), 4),
        "unseen_names": round(100 * float(score.f1_of[unseen].mean()), 4),
    }


def write_test_set(out: Path) -> Questions:
    """Questions and vocabulary; the same bytes each time."""
    write_atomically(out / "vocab.txt", "\n".join(vocabulary()) + "\n")
    paragraphs = [
        text
        for names, seed, count, sentences in TEST
        for text in passages(seed, count, names=names, sentences=sentences)
    ]
    content = json.dumps(as_squad(paragraphs, title="mini"), separators=(",", ":")).encode()
    write_atomically(out / "questions.json.gz", gzip.compress(content, mtime=0))
    return Questions.read(out / "questions.json.gz", out / "vocab.txt", MINI)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the mini edition of bert-99 and bert-99.9.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the five files")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(mode=True)
    torch.set_num_threads(1)

    tested = write_test_set(out)
    started = time.process_time(), time.perf_counter()
    model, curve, steps = trained(tested.tokenizer)
    spent = time.process_time() - started[0], time.perf_counter() - started[1]

    paths = {"fp32": out / "bert_fp32.onnx", "int8": out / "bert_int8.onnx"}
    graph_of(model).write(paths["fp32"])
    write_int8(paths["fp32"], paths["int8"])

    scores = {name: scored(path, tested) for name, path in paths.items()}
    difference = scores["int8"].f1_of - scores["fp32"].f1_of
    manifest = {
        "schema": "levelfield.mini-model/1",
        "benchmark": "bert-99, bert-99.9",
        "model": "BERT encoder with span head: 4 layers, width 64, 4 heads, inner width 256, 64 positions",
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "data": {
            "file": "questions.json.gz",
            "sha256": sha256_of(out / "questions.json.gz"),
            "source": "generated by levelfield.workloads.question_answering.generator",
            "licence": "Apache-2.0, as the package",
            "questions": len(tested.examples),
            "items": len(tested.features),
            "attainable_f1": 100,
            "split": {
                "train": [list(EASY), list(TRAIN)],
                "test": [[names.value, seed, count, list(sentences)] for names, seed, count, sentences in TEST],
                "rule": "seed, passages and sentences of each part; a fifth of all full names is not in training, and "
                "only those are in the unseen half of the test set",
            },
        },
        "vocabulary": {
            "file": "vocab.txt",
            "sha256": sha256_of(out / "vocab.txt"),
            "pieces": len(tested.tokenizer.vocabulary),
        },
        "files": {
            name: {
                "file": path.name,
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
                "accuracy": round(scores[name].f1, 6),
                "exact_match": round(scores[name].exact_match, 6),
                "interval": [round(100 * bound, 3) for bound in mean_interval(scores[name].f1_of)],
                **halves(scores[name], tested),
            }
            for name, path in paths.items()
        },
        "reference_accuracy": round(scores["fp32"].f1, 6),
        "pairs": {
            "fp32_better": int((difference < 0).sum()),
            "int8_better": int((difference > 0).sum()),
            "int8_minus_fp32": round(100 * float(difference.mean()), 4),
            "interval": [round(100 * bound, 4) for bound in mean_interval(difference)],
        },
        "training": {
            "seed": SEED,
            "steps": steps,
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
            **{name: version(name) for name in ("torch", "onnx", "onnxruntime", "numpy")},
        },
    }
    write_atomically(out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    for name in paths:
        entry = manifest["files"][name]
        print(f"{name}: F1 {entry['accuracy']}, exact {entry['exact_match']}, {entry['bytes']:,} bytes")


if __name__ == "__main__":
    main()
