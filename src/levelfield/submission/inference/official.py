"""What the official checker of round v2.0 would list: its verdict on each result, and its summary's rows.

Source: mlcommons/inference, ``tools/submission/submission-checker.py`` and ``log_parser.py`` at v2.0. Its oddities are
kept: a result may count though its accuracy does not, a missing file list is logged only, numbers are compared as JSON
gives them, and one exception gives the result up. Where it would end with a traceback, ours says where and goes on.

Its ``errors`` column counts on over the scenarios of a benchmark in the order in which the file system lists them. Here
that is the order of the round's scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from levelfield.errors import FormatError
from levelfield.formats.loadgen_scan import JsonValue
from levelfield.frozen import frozen
from levelfield.rules.layout import PlaceName
from levelfield.rules.model import InferenceKind, ScenarioRule
from levelfield.submission.check import CannotLook
from levelfield.submission.inference.records import RunLog
from levelfield.submission.inference.subjects import (
    ACCURACY_LOG,
    DETAIL,
    AuditSubject,
    BenchmarkSubject,
    ResultSubject,
    SystemSubject,
)
from levelfield.submission.report import OfficialRow
from levelfield.terms import Scenario

__all__ = ["OfficialOutcome", "official_outcome"]

PROBLEMS = (CannotLook, FormatError, ArithmeticError, TypeError, ValueError)
"""What the official checker's own code raises on such input, and what ours raises reading it."""
TOLERATED = ("mlperf_log_trace.json", "results.json")
NS_PER_MS = 1_000_000
MS_PER_S = 1000


@dataclass(slots=True)
class OfficialOutcome:
    """What the official checker makes of a part of a tree."""

    rows: list[OfficialRow] = field(default_factory=list)
    listed: dict[str, bool] = field(default_factory=dict)
    """By folder: whether it counts under Results, or else under NoResults."""
    stops: dict[str, str] = field(default_factory=dict)
    """By file: where it would end with a traceback, and why."""

    def add(self, other: OfficialOutcome) -> None:
        """Take in the outcome of another part."""
        self.rows += other.rows
        self.listed.update(other.listed)
        self.stops.update(other.stops)


@frozen
class _Performance:
    """What it makes of a performance run."""

    valid: bool
    value: float | None
    inferred: bool = False
    power: float = 0


def official_outcome(system: SystemSubject) -> OfficialOutcome:
    """The verdict on one system."""
    outcome = OfficialOutcome()
    try:
        accepted = _accepts_system(system)
    except PROBLEMS as problem:
        outcome.listed[system.path] = False
        if system.reader.tree.file(system.description_path) is not None:
            outcome.stops[system.description_path] = str(problem)
        return outcome
    if not accepted:
        outcome.listed[system.path] = False
        return outcome
    for benchmark in system.benchmarks:
        _judge_benchmark(benchmark, outcome)
    return outcome


def _accepts_system(system: SystemSubject) -> bool:
    description = system.description
    if description.problem:
        raise ValueError(description.problem)
    rules, values = system.reader.rules, description.values
    status, submitter = values.get("status"), values.get("submitter")
    if not isinstance(status, str) or not isinstance(submitter, str):
        raise TypeError("status and submitter are expected to be text")
    return (
        status.lower() in rules.availabilities
        and values.get("system_type") in {"datacenter", "edge", "datacenter,edge", "edge,datacenter"}
        and all(name in values for name in rules.fields.system)
        and submitter.lower() == system.place.submitter.lower()
        and values.get("division") == system.place.division
    )


def _judge_benchmark(benchmark: BenchmarkSubject, outcome: OfficialOutcome) -> None:
    scenarios = benchmark.scenarios
    if benchmark.mapped is None or scenarios is None:
        outcome.listed[benchmark.path] = False
        return
    missing = set(scenarios.required)
    errors = 0
    for result in benchmark.results:
        errors = _judge_result(result, outcome, missing, errors)
    if missing and benchmark.system.is_closed:
        outcome.listed[benchmark.path] = False


def _judge_result(result: ResultSubject, outcome: OfficialOutcome, missing: set[str], errors: int) -> int:
    """Judge one result and return the count of errors so far."""
    tree, closed = result.reader.tree, result.is_closed
    scenarios = result.benchmark.scenarios
    assert scenarios is not None
    outcome.listed[result.path] = False
    if closed and result.scenario not in scenarios.names:
        return errors
    if result.measurement_path not in tree:
        outcome.listed[result.measurement_path] = False
        errors += 1
    elif not _accepts_measurement(result, outcome):
        errors += 1
    accurate, accuracy = _judge_accuracy(result, outcome)
    errors += not accurate and tree.file(f"{result.accuracy_path}/accuracy.txt") is not None
    performance = _Performance(valid=False, value=None)
    if result.performance_path in tree:
        performance = _judge_performance(result)
        if performance.valid:
            missing.discard(result.scenario or result.folder)
        else:
            errors += 1
    compliant = not closed or (result.audits_path in tree and _accepts_audits(result))
    if performance.valid and (performance.value or performance.power) and accurate:
        outcome.listed[result.path] = True
        outcome.rows += _rows(result, performance, accuracy, compliant=compliant, errors=errors)
    return errors


# ----------------------------------------------------------------------------------------- files beside the logs


def _accepts_measurement(result: ResultSubject, outcome: OfficialOutcome) -> bool:
    tree, rules = result.reader.tree, result.reader.rules
    place = rules.place(PlaceName.MEASUREMENTS)
    assert place is not None
    files = tree.files(result.measurement_path)
    try:
        measurement = result.measurement
    except CannotLook:
        return False
    if measurement.problem:
        outcome.stops[measurement.path] = measurement.problem
        return False
    complete = all(name in files for name in place.required)
    complete &= all(name in measurement.values for name in rules.fields.measurement)
    return complete and _has_code(result)


def _has_code(result: ResultSubject) -> bool:
    """Whether the code folder is there, or the one above it: the implementation's own is not asked for."""
    tree, folder = result.reader.tree, result.benchmark.folder
    above = result.reader.layout.above(PlaceName.CODE, "benchmark", **result.benchmark.names)
    if tree.file(f"{above}/{folder}") is not None:
        folder = result.reader.bytes(f"{above}/{folder}").decode("utf-8", "backslashreplace").strip()
    return f"{above}/{folder}" in tree


def _files_differ(result: ResultSubject, path: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> bool:
    """The official comparison: only the longer list is looked through, so an extra file hides a missing one."""
    present = [name for name in result.reader.tree.files(path) if name not in {*TOLERATED, *optional}]
    if not present or not result.reader.tree.files(path):
        return False
    longer, shorter = (present, required) if len(present) > len(required) else (required, present)
    return bool(set(longer) - set(shorter))


# ------------------------------------------------------------------------------------------------------ accuracy


def _judge_accuracy(result: ResultSubject, outcome: OfficialOutcome) -> tuple[bool, str | None]:
    """Whether the accuracy is accepted, and its text."""
    tree, rules = result.reader.tree, result.reader.rules
    path = f"{result.accuracy_path}/accuracy.txt"
    if tree.file(path) is None:
        return False, None
    try:
        result.reader.bytes(path).decode()
        text = result.accuracy
        metric = result.rule.accuracy[0]
        found = text.value(metric.key)
        valid = bool(found and float(found) >= metric.lower and text.hash)
        log = tree.file(f"{result.accuracy_path}/{ACCURACY_LOG}")
        valid &= log is not None and log.size <= rules.accuracy_log_max_bytes
        valid &= not _has_errors(result.accuracy_run) if tree.file(f"{result.accuracy_path}/{DETAIL}") else False
    except PROBLEMS as problem:
        outcome.stops[path] = str(problem)
        return False, None
    return valid or not result.is_closed, found


def _has_errors(log: RunLog) -> bool:
    """Whether a log has an error line.

    Raises:
        ValueError: The official parser does not get through the file.
    """
    _check_parses(log)
    return bool(log.scan.errors)


def _check_parses(log: RunLog) -> None:
    if log.scan.not_json or not log.scan.is_utf8:
        raise ValueError(f"{log.path} is not what the official parser reads")


# --------------------------------------------------------------------------------------------------- performance


def _judge_performance(result: ResultSubject) -> _Performance:
    try:
        performance = _performance(result)
        if not result.has_power:
            return performance
        accepted, power = _power(result)
    except PROBLEMS:
        return _Performance(valid=False, value=None)
    if not accepted:
        return _Performance(valid=False, value=performance.value, inferred=performance.inferred)
    return _Performance(valid=performance.valid, value=performance.value, inferred=performance.inferred, power=power)


def _performance(result: ResultSubject) -> _Performance:
    log, rules = result.performance, result.reader.rules
    _check_parses(log)
    ran = log.scan.json("effective_scenario")
    if not isinstance(ran, str) or ran not in rules.scenarios or result.benchmark.mapped is None:
        raise ValueError(f"{ran!r} is no scenario")
    rule = result.benchmark.mapped.benchmark.rule(ran)
    value: float = float(_text_or_number(log.scan.json(rule.result.key))) / rule.result.divisor
    valid = log.scan.json("result_validity") == "VALID" and not log.scan.errors
    valid &= _number(log.scan.json("effective_performance_sample_count")) >= rule.sizes.performance
    _compare_what_is_only_logged(log, rule)
    for inferred in rules.inferred:
        if (inferred.source, inferred.target) != (ran, result.scenario):
            continue
        source = _number(log.scan.json(inferred.field))
        if inferred.kind is InferenceKind.SAMPLES_PER_LATENCY:
            samples = _number(log.scan.json("effective_samples_per_query"))
            value = samples * inferred.factor * MS_PER_S / (source / NS_PER_MS)
        else:
            divisor = result.rule.result.divisor
            value = source * inferred.factor / divisor if divisor != 1 else source * inferred.factor
            valid &= bool(source) or not inferred.field.startswith("early_stopping")
        return _Performance(valid=valid, value=value, inferred=True)
    return _Performance(valid=valid, value=value)


def _compare_what_is_only_logged(log: RunLog, rule: ScenarioRule) -> None:
    """Comparisons that only write a message there; what cannot be compared is an exception all the same."""
    for key in ("effective_min_duration_ms", *(() if rule.early_stopping else ("effective_min_query_count",))):
        _number(log.scan.json(key))
    if rule.runs_as is Scenario.OFFLINE:
        _number(log.scan.json("effective_samples_per_query"))
    if rule.limit() is not None:
        _number(log.scan.json("effective_target_latency_ns"))


def _power(result: ResultSubject) -> tuple[bool, float]:
    """Whether the power files are accepted, and watts, or joules per query."""
    rules = result.reader.rules
    places = {
        PlaceName.PERFORMANCE: result.performance_path,
        PlaceName.RANGING: result.ranging_path,
        PlaceName.POWER: result.power_path,
    }
    accepted = True
    for name, path in places.items():
        place = rules.place(name)
        assert place is not None
        if path not in result.reader.tree:
            raise CannotLook(f"{path} is missing")
        required = dict.fromkeys((*place.required, *place.with_power))
        accepted &= not _files_differ(result, path, tuple(required), place.optional)
    power = result.power
    return accepted and power is not None, power or 0.0


def _number(value: JsonValue) -> int | float:
    """A value that can be compared with a number.

    Raises:
        TypeError: It cannot.
    """
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def _text_or_number(value: JsonValue) -> str | int | float:
    """What ``float`` and ``int`` take.

    Raises:
        TypeError: The value is neither text nor a number.
    """
    if not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no number")
    return value


# ------------------------------------------------------------------------------------------------------- audits


def _accepts_audits(result: ResultSubject) -> bool:
    """The last test alone decides about performance, and TEST01's accuracy counts besides."""
    accepted = True
    for audit in result.audits:
        accepted = audit.is_there and _accepts_audit_performance(audit)
    return accepted and _accepts_audit_accuracy(result)


def _accepts_audit_performance(audit: AuditSubject) -> bool:
    if audit.performance_path not in audit.reader.tree:
        return False
    if "verify_performance.txt" not in audit.audit.files:
        return False  # the flag is never set for the test without such a file; it is never the last one
    try:
        return audit.verification("verify_performance.txt").passed
    except CannotLook:
        return False


def _accepts_audit_accuracy(result: ResultSubject) -> bool:
    for audit in result.audits:
        if "verify_accuracy.txt" in audit.audit.files:
            there = result.reader.tree.file(f"{audit.path}/verify_accuracy.txt") is not None
            return there and audit.accuracy_path in result.reader.tree
    return True


# --------------------------------------------------------------------------------------------------------- rows


def _rows(
    result: ResultSubject, performance: _Performance, accuracy: str | None, *, compliant: bool, errors: int
) -> list[OfficialRow]:
    system, benchmark, rule = result.system, result.benchmark, result.rule
    values = system.description.values
    notes = str(values.get("hw_notes", ""))
    if values.get("sw_notes"):
        notes += f". {values['sw_notes']}"
    assert benchmark.mapped is not None

    def row(value: float, unit: str) -> OfficialRow:
        return OfficialRow(
            cells=(
                system.place.submitter,
                str(values["status"]).lower(),
                system.place.division,
                str(values["system_type"]),
                str(values["system_name"]),
                system.place.system,
                benchmark.folder,
                benchmark.mapped.benchmark.checker_name if benchmark.mapped else "",
                result.scenario or result.folder,
                str(value),
                str(accuracy),
                str(values.get("number_of_nodes")),
                str(values.get("host_processor_model_name")),
                str(values.get("host_processors_per_node")),
                str(values.get("host_processor_core_count")),
                str(values.get("accelerator_model_name")),
                str(values.get("accelerators_per_node")),
                result.path,
                str(values.get("framework", "")),
                str(values.get("operating_system", "")),
                notes,
                str(int(compliant)),
                str(errors),
                result.reader.rules.version,
                str(int(performance.inferred)),
                str(performance.power > 0),
                unit,
            )
        )

    rows = [row(performance.value or 0.0, rule.result.unit)]
    if performance.power > 0:
        rows.append(row(performance.power, rule.result.power_unit))
    return rows
