"""The raw record of a run as a file: every latency, so that every published figure can be computed again.

The file is a NumPy ``.npz`` archive (a zip of ``.npy`` arrays, not compressed) with these members:

``header``               UTF-8 JSON as bytes: schema, the settings of each phase, events, issuing mode
``pN_scheduled_ns``      (queries,) when each query of phase N was due, relative to the start of the phase
``pN_issue_delay_ns``    (queries,) how much later it was issued; one element where it was never late by definition
``pN_latency_ns``        (samples,) completion minus due time; -1 never completed
``pN_sample_indices``    (samples,) dataset indices in order of issue
``pN_loaded_set``        dataset indices of the loaded set
``pN_own_delay_ns``      (queries,) how much of the issue delay is the load generator's own; absent = all of it
``pN_first_token_ns``, ``pN_token_counts``, ``pN_pickup_delay_ns``   where they were measured

Every array has the narrowest integer type that holds it. History of the schema: 1 (0.1.0) the first.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from levelfield.errors import FormatError
from levelfield.files import write_problem
from levelfield.loadgen.collect import narrow_type
from levelfield.loadgen.measurement import Event, Issuing, Measurement, Severity
from levelfield.loadgen.ports import IntArray
from levelfield.loadgen.settings import (
    EffectiveSettings,
    Load,
    MultiStream,
    Offline,
    Seeds,
    Server,
    Settings,
    SingleStream,
    Tokens,
)
from levelfield.terms import DrawVariant, Mode, Profile, Scenario

__all__ = ["SCHEMA", "read_record", "write_record"]

SCHEMA = "levelfield.loadgen-record/1"
ARRAYS = ("scheduled_ns", "issue_delay_ns", "latency_ns", "sample_indices", "loaded_set")
OPTIONAL_ARRAYS = ("first_token_ns", "token_counts", "pickup_delay_ns", "own_delay_ns")
LOAD_BY_SCENARIO: dict[Scenario, type[Load]] = {
    Scenario.SINGLE_STREAM: SingleStream,
    Scenario.MULTI_STREAM: MultiStream,
    Scenario.SERVER: Server,
    Scenario.OFFLINE: Offline,
}


def write_record(path: Path, measurements: tuple[Measurement, ...]) -> None:
    """Write the record of a run atomically.

    Raises:
        OutputError: The file cannot be written.
    """
    arrays: dict[str, IntArray] = {}
    phases = []
    for number, measurement in enumerate(measurements):
        phases.append(_header_of(measurement))
        for name in (*ARRAYS, *OPTIONAL_ARRAYS):
            values = getattr(measurement, name)
            if values is not None:
                arrays[f"p{number}_{name}"] = _narrowed(values)
    header = json.dumps({"schema": SCHEMA, "phases": phases}).encode()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, header=np.frombuffer(header, np.uint8), **arrays)
        temporary.replace(path)
    except OSError as error:
        raise write_problem(path, error) from error
    finally:  # also when Ctrl-C falls into it
        temporary.unlink(missing_ok=True)


def read_record(path: Path) -> tuple[Measurement, ...]:
    """Read what :func:`write_record` wrote.

    Raises:
        FormatError: The file is not such a record, or is damaged.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            header = json.loads(bytes(archive["header"]))
            if header.get("schema") != SCHEMA:
                raise FormatError(path, "header", f"schema {header.get('schema')!r}", f"{SCHEMA!r}")
            return tuple(_measurement(archive, number, phase) for number, phase in enumerate(header["phases"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(path, "archive", f"{type(error).__name__}: {error}", f"a record ({SCHEMA})") from error


def _narrowed(values: IntArray) -> IntArray:
    if not len(values):
        return values.astype(np.int16)
    low, high = int(values.min()), int(values.max())
    if low == high and len(values) > 1 and values.strides == (0,):
        values = values[:1]  # one value for all, as where a query is due when it is issued
    return values.astype(narrow_type(low, high), copy=False)


def _header_of(measurement: Measurement) -> dict[str, object]:
    effective = asdict(measurement.effective)
    return {
        "effective": effective,
        "phase": measurement.phase,
        "query_count": measurement.query_count,
        "generated_query_count": measurement.generated_query_count,
        "generated_samples_per_query": measurement.generated_samples_per_query,
        "generated_query_duration_ns": measurement.generated_query_duration_ns,
        "samples_per_query": measurement.samples_per_query,
        "wall_begin": measurement.wall_begin.isoformat(),
        "events": [asdict(event) for event in measurement.events],
        "issuing": asdict(measurement.issuing),
        "ended_early": measurement.ended_early,
    }


def _measurement(archive: Any, number: int, phase: dict[str, Any]) -> Measurement:
    def array(name: str) -> IntArray:
        values: IntArray = archive[f"p{number}_{name}"]
        return values

    delay = array("issue_delay_ns")
    queries = int(phase["query_count"])
    if len(delay) == 1 and queries != 1:
        delay = np.broadcast_to(delay, queries)
    optional = {name: array(name) if f"p{number}_{name}" in archive.files else None for name in OPTIONAL_ARRAYS}
    return Measurement(
        effective=_effective(phase["effective"]),
        phase=Mode(phase["phase"]),
        loaded_set=array("loaded_set"),
        generated_query_count=phase["generated_query_count"],
        generated_samples_per_query=phase["generated_samples_per_query"],
        generated_query_duration_ns=phase["generated_query_duration_ns"],
        scheduled_ns=array("scheduled_ns"),
        issue_delay_ns=delay,
        latency_ns=array("latency_ns"),
        sample_indices=array("sample_indices"),
        samples_per_query=phase["samples_per_query"],
        first_token_ns=optional["first_token_ns"],
        token_counts=optional["token_counts"],
        pickup_delay_ns=optional["pickup_delay_ns"],
        own_delay_ns=optional["own_delay_ns"],
        wall_begin=datetime.fromisoformat(phase["wall_begin"]),
        events=tuple(
            Event(key=event["key"], text=event["text"], severity=Severity(event["severity"]))
            for event in phase["events"]
        ),
        issuing=Issuing(**phase["issuing"]),
        ended_early=phase["ended_early"],
    )


def _effective(data: dict[str, Any]) -> EffectiveSettings:
    requested = data["requested"]
    scenario = Scenario(data["scenario"])
    settings = Settings(
        **{
            **requested,
            "load": LOAD_BY_SCENARIO[scenario](**requested["load"]),
            "mode": Mode(requested["mode"]),
            "seeds": Seeds(**requested["seeds"]),
            "tokens": Tokens(**requested["tokens"]),
            "profile": Profile(requested["profile"]),
            "draw_variant": DrawVariant(requested["draw_variant"]) if requested["draw_variant"] else None,
        }
    )
    return EffectiveSettings(**{**data, "requested": settings, "scenario": scenario, "mode": Mode(data["mode"])})
