"""Checks of a benchmark folder: what it stands for, and which scenarios it has."""

from __future__ import annotations

from collections.abc import Iterator

from levelfield.rules.model import MappedBy
from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.inference.subjects import BenchmarkSubject
from levelfield.submission.report import CheckText

__all__ = ["BENCHMARK_CHECKS"]

CLAUSE = "submission-checker.py, check_results_dir (mlcommons/inference v2.0)"


def _known(benchmark: BenchmarkSubject) -> Iterator[Remark]:
    if benchmark.mapped is None:
        names = ", ".join(one.name for one in benchmark.reader.rules)
        yield Remark(path=benchmark.path, found=f"the benchmark {benchmark.folder!r}", expected=f"one of {names}")


KNOWN = Check(
    text=CheckText(
        code="INF020",
        title="The benchmark folder stands for a benchmark of the round",
        why="Limits and targets cannot be looked up for an unknown name; the official checker drops its results.",
        clause="submission-checker.py, Config.get_mlperf_model (mlcommons/inference v2.0)",
        example="closed/Org/results/edge-box/alexnet: found the benchmark 'alexnet', expected one of resnet50, …",
        fix="Name the folder like the benchmark; in open, begin with the benchmark's name.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_known,
)


def _guessed(benchmark: BenchmarkSubject) -> Iterator[Remark]:
    if benchmark.mapped is not None and benchmark.mapped.by is MappedBy.GUESS:
        yield Remark(
            path=benchmark.path,
            found=f"{benchmark.folder!r}, taken for {benchmark.mapped.benchmark.name} by a part of its name",
            expected="a name that the round knows",
        )


GUESSED = Check(
    text=CheckText(
        code="INF021",
        title="The benchmark folder has a name that the round knows",
        why="The official checker guesses by parts of the name, and the guess decides about limit and target.",
        clause="submission-checker.py, Config.get_mlperf_model (mlcommons/inference v2.0)",
        example="open/Org/results/box/resnet50_pruned: found 'resnet50_pruned', taken for resnet50",
        fix="Make sure that the guess is right.",
        official=False,
    ),
    severity=Severity.WARNING,
    in_open=Severity.NOTE,
    look=_guessed,
)


def _in_suite(benchmark: BenchmarkSubject) -> Iterator[Remark]:
    if benchmark.mapped is not None and benchmark.system.suites and benchmark.scenarios is None:
        suites = ", ".join(suite for suite, _ in benchmark.mapped.benchmark.suites)
        found = f"{benchmark.mapped.benchmark.name} on a system for {benchmark.system.description.text('system_type')}"
        yield Remark(path=benchmark.path, found=found, expected=f"a system for {suites}")


IN_SUITE = Check(
    text=CheckText(
        code="INF022",
        title="The benchmark belongs to the suite of the system",
        why="Each suite has its own benchmarks; results of another one are dropped, in open too.",
        clause=CLAUSE,
        example="closed/Org/results/edge-box/dlrm-99: found dlrm-99 on a system for edge",
        fix="Correct system_type in the description, or remove the results.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_in_suite,
)


def _scenarios_allowed(benchmark: BenchmarkSubject) -> Iterator[Remark]:
    if benchmark.scenarios is None:
        return
    for result in benchmark.results:
        if result.scenario not in benchmark.scenarios.names:
            yield Remark(
                path=result.path,
                found=f"the scenario {result.scenario or result.folder!r}",
                expected=" or ".join(benchmark.scenarios.names),
                result=result.path,
            )


SCENARIOS_ALLOWED = Check(
    text=CheckText(
        code="INF023",
        title="The scenario is one that the benchmark has in this suite",
        why="The official checker passes over other scenarios of closed submissions without a result.",
        clause=CLAUSE,
        example="closed/Org/results/edge-box/bert-99/Server: found the scenario 'Server'",
        fix="Remove the folder, name it like a scenario of the round, or submit in open.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_scenarios_allowed,
)


def _required(benchmark: BenchmarkSubject) -> Iterator[Remark]:
    if benchmark.scenarios is None or not benchmark.system.is_closed:
        return
    there = {result.scenario for result in benchmark.results}
    for scenario in benchmark.scenarios.required:
        if scenario not in there:
            yield Remark(
                path=benchmark.path, found=f"no {scenario}", expected=" and ".join(benchmark.scenarios.required)
            )
    for group in benchmark.scenarios.one_of:
        if not there & set(group):
            yield Remark(path=benchmark.path, found="none of them", expected=" or ".join(group))


REQUIRED = Check(
    text=CheckText(
        code="INF024",
        title="Every required scenario of the benchmark is there",
        why="Closed submissions have all scenarios of the suite, so that nobody shows only the best one.",
        clause="inference_rules.adoc, Constraints for the Closed division (inference_policies cbf38b90)",
        example="closed/Org/results/edge-box/resnet50: found no MultiStream",
        fix="Run the scenario; in edge it may be inferred from another one.",
        official=True,
    ),
    severity=Severity.VOID,
    look=_required,
)


def _twice(benchmark: BenchmarkSubject) -> Iterator[Remark]:
    seen: dict[str, str] = {}
    for result in benchmark.results:
        if result.scenario is None:
            continue
        if result.scenario in seen:
            yield Remark(
                path=result.path,
                found=f"{result.scenario} again, beside {seen[result.scenario]}",
                expected="one folder for each scenario",
                result=result.path,
            )
        seen.setdefault(result.scenario, result.folder)


TWICE = Check(
    text=CheckText(
        code="INF025",
        title="No scenario is claimed by two folders",
        why="Two spellings of one scenario make two results out of one claim.",
        clause="our own: one result for system, benchmark and scenario",
        example="closed/Org/results/edge-box/resnet50/offline: found Offline again, beside Offline",
        fix="Keep one of the folders.",
        official=False,
    ),
    severity=Severity.VOID,
    in_open=Severity.WARNING,
    look=_twice,
)

BENCHMARK_CHECKS = (KNOWN, GUESSED, IN_SUITE, SCENARIOS_ALLOWED, REQUIRED, TWICE)
