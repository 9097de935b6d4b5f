"""What the official tools of the round say: the rows of the summary, and the verdict of the package check.

Cells are made from the description as it is written, quirks included. Source: mlcommons/logging at beaf26d,
``result_summarizer``, ``package_checker``, ``benchmark_meta``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from levelfield.rules.training import TrainingRules
from levelfield.stats.rcp import Convergence, Floor, official_words
from levelfield.stats.rcp_figure import FigureMode
from levelfield.submission.report import OfficialRow
from levelfield.submission.training.compliance.seeds import SeedSubject
from levelfield.submission.training.convergence import tested_folder
from levelfield.submission.training.subjects import FolderSubject, SystemSubject

__all__ = [
    "OfficialFolder",
    "OfficialPackage",
    "SummaryRow",
    "official_folder",
    "official_packages",
    "summary_columns",
    "summary_row",
]

BEFORE = (
    "division",
    "availability",
    "submitter",
    "system",
    "host_processor_model_name",
    "host_processors_count",
    "accelerator_model_name",
    "accelerators_count",
    "framework",
)
AFTER = ("details_url", "code_url")
NEEDED = (
    "division",
    "status",
    "submitter",
    "system_name",
    "host_processor_model_name",
    "host_processor_core_count",
    "host_processors_per_node",
    "number_of_nodes",
    "accelerator_model_name",
    "accelerators_per_node",
    "framework",
)
"""Without one of these a system has no row."""
TPU_V3 = "tpu-v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialFolder:
    """What the package checker says of one folder."""

    path: str
    rcp_passed: bool | None
    """``None`` where it does not test convergence."""
    rcp_message: str
    """In its words; empty where it does not test."""
    problems: tuple[str, ...]
    """Everything that makes its package fail, in ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialPackage:
    """The last line of the package checker."""

    path: str
    """The submitter's folder."""
    passed: bool
    problems: tuple[str, ...]


def official_folder(subject: FolderSubject) -> OfficialFolder | None:
    """The verdict on a folder; ``None`` where the checker passes over it."""
    benchmark = subject.benchmark
    if benchmark is None or subject.place.benchmark != benchmark.name:
        return None
    problems = []
    if len(subject.logs) != benchmark.runs:
        problems.append(f"{len(subject.logs)} logs, expected {benchmark.runs}")
    unfit = sum(not log.compliant for log in subject.logs)
    if unfit > benchmark.dropped:
        problems.append(f"{unfit} logs do not comply, expected {benchmark.dropped} at most")
    rcp_passed, rcp_message = None, ""
    if subject.description.fields.exact.get("division") == "closed":
        if not _seeds_hold(subject.seeds):
            problems.append("the seed check fails")
        if benchmark.has_reference:
            rcp_passed, rcp_message = official_words(_officially_tested(subject))
            if not rcp_passed:
                problems.append(f"RCP: {rcp_message}")
    return OfficialFolder(path=subject.path, rcp_passed=rcp_passed, rcp_message=rcp_message, problems=tuple(problems))


def _seeds_hold(subject: SeedSubject) -> bool:
    """Without what is only warned of. A run without seeds goes unnoticed before the first run with some."""
    seen: set[tuple[str, int]] = set()
    for run in subject.runs:
        if not run.readable or (seen and not run.seeds):
            return False
        for seed in run.seeds:
            if seed.value is None or (seed.place, seed.value) in seen:
                return False
            seen.add((seed.place, seed.value))
    return True


def _officially_tested(subject: FolderSubject) -> Convergence:
    """With the official search for the floor, and without a choice of figures: its default where ours would choose."""
    assert subject.benchmark is not None
    figure = subject.judging.figure
    if figure is FigureMode.AUTO:
        figure = FigureMode.EPOCH_NUM
    judging = replace(subject.judging, figure=figure, floor=Floor.BISECT)
    return tested_folder(subject.logs, subject.benchmark, judging, closed=True).convergence


def official_packages(folders: Iterable[tuple[str, OfficialFolder]]) -> tuple[OfficialPackage, ...]:
    """The verdicts on the submitters' folders, by path.

    Args:
        folders: The submitter's folder, and one of its result folders.
    """
    problems: dict[str, list[str]] = {}
    for owner, folder in folders:
        found = problems.setdefault(owner, [])
        found += [f"{folder.path}: {problem}" for problem in folder.problems]
    return tuple(
        OfficialPackage(path=path, passed=not found, problems=tuple(found)) for path, found in sorted(problems.items())
    )


# --------------------------------------------------------------------------------------------------- the summary


def summary_columns(rules: TrainingRules) -> tuple[str, ...]:
    """The columns, in order."""
    return (*BEFORE, *(one.name for one in rules), *AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """A row, and what puts it in its place within its submitter."""

    order: tuple[str, str, str, str, int]
    row: OfficialRow


def summary_row(system: SystemSubject, scores: Mapping[str, float], rules: TrainingRules) -> SummaryRow | None:
    """The row of a system; ``None`` where the official tool has none.

    Args:
        system: With results.
        scores: In minutes, by benchmark.
        rules: Of the round.
    """
    exact = system.description.fields.exact
    if system.description.path != f"{system.systems}/{system.name}.json" or any(name not in exact for name in NEEDED):
        return None
    nodes, hosts, accelerators = (
        _whole(exact[name]) for name in ("number_of_nodes", "host_processors_per_node", "accelerators_per_node")
    )
    if nodes is None or hosts is None or accelerators is None:
        return None
    name, linked = exact["system_name"], exact["system_name"]
    if name == TPU_V3:
        name, linked = f"TPUv3.{2 * accelerators}", f"{TPU_V3}-{2 * accelerators}"
    model = exact["accelerator_model_name"]
    model = "TPUv3" if model == TPU_V3 else model
    framework = _framework(exact["framework"])
    url = f"{rules.submission.repository_url}/blob/master/{exact['submitter']}"
    cells = (
        *(exact["division"], exact["status"], exact["submitter"], name),
        *(exact["host_processor_model_name"], str(hosts * nodes), model, str(accelerators * nodes), framework),
        *(repr(scores[one.name]) if one.name in scores else "" for one in rules),
        *(f"{url}/systems/{linked}.json", f"{url}/benchmarks"),
    )
    order = (exact["division"], name, model, framework, accelerators * nodes)
    return SummaryRow(order=order, row=OfficialRow(cells=cells))


def _framework(text: str) -> str:
    """Without the commit that builds of TensorFlow are named with."""
    return re.sub(r" commit hash = .*", "", text) if "TensorFlow" in text else text


def _whole(text: str) -> int | None:
    """As Python reads a whole number, which is what the official tool does; bounded."""
    try:
        return int(text) if len(text) < 12 else None
    except ValueError:
        return None
