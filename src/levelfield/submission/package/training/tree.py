"""The files of a training tree, each with its content or the log that it is copied from. Nothing is written here.

Layout: mlcommons/policies, ``submission_rules.adoc``, Directory structure (last state before 2021-12-02)::

    <org>/systems/<system>.json
    <org>/benchmarks/<benchmark>/implementations/<implementation>/
    <org>/benchmarks/<benchmark>/<system>/{README.md,setup.sh,init_datasets.sh,run_and_time.sh}
    <org>/benchmarks/<benchmark>/<system>/<system>_<implementation>.json
    <org>/results/<system>/<benchmark>/result_<i>.txt
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from levelfield.rules.training import TrainingRules
from levelfield.submission.package.todo import NOT_FOUND, WHY_SYSTEM, ToDo
from levelfield.submission.package.training.entry import TrainingEntry
from levelfield.submission.package.training.system import TrainedSystem
from levelfield.submission.package.training.texts import (
    IMPLEMENTATION,
    code_head,
    code_readme,
    entry_record,
    init_datasets_script,
    requirements,
    requirements_name,
    run_script,
    setup_script,
    system_readme,
)
from levelfield.submission.package.tree import GIT_ATTRIBUTES
from levelfield.submission.package.writing import PlannedFile, text_file

__all__ = ["TrainingPlan", "files_of", "to_do"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What a tree is made from."""

    rules: TrainingRules
    organisation: str
    entries: tuple[TrainingEntry, ...]
    systems: Mapping[str, TrainedSystem]
    """By the name of their folders in the runs."""
    rehearsal: bool

    def system(self, entry: TrainingEntry) -> str:
        """The name of an entry's folders in the tree."""
        return self.systems[entry.system].id

    def results(self, entry: TrainingEntry) -> str:
        """The folder of its logs."""
        return f"{self.organisation}/results/{self.system(entry)}/{entry.benchmark.name}"

    def code(self, entry: TrainingEntry) -> str:
        """The folder of its benchmark's code."""
        return f"{self.organisation}/benchmarks/{entry.benchmark.name}"


def files_of(plan: TrainingPlan) -> Iterator[PlannedFile]:
    """Every file of the tree."""
    yield text_file(f"{plan.organisation}/.gitattributes", GIT_ATTRIBUTES)
    for system in plan.systems.values():
        yield text_file(_description(plan, system), system.to_json())
    for entry in plan.entries:
        for number, one in enumerate(entry.handed_in):
            yield PlannedFile(path=f"{plan.results(entry)}/result_{number}.txt", content=one.run.path)
        yield from _steps(plan, entry)
    yield from _implementations(plan)


def _description(plan: TrainingPlan, system: TrainedSystem) -> str:
    return f"{plan.organisation}/systems/{system.id}.json"


def _steps(plan: TrainingPlan, entry: TrainingEntry) -> Iterator[PlannedFile]:
    system = plan.system(entry)
    folder = f"{plan.code(entry)}/{system}"
    yield text_file(f"{folder}/README.md", system_readme(system, entry, rehearsal=plan.rehearsal))
    yield text_file(f"{folder}/setup.sh", setup_script(system))
    yield text_file(f"{folder}/init_datasets.sh", init_datasets_script(entry))
    yield text_file(f"{folder}/run_and_time.sh", run_script(entry))
    yield text_file(f"{folder}/{system}_{IMPLEMENTATION}.json", entry_record(entry, plan.rules))


def _implementations(plan: TrainingPlan) -> Iterator[PlannedFile]:
    by_folder: dict[str, list[TrainingEntry]] = {}
    for entry in plan.entries:
        by_folder.setdefault(f"{plan.code(entry)}/implementations/{IMPLEMENTATION}", []).append(entry)
    for folder, entries in by_folder.items():
        parts = [code_head(entries[0])]
        for entry in entries:
            system = plan.system(entry)
            parts.append(code_readme(system, entry, plan.rules, rehearsal=plan.rehearsal))
            yield text_file(f"{folder}/{requirements_name(system)}", requirements(entry))
        yield text_file(f"{folder}/README.md", "\n".join(parts))


def to_do(plan: TrainingPlan) -> tuple[ToDo, ...]:
    """What is left to be written or done, systems first."""
    counts = plan.rules.submission.count_fields
    found = [
        ToDo(
            path=_description(plan, system),
            field=name,
            why=WHY_SYSTEM.get(name, NOT_FOUND),
            needed=name in counts,  # the official summary has no row of a system without them
        )
        for system in plan.systems.values()
        for name in system.to_be_said
    ]
    for entry in plan.entries:
        missing = entry.benchmark.runs - len(entry.handed_in)
        if missing > 0:
            why = (
                f"the round asks for {entry.benchmark.runs}; train them with the same settings into another folder, "
                "and package all folders together"
            )
            field = "1 more run" if missing == 1 else f"{missing} more runs"
            found.append(ToDo(path=plan.results(entry), field=field, why=why, needed=True))
        for own_code in dict.fromkeys(folder.own_code for folder in entry.folders if folder.own_code):
            path = f"{plan.code(entry)}/implementations/{IMPLEMENTATION}"
            why = "it is none of levelfield's, and a result must be reproducible from what is handed in"
            found.append(ToDo(path=path, field=f"the code of {own_code}", why=why, needed=False))
        if any(folder.data or folder.start for folder in entry.folders):
            path = f"{plan.code(entry)}/{plan.system(entry)}/init_datasets.sh"
            why = "levelfield was given the data and does not know where they came from, or how they were prepared"
            found.append(ToDo(path=path, field="how the data were fetched", why=why, needed=False))
    return tuple(found)
