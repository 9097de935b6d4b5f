"""The texts of a tree that are written from facts of the runs: READMEs, the three scripts, and what was trained how."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from levelfield.rules.training import TrainingRules
from levelfield.submission.package.rehearsal import rehearsal_notice
from levelfield.submission.package.texts import WRITTEN_BY, table_of
from levelfield.submission.package.training.entry import JudgedRun, TrainingEntry
from levelfield.submission.training.packaged_logs import RECORD_SCHEMA
from levelfield.terms import Edition
from levelfield.units import format_number

__all__ = [
    "IMPLEMENTATION",
    "code_head",
    "code_readme",
    "entry_record",
    "init_datasets_script",
    "requirements",
    "requirements_name",
    "run_script",
    "setup_script",
    "system_readme",
]

IMPLEMENTATION = "levelfield-torch"
"""The name of the implementation's folder: every benchmark is trained by this package, with torch."""
HEAD = "#!/bin/sh\n"


def requirements_name(system: str) -> str:
    """The file of the versions that ran on a system, in the implementation's folder."""
    return f"requirements-{system}.txt"


def code_readme(system: str, entry: TrainingEntry, rules: TrainingRules, *, rehearsal: bool) -> str:
    """``README.md`` of an implementation, as far as it is about one system; :func:`system_readme` says the results."""
    first = entry.folders[0]
    rows = [("edition", str(entry.edition)), *first.software, ("rules", rules.name), ("rules, SHA-256", rules.sha256)]
    commands = "\n".join(f"    {shlex.join(folder.command)}" for folder in entry.folders)
    return (
        f"## {system}\n\n{rehearsal_notice() if rehearsal else ''}"
        f"`{requirements_name(system)}` has the versions that ran. What was run:\n\n{commands}\n\n{table_of(rows)}"
    )


def code_head(entry: TrainingEntry) -> str:
    """How the README of an implementation begins."""
    benchmark, own_code = entry.benchmark, entry.folders[0].own_code
    text = (
        f"The clock, the loop and the log are those of the Python package levelfield; what is trained is `{own_code}`."
        if own_code
        else f"The implementation is the Python package levelfield: {benchmark.model} with its data, optimizer, clock "
        f"and log, in `levelfield/training/benchmarks/{benchmark.name}/`."
    )
    installed = "`pip install --requirement` on the file of a system's versions installs the packages."
    return f"# {benchmark.name}, {IMPLEMENTATION}\n\n{text} {installed}\n"


def system_readme(system: str, entry: TrainingEntry, *, rehearsal: bool) -> str:
    """``README.md`` of a benchmark on a system: what was trained, what came of it, how to do it again."""
    benchmark, first = entry.benchmark, entry.folders[0]
    score = "none" if entry.minutes is None else f"{format_number(entry.minutes, digits=5)} minutes"
    rows = [
        ("model", benchmark.model if entry.edition is Edition.FULL else f"the mini edition of {benchmark.model}"),
        ("target", ", ".join(first.targets)),
        ("device", f"{first.device}, {first.processes} processes" if first.processes > 1 else first.device),
        ("number format", first.number_format),
        ("score", f"{score}, the olympic mean of {benchmark.runs} runs" if entry.minutes is not None else score),
    ]
    chosen = ""
    if len(entry.runs) > benchmark.runs:
        last = entry.first + benchmark.runs
        chosen = (
            f"\n{len(entry.runs)} runs were trained. Handed in are runs {entry.first + 1} to {last} in the order of "
            "their launch, the window with the median score; the logs of the others are kept by the submitter.\n"
        )
    runs = "".join(
        f"| `result_{number}.txt` | {_minutes(one)} | {one.log.failure or 'counts'} |\n"
        for number, one in enumerate(entry.handed_in)
    )
    return (
        f"# {benchmark.name} on {system}\n\n{rehearsal_notice() if rehearsal else ''}{table_of(rows)}{chosen}\n"
        f"| log | minutes | |\n|---|---|---|\n{runs}\n"
        "To repeat it: `setup.sh` once, `init_datasets.sh` once, then `run_and_time.sh`.\n"
    )


def _minutes(one: JudgedRun) -> str:
    return "" if one.log.minutes is None else format_number(one.log.minutes, digits=5)


def setup_script(system: str) -> str:
    """``setup.sh``: what is done once for the system."""
    path = f"../implementations/{IMPLEMENTATION}/{requirements_name(system)}"
    return (
        f"{HEAD}# Once: the software that ran. Written by {WRITTEN_BY}.\nset -eu\n"
        f'python -m pip install --requirement "$(dirname "$0")"/{shlex.quote(path)}\n'
    )


def init_datasets_script(entry: TrainingEntry) -> str:
    """``init_datasets.sh``: what is done once for the data."""
    folders = list(dict.fromkeys(text for folder in entry.folders for text in (folder.data, folder.start) if text))
    lines = [f"{HEAD}# Once: the data. Written by {WRITTEN_BY}.", "set -eu"]
    if folders:
        lines.append(
            f"# {entry.benchmark.dataset}, as it is published; levelfield says what is missing, off the clock."
        )
        lines += [f"test -e {path} || {{ echo {path}: not there >&2; exit 1; }}" for path in map(shlex.quote, folders)]
    else:
        lines.append("# Nothing to fetch: the data of this edition are made by the run itself, or lie in the package.")
    return "\n".join(lines) + "\n"


def run_script(entry: TrainingEntry) -> str:
    """``run_and_time.sh``: the commands of all runs, in order; each prints and records its times."""
    lines = [f"{HEAD}# The runs of this result, as they were made. Written by {WRITTEN_BY}.", "set -eu"]
    return "\n".join([*lines, *(shlex.join(folder.command) for folder in entry.folders)]) + "\n"


def requirements(entry: TrainingEntry) -> str:
    """The packages and versions that took part."""
    found = dict.fromkeys(pair for folder in entry.folders for pair in folder.software)
    return "\n".join(f"# {v}" if name == "python" else f"{name}=={v}" for name, v in found if v) + "\n"


def entry_record(entry: TrainingEntry, rules: TrainingRules) -> str:
    """``<system>_<implementation>.json``: how the implementation was used, and the hash of every log."""
    first = entry.folders[0]
    document = {
        "schema": RECORD_SCHEMA,
        "round": rules.name,
        "benchmark": entry.benchmark.name,
        "edition": str(entry.edition),
        "device": first.device,
        "processes": first.processes,
        "number_format": first.number_format,
        "starting_weights_filename": first.start,
        "settings": dict(_common(entry.runs)),
        "software": dict(first.software),
        "commands": [shlex.join(folder.command) for folder in entry.folders],
        "trained": len(entry.runs),
        "logs": {f"result_{number}.txt": one.run.sha256 for number, one in enumerate(entry.handed_in)},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _common(runs: Iterable[JudgedRun]) -> Iterable[tuple[str, object]]:
    """Settings that no run contradicts."""
    found: dict[str, list[object]] = {}
    for one in runs:
        for key, value in one.settings.items():
            found.setdefault(key, []).append(value)
    return ((key, values[0]) for key, values in found.items() if all(value == values[0] for value in values))
