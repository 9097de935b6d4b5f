"""The files of a tree, each with its content or the file that it is copied from. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from levelfield.rules.layout import Place, PlaceName
from levelfield.rules.model import RuleSet
from levelfield.submission.package.audit_folder import AuditFolder, AuditKey
from levelfield.submission.package.cut import cut_accuracy_log
from levelfield.submission.package.entry import DescribedSystem, PackagedResult
from levelfield.submission.package.log_manifest import LOG_MANIFEST, LoggedFile, format_log_manifest
from levelfield.submission.package.texts import (
    calibration_text,
    code_readme,
    measurement_json,
    measurement_readme,
    needs_calibration,
    requirements,
    run_script,
)
from levelfield.submission.package.writing import PlannedFile, text_file

__all__ = ["GIT_ATTRIBUTES", "TreePlan", "files_of"]

ACCURACY_LOG, ACCURACY_TEXT = "mlperf_log_accuracy.json", "accuracy.txt"
GIT_ATTRIBUTES = "* -text\n"
"""Hashes and power checksums are over bytes: git must not change the ends of lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreePlan:
    """What a tree is made from."""

    rules: RuleSet
    division: str
    organisation: str
    systems: tuple[DescribedSystem, ...]
    results: tuple[PackagedResult, ...]
    audits: Mapping[AuditKey, AuditFolder]
    rehearsal: bool

    @property
    def root(self) -> str:
        """The submitter's folder."""
        return f"{self.division}/{self.organisation}"

    def place(self, name: PlaceName) -> Place:
        """A place that every round has."""
        place = self.rules.place(name)
        assert place is not None, f"{self.rules.name} has no {name}"
        return place

    def folder(self, name: PlaceName, result: PackagedResult, **more: str) -> str:
        """The folder of a place for a result."""
        values = {
            "division": self.division,
            "submitter": self.organisation,
            "system": result.system.id,
            "benchmark": result.entry.run.benchmark,
            "scenario": result.scenario,
            "implementation": result.entry.run.statements.name,
        }
        return self.place(name).path.format(**values, **more)


def files_of(plan: TreePlan) -> Iterator[PlannedFile]:
    """Every file of the tree. Accuracy logs are read and cut as they come.

    Raises:
        InputError: A file of a run cannot be read.
    """
    yield text_file(f"{plan.root}/.gitattributes", GIT_ATTRIBUTES)
    for system in plan.systems:
        path = plan.place(PlaceName.SYSTEM).path.format(
            division=plan.division, submitter=plan.organisation, system=system.id
        )
        yield text_file(path, system.description.to_json())
    logs: dict[str, list[LoggedFile]] = {}
    for result in plan.results:
        yield from _measurements(plan, result)
        yield from _performance(plan, result)
        kept = logs.setdefault(f"{plan.folder(PlaceName.CODE, result)}/{result.system.id}", [])
        yield from _accuracy(plan, result, kept)
        yield from _audits(plan, result, kept)
    yield from _code(plan, logs)


def _measurements(plan: TreePlan, result: PackagedResult) -> Iterator[PlannedFile]:
    run, folder = result.entry.run, plan.folder(PlaceName.MEASUREMENTS, result)
    for name in ("mlperf.conf", "user.conf"):
        yield PlannedFile(path=f"{folder}/{name}", content=run.measurements / name)
    yield text_file(f"{folder}/README.md", measurement_readme(result, plan.rules, rehearsal=plan.rehearsal))
    name = f"{result.system.id}_{run.statements.name}_{result.scenario}.json"
    yield text_file(f"{folder}/{name}", measurement_json(run, plan.rules))
    if needs_calibration(run):
        yield text_file(f"{folder}/calibration_process.adoc", calibration_text(run, rehearsal=plan.rehearsal))


def _performance(plan: TreePlan, result: PackagedResult) -> Iterator[PlannedFile]:
    """The logs of the measured run, and of the power session where there is one."""
    source = result.entry.run.results / "performance"
    places = {"run_1": PlaceName.PERFORMANCE, "ranging": PlaceName.RANGING, "power": PlaceName.POWER}
    for name, kind in places.items():
        place = plan.place(kind)
        yield from _copies(
            source / name,
            plan.folder(kind, result),
            required=(*place.required, *(place.with_power if (source / "power").is_dir() else ())),
            optional=place.optional,
            whole=kind is PlaceName.PERFORMANCE or (source / name).is_dir(),
        )


def _copies(
    source: Path, folder: str, *, required: Iterable[str], optional: Iterable[str], whole: bool = True
) -> Iterator[PlannedFile]:
    """Files of a place that are there; with ``whole`` also the required ones that are not, so that it is noticed."""
    for name in required:
        if whole:
            yield PlannedFile(path=f"{folder}/{name}", content=source / name)
    for name in optional:
        if (source / name).is_file():
            yield PlannedFile(path=f"{folder}/{name}", content=source / name)


def _accuracy(plan: TreePlan, result: PackagedResult, kept: list[LoggedFile]) -> Iterator[PlannedFile]:
    place, folder = plan.place(PlaceName.ACCURACY), plan.folder(PlaceName.ACCURACY, result)
    source = result.entry.run.results / "accuracy"
    cut = {ACCURACY_LOG, ACCURACY_TEXT}
    required = [name for name in place.required if name not in cut]
    yield from _copies(source, folder, required=required, optional=place.optional)
    yield from _cut(plan, source, folder, kept)


def _cut(plan: TreePlan, source: Path, folder: str, kept: list[LoggedFile]) -> Iterator[PlannedFile]:
    """An accuracy log's two ends, and the text with its hash."""
    found = cut_accuracy_log(source / ACCURACY_LOG, source / ACCURACY_TEXT, max_bytes=plan.rules.accuracy_log_max_bytes)
    yield PlannedFile(path=f"{folder}/{ACCURACY_LOG}", content=found.log)
    yield PlannedFile(path=f"{folder}/{ACCURACY_TEXT}", content=found.accuracy)
    if found.whole is not None:
        path = f"{folder}/{ACCURACY_LOG}".removeprefix(f"{plan.root}/")
        kept.append(LoggedFile(path=path, whole=found.whole))


def _audits(plan: TreePlan, result: PackagedResult, kept: list[LoggedFile]) -> Iterator[PlannedFile]:
    """The audits of the run; an inferred result has those of its source."""
    run = result.entry.run
    for audit in result.entry.rule.audits:
        key = AuditKey(system=run.system, benchmark=run.benchmark, scenario=run.scenario, test=audit.name)
        found = plan.audits.get(key)
        if found is None:
            continue
        folder = plan.folder(PlaceName.AUDIT, result, audit=audit.name)
        yield from _copies(found.folder, folder, required=(), optional=audit.files)
        place = plan.place(PlaceName.AUDIT_PERFORMANCE)
        yield from _copies(
            found.folder / "performance" / "run_1",
            plan.folder(PlaceName.AUDIT_PERFORMANCE, result, audit=audit.name),
            required=(),
            optional=(*place.required, *place.optional),
        )
        source = found.folder / "accuracy"
        if (source / ACCURACY_LOG).is_file():
            place = plan.place(PlaceName.AUDIT_ACCURACY)
            folder = plan.folder(PlaceName.AUDIT_ACCURACY, result, audit=audit.name)
            yield from _copies(source, folder, required=(), optional=place.optional)
            yield from _cut(plan, source, folder, kept)


def _code(plan: TreePlan, logs: Mapping[str, list[LoggedFile]]) -> Iterator[PlannedFile]:
    by_folder: dict[str, list[PackagedResult]] = {}
    for result in plan.results:
        by_folder.setdefault(plan.folder(PlaceName.CODE, result), []).append(result)
    for folder, results in by_folder.items():
        yield text_file(f"{folder}/README.md", code_readme(tuple(results), rehearsal=plan.rehearsal))
        for system in dict.fromkeys(result.system.id for result in results):
            runs = [r.entry.run for r in results if r.system.id == system and not r.inferred]
            own = f"{folder}/{system}"
            yield text_file(f"{own}/run.sh", run_script(runs))
            yield text_file(f"{own}/requirements.txt", requirements(runs))
            yield text_file(f"{own}/{LOG_MANIFEST}", format_log_manifest(tuple(logs[own])))
