"""A whole submission tree from real runs with the round's own durations, to be held against the official checker.

    python tools/rehearsal_tree.py WORK --division open                       about 45 minutes
    python tools/rehearsal_tree.py WORK --division closed                     about 4 hours: full edition, with audits
    python tools/rehearsal_tree.py WORK --division open --checker submission-checker.py

``open`` measures the mini model of resnet50 in all four scenarios, 600 s each, with 1,024 of its 1,281 pictures in
memory, as the round asks for. Its accuracy is published as reached: the open division has no target.

``closed`` needs 50,000 pictures and 75.6954 %, which no mini edition has, and ImageNet may not be shipped. So the tool
makes a dataset in ImageNet's format, whose classes are 1,000 colours and a fifth of whose labels are wrong on
purpose, and an ONNX model of ResNet-50's shape of input and output that knows the colours: about 80 %. Everything else
is the real path: full edition, ``--official``, audits. On real pictures the model is worth nothing.

Either tree is packaged with ``--rehearsal``: neither is a result of the round. Our own check should find that label and
nothing else that voids; the official checker knows no rehearsals and should accept both. Its code is not ours: take
``tools/submission/submission-checker.py`` and ``log_parser.py`` of mlcommons/inference at tag v2.0 into one folder, and
name the first with ``--checker``.

What was measured before is kept; a broken session goes on where it stopped. An audit that failed is repeated when the
run's ``audit.json`` is deleted. Measure on a quiet machine. ``--seconds`` and ``--pictures`` make everything short, to
try the tool itself; the checkers then find what is missing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

SCENARIOS = ("SingleStream", "MultiStream", "Server", "Offline")
SYSTEM = "this-machine"
ORGANISATION = "Rehearsal"
PICTURES = 50_000
SIDE = 256
LEVELS = 14 + 25 * np.arange(10)
"""Of red, green and blue: 1,000 colours, far enough apart to survive JPEG."""
WRONG_SHARE = 0.2
MEANS = (123.68, 116.78, 103.94)
"""Subtracted by the reference pre-processing, RGB."""


def make_pictures(folder: Path, count: int) -> None:
    """One colour and some noise a picture, with ``val_map.txt``; the same every time."""
    import cv2

    if (folder / "val_map.txt").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(20220406)
    lines = []
    for number in range(count):
        label = int(generator.integers(1000))
        noise = generator.integers(-6, 7, (SIDE // 8, SIDE // 8, 1))
        small = np.clip(colour_of(label)[::-1] + noise, 0, 255).astype(np.uint8)  # OpenCV writes BGR
        name = f"ILSVRC2012_val_{number + 1:08d}.JPEG"
        if not cv2.imwrite(str(folder / name), cv2.resize(small, (SIDE, SIDE))):
            sys.exit(f"{folder / name} cannot be written.")
        said = int(generator.integers(1000)) if generator.random() < WRONG_SHARE else label
        lines.append(f"{name} {said}\n")
    (folder / "val_map.txt").write_text("".join(lines))


def colour_of(label: int) -> np.ndarray:
    """Red, green, blue of a class."""
    return LEVELS[[label // 100, label // 10 % 10, label % 10]]


def make_model(path: Path) -> None:
    """The nearest colour, behind two convolutions that change nothing and take some milliseconds."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    colours = np.stack([colour_of(label) for label in range(1000)]) - np.array(MEANS)
    channels = 4
    there = np.zeros((channels, 3, 3, 3), np.float32)
    back = np.zeros((3, channels, 3, 3), np.float32)
    for channel in range(3):
        there[channel, channel, 1, 1] = back[channel, channel, 1, 1] = 1
    weights = {
        "there": there,
        "back": back,
        "colours": (2 * colours.T).astype(np.float32),
        "lengths": -(colours**2).sum(axis=1).astype(np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["input", "there"], ["wide"], pads=[1, 1, 1, 1]),
            helper.make_node("Conv", ["wide", "back"], ["same"], pads=[1, 1, 1, 1]),
            helper.make_node("ReduceMean", ["same"], ["colour"], axes=[2, 3], keepdims=0),
            helper.make_node("MatMul", ["colour", "colours"], ["products"]),
            helper.make_node("Add", ["products", "lengths"], ["scores"]),
        ],
        "colours",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 1000])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def levelfield(*words: str | Path) -> int:
    """Run a command of ours, shown first."""
    print("$ levelfield", *words, flush=True)
    return subprocess.run([sys.executable, "-m", "levelfield", *map(str, words)], check=False).returncode


def is_valid(folder: Path) -> bool:
    """Whether a run was made and holds."""
    path = folder / "result.json"
    if not path.exists():
        return False
    results = json.loads(path.read_text())["results"]
    return bool(results) and all(result["verdict"]["validity"] == "VALID" for result in results)


def measure(work: Path, options: argparse.Namespace) -> list[Path]:
    """Run what is still missing, and return the folders."""
    common: list[str | Path] = ["--system-name", SYSTEM]
    if options.division == "closed":
        make_pictures(work / "pictures", options.pictures)
        make_model(work / "colours.onnx")
        common += ["--edition", "full", "--data", work / "pictures", "--model", work / "colours.onnx"]
    else:
        common += ["--set", "performance_sample_count_override=1024"]
    common += ["--duration", str(options.seconds)] if options.seconds else ["--official"]
    folders = []
    for scenario in SCENARIOS:
        folder = work / options.division / scenario
        folders.append(folder)
        if not is_valid(folder) and not (options.seconds and (folder / "result.json").exists()):
            if folder.exists():
                shutil.rmtree(folder)  # broken or INVALID: measured again
            levelfield("inference", "run", "-b", "resnet50", "-s", scenario, "--out", folder, *common)
            if not options.seconds and not is_valid(folder):
                sys.exit(f"{scenario} does not hold; see {folder / 'report.html'}. Start again on a quiet machine.")
        if options.division == "closed" and not (folder / "audit.json").exists():
            shutil.rmtree(folder / "compliance", ignore_errors=True)  # of a session that broke
            levelfield("inference", "audit", folder)
    return folders


def main() -> int:
    """Measure, package, and hold the tree against the official checker if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a folder outside the repository; about 1 GB for closed")
    parser.add_argument("--division", choices=("open", "closed"), default="open")
    parser.add_argument("--checker", type=Path, help="the official submission-checker.py of tag v2.0")
    parser.add_argument("--seconds", type=float, help="instead of the round's durations: to try the tool")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="instead of 50,000: to try the tool")
    options = parser.parse_args()
    folders = measure(options.work, options)
    tree = options.work / f"tree-{options.division}"
    shutil.rmtree(tree, ignore_errors=True)
    words = ["--org", ORGANISATION, "--division", options.division, "--rehearsal", "--out", tree]
    code = levelfield("submission", "package", *folders, *words)
    if code:
        return code
    levelfield("submission", "check", tree)
    if not options.checker:
        return 0
    command = [sys.executable, options.checker, "--input", tree, "--csv", options.work / "summary.csv"]
    print("$", *command, flush=True)
    return subprocess.run([str(word) for word in command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
