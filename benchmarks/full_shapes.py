"""The full edition with networks of the full shape: what a run costs here, and that it comes to a complete log.

    python benchmarks/full_shapes.py [-b resnet50 ...] [--work FOLDER] [--publish]

Weights are random, so accuracy means nothing and is not shown; the work for each sample is that of the real network.
The data is little and made here, in the files of ImageNet, COCO and SQuAD. Needs torch (CPU), onnx and OpenCV.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from publishing import publish
from surroundings import QUIET_LOAD_PER_CORE, Watch, machine, versions

HERE = Path(__file__).parent
TOOLS = HERE.parent / "tools"
RESULTS = HERE / "results" / "full_shapes.json"
SCENARIOS = ("SingleStream", "Offline")
PICTURES = 24
QUESTIONS = 8
SEED = 20220406
LEAST = {"SingleStream": ("min_query_count=64", "min_duration=1000"), "Offline": ("min_query_count=24",)}
"""Enough for an estimate of the 90th percentile; a query of BERT-large takes a second on two cores."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One scenario of one benchmark."""

    benchmark: str
    scenario: str
    model_bytes: int
    verdict: str
    """With what was not met: the data is never the whole dataset."""
    metric: str
    queries: int
    samples: int
    seconds: float
    log_lines: int
    """Of the detail log, each of them read and judged again."""
    foreign_load_per_core: float


def main() -> None:
    arguments = _arguments()
    before = os.getloadavg()[0] / (os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as scratch:
        work: Path = arguments.work or Path(scratch)
        rows = [row for name in arguments.benchmark for row in _benchmark(name, work / name)]
    report = {
        "schema": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions("onnxruntime", "numpy", "torch"),
        "quiet": before <= QUIET_LOAD_PER_CORE
        and all(row.foreign_load_per_core <= QUIET_LOAD_PER_CORE for row in rows),
        "rows": [asdict(row) for row in rows],
    }
    text = "\n".join(_shown(report, rows))
    print(text)
    if arguments.publish:
        RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        publish("full shapes", text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-b", "--benchmark", action="append", choices=tuple(PREPARE), help="may be given several times")
    parser.add_argument("--work", type=Path, help="keep models, data and logs here")
    parser.add_argument("--publish", action="store_true", help="write results/full_shapes.json and the table")
    arguments = parser.parse_args()
    arguments.benchmark = arguments.benchmark or list(PREPARE)
    return arguments


def _benchmark(name: str, folder: Path) -> Iterator[Measured]:
    folder.mkdir(parents=True, exist_ok=True)
    model = PREPARE[name](folder)
    for scenario in SCENARIOS:
        print(f"{name} {scenario}", file=sys.stderr, flush=True)
        watch = Watch()
        out = folder / f"out-{scenario}"
        settings = [word for pair in LEAST[scenario] for word in ("--set", pair)]
        done = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "levelfield",
                    "inference",
                    "run",
                    "-b",
                    name,
                    "-s",
                    scenario,
                    "--edition",
                    "full",
                ),
                *("--data", str(folder), "--model", str(model), "--no-accuracy", "--out", str(out), *settings),
            ],
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in {0, 1}:  # 1: INVALID, which is a result too
            raise SystemExit(f"{name} {scenario} ended with {done.returncode}")
        result = json.loads((out / "result.json").read_text(encoding="utf-8"))["results"][0]
        (log,) = out.rglob("performance/run_1/mlperf_log_detail.txt")
        lines = log.read_text(encoding="utf-8").splitlines()
        for line in lines:
            json.loads(line.removeprefix(":::MLLOG "))
        metric, performance = result["metric"], result["performance"]
        yield Measured(
            benchmark=name,
            scenario=scenario,
            model_bytes=model.stat().st_size,
            verdict=_verdict(result["verdict"]),
            metric=f"{metric['value']:.4g} {metric['unit']}",
            queries=performance["query_count"],
            samples=performance["sample_count"],
            seconds=round(performance["duration_s"], 1),
            log_lines=len(lines),
            foreign_load_per_core=watch.foreign_load_per_core(),
        )


def _verdict(verdict: dict[str, object]) -> str:
    unmet = [one for one in verdict["conditions"] if not one["met"]]
    reasons = "; ".join(f"{one['name']}: {one['required']} required, {one['measured']} there" for one in unmet)
    return f"{verdict['validity']}: {reasons}" if reasons else str(verdict["validity"])


def _picture(path: Path, width: int, height: int, draw: np.random.Generator) -> None:
    import cv2

    coarse = draw.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    cv2.imwrite(str(path), cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def _resnet50(folder: Path) -> Path:
    """The training suite's network; an ImageNet folder with ``val_map.txt``."""
    import torch

    from levelfield.training.benchmarks.resnet.network import ResNet
    from levelfield.training.benchmarks.resnet.settings import FULL_SIZES

    draw = np.random.default_rng(SEED)
    names = [f"ILSVRC2012_val_{number:08d}.JPEG" for number in range(1, PICTURES + 1)]
    for name in names:
        _picture(folder / name, 500, 375, draw)
    labels = "".join(f"{name} {draw.integers(0, 1000)}\n" for name in names)
    (folder / "val_map.txt").write_text(labels, encoding="utf-8")
    torch.manual_seed(SEED)
    model = folder / "resnet50.onnx"
    torch.onnx.export(
        ResNet(FULL_SIZES).eval(),
        (torch.zeros(1, 3, 224, 224),),
        str(model),
        input_names=["input_tensor:0"],
        output_names=["softmax_tensor:0"],
        dynamic_axes={"input_tensor:0": {0: "batch"}, "softmax_tensor:0": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    return model


def _ssd_mobilenet(folder: Path) -> Path:
    """The tool's network; a COCO folder."""
    draw = np.random.default_rng(SEED)
    (folder / "annotations").mkdir(exist_ok=True)
    (folder / "val2017").mkdir(exist_ok=True)
    images, annotations = [], []
    for number in range(1, PICTURES + 1):
        name = f"{number:012d}.jpg"
        _picture(folder / "val2017" / name, 640, 480, draw)
        images.append({"id": number, "file_name": name, "width": 640, "height": 480})
        box = [float(side) for side in draw.integers(16, 240, 4)]
        annotations.append(
            {"id": number, "image_id": number, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
        )
    document = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (folder / "annotations/instances_val2017.json").write_text(json.dumps(document), encoding="utf-8")
    model = folder / "ssd_mobilenet.onnx"
    _tool("full_ssd_mobilenet.py", str(model))
    return model


def _bert(folder: Path) -> Path:
    """The tool's network and questions."""
    _tool("bert_large_shape.py", "--out", str(folder), "--questions", str(QUESTIONS))
    return folder / "bert.onnx"


def _tool(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, str(TOOLS / name), *arguments], stdout=subprocess.DEVNULL, check=True)


PREPARE: dict[str, Callable[[Path], Path]] = {
    "resnet50": _resnet50,
    "ssd-mobilenet": _ssd_mobilenet,
    "bert-99": _bert,
}
"""Writes model and data into a folder; returns the model."""


def _shown(report: dict[str, object], rows: list[Measured]) -> Iterator[str]:
    found, packages = report["machine"], report["versions"]
    assert isinstance(found, dict)
    assert isinstance(packages, dict)
    yield f"{found['processor']}, {found['cores_usable']} cores, {found['operating_system']}; {report['date']}  "
    yield ", ".join(f"{name} {value}" for name, value in packages.items()) + "  "
    yield "The machine was quiet." if report["quiet"] else "NOT COMPARABLE: other processes were using the machine."
    yield ""
    yield "| network | scenario | model | verdict | figure | queries | samples | time | lines of the log |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row.benchmark} | {row.scenario} | {row.model_bytes / 1e6:,.0f} MB | {row.verdict} | {row.metric} | "
            f"{row.queries:,} | {row.samples:,} | {row.seconds} s | {row.log_lines} |"
        )


if __name__ == "__main__":
    main()
