"""Checks of a folder's runs: how many there are, which count, and whether they belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from levelfield.submission.check import Check, Remark
from levelfield.submission.finding import Severity
from levelfield.submission.report import CheckText
from levelfield.submission.training.subjects import FolderSubject, RoundSubject
from levelfield.terms import Edition

__all__ = ["ROUND_CHECKS", "RUN_CHECKS"]

RUNS_CLAUSE = "training_rules.adoc, Benchmark Results"


def _folder(subject: FolderSubject) -> Iterator[Remark]:
    if subject.benchmark is None:
        expected = f"one of {', '.join(one.name for one in subject.rules)}"
        yield Remark(path=subject.path, found=subject.place.benchmark or "logs of no benchmark", expected=expected)


FOLDER = Check(
    text=CheckText(
        code="TRN002",
        title="The folder is a benchmark of the round",
        why="A result under another name is counted for nothing.",
        clause="package_checker, benchmark names",
        example="HPE/results/XL675d/resnet50: found resnet50, expected one of bert, dlrm, …",
        fix="Name the folder as the round does.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_folder,
)


def _runs(subject: FolderSubject) -> Iterator[Remark]:
    if subject.benchmark is not None and len(subject.logs) != subject.benchmark.runs:
        count = len(subject.logs)
        found = "1 run" if count == 1 else f"{count} runs"
        yield Remark(path=subject.path, found=found, expected=f"{subject.benchmark.runs}")


RUNS = Check(
    text=CheckText(
        code="TRN003",
        title="The number of runs is the round's",
        why="Choosing among more runs, or dropping bad ones, makes a better score than the system has.",
        clause=RUNS_CLAUSE,
        example="HPE/results/XL675d/bert: found 9 runs, expected 10",
        fix="Hand in exactly as many logs, numbered, each of one run; of more runs, those of the median window.",
        official=True,
    ),
    severity=Severity.ERROR,
    look=_runs,
)


def _run(subject: FolderSubject) -> Iterator[Remark]:
    for log in subject.failed:
        heaviest = next((one for one in log.findings if one.severity is Severity.ERROR), None)
        found = heaviest.found if heaviest else log.failure or "no time from run_start to run_stop"
        expected = heaviest.expected if heaviest else "a readable log of a run that reaches the target"
        yield Remark(path=log.path, line=log.failure_line, found=found, expected=expected)


RUN = Check(
    text=CheckText(
        code="TRN004",
        title="The run counts",
        why="A run that misses the target or does not comply counts as the slowest; only few may.",
        clause=RUNS_CLAUSE,
        example="…/unet3d/result_7.txt: found no evaluation that reaches mean DICE ≥ 0.908; the last is 0.9041",
        fix="Nothing where as many may fail; else run again.",
        official=True,
    ),
    severity=Severity.WARNING,
    look=_run,
)


def _no_score(subject: FolderSubject) -> Iterator[Remark]:
    if subject.benchmark is None or subject.score is not None:
        return
    window = subject.window
    found = f"{len(subject.good)} runs that count and {len(subject.failed)} that do not"
    if window is not None:
        found = f"{len(window.windows)} windows of {subject.benchmark.runs} runs, the median one without a score"
    expected = f"{subject.benchmark.runs} runs of which {subject.benchmark.dropped} at most do not count"
    yield Remark(path=subject.path, found=found, expected=expected)


NO_SCORE = Check(
    text=CheckText(
        code="TRN005",
        title="Enough runs count for a score",
        why="The olympic mean drops as many slow runs as may fail; with more failures there is no score.",
        clause=RUNS_CLAUSE,
        example="HPE/results/XL675d/bert: found 8 runs that count and 2 that do not, expected 10 runs of which 1 …",
        fix="Mend the logs that TRN004 names, or run again.",
        official=True,
    ),
    severity=Severity.VOID,
    in_open=Severity.VOID,
    look=_no_score,
)


def _full(subject: FolderSubject) -> Iterator[Remark]:
    if subject.edition is Edition.MINI:
        found = "runs of a mini edition of levelfield"
        yield Remark(path=subject.path, found=found, expected="runs of the round's benchmark")


FULL = Check(
    text=CheckText(
        code="TRN097",
        title="The runs are of the round's benchmark",
        why="A mini edition trains a small network on small data; its minutes say nothing beside those of a round.",
        clause="our own: a mini result never passes as a result of a round",
        example="Acme/results/rocket/resnet: found runs of a mini edition of levelfield, expected runs of the …",
        fix="Look at them with levelfield training score; submit runs of the full edition.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_full,
)


def _strays(subject: FolderSubject) -> Iterator[Remark]:
    for entry in subject.place.strays:
        yield Remark(path=entry.path, found="a file that is no log", expected="result_<i>.txt")


STRAY = Check(
    text=CheckText(
        code="TRN006",
        title="Only logs lie among the logs",
        why="Leftovers of a copy can hide that a log is incomplete.",
        clause="package_checker, result files",
        example="HPE/results/XL675d/bert/.result_3.txt.x7Qa: found a file that is no log, expected result_<i>.txt",
        fix="Remove the file.",
        official=True,
    ),
    severity=Severity.NOTE,
    look=_strays,
)


def _other_benchmark(subject: FolderSubject) -> Iterator[Remark]:
    for log in subject.logs:
        if subject.benchmark is not None and log.benchmark and log.benchmark != subject.benchmark.name:
            yield Remark(path=log.path, found=log.benchmark, expected=subject.benchmark.name)


OTHER_BENCHMARK = Check(
    text=CheckText(
        code="TRN007",
        title="The log is of the folder's benchmark",
        why="The rules that hold are those of the benchmark that the log names.",
        clause="compliance_checker, common.yaml, submission_benchmark",
        example="…/resnet/result_0.txt: found ssd, expected resnet",
        fix="Move the log, or mend what it says.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_other_benchmark,
)


def _other_division(subject: FolderSubject) -> Iterator[Remark]:
    said = subject.description.fields.text("division").lower()
    for log in subject.logs:
        if said and log.division and log.division != said:
            found, expected = f"the {log.division} division", f"the {said} one, as {subject.description.path} says"
            yield Remark(path=log.path, found=found, expected=expected)


OTHER_DIVISION = Check(
    text=CheckText(
        code="TRN088",
        title="Log and description agree on the division",
        why="The log decides which compliance rules hold, the description whether seeds and convergence are tested.",
        clause="package_checker.py, check_training_result_files; compliance_checker, common.yaml",
        example="…/bert/result_0.txt: found the open division, expected the closed one, as HPE/systems/a.json says",
        fix="Mend whichever is wrong; the logs of one folder are of one division.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_other_division,
)


def _window(subject: FolderSubject) -> Iterator[Remark]:
    window = subject.window
    if window is None or subject.benchmark is None or not window.is_ambiguous:
        return
    lower, upper = (_minutes(one.score) for one in (window.lower, window.upper))
    found = (
        f"{len(window.windows)} windows of {subject.benchmark.runs} runs, with the middle scores {lower} and {upper}"
    )
    hint = f"The {window.median} one is taken."
    yield Remark(path=subject.path, found=found, expected="one median window", hint=hint)


def _minutes(score: float | None) -> str:
    return "none" if score is None else f"{score:.4g}"


WINDOW = Check(
    text=CheckText(
        code="TRN089",
        title="The median window is one",
        why="For an even number of windows the rules name no median, and the lower one favours the submitter.",
        clause=RUNS_CLAUSE,
        example="…/resnet: found 2 windows of 5 runs, with the middle scores 12 and 13, expected one median window",
        fix="Plan one run more or less than before, so that the number of windows is odd.",
        official=False,
    ),
    severity=Severity.WARNING,
    look=_window,
)


def _twice(subject: FolderSubject) -> Iterator[Remark]:
    shas = Counter(log.sha256 for log in subject.logs if log.sha256)
    first: dict[str, str] = {}
    for log in subject.logs:
        if shas[log.sha256] > 1:
            other = first.setdefault(log.sha256, log.path)
            if other != log.path:
                found = f"the same bytes as {other.rpartition('/')[2]}"
                yield Remark(path=log.path, found=found, expected="the log of a run of its own")


TWICE = Check(
    text=CheckText(
        code="TRN090",
        title="Each log is of a run of its own",
        why="A run that is handed in twice makes the spread smaller than it is.",
        clause=RUNS_CLAUSE,
        example="…/resnet/result_3.txt: found the same bytes as result_1.txt, expected the log of a run of its own",
        fix="Hand in the log of the missing run.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_twice,
)


def _elsewhere(subject: RoundSubject) -> Iterator[Remark]:
    for paths in subject.paths_by_sha256.values():
        folders = {path.rpartition("/")[0]: path for path in reversed(paths)}
        (_, kept), *others = sorted(folders.items())
        for folder, path in others:
            found = f"the same bytes as {kept}"
            yield Remark(path=path, found=found, expected="the log of a run of its own", result=folder)


ELSEWHERE = Check(
    text=CheckText(
        code="TRN091",
        title="No log is that of another system or benchmark too",
        why="One run is evidence for one result.",
        clause="our own: results are independent measurements",
        example="B/results/b/bert/result_0.txt: found the same bytes as A/results/a/bert/result_0.txt",
        fix="Hand in the logs of the system's own runs.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_elsewhere,
)


def _packaged(subject: FolderSubject) -> Iterator[Remark]:
    if subject.packaged is None:
        return
    there = {log.path.rpartition("/")[2]: log for log in subject.logs}
    for name, sha256 in subject.packaged.items():
        if name not in there:
            yield Remark(path=f"{subject.path}/{name}", found="no such log", expected="the log that was packaged")
        elif there[name].sha256 and there[name].sha256 != sha256:
            found, expected = f"SHA-256 {there[name].sha256[:16]}…", f"{sha256[:16]}…, as it was packaged"
            yield Remark(path=there[name].path, found=found, expected=expected)
    for name, log in there.items():
        if name not in subject.packaged:
            yield Remark(path=log.path, found="a log that was not packaged", expected=", ".join(subject.packaged))


PACKAGED = Check(
    text=CheckText(
        code="TRN098",
        title="The logs are those that were packaged",
        why="A log that was changed, lost or added after it was packaged is no evidence of the run any more.",
        clause="our own: levelfield submission package writes the hash of each log beside the system's code",
        example="Acme/results/rocket/bert/result_3.txt: found SHA-256 5b1f…, expected 90aa…, as it was packaged",
        fix="Package the runs again; where logs are rightly replaced, say so in <system>_<implementation>.json.",
        official=False,
    ),
    severity=Severity.ERROR,
    look=_packaged,
)

RUN_CHECKS = (FOLDER, RUNS, RUN, NO_SCORE, STRAY, OTHER_BENCHMARK, OTHER_DIVISION, WINDOW, TWICE, FULL, PACKAGED)
ROUND_CHECKS = (ELSEWHERE,)
