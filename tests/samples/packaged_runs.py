"""Run folders for packaging: a short real run of the mini edition, and one altered to look like a valid full one.

A valid full run takes hours and the round's data; packaging looks at files and verdicts only. So ``made_official``
rewrites those lines of a real run's logs and result that it looks at, and the hashes with them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from levelfield.errors import LevelfieldError, UsageError
from levelfield.files import sha256_of
from levelfield.inference.request import RunRequest
from levelfield.inference.run import run_benchmark
from levelfield.submission.package.package import package
from levelfield.submission.package.request import PackageRequest
from levelfield.terms import Scenario
from levelfield.workloads.task import Precision

SYSTEM = "host"
BENCHMARK = "resnet50"
TESTS = ("TEST01", "TEST04-A", "TEST04-B", "TEST05")
VERIFIED = {
    "TEST01": ("verify_performance.txt", "verify_accuracy.txt"),
    "TEST04-A": ("verify_performance.txt",),
    "TEST04-B": (),
    "TEST05": ("verify_performance.txt",),
}
LOGS = ("mlperf_log_summary.txt", "mlperf_log_detail.txt")


def short_run(
    out: Path, *, scenarios: tuple[Scenario, ...] = tuple(Scenario), precision: Precision = Precision.FP32
) -> Path:
    """A real run of the mini edition, a fraction of a second for each scenario."""
    run_benchmark(
        RunRequest(
            benchmark=BENCHMARK,
            scenarios=scenarios,
            out=out,
            precision=precision,
            duration_s=0.1,
            system_name=SYSTEM,
            settings=("min_query_count=700",),
        )
    )
    return out


def change_result(folder: Path, change: Callable[[dict[str, Any]], None], scenario: str | None = None) -> None:
    """Alter the results of a run's ``result.json``, all or those of one scenario."""
    path = folder / "result.json"
    document = json.loads(path.read_text())
    for result in document["results"]:
        if scenario in {None, result["scenario"]}:
            change(result)
    path.write_text(json.dumps(document))


def change_log(folder: Path, scenario: str, **values: object) -> None:
    """Set values of a performance detail log by key, and the recorded hash with them."""
    path = folder / "results" / SYSTEM / BENCHMARK / scenario / "performance/run_1/mlperf_log_detail.txt"
    text = path.read_text()
    for key, value in values.items():
        spelled = json.dumps(value)
        text, count = re.subn(rf'("key": "{key}", "value": )(.*?)(, "time_ms")', rf"\g<1>{spelled}\g<3>", text)
        assert count, f"{path} has no {key}"
    path.write_text(text)
    rehash(folder)


def rehash(folder: Path) -> None:
    """Record the hashes of the files as they are."""

    def change(result: dict[str, Any]) -> None:
        for file in result["files"].values():
            file |= {"sha256": sha256_of(folder / file["path"]), "bytes": (folder / file["path"]).stat().st_size}

    change_result(folder, change)


def made_official(folder: Path) -> Path:
    """Alter a run so that it says: full edition, official, VALID, accurate."""

    def change(result: dict[str, Any]) -> None:
        result |= {"edition": "full", "official": True}
        result["verdict"] |= {"validity": "VALID", "summary": "All conditions are met.", "errors": []}
        for condition in result["verdict"]["conditions"]:
            condition["met"] = True

    change_result(folder, change)
    results = json.loads((folder / "result.json").read_text())["results"]
    for result in results:
        scenario = result["scenario"]
        more = {"effective_samples_per_query": 24576} if scenario == "Offline" else {}
        change_log(
            folder,
            scenario,
            result_validity="VALID",
            effective_min_duration_ms=600000,
            effective_performance_sample_count=1024,
            **more,
        )
        without_errors(folder, scenario)
    rehash(folder)
    return folder


def without_errors(folder: Path, scenario: str) -> None:
    """Take the logged errors out, which a run on a busy machine has."""
    for log in (folder / "results" / SYSTEM / BENCHMARK / scenario).rglob("mlperf_log_detail.txt"):
        lines = [line for line in log.read_text().splitlines(keepends=True) if '"is_error": true' not in line]
        log.write_text("".join(lines))


def with_audits(folder: Path, into: Path | None = None) -> Path:
    """Add passed audits of every result, made of the run's own logs, in the layout of the round."""
    for result in json.loads((folder / "result.json").read_text())["results"]:
        scenario = result["scenario"]
        source = folder / "results" / SYSTEM / BENCHMARK / scenario
        for test in TESTS:
            audit = (into or folder) / "compliance" / SYSTEM / BENCHMARK / scenario / test
            run = audit / "performance" / "run_1"
            run.mkdir(parents=True)
            for name in LOGS:
                shutil.copyfile(source / "performance/run_1" / name, run / name)
            for name in VERIFIED[test]:
                (audit / name).write_text("TEST PASS\n")
            if test == "TEST01":
                (audit / "accuracy").mkdir()
                shutil.copyfile(
                    source / "accuracy/mlperf_log_accuracy.json", audit / "accuracy/mlperf_log_accuracy.json"
                )
    return into or folder


def drop(folder: Path, *scenarios: str) -> None:
    """Take scenarios out of a run, with their audits."""
    path = folder / "result.json"
    document = json.loads(path.read_text())
    document["results"] = [result for result in document["results"] if result["scenario"] not in scenarios]
    path.write_text(json.dumps(document))
    for scenario in scenarios:
        shutil.rmtree(folder / "compliance/host/resnet50" / scenario, ignore_errors=True)


def listing(folder: Path) -> set[str]:
    """The files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def refused(request: PackageRequest, kind: type[LevelfieldError] = UsageError) -> str:
    """The whole text of the refusal; nothing was written."""
    with pytest.raises(kind) as caught:
        package(request)
    assert not request.out.exists()
    return caught.value.text()
