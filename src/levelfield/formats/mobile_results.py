"""``results.json`` of MLPerf Mobile v2.0: a flat list, one object per task and mode, every leaf a text.

An accuracy entry has the score ``Infinity`` (or ``0.0`` in Offline), which is no score; here it is ``None``.
``duration`` is the sum of query latencies and may be below ``min_duration`` in a valid run: LoadGen's log decides.
Source: published files of mlcommons/mobile_results_v2.0 at 47ae99c; mlcommons/mobile_app_open at v2.0-android.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from levelfield.errors import FormatError, InputError

__all__ = ["Accuracy", "MobileEntry", "parse_accuracy", "parse_mobile_results", "write_mobile_results"]

PERFORMANCE, ACCURACY = "performance_lite_mode", "accuracy_mode"
NOT_MEASURED = "N/A"
_ACCURACY = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*(%|mAP|mIoU|)\s*")
_SHOWN = 20
"""Problems that are spelled out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """An accuracy as the app prints it."""

    value: float
    unit: str
    """``%``, ``mAP``, ``mIoU``; empty for the F1 of question answering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileEntry:
    """One task in one mode."""

    benchmark_id: str
    is_performance: bool
    score: float | None
    """``None`` in accuracy mode."""
    accuracy_text: str
    """As written: ``75.92%``; ``N/A`` in performance mode."""
    min_duration_ms: float
    duration_ms: float
    """Sum of the latencies of all queries."""
    min_samples: int
    samples: int
    """Queries done; 0 in accuracy mode."""
    datetime: str

    @property
    def accuracy(self) -> Accuracy | None:
        """The accuracy; ``None`` where there is none or it is of no known form."""
        return parse_accuracy(self.accuracy_text)


def parse_accuracy(text: str) -> Accuracy | None:
    """``75.92%``, ``0.2785 mAP``, ``0.5755 mIoU`` or ``93.9833``; ``None`` for anything else."""
    found = _ACCURACY.fullmatch(text)
    return None if found is None else Accuracy(value=float(found[1]), unit=found[2])


def parse_mobile_results(data: bytes, *, source: Path | str) -> tuple[MobileEntry, ...]:
    """Read a file, in its order.

    Raises:
        FormatError: The file is not JSON, or not a list.
        InputError: Entries lack fields or hold what is not expected; all are listed.
    """
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FormatError(source, f"byte {error.start}", f"0x{data[error.start]:02x}", "UTF-8") from error
    except json.JSONDecodeError as error:
        raise FormatError(
            source, f"line {error.lineno}", repr(error.doc[error.pos : error.pos + 20]), "JSON"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(source, "line 1", "JSON nested too deep or with a number too long", "a flat list") from error
    if isinstance(found, dict) and "results" in found:
        raise FormatError(source, "line 1", "a result file of a later app (v3 or newer)", "the list of v2.0")
    if not isinstance(found, list):
        raise FormatError(source, "line 1", type(found).__name__, "a list of results")
    entries: list[MobileEntry] = []
    problems: list[str] = []
    for number, item in enumerate(found, 1):
        entry = _entry(item, number, problems)
        if entry is not None:
            entries.append(entry)
    if problems:
        more = len(problems) - _SHOWN
        raise InputError(
            f"{source} holds entries that cannot be read.",
            problems=[*problems[:_SHOWN], *([f"and {more} more."] if more > 0 else [])],
        )
    return tuple(entries)


def write_mobile_results(entries: Sequence[MobileEntry]) -> str:
    """The text of a file, laid out as the app lays it out."""
    listed = [
        {
            "benchmark_id": entry.benchmark_id,
            "configuration": {"runtime": ""},
            "score": "Infinity" if entry.score is None else repr(entry.score),
            "accuracy": entry.accuracy_text,
            "min_duration": repr(entry.min_duration_ms),
            "duration": repr(entry.duration_ms),
            "min_samples": str(entry.min_samples),
            "num_samples": str(entry.samples),
            "mode": PERFORMANCE if entry.is_performance else ACCURACY,
            "datetime": entry.datetime,
        }
        for entry in entries
    ]
    return json.dumps(listed, indent=4)


def _entry(item: object, number: int, problems: list[str]) -> MobileEntry | None:
    """One entry; what is wrong with it is added to the problems."""
    if not isinstance(item, dict):
        problems.append(f"entry {number}: found {type(item).__name__}, expected an object.")
        return None
    before = len(problems)
    fields = cast("Mapping[str, object]", item)
    name = _text(fields, "benchmark_id", number, problems)
    where = f"entry {number} ({name})" if name else f"entry {number}"
    mode = _text(fields, "mode", where, problems)
    if mode and not mode.startswith(("performance", "accuracy")):
        problems.append(f"{where}: mode: found {mode!r}, expected {PERFORMANCE} or {ACCURACY}.")
    is_performance = mode.startswith("performance")
    score = _number(fields, "score", where, problems)
    if is_performance and not (math.isfinite(score) and score > 0) and "score" in fields:
        problems.append(f"{where}: score: found {fields['score']!r}, expected a number above 0.")
    entry = MobileEntry(
        benchmark_id=name,
        is_performance=is_performance,
        score=score if is_performance else None,
        accuracy_text=_text(fields, "accuracy", where, problems),
        min_duration_ms=_number(fields, "min_duration", where, problems),
        duration_ms=_number(fields, "duration", where, problems),
        min_samples=_count(fields, "min_samples", where, problems),
        samples=_count(fields, "num_samples", where, problems),
        datetime=_text(fields, "datetime", where, problems),
    )
    return entry if len(problems) == before else None


def _text(fields: Mapping[str, object], key: str, where: int | str, problems: list[str]) -> str:
    value = fields.get(key)
    if isinstance(value, str):
        return value
    place = f"entry {where}" if isinstance(where, int) else where
    problems.append(f"{place}: {key}: found {'nothing' if value is None else repr(value)[:40]}, expected a text.")
    return ""


def _number(fields: Mapping[str, object], key: str, where: str, problems: list[str]) -> float:
    value = fields.get(key)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    problems.append(f"{where}: {key}: found {'nothing' if value is None else repr(value)[:40]}, expected a number.")
    return math.nan


def _count(fields: Mapping[str, object], key: str, where: str, problems: list[str]) -> int:
    known = len(problems)
    value = _number(fields, key, where, problems)
    if len(problems) == known and not (math.isfinite(value) and value.is_integer() and value >= 0):
        problems.append(f"{where}: {key}: found {fields[key]!r}, expected a whole number.")
    return int(value) if math.isfinite(value) else 0
