"""From a source to the results of a training round. One pass over each log; memory holds one log at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from levelfield.errors import InputError
from levelfield.results.model import Direction, Processors, Provenance, Result, System, Verification
from levelfield.rules.training import TrainingBenchmark, TrainingRules
from levelfield.stats.olympic import Olympic, olympic
from levelfield.submission.reading import Findings, Reading, SystemFile, read_file, read_system
from levelfield.submission.sources.port import Entry, Source
from levelfield.submission.training import checks
from levelfield.submission.training.runs import Run, failed_run, read_run
from levelfield.submission.training.tree import ResultFolder, TrainingTree, training_tree

__all__ = ["read_training"]


def read_training(
    source: Source, rules: TrainingRules, *, verification: Verification = Verification.UNKNOWN
) -> Reading:
    """Read every score that a source holds.

    A score needs the benchmark's number of runs, less those that may fail; a folder without one is a void finding
    and gives no result.

    Args:
        source: A submission, or a round of them.
        rules: Of the round.
        verification: What is known of the source.
    """
    reader = _Reader(source=source, rules=rules, verification=verification, findings=Findings())
    tree = training_tree(source.files())
    results = [reader.result(folder, tree) for folder in tree.folders]
    if not any(folder.logs for folder in tree.folders):
        expected = "<org>/results/<system>/<benchmark>/result_<i>.txt"
        reader.findings.add(checks.NOTHING, ".", found="no result_<i>.txt", expected=expected)
    return Reading(
        results=tuple(result for result in results if result is not None),
        findings=reader.findings.sorted(),
        findings_left_out=reader.findings.left_out,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What is the same for every folder of a source."""

    source: Source
    rules: TrainingRules
    verification: Verification
    findings: Findings

    def result(self, folder: ResultFolder, tree: TrainingTree) -> Result | None:
        """The result of a folder; ``None`` where it has no score."""
        benchmark = self.rules.map_folder(folder.benchmark)
        if benchmark is None:
            expected = f"one of {', '.join(one.name for one in self.rules)}"
            here = folder.path
            self.findings.add(checks.FOLDER, here, found=folder.benchmark, expected=expected, subject=here)
            return None
        systems = f"{folder.root}systems"
        described = read_system(
            self.source,
            systems,
            folder.system,
            tree.descriptions(systems),
            check=checks.DESCRIPTION,
            findings=self.findings,
        )
        system = _system(folder, described, self.findings)
        division = described.fields.text("division")
        runs = [self._run(entry, benchmark, division.lower()) for entry in folder.logs]
        score = _score(folder, runs, benchmark, self.findings)
        if score is None:
            return None
        good = [run for run in runs if run.minutes is not None]
        measure = self.rules.measure
        return Result(
            round=self.rules.name,
            division=division.lower() or _agreed(run.division for run in runs),
            availability=described.fields.text("status"),
            submitter=described.fields.text("submitter") or folder.organisation,
            system=system,
            benchmark=benchmark.name,
            model_used=folder.benchmark,
            scenario="",
            metric=measure.name,
            value=score.score,
            unit=measure.unit,
            direction=Direction.HIGHER if measure.higher_is_better else Direction.LOWER,
            accuracy=_accuracy(good, benchmark),
            accuracy_target=benchmark.targets[0].bound,
            latencies_ns=(),
            power_value=None,
            power_unit="",
            inferred=False,
            verification=self.verification,
            compliant=None,
            void=self.findings.is_void(folder.path),
            findings=self.findings.codes(folder.path),
            run_minutes=tuple(run.minutes for run in good if run.minutes is not None),
            notes=f"{len(runs) - len(good)} of {len(runs)} runs do not count." if len(good) < len(runs) else "",
            provenance=Provenance(
                source=self.source.name,
                commit=self.source.revision,
                path=folder.path,
                # Many files make the number, so this is the hash of their hashes in order.
                sha256=hashlib.sha256("".join(run.sha256 for run in runs).encode()).hexdigest(),
                url="",
            ),
        )

    def _run(self, entry: Entry, benchmark: TrainingBenchmark, division: str) -> Run:
        try:
            data = read_file(self.source, entry)
        except InputError as error:
            return failed_run(entry.path, error.message, division=division)
        return read_run(entry.path, data, benchmark=benchmark, rules=self.rules, division=division)


def _score(folder: ResultFolder, runs: list[Run], benchmark: TrainingBenchmark, findings: Findings) -> Olympic | None:
    """The score of a folder; everything that is wrong with its runs is noted."""
    here = folder.path
    for entry in folder.strays:
        findings.add(checks.STRAY, entry.path, found="a file that is no log", expected="result_<i>.txt", subject=here)
    for run in runs:
        if run.benchmark and benchmark.name != run.benchmark:
            findings.add(checks.OTHER_BENCHMARK, run.path, found=run.benchmark, expected=benchmark.name, subject=here)
        if run.failure:
            expected = "a readable log of a run that reaches the target"
            findings.add(checks.RUN, run.path, found=run.failure, expected=expected, subject=here, line=run.line)
    if len(runs) != benchmark.runs:
        findings.add(checks.RUNS, here, found=f"{len(runs)} runs", expected=f"{benchmark.runs}", subject=here)
    good = [run.minutes for run in runs if run.minutes is not None]
    failed = len(runs) - len(good)
    score = olympic(good, failed=failed, dropped=benchmark.dropped)
    if score is None:
        found = f"{len(good)} runs that count and {failed} that do not"
        expected = f"{benchmark.runs} runs of which {benchmark.dropped} at most do not count"
        findings.add(checks.NO_SCORE, here, found=found, expected=expected, subject=here)
    return score


def _accuracy(good: list[Run], benchmark: TrainingBenchmark) -> tuple[tuple[str, float], ...]:
    """The mean over the runs that count of the quality at their last evaluation, as far as they state it."""
    stated = [run.quality for run in good if run.quality is not None]
    if not stated:
        return ()
    columns = zip(*stated, strict=True)
    return tuple((target.name, fmean(column)) for target, column in zip(benchmark.targets, columns, strict=True))


def _agreed(words: Iterable[str]) -> str:
    """What all runs say; empty where they differ or say nothing."""
    said = {word for word in words if word}
    return said.pop() if len(said) == 1 else ""


def _system(folder: ResultFolder, system: SystemFile, findings: Findings) -> System:
    fields = system.fields
    for name in ("number_of_nodes", "host_processors_per_node", "accelerators_per_node"):
        if system.path and fields.texts and fields.count(name) is None:
            found = f"{name} {fields.text(name)!r}"
            findings.add(checks.COUNTS, system.path, found=found, expected="a whole number", subject=folder.path)
    nodes = fields.count("number_of_nodes")
    return System(
        id=folder.system,
        name=fields.text("system_name") or folder.system,
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
