"""The records of the reference: Wikipedia as examples in 500 TFRecord files, and ``eval_10k``.

They are what ``create_pretraining_data.py`` and ``pick_eval_samples.py`` write (mlcommons/training at 4a4d5a0,
language_model/tensorflow/bert/cleanup_scripts). The order is the reference's too: files in a random order, eight read
in turn, and records drawn from a thousand (``run_pretraining.py``, ``input_fn_builder``); but all of it from one seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from levelfield.errors import DatasetError
from levelfield.formats.tf_example import Feature, read_example
from levelfield.formats.tf_record import read_records
from levelfield.training.benchmarks.bert.examples import Examples
from levelfield.training.benchmarks.bert.settings import Settings

__all__ = ["Record", "decoded", "evaluation_file", "numbered", "shuffled_records", "train_files"]

TRAIN_PATTERN = "part-*-of-*"
EVALUATION_FILE = "eval_10k"
READ_IN_TURN = 8
SHUFFLED_AMONG = 1_000
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it is read, and where it stands."""

    path: Path
    number: int
    """From 1."""
    content: bytes


def train_files(folder: Path) -> tuple[Path, ...]:
    """The parts to learn from, sorted.

    Raises:
        DatasetError: There are none, or some of the number that their names give are missing.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the folder of the records with --data.")
    found = sorted(path for path in folder.glob(TRAIN_PATTERN) if path.is_file())
    if not found:
        raise DatasetError(
            f"{folder} holds no records to learn from.",
            problems=[f"looked for {TRAIN_PATTERN}, as part-00000-of-00500"],
            hint="They are written by create_pretraining_data.py of the reference, one file for each part of the text.",
        )
    names = {path.name for path in found}
    wanted = {int(name.rpartition("-of-")[2]) for name in names if name.rpartition("-of-")[2].isdigit()}
    expected = [f"part-{number:05}-of-{count:05}" for count in sorted(wanted) for number in range(count)]
    missing = [name for name in expected if name not in names]
    if missing:
        raise DatasetError(
            f"{folder} does not hold all parts.",
            problems=[f"{name}: missing" for name in missing[:_SHOWN]]
            + ([f"and {len(missing) - _SHOWN} more"] if len(missing) > _SHOWN else []),
        )
    return tuple(found)


def evaluation_file(folder: Path) -> Path:
    """The records to be evaluated on.

    Raises:
        DatasetError: They are not there.
    """
    path = folder / EVALUATION_FILE
    if not path.is_file():
        raise DatasetError(f"{path} is not there.", hint="It is written by pick_eval_samples.py of the reference.")
    return path


def numbered(path: Path) -> Iterator[Record]:
    """The records of a file.

    Raises:
        InputError: It cannot be read, or is damaged.
    """
    for number, content in enumerate(read_records(path), 1):
        yield Record(path, number, content)


def shuffled_records(paths: Sequence[Path], draw: np.random.Generator) -> Iterator[Record]:
    """Records without end, again and again in another order.

    Raises:
        InputError: A file cannot be read, or is damaged.
        DatasetError: All files are empty.
    """
    while True:
        order = [paths[number] for number in draw.permutation(len(paths))]
        count = 0
        for record in _drawn(_in_turn(order), draw):
            count += 1
            yield record
        if not count:
            raise DatasetError(f"{paths[0].parent}: all {len(paths)} parts are empty.")


def _in_turn(paths: Iterable[Path]) -> Iterator[Record]:
    """One record of each of some files, then the next; a file that ends makes room for another."""
    waiting = iter(paths)
    open_files = deque(numbered(path) for path in islice(waiting, READ_IN_TURN))
    while open_files:
        records = open_files.popleft()
        record = next(records, None)
        if record is not None:
            yield record
            open_files.append(records)
        elif (path := next(waiting, None)) is not None:
            open_files.append(numbered(path))


def _drawn(records: Iterator[Record], draw: np.random.Generator) -> Iterator[Record]:
    """Each time one of the next thousand."""
    held = list(islice(records, SHUFFLED_AMONG))
    for record in records:
        place = int(draw.integers(len(held)))
        yield held[place]
        held[place] = record
    for place in draw.permutation(len(held)):
        yield held[place]


def decoded(records: Sequence[Record], settings: Settings, *, vocabulary: int) -> Examples:
    """The examples of some records.

    Raises:
        DatasetError: Features are missing, are of another length, or hold what cannot be; all of them are named.
    """
    length, predictions = settings.max_sequence_length, settings.max_predictions_per_seq
    wanted = {
        "input_ids": (length, vocabulary),
        "input_mask": (length, 2),
        "segment_ids": (length, 2),
        "masked_lm_positions": (predictions, length),
        "masked_lm_ids": (predictions, vocabulary),
        "masked_lm_weights": (predictions, 2),
        "next_sentence_labels": (1, 2),
    }
    columns: dict[str, list[NDArray[np.int64] | NDArray[np.float32]]] = {name: [] for name in wanted}
    problems: list[str] = []
    for record in records:
        where = f"{record.path}, record {record.number:,}"
        try:
            features = read_example(record.content)
        except ValueError as error:
            problems.append(f"{where}: {error}")
            continue
        for name, (count, limit) in wanted.items():
            feature = features.get(name)
            problem = _problem(feature, name, count, limit)
            if problem:
                problems.append(f"{where}, {name}: {problem}")
            elif isinstance(feature, np.ndarray):
                columns[name].append(feature)
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise DatasetError(
            "Records are not examples that this run can learn from.",
            problems=[*problems[:_SHOWN], *more],
            hint=f"Expected {length} tokens with {predictions} predictions, as the reference prepares examples.",
        )
    stacked = {name: np.stack(values) if values else np.empty((0, wanted[name][0])) for name, values in columns.items()}
    return Examples(
        input_ids=stacked["input_ids"].astype(np.int64),
        input_mask=stacked["input_mask"].astype(np.int64),
        segment_ids=stacked["segment_ids"].astype(np.int64),
        masked_lm_positions=stacked["masked_lm_positions"].astype(np.int64),
        masked_lm_ids=stacked["masked_lm_ids"].astype(np.int64),
        masked_lm_weights=stacked["masked_lm_weights"].astype(np.float32),
        next_sentence_labels=stacked["next_sentence_labels"].astype(np.int64).reshape(-1),
    )


def _problem(feature: Feature | None, name: str, count: int, limit: int) -> str | None:
    if feature is None:
        return "found nothing, expected a list of numbers"
    if not isinstance(feature, np.ndarray) or (feature.dtype.kind == "f") != (name == "masked_lm_weights"):
        return "found another type, expected " + ("float" if name == "masked_lm_weights" else "int64")
    if len(feature) != count:
        return f"found {len(feature)} numbers, expected {count}"
    # A weight that is no number fails both comparisons, so it is asked for what it must be.
    if not ((feature >= 0) & (feature < limit)).all():
        wrong = feature[~((feature >= 0) & (feature < limit))][0]
        return f"found {wrong}, expected 0 to {limit - 1}"
    return None
