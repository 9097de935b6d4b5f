"""The texts of a tree that are written from facts of the runs: READMEs, run script, the five fields, calibration."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from levelfield.rules.model import RuleSet
from levelfield.submission.package.entry import PackagedResult
from levelfield.submission.package.rehearsal import rehearsal_notice
from levelfield.submission.package.run_folder import MeasuredRun

__all__ = [
    "WRITTEN_BY",
    "calibration_text",
    "code_readme",
    "measurement_json",
    "measurement_readme",
    "needs_calibration",
    "requirements",
    "run_script",
    "table_of",
]

QUANTISED = ("int", "uint", "fp8", "fp4")
WRITTEN_BY = "levelfield submission package"


def measurement_json(run: MeasuredRun, rules: RuleSet) -> str:
    """The five fields of a measurement; empty where only the submitter can know."""
    said = run.statements
    values = {
        "input_data_types": said.input_data_types,
        "retraining": said.retraining,
        "starting_weights_filename": said.starting_weights_filename,
        "weight_data_types": said.weight_data_types,
        "weight_transformations": said.weight_transformations,
    }
    return json.dumps({name: values[name] for name in rules.fields.measurement}, indent=2, ensure_ascii=False) + "\n"


def measurement_readme(result: PackagedResult, rules: RuleSet, *, rehearsal: bool) -> str:
    """``README.md`` of a measurement: what was measured, with what, and how to do it again."""
    run = result.entry.run
    inferred = (
        f"\nThe logs are those of {run.scenario}, from which the result of {result.scenario} is inferred "
        f"({rules.inferred[0].citation.clause}).\n"
        if result.inferred
        else ""
    )
    return (
        f"# {run.benchmark}, {result.scenario}, on {result.system.id}\n\n"
        f"{rehearsal_notice() if rehearsal else ''}"
        f"Measured with levelfield under the rules of {run.rules} ({run.started}). `mlperf.conf` holds the round's own "
        f"values, `user.conf` what this run sets beside them.\n{inferred}\n"
        f"{table_of(_facts(run))}\n"
        f"To repeat it, with the software of `code/{run.benchmark}/{run.statements.name}`:\n\n"
        f"    {shlex.join(run.statements.command)}\n"
    )


def _facts(run: MeasuredRun) -> Iterable[tuple[str, str]]:
    yield "result", run.metric
    yield "accuracy", run.accuracy
    yield "edition", run.edition
    yield from run.backend


def code_readme(results: tuple[PackagedResult, ...], *, rehearsal: bool) -> str:
    """``README.md`` of an implementation: where its code is, and the commands, versions and hashes of every run."""
    first = results[0].entry.run
    head = (
        f"# {first.benchmark}, {first.statements.name}\n\n"
        f"{rehearsal_notice() if rehearsal else ''}"
        "The implementation is the Python package levelfield: load generator, pre- and post-processing, serving and "
        "metric. Each system's folder has `requirements.txt` with the versions that ran, `run.sh` with the exact "
        "commands, and `accuracy_logs.json`, from which a full accuracy log that is shown later can be verified:\n\n"
        "    levelfield submission verify-log mlperf_log_accuracy.json accuracy_logs.json\n"
    )
    parts = [head]
    for result in results:
        run = result.entry.run
        if result.inferred:
            parts.append(f"## {result.system.id}, {result.scenario}\n\nInferred from the logs of {run.scenario}.\n")
            continue
        rules = (("rules", run.rules), ("rules, SHA-256", run.rules_sha256))
        parts.append(
            f"## {result.system.id}, {result.scenario}\n\n"
            f"    {shlex.join(run.statements.command)}\n\n{table_of([*run.backend, *run.software, *rules])}"
        )
    return "\n".join(parts)


def run_script(runs: Iterable[MeasuredRun]) -> str:
    """``run.sh``: the command of every run, in order."""
    lines = ["#!/bin/sh", f"# The runs of this submission, as they were made. Written by {WRITTEN_BY}.", "set -eu"]
    return "\n".join([*lines, *(shlex.join(run.statements.command) for run in runs)]) + "\n"


def requirements(runs: Iterable[MeasuredRun]) -> str:
    """``requirements.txt``: the packages and versions that took part."""
    found = dict.fromkeys(pair for run in runs for pair in run.software)
    lines = [f"# {version}" if name == "python" else f"{name}=={version}" for name, version in found]
    return "\n".join(lines) + "\n"


def needs_calibration(run: MeasuredRun) -> bool:
    """Whether the weights are of a type that comes from quantisation, which the rules want described."""
    return run.statements.weight_data_types.startswith(QUANTISED)


def calibration_text(run: MeasuredRun, *, rehearsal: bool) -> str:
    """``calibration_process.adoc``: what is known of the quantisation; its method is to be written where it is not."""
    said = run.statements
    notice = rehearsal_notice() if rehearsal else ""
    return (
        f"= Calibration of {run.benchmark}\n\n{notice}"
        f"Weights: {said.weight_data_types}, in {said.starting_weights_filename} "
        f"(SHA-256 {dict(run.backend).get('sha256', 'not known')}).\n\n"
        f"{said.weight_transformations}\n"
    )


def table_of(rows: Iterable[tuple[str, str]]) -> str:
    """A table of names and values in Markdown."""
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {_cell(value)} |\n" for name, value in rows)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
