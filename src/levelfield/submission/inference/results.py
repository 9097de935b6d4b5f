"""From what the files say to the record that all suites share, void results included and marked."""

from __future__ import annotations

from levelfield.errors import FormatError
from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.rules.model import InferenceKind
from levelfield.submission.check import CannotLook
from levelfield.submission.inference.records import JsonFile
from levelfield.submission.inference.subjects import ResultSubject, SystemSubject

__all__ = ["result_of", "system_of"]

PERCENTILES = ("50.00", "90.00", "95.00", "97.00", "99.00", "99.90")
METRICS = {
    "Latency (ms)": "latency",
    "Samples/s": "samples per second",
    "Queries/s": "queries per second",
}
NS_PER_MS = 1_000_000
MS_PER_S = 1000


def result_of(subject: ResultSubject, *, compliant: bool | None, source: str, commit: str) -> Result | None:
    """The record of a scenario folder.

    Args:
        subject: The folder.
        compliant: Whether all audits hold; ``None`` where none is asked for.
        source: The name of the source, for the record's provenance.
        commit: Its revision, where it is a repository.

    Returns:
        ``None`` where there is no number: no performance log, or no benchmark that the folder stands for.
    """
    try:
        rule, log = subject.rule, subject.performance
        value = headline(subject)
    except (CannotLook, FormatError):
        return None
    system = system_of(subject.system)
    description = _description(subject.system)
    power = _power(subject)
    assert subject.benchmark.mapped is not None
    return Result(
        round=subject.reader.rules.name,
        division=subject.system.place.division,
        availability=description.text("status").lower(),
        submitter=subject.system.place.submitter,
        system=system,
        benchmark=subject.benchmark.mapped.benchmark.name,
        model_used=subject.benchmark.folder,
        scenario=rule.scenario,
        metric=METRICS.get(rule.result.unit, rule.result.unit),
        value=value,
        unit=rule.result.unit,
        direction=Direction.HIGHER if rule.result.higher_is_better else Direction.LOWER,
        accuracy=_accuracy(subject),
        accuracy_target=rule.accuracy[0].lower if rule.accuracy else None,
        latencies_ns=_latencies(subject),
        power_value=power,
        power_unit=rule.result.power_unit if power is not None else "",
        inferred=subject.is_inferred,
        verification=Verification.UNKNOWN,
        compliant=compliant,
        void=False,
        findings=(),
        weight_types=_weight_types(subject),
        notes=". ".join(note for note in (system.hardware_notes, system.software_notes) if note),
        provenance=Provenance(
            source=source.rstrip("/").rpartition("/")[2], commit=commit, path=subject.path, sha256=log.sha256, url=""
        ),
    )


def headline(subject: ResultSubject) -> float:
    """The number that is published, in the unit of the folder's scenario.

    Raises:
        CannotLook: There is no log, or nothing that the folder stands for.
        FormatError: The log does not hold what the number is made of.
    """
    log, rule = subject.performance, subject.rule
    if not subject.is_inferred:
        return log.scan.number(rule.result.key) / rule.result.divisor
    for inferred in subject.reader.rules.inferred:
        if (inferred.source, inferred.target) == (log.scenario, rule.scenario):
            source = log.scan.number(inferred.field)
            if inferred.kind is InferenceKind.SCALED:
                return source * inferred.factor / rule.result.divisor
            if not source:
                raise CannotLook(f"{inferred.field} is 0")
            return log.samples_per_query * inferred.factor * MS_PER_S / (source / NS_PER_MS)
    raise CannotLook(f"{rule.scenario} cannot be inferred from {log.scenario}")


def system_of(subject: SystemSubject) -> System:
    """The system as its submitter describes it; what is not said is empty."""
    description = _description(subject)
    text = description.text
    nodes = _count(text("number_of_nodes"))
    return System(
        id=subject.place.system,
        name=text("system_name"),
        type=text("system_type"),
        nodes=nodes,
        host=_processors(text("host_processor_model_name"), _count(text("host_processors_per_node")), nodes),
        accelerator=_processors(text("accelerator_model_name"), _count(text("accelerators_per_node")), nodes),
        accelerator_memory=text("accelerator_memory_capacity"),
        interconnect=text("accelerator_interconnect"),
        software=text("framework"),
        operating_system=text("operating_system"),
        hardware_notes=text("hw_notes"),
        software_notes=text("sw_notes"),
    )


def _description(subject: SystemSubject) -> JsonFile:
    try:
        return subject.description
    except CannotLook:
        return JsonFile(path=subject.description_path, values={})


def _processors(model: str, per_node: int | None, nodes: int | None) -> Processors:
    total = None if per_node is None or nodes is None else per_node * nodes
    return Processors(model="" if model in {"-", "N/A"} else model, per_node=per_node, total=total)


def _count(text: str) -> int | None:
    """A count as a number: ``8``; ``None`` for anything else, as ``6 (4 big; 2 LITTLE)``."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _accuracy(subject: ResultSubject) -> tuple[tuple[str, float], ...]:
    try:
        found = [(name, float(text)) for name, text in subject.accuracy.values]
    except (CannotLook, ValueError):
        return ()
    return tuple(found)


def _latencies(subject: ResultSubject) -> tuple[tuple[str, int], ...]:
    """The percentiles of the log that the number was made of; none for an inferred result, whose log is another's."""
    log = subject.performance
    if subject.is_inferred:
        return ()
    of_queries = log.latency_key("50.00", of_queries=True) in log.scan
    try:
        return tuple((label, log.latency_ns(label, of_queries=of_queries)) for label in PERCENTILES)
    except FormatError:
        return ()


def _weight_types(subject: ResultSubject) -> str:
    try:
        return subject.measurement.text("weight_data_types")
    except CannotLook:
        return ""


def _power(subject: ResultSubject) -> float | None:
    """Watts, or joules per query; ``None`` where none was measured or its log says nothing of that time."""
    if not subject.has_power:
        return None
    try:
        return subject.power
    except (CannotLook, FormatError):
        return None
