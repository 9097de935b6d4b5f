"""From a source to the results of a mobile round, as the app's result files state them.

``<division>/<org>/results/<system>/results.json`` holds every score of a system; the rules also write ``result.json``,
and capitals differ. LoadGen's logs beside it are for the checks of the suite. Source: mlcommons/mobile_open,
``rules/submissionRuleV2_0.adoc`` at 18d70d2; mlcommons/mobile_results_v2.0 at 47ae99c.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from levelfield.errors import InputError
from levelfield.formats.mobile_results import Accuracy, MobileEntry, parse_mobile_results
from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.rules.mobile import MobileBenchmark, MobileRules, MobileTask
from levelfield.submission.finding import Severity
from levelfield.submission.mobile import checks
from levelfield.submission.reading import MAX_STATED_BYTES, Findings, Reading, SystemFile, read_file, read_system
from levelfield.submission.sources.port import Entry, Source

__all__ = ["read_mobile"]

_NAMES = frozenset({"results.json", "result.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """One system's result file."""

    entry: Entry
    division: str
    organisation: str
    system: str
    root: str
    """What stands before ``results/`` and ``systems/``, with its slash."""


def read_mobile(source: Source, rules: MobileRules, *, verification: Verification = Verification.UNKNOWN) -> Reading:
    """Read every result that a source holds.

    Args:
        source: A submission, or a round of them.
        rules: Of the round.
        verification: What is known of the source.
    """
    reader = _Reader(source=source, rules=rules, verification=verification, findings=Findings(), entries=source.files())
    files = _result_files(reader.entries)
    results = [result for file in files for result in reader.results(file)]
    if not files:
        expected = "<division>/<org>/results/<system>/results.json"
        reader.findings.add(checks.NOTHING, ".", found="no results.json", expected=expected)
    return Reading(
        results=tuple(results), findings=reader.findings.sorted(), findings_left_out=reader.findings.left_out
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What is the same for every system of a source."""

    source: Source
    rules: MobileRules
    verification: Verification
    findings: Findings
    entries: tuple[Entry, ...]

    def results(self, file: ResultFile) -> list[Result]:
        """The results of one file."""
        folder = f"{file.root}systems"
        under = [entry for entry in self.entries if entry.path.startswith(f"{folder}/")]
        system = read_system(self.source, folder, file.system, under, check=checks.DESCRIPTION, findings=self.findings)
        try:
            data = read_file(self.source, file.entry, limit=MAX_STATED_BYTES)
            found = parse_mobile_results(data, source="the file")
        except InputError as error:
            text = " ".join((error.message, *error.problems[:3]))
            self.findings.add(checks.RESULTS, file.entry.path, found=text, expected="the file as the app wrote it")
            return []
        base = self._base(file, system, hashlib.sha256(data).hexdigest())
        results = []
        for name in dict.fromkeys(entry.benchmark_id for entry in found):
            known = self.rules.map_id(name)
            if known is None:
                ids = [word for one in self.rules for task in one.tasks for word in task.ids]
                expected = f"one of {', '.join(ids)}"
                self.findings.add(checks.TASK, file.entry.path, found=name, expected=expected)
                continue
            result = self._result(base, file, known, [entry for entry in found if entry.benchmark_id == name])
            results += [] if result is None else [result]
        return results

    def _result(
        self, base: Result, file: ResultFile, known: tuple[MobileBenchmark, MobileTask], of_task: list[MobileEntry]
    ) -> Result | None:
        """The result of one task; ``None`` where it was not run for performance."""
        (benchmark, task), name = known, of_task[0].benchmark_id
        subject = f"{file.entry.path}#{name}"
        performance, accuracy_entry = _pair(of_task, file, subject, self.findings)
        accuracy = _judged(accuracy_entry, benchmark, file, subject, self.findings)
        if performance is None or performance.score is None:
            return None
        measure, target = self.rules.measure(task.scenario), benchmark.targets[0]
        return replace(
            base,
            benchmark=benchmark.name,
            model_used=name,
            scenario=task.scenario.value,
            metric=measure.name,
            value=performance.score,
            unit=measure.unit,
            direction=Direction.HIGHER if measure.higher_is_better else Direction.LOWER,
            accuracy=((target.name, accuracy.value),) if accuracy else (),
            accuracy_target=target.bound,
            void=self.findings.is_void(subject),
            findings=self.findings.codes(subject),
            notes="" if target.verified else f"The accuracy target is unverified: {target.note}",
        )

    def _base(self, file: ResultFile, system: SystemFile, digest: str) -> Result:
        """What all results of a file share."""
        fields = system.fields
        return Result(
            round=self.rules.name,
            division=file.division.lower() or fields.text("division").lower(),
            availability=fields.text("status").lower(),
            submitter=fields.text("submitter") or file.organisation,
            system=_system(file.system, system),
            benchmark="",
            model_used="",
            scenario="",
            metric="",
            value=0.0,
            unit="",
            direction=Direction.HIGHER,
            accuracy=(),
            accuracy_target=None,
            latencies_ns=(),
            power_value=None,
            power_unit="",
            inferred=False,
            verification=self.verification,
            compliant=None,
            void=False,
            findings=(),
            provenance=Provenance(
                source=self.source.name,
                commit=self.source.revision,
                path=file.entry.path.rpartition("/")[0],
                sha256=digest,
                url="",
            ),
        )


def _result_files(entries: Iterable[Entry]) -> list[ResultFile]:
    """The result file of each system, by path; of two spellings the first by name."""
    found: dict[tuple[str, str], ResultFile] = {}
    for entry in sorted(entries, key=lambda one: one.path):
        parts = entry.path.split("/")
        if len(parts) < 3 or parts[-3] != "results" or parts[-1].lower() not in _NAMES:
            continue
        root = "".join(f"{part}/" for part in parts[:-3])
        division, organisation = ["", "", *parts[:-3]][-2:]
        file = ResultFile(entry=entry, division=division, organisation=organisation, system=parts[-2], root=root)
        found.setdefault((root, parts[-2]), file)
    return list(found.values())


def _pair(
    of_task: list[MobileEntry], file: ResultFile, subject: str, findings: Findings
) -> tuple[MobileEntry | None, MobileEntry | None]:
    """Performance and accuracy of a task: the first of each, as far as they are there."""
    pair: list[MobileEntry | None] = []
    for what, is_performance in (("performance", True), ("accuracy", False)):
        found = [entry for entry in of_task if entry.is_performance is is_performance]
        pair.append(found[0] if found else None)
        name = of_task[0].benchmark_id
        if not found:
            text, expected = f"no {what} of {name}", "performance and accuracy"
            findings.add(checks.MISSING, file.entry.path, found=text, expected=expected, subject=subject)
        elif len(found) > 1:
            text = f"{len(found)} {what} results of {name}"
            findings.add(checks.REPEATED, file.entry.path, found=text, expected="1", subject=subject)
    return pair[0], pair[1]


def _judged(
    entry: MobileEntry | None, benchmark: MobileBenchmark, file: ResultFile, subject: str, findings: Findings
) -> Accuracy | None:
    """The accuracy of a task; what is wrong with it is noted."""
    if entry is None:
        return None
    accuracy, target, path = entry.accuracy, benchmark.targets[0], file.entry.path
    if accuracy is None or (accuracy.unit == "%") != (target.unit == "%"):
        found = f"{entry.accuracy_text!r} of {entry.benchmark_id}"
        expected = f"a number in {'percent' if target.unit == '%' else target.name}"
        findings.add(checks.ACCURACY, path, found=found, expected=expected, subject=subject)
        return None
    if not target.holds(accuracy.value):
        severity = checks.TARGET.severity if target.verified else Severity.WARNING
        findings.add(
            checks.TARGET,
            path,
            found=f"{accuracy.value:g} of {entry.benchmark_id}",
            expected=str(target),
            subject=subject,
            hint=target.note,
            severity=Severity.NOTE if file.division.lower() == "open" else severity,
        )
    return accuracy


def _system(name: str, system: SystemFile) -> System:
    fields = system.fields
    nodes, per_node = fields.count("number_of_nodes"), fields.count("host_processors_per_node")
    units = [fields.text("accelerator_type_1", "accelerator_model_name"), fields.text("graphics")]
    return System(
        id=name,
        name=fields.text("system_name") or name,
        type="",
        nodes=nodes,
        host=Processors(
            model=fields.text("host_processor_model_name"),
            per_node=per_node,
            total=None if nodes is None or per_node is None else nodes * per_node,
        ),
        accelerator=Processors(model=", ".join(unit for unit in units if unit), per_node=None, total=None),
        accelerator_memory="",
        interconnect="",
        software=fields.text("framework"),
        operating_system=fields.text("operating_system"),
        hardware_notes=", ".join(text for n in (1, 2, 3) if (text := fields.text(f"cpu_type_{n}"))),
        software_notes=fields.text("sw_notes"),
    )
