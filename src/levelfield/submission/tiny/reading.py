"""From a source to the results of a tiny round: one for throughput and, where it was measured, one for energy.

A number is the one computed again from the log where the log holds all windows, or answers to all files with known
labels; else it is the printed one, and the notes say so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from levelfield.errors import InputError
from levelfield.formats.tiny_log import TinyLog, read_tiny_log
from levelfield.formats.tiny_results import TinyResults, parse_tiny_results
from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.rules.round import Measure
from levelfield.rules.tiny import TinyBenchmark, TinyRules
from levelfield.submission.reading import MAX_STATED_BYTES, Findings, Reading, SystemFile, read_file, read_system
from levelfield.submission.sources.port import Entry, Source
from levelfield.submission.tiny import checks
from levelfield.submission.tiny.judging import judge_accuracy, judge_device, judge_windows
from levelfield.submission.tiny.measured import (
    Measured,
    Replay,
    energy_from_windows,
    median_throughput,
    replay_accuracy,
)
from levelfield.submission.tiny.tree import Implementation, Mode, tiny_tree

__all__ = ["NO_LABELS", "Labels", "TinyRecord", "read_records", "read_tiny"]

Labels = Mapping[str, Sequence[Mapping[str, int]]]
"""Label sets by benchmark: class by file name. Needed where file names do not say the class."""

NO_LABELS: Labels = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeRecord:
    """What one mode gave."""

    results: TinyResults | None
    log: TinyLog | None
    sha256: str
    """Of ``results.txt``; empty where it is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyRecord:
    """Everything that was read of one implementation."""

    implementation: Implementation
    benchmark: TinyBenchmark
    system: SystemFile
    modes: Mapping[Mode, ModeRecord]
    throughput: Measured
    energy: Measured
    energy_throughput: float | None
    """Inferences per second while energy was measured, as printed."""
    top1: Measured
    """In percent."""
    auc: Measured
    """By thresholds, as the round's runner computes it; exactly for anomaly detection."""
    auc_exact: float | None


def read_tiny(
    source: Source,
    rules: TinyRules,
    *,
    labels: Labels = NO_LABELS,
    verification: Verification = Verification.UNKNOWN,
) -> Reading:
    """Read every result that a source holds.

    Args:
        source: A submission, or a round of them.
        rules: Of the round.
        labels: Label sets, to score the answers in accuracy logs again.
        verification: What is known of the source.
    """
    findings = Findings()
    records = read_records(source, rules, findings, labels=labels)
    writer = _Writer(source=source, rules=rules, findings=findings, verification=verification)
    results = [result for record in records for result in writer.results(record)]
    return Reading(results=tuple(results), findings=findings.sorted(), findings_left_out=findings.left_out)


def read_records(
    source: Source, rules: TinyRules, findings: Findings, *, labels: Labels = NO_LABELS
) -> tuple[TinyRecord, ...]:
    """Read and judge the files of every implementation, by path; what is wrong is added to the findings."""
    tree = tiny_tree(source.files())
    records = []
    for implementation in tree.implementations:
        benchmark = rules.map_folder(implementation.benchmark)
        if benchmark is None:
            expected = f"one of {', '.join(one.name for one in rules)}"
            findings.add(checks.FOLDER, implementation.path, found=implementation.benchmark, expected=expected)
            continue
        here = f"{implementation.root}systems"
        system = read_system(
            source,
            here,
            implementation.system,
            tree.descriptions(here),
            check=checks.DESCRIPTION,
            findings=findings,
        )
        label_sets = labels.get(benchmark.name, ())
        record = _record(source, implementation, benchmark, findings, system=system, label_sets=label_sets)
        is_open = implementation.division.lower() == "open"
        judge_device(record.modes, implementation, benchmark, findings)
        judge_windows(record.throughput, implementation, rules, Mode.PERFORMANCE, findings, is_open=is_open)
        judge_windows(record.energy, implementation, rules, Mode.ENERGY, findings, is_open=is_open)
        judge_accuracy(record, benchmark, findings, is_open=is_open)
        records.append(record)
    if not records:
        expected = "<division>/<org>/results/<system>/<benchmark>/<mode>/results.txt"
        findings.add(checks.NOTHING, ".", found="no results of a benchmark", expected=expected)
    return tuple(records)


def _record(
    source: Source,
    implementation: Implementation,
    benchmark: TinyBenchmark,
    findings: Findings,
    *,
    system: SystemFile,
    label_sets: Sequence[Mapping[str, int]],
) -> TinyRecord:
    modes = {
        files.mode: ModeRecord(
            results=_parsed(source, files.results, implementation, findings),
            log=_log(source, files.log, implementation, findings),
            sha256=_hash(source, files.results),
        )
        for files in implementation.modes
    }
    nothing = ModeRecord(results=None, log=None, sha256="")
    performance, accuracy, energy = (modes.get(mode, nothing) for mode in Mode)
    replayed = _replayed(accuracy.log, implementation, benchmark, label_sets, findings)
    printed = accuracy.results
    auc = replayed.auc_exact if replayed and replayed.auc_thresholded is None else None
    if replayed and replayed.auc_thresholded is not None:
        auc = replayed.auc_thresholded
    return TinyRecord(
        implementation=implementation,
        benchmark=benchmark,
        system=system,
        modes=modes,
        throughput=median_throughput(performance.results, performance.log),
        energy=energy_from_windows(energy.results),
        energy_throughput=energy.results.median_throughput if energy.results else None,
        top1=Measured(
            printed=printed.top1_percent if printed else None,
            recomputed=replayed.top1_percent if replayed else None,
            inferences=replayed.files if replayed else None,
        ),
        auc=Measured(
            printed=printed.auc if printed else None,
            recomputed=auc,
            inferences=replayed.files if replayed else None,
        ),
        auc_exact=replayed.auc_exact if replayed else None,
    )


def _parsed(
    source: Source, entry: Entry | None, implementation: Implementation, findings: Findings
) -> TinyResults | None:
    if entry is None:
        return None
    try:
        results = parse_tiny_results(read_file(source, entry, limit=MAX_STATED_BYTES))
    except InputError as error:
        findings.add(
            checks.NO_NUMBER,
            entry.path,
            found=error.message,
            expected="a readable results file",
            subject=implementation.path,
        )
        return None
    if results.repeated:
        found, expected = "windows more than once", "each window once"
        findings.add(checks.REPEATED, entry.path, found=found, expected=expected, subject=implementation.path)
    return results


def _log(source: Source, entry: Entry | None, implementation: Implementation, findings: Findings) -> TinyLog | None:
    if entry is None:
        return None
    try:
        return read_tiny_log(read_file(source, entry))
    except InputError as error:
        found, expected = error.message, "a readable log"
        findings.add(checks.ABSENT, entry.path, found=found, expected=expected, subject=implementation.path)
        return None


def _hash(source: Source, entry: Entry | None) -> str:
    try:
        return hashlib.sha256(read_file(source, entry, limit=MAX_STATED_BYTES)).hexdigest() if entry else ""
    except InputError:
        return ""  # already a finding


def _replayed(
    log: TinyLog | None,
    implementation: Implementation,
    benchmark: TinyBenchmark,
    label_sets: Sequence[Mapping[str, int]],
    findings: Findings,
) -> Replay | None:
    """The accuracy by the log; where the log is short of answers, that is a finding."""
    if log is None:
        return None
    replayed = replay_accuracy(log, benchmark, label_sets)
    if replayed.files != benchmark.files:
        files = implementation.files(Mode.ACCURACY)
        path = files.log.path if files.log else files.path
        found, expected = f"answers to {replayed.files} files", f"{benchmark.files}"
        findings.add(checks.ABSENT, path, found=found, expected=expected, subject=implementation.path)
    return replayed


# ------------------------------------------------------------------------------------------------------ results


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """What is the same for every result of a source."""

    source: Source
    rules: TinyRules
    findings: Findings
    verification: Verification

    def results(self, record: TinyRecord) -> list[Result]:
        """The results of one implementation: throughput, energy, or both."""
        rules = self.rules
        energy, energy_note = _best(record.energy, rules.windows)
        speed, speed_note = _best(record.throughput, rules.windows)
        accuracy, accuracy_note = _accuracy(record)
        results = []
        if speed is not None:
            base = self._result(record, rules.throughput, speed, Mode.PERFORMANCE)
            unit, notes = rules.energy.unit if energy is not None else "", _joined(speed_note, accuracy_note)
            results.append(replace(base, accuracy=accuracy, power_value=energy, power_unit=unit, notes=notes))
        if energy is not None:
            base = self._result(record, rules.energy, energy, Mode.ENERGY)
            meanwhile = record.energy_throughput
            rate = "" if meanwhile is None else f"{meanwhile:g} {rules.throughput.unit} while energy was measured."
            results.append(replace(base, accuracy=accuracy, notes=_joined(energy_note, accuracy_note, rate)))
        return results

    def _result(self, record: TinyRecord, measure: Measure, value: float, mode: Mode) -> Result:
        implementation, fields = record.implementation, record.system.fields
        files = record.modes.get(mode)
        return Result(
            round=self.rules.name,
            division=implementation.division.lower() or fields.text("division").lower(),
            availability=fields.text("status").lower(),
            submitter=fields.text("submitter") or implementation.organisation,
            system=_system(implementation.system, record.system),
            benchmark=record.benchmark.name,
            model_used=implementation.name or implementation.benchmark,
            scenario="",
            metric=measure.name,
            value=value,
            unit=measure.unit,
            direction=Direction.HIGHER if measure.higher_is_better else Direction.LOWER,
            accuracy=(),
            accuracy_target=record.benchmark.targets[0].bound,
            latencies_ns=(),
            power_value=None,
            power_unit="",
            inferred=False,
            verification=self.verification,
            compliant=None,
            void=self.findings.is_void(implementation.path),
            findings=self.findings.codes(implementation.path),
            provenance=Provenance(
                source=self.source.name,
                commit=self.source.revision,
                path=implementation.path,
                sha256=files.sha256 if files else "",
                url="",
            ),
        )


def _best(measured: Measured, windows: int) -> tuple[float | None, str]:
    """The number that counts, and what has to be said of it."""
    if measured.recomputed is not None and (measured.windows >= windows or measured.printed is None):
        return measured.recomputed, ""
    if measured.printed is None:
        return None, ""
    held = f"the log holds {measured.windows} of {windows} windows" if measured.windows else "no log to compute it from"
    return measured.printed, f"As printed: {held}."


def _accuracy(record: TinyRecord) -> tuple[tuple[tuple[str, float], ...], str]:
    """By metric, that of the target first; and whether it is only printed."""
    found = []
    for key, measured in (("Top-1", record.top1), ("AUC", record.auc)):
        value = measured.printed if measured.recomputed is None else measured.recomputed
        found += [] if value is None else [(key, value)]
    first = record.benchmark.targets[0].key
    found.sort(key=lambda one: one[0] != first)
    only_printed = bool(found) and record.auc.recomputed is None
    return tuple(found), "Accuracy as printed." if only_printed else ""


def _joined(*notes: str) -> str:
    return " ".join(note for note in notes if note)


def _system(name: str, system: SystemFile) -> System:
    fields = system.fields
    nothing = {"", "n/a", "na", "none", "-"}
    accelerator = fields.text("accelerator", "accelerator(s) name")
    return System(
        id=name,
        name=fields.text("board name", "soc name") or name,
        type="",
        nodes=None,
        host=Processors(model=fields.text("processor(s) name", "processor name"), per_node=None, total=None),
        accelerator=Processors(model="" if accelerator.lower() in nothing else accelerator, per_node=None, total=None),
        accelerator_memory=fields.text("accelerator memory type and capacity"),
        interconnect="",
        software=fields.text("inference framework"),
        operating_system=fields.text("operating system"),
        hardware_notes=fields.text("hardware notes"),
        software_notes=fields.text("software notes"),
    )
