"""Runs the reference load generator with a system that completes at once; a program of its own, started by tests.

The reference keeps its state in the process and may hang for ever, so it never runs inside a test's process.
Usage: ``wheel_runs.py CASES.json RESULTS.json``; a case has the settings' attributes by name, and the sizes of the
sample library.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

import mlperf_loadgen as lg

ENUMS = {"scenario": lg.TestScenario, "mode": lg.TestMode}


def run(case: dict, folder: Path) -> dict:
    issued: list[int] = []
    loaded: list[list[int]] = []

    def issue(queries: list) -> None:
        issued.extend(query.index for query in queries)
        lg.QuerySamplesComplete([lg.QuerySampleResponse(query.id, 0, 0) for query in queries])

    settings = lg.TestSettings()
    for name, value in case["settings"].items():
        setattr(settings, name, getattr(ENUMS[name], value) if name in ENUMS else value)
    output = lg.LogOutputSettings()
    output.outdir = str(folder)
    logs = lg.LogSettings()
    logs.log_output = output
    logs.enable_trace = case["trace"]
    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(case["total"], case["performance"], lambda s: loaded.append(list(s)), lambda s: None)
    lg.StartTestWithLogSettings(sut, qsl, settings, logs, "no-audit-file")
    lg.DestroyQSL(qsl)
    lg.DestroySUT(sut)
    entries = [
        json.loads(line.removeprefix(":::MLLOG "))
        for line in (folder / "mlperf_log_detail.txt").read_text().splitlines()
        if '"key": "generated_' in line or '"key": "effective_' in line
    ]
    values = {entry["key"]: entry["value"] for entry in entries}
    generated = [
        [entry["value"] for entry in entries if entry["key"] == key]
        for key in ("generated_query_count", "generated_samples_per_query", "generated_query_duration")
    ]
    accuracy = json.loads((folder / "mlperf_log_accuracy.json").read_text())
    return {
        "loaded": loaded,
        "issued": issued,
        "generated": list(zip(*generated, strict=True)),
        "logged": sorted(entry["seq_id"] for entry in accuracy),
        "scheduled_ns": scheduled_ns(folder / "mlperf_log_trace.json") if case["trace"] else [],
        "effective": {key: value for key, value in values.items() if key.startswith("effective_")},
    }


def scheduled_ns(trace: Path) -> list[int]:
    """When each sample was due, counted from the first: the beginnings of the trace's samples.

    The reference's trace is not JSON throughout: it quotes some strings twice.
    """
    begins = re.findall(r'"name":"Sample","cat":"default","ph":"b",.*?"id":(\d+),"ts":([\d.]+)', trace.read_text())
    begin_by_sample = {int(sample): round(float(micros) * 1000) for sample, micros in begins}
    return [begin_by_sample[sample] - begin_by_sample[0] for sample in sorted(begin_by_sample)]


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text())
    results = []
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            results.append(run(case, Path(folder)))
    Path(sys.argv[2]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
