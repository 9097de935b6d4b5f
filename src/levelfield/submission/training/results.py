"""From a judged folder to the record that all suites share."""

from __future__ import annotations

import hashlib
from statistics import fmean

from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.stats.rcp import Status
from levelfield.submission.sources.port import Source
from levelfield.submission.training.subjects import Description, FolderSubject
from levelfield.terms import Edition

__all__ = ["result_of"]


def result_of(subject: FolderSubject, source: Source) -> Result | None:
    """The record of a folder, before it is known what its findings are; ``None`` where it has no score."""
    benchmark, score, measure = subject.benchmark, subject.score, subject.rules.measure
    if benchmark is None or score is None:
        return None
    place, fields = subject.place, subject.description.fields
    good = [log.minutes for log in subject.good if log.minutes is not None]
    return Result(
        round=subject.rules.name,
        division=subject.division,
        availability=fields.text("status"),
        submitter=fields.text("submitter") or place.organisation,
        system=_system(place.system, subject.description),
        benchmark=benchmark.name,
        model_used=place.benchmark or benchmark.name,
        scenario="",
        metric=measure.name,
        value=score,
        unit=measure.unit,
        direction=Direction.HIGHER if measure.higher_is_better else Direction.LOWER,
        accuracy=_accuracy(subject),
        accuracy_target=benchmark.targets[0].bound,
        latencies_ns=(),
        power_value=None,
        power_unit="",
        inferred=False,
        verification=Verification.UNKNOWN,
        compliant=None,
        void=False,
        findings=(),
        run_minutes=tuple(good),
        notes=_notes(subject),
        edition=subject.edition,
        official=subject.edition is Edition.FULL,
        provenance=Provenance(
            source=source.name,
            commit=source.revision,
            path=subject.path,
            # Many files make the number, so this is the hash of their hashes in order.
            sha256=hashlib.sha256("".join(log.sha256 for log in subject.logs).encode()).hexdigest(),
            url="",
        ),
    )


def _notes(subject: FolderSubject) -> str:
    """What a reader of the number must know: runs that do not count, and what the convergence test says."""
    said = []
    if subject.failed:
        said.append(f"{len(subject.failed)} of {len(subject.logs)} runs do not count.")
    if subject.tested is not None and subject.tested.convergence.status is not Status.NOT_APPLICABLE:
        convergence = subject.tested.convergence
        said.append(f"Convergence test, set {subject.tested.points}: {convergence.status}.")
        if convergence.status is not Status.PASS:
            said.append(convergence.explanation)
    return " ".join(said)


def _accuracy(subject: FolderSubject) -> tuple[tuple[str, float], ...]:
    """The mean over the runs that count of the quality at their last evaluation, as far as they state it."""
    assert subject.benchmark is not None
    stated = [log.quality for log in subject.good if log.quality is not None]
    if not stated:
        return ()
    targets, columns = subject.benchmark.targets, zip(*stated, strict=True)
    return tuple((target.name, fmean(column)) for target, column in zip(targets, columns, strict=True))


def _system(folder: str, description: Description) -> System:
    fields = description.fields
    nodes = fields.count("number_of_nodes")
    return System(
        id=folder,
        name=fields.text("system_name") or folder,
        type="",
        nodes=nodes,
        host=_processors(fields.text("host_processor_model_name"), fields.count("host_processors_per_node"), nodes),
        accelerator=_processors(fields.text("accelerator_model_name"), fields.count("accelerators_per_node"), nodes),
        accelerator_memory=fields.text("accelerator_memory_capacity"),
        interconnect=fields.text("accelerator_interconnect"),
        software=fields.text("framework"),
        operating_system=fields.text("operating_system"),
        hardware_notes=fields.text("hw_notes"),
        software_notes=fields.text("sw_notes"),
    )


def _processors(model: str, per_node: int | None, nodes: int | None) -> Processors:
    total = None if per_node is None or nodes is None else per_node * nodes
    return Processors(model=model, per_node=per_node, total=total)
