"""``y_labels.csv`` of MLPerf Tiny: which class each input file is. No header; ``file,classes,class``.

For anomaly detection two numbers follow, bytes of a window and of a stride. Line ends vary. Source: mlcommons/tiny,
``benchmark/evaluation/datasets`` at v0.7 (7a738cd).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from levelfield.errors import InputError

__all__ = ["parse_tiny_labels", "read_tiny_labels"]


def parse_tiny_labels(text: str, *, source: Path | str) -> Mapping[str, int]:
    """Class by file name, in the order of the run.

    Raises:
        InputError: Lines that are not of that form, or a file that occurs twice; all are listed.
    """
    found: dict[str, int] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, *rest = (part.strip() for part in line.split(","))
        if len(rest) not in {2, 4} or not all(part.isascii() and part.isdigit() for part in rest):
            problems.append(f"line {number}: found {line[:60]!r}, expected file,classes,class.")
        elif int(rest[1]) >= int(rest[0]):
            problems.append(f"line {number}: found class {rest[1]} of {rest[0]}, expected a smaller number.")
        elif name in found:
            problems.append(f"line {number}: found {name} again, expected each file once.")
        else:
            found[name] = int(rest[1])
    if not found and not problems:
        problems.append("found no line, expected at least one.")
    if problems:
        raise InputError(f"{source} is not a file of labels.", problems=problems[:20])
    return MappingProxyType(found)


def read_tiny_labels(path: Path) -> Mapping[str, int]:
    """Read a label file.

    Raises:
        InputError: As :func:`parse_tiny_labels`; also where the file cannot be read.
    """
    try:
        text = path.read_bytes().decode("latin-1")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return parse_tiny_labels(text, source=path)
