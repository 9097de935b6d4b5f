"""Days 0 to 22 of Criteo Terabyte, which training learns from.

``terabyte_processed_train.bin`` or ``train_data.bin`` is what the reference's binary loader reads: 40 int32 a pair, day
after day, 671 GB. It is mapped, never read whole. Where it is absent, ``day_0_reordered.npz`` to
``day_22_reordered.npz`` (the reference's arrays, shuffled as they are) become it, off the clock.

Source: facebookresearch/dlrm at 6d75c84, ``data_loader_terabyte.py`` (``numpy_to_binary``) and
``dlrm_data_pytorch.py`` (``make_criteo_data_and_loaders``).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from levelfield.errors import DatasetError
from levelfield.workloads.recommendation.criteo import BinaryPairs, write_binary
from levelfield.workloads.recommendation.criteo_arrays import array_facts, records_of_arrays
from levelfield.workloads.recommendation.preprocess import FULL, RecordLayout, Records

__all__ = ["TRAIN_DAYS", "convert_train_days", "open_train_pairs"]

TRAIN_FILES = ("terabyte_processed_train.bin", "train_data.bin")
TRAIN_DAYS = 23
_ARRAYS = ("day_{}_reordered.npz", "day_{}_processed.npz")


def open_train_pairs(folder: Path, layout: RecordLayout = FULL) -> BinaryPairs:
    """Open the binary file of the training days.

    Raises:
        DatasetError: It is not there, is empty, or ends within a record.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder.", hint="Give the folder of Criteo Terabyte with --data.")
    for name in TRAIN_FILES:
        if (folder / name).is_file():
            return BinaryPairs(folder / name, layout)
    raise DatasetError(
        f"{folder} holds no pairs of Criteo Terabyte to learn from.",
        problems=[f"looked for {' or '.join(TRAIN_FILES)}"],
        hint="Put it there, or day_0_reordered.npz to day_22_reordered.npz, and it is made of them off the clock.",
    )


def convert_train_days(folder: Path, layout: RecordLayout = FULL) -> bool:
    """Make the binary file of the days' arrays; says whether there was anything to do.

    Raises:
        DatasetError: Some days are there and others are not, or one is damaged; all of them are named.
        OutputError: The file cannot be written.
    """
    if any((folder / name).is_file() for name in TRAIN_FILES):
        return False
    days = [_arrays(folder, day) for day in range(TRAIN_DAYS)]
    if not any(days):
        return False
    problems = [f"day {day}: found none of its arrays" for day, path in enumerate(days) if path is None]
    paths = [path for path in days if path is not None]
    rows = []
    for path in paths:
        try:
            rows.append(array_facts(path, layout).rows)
        except DatasetError as error:
            problems += [error.message, *map(str, error.problems)]
    if problems:
        raise DatasetError(
            f"{folder} does not hold the {TRAIN_DAYS} days of Criteo Terabyte to learn from.",
            problems=problems,
            hint=f"Expected {_ARRAYS[0].format('N')} or {_ARRAYS[1].format('N')} for N = 0 to {TRAIN_DAYS - 1}.",
        )
    write_binary(folder / TRAIN_FILES[0], _records(paths, rows, layout, folder))
    return True


def _arrays(folder: Path, day: int) -> Path | None:
    return next((path for name in _ARRAYS if (path := folder / name.format(day)).is_file()), None)


def _records(paths: list[Path], rows: list[int], layout: RecordLayout, scratch: Path) -> Iterator[Records]:
    for path, count in zip(paths, rows, strict=True):
        yield from records_of_arrays(path, layout, rows=count, scratch=scratch)
