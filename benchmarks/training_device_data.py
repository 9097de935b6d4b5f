"""Small datasets in the file formats of the full editions, at the usual sizes, for ``training_device.py``.

What is decoded or read is real in form and random in content; where a benchmark wants more files than it is worth
making, links give one file many names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

SAMPLES = Path(__file__).parent.parent / "tests" / "samples"
sys.path.insert(0, str(SAMPLES))  # the writers of the published formats, which the tests hold

__all__ = ["written"]

_SEED = 4


def written(name: str, folder: Path, *, small: bool) -> Path:
    """Write the data of a benchmark where they are not there yet, and say where they are."""
    home = folder / "LibriSpeech" if name == "rnnt" else folder
    if folder.exists():
        return home
    match name:
        case "resnet":
            _imagenet(folder, pictures=20 if small else 600, links=5_120 if small else 51_200)
        case "ssd" | "maskrcnn":
            _coco(folder, pictures=20 if small else 400, links=2_560 if small else 25_600)
        case "unet3d":
            _kits(folder, volumes=2 if small else 8, edge=140 if small else 200)
        case "rnnt":
            _librispeech(home, recordings=6 if small else 96, links=300 if small else 2_800)
        case "bert":
            _records(folder, examples=20 if small else 600)
        case "dlrm":
            _clicks(folder, pairs=209_715 if small else 2_097_152)
        case _:
            folder.mkdir(parents=True)
    return home


def _imagenet(folder: Path, *, pictures: int, links: int) -> None:
    import cv2

    draw = np.random.default_rng(_SEED)
    classes = [f"n{number:08}" for number in range(1000)]
    (folder / "files").mkdir(parents=True)
    for at in range(pictures):
        coarse = draw.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        picture = cv2.resize(coarse, (500, 375), interpolation=cv2.INTER_CUBIC)
        assert cv2.imwrite(str(folder / "files" / f"{at}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    for name in classes:
        (folder / "train" / name).mkdir(parents=True)
    for at in range(links):
        # A picture keeps its class, so that there is something to learn.
        name = classes[at % pictures]
        (folder / "train" / name / f"{name}_{at}.JPEG").symlink_to(folder / "files" / f"{at % pictures}.jpg")
    (folder / "val").mkdir()
    lines = []
    for at in range(50):
        (folder / "val" / f"val_{at}.JPEG").symlink_to(folder / "files" / f"{at % pictures}.jpg")
        lines.append(f"val_{at}.JPEG {at % pictures}\n")
    (folder / "val" / "val_map.txt").write_text("".join(lines))


def _coco(folder: Path, *, pictures: int, links: int) -> None:
    from coco_train_folder import write_train_folder

    write_train_folder(folder, pictures=pictures + 1, height=480, width=640)
    path = folder / "annotations" / "instances_train2017.json"
    whole = json.loads(path.read_text())
    used = [image for image in whole["images"] if any(one["image_id"] == image["id"] for one in whole["annotations"])]
    images, annotations = [], []
    for at in range(links):
        source = used[at % len(used)]
        number, name = 1_000_000 + at, f"{1_000_000 + at:012}.jpg"
        (folder / "train2017" / name).symlink_to(folder / "train2017" / source["file_name"])
        images.append({**source, "id": number, "file_name": name})
        for one in whole["annotations"]:
            if one["image_id"] == source["id"] and not one["iscrowd"]:
                annotations.append({**one, "id": len(annotations) + 1, "image_id": number})
    path.write_text(json.dumps({**whole, "images": images, "annotations": annotations}))
    path = folder / "annotations" / "instances_val2017.json"
    whole = json.loads(path.read_text())
    kept = whole["images"][:7] + whole["images"][-1:]
    numbers = {image["id"] for image in kept}
    whole["images"] = kept
    whole["annotations"] = [one for one in whole["annotations"] if one["image_id"] in numbers]
    path.write_text(json.dumps(whole))


def _kits(folder: Path, *, volumes: int, edge: int) -> None:
    from kits_prepared import prepared_kits

    cases = [f"case_{number:05}" for number in range(210)]
    prepared_kits(folder, tuple(cases[:volumes]), edge=edge)
    for at, case in enumerate(cases[volumes:]):
        for part in "xy":
            (folder / f"{case}_{part}.npy").symlink_to(folder / f"{cases[at % volumes]}_{part}.npy")


def _librispeech(folder: Path, *, recordings: int, links: int) -> None:
    from librispeech_training import (
        LETTERS,
        PARTS,
        item,
        noise,
        packed,
        pieces_of_1023,
        write_wav,
    )

    draw = np.random.default_rng(_SEED)
    folder.mkdir(parents=True)
    made = []
    for at in range(recordings):
        pcm = noise(at, int(16_000 * draw.uniform(8, 16)))
        write_wav(folder / "files" / f"{at}.wav", pcm)
        letters = "".join(draw.choice(list(LETTERS[:26]), int(len(pcm) / 16_000 * 12)))
        made.append((len(pcm), " ".join(letters[start : start + 5] for start in range(0, len(letters), 5))))
    for part in PARTS:
        items = []
        for at in range(8 if part == "dev-clean" else links):
            samples, text = made[at % recordings]
            name = f"{part}-wav/84/121123/84-121123-{at:05}.wav"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(folder / "files" / f"{at % recordings}.wav")
            items.append(item(name, samples, text))
        (folder / f"librispeech-{part}-wav.json").write_text(json.dumps(items))
    home = folder.parent / "sentencepieces"
    home.mkdir()
    (home / "librispeech1023.model").write_bytes(packed(pieces_of_1023()))


def _records(folder: Path, *, examples: int) -> None:
    from tf_files import write_bert_records

    once, times = 4, 8
    write_bert_records(folder, parts=once, each=examples // once, tokens=512)
    for at, part in enumerate(sorted(folder.glob("part-*"))):
        for turn in range(times):
            number = turn * once + at
            name = folder / f"part-{number:05}-of-{once * times:05}"
            part.rename(name) if turn == 0 else name.symlink_to(folder / f"part-{at:05}-of-{once * times:05}")


def _clicks(folder: Path, *, pairs: int) -> None:
    from levelfield.workloads.recommendation.criteo import OFFICIAL_TABLES

    folder.mkdir(parents=True)
    draw = np.random.default_rng(_SEED)
    for part, count in (("train", pairs), ("test", 32_768)):
        records = np.empty((count, 40), "<i4")
        records[:, 0] = draw.random(count) < 0.03
        records[:, 1:14] = draw.geometric(0.05, (count, 13))
        for table, rows in enumerate(OFFICIAL_TABLES):
            records[:, 14 + table] = draw.integers(0, rows, count)
        records.tofile(folder / f"terabyte_processed_{part}.bin")
