"""What reading a training submission can find."""

from __future__ import annotations

from levelfield.submission.finding import Severity
from levelfield.submission.reading import ReadingCheck
from levelfield.submission.report import CheckText

__all__ = [
    "CHECKS",
    "COUNTS",
    "DESCRIPTION",
    "FOLDER",
    "NOTHING",
    "NO_SCORE",
    "OTHER_BENCHMARK",
    "RUN",
    "RUNS",
    "STRAY",
]

DESCRIPTION = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TRN001",
        title="The description of the system can be read",
        why="Without it no one knows what was measured.",
        clause="submission_rules.adoc, System description",
        example="HPE/systems: found no description of XL675d, expected HPE/systems/XL675d.json",
        fix="Add the file, named like the folder under results; make it valid JSON.",
        official=True,
    ),
)
FOLDER = ReadingCheck(
    severity=Severity.WARNING,
    text=CheckText(
        code="TRN002",
        title="The folder is a benchmark of the round",
        why="A result under another name is counted for nothing.",
        clause="package_checker, benchmark names",
        example="HPE/results/XL675d/resnet50: found resnet50, expected one of bert, dlrm, …",
        fix="Name the folder as the round does.",
        official=True,
    ),
)
RUNS = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TRN003",
        title="The number of runs is the round's",
        why="Choosing among more runs, or dropping bad ones, makes a better score than the system has.",
        clause="training_rules.adoc, Benchmark Results",
        example="HPE/results/XL675d/bert: found 9 runs, expected 10",
        fix="Hand in exactly as many logs, numbered, each of one run.",
        official=True,
    ),
)
RUN = ReadingCheck(
    severity=Severity.WARNING,
    text=CheckText(
        code="TRN004",
        title="The run counts",
        why="A run that misses the target or has a damaged log counts as the slowest; only few may.",
        clause="training_rules.adoc, Benchmark Results",
        example="…/unet3d/result_7.txt: found no evaluation that reaches mean DICE ≥ 0.908; the last is 0.9041",
        fix="Nothing where as many may fail; else run again.",
        official=True,
    ),
)
NO_SCORE = ReadingCheck(
    severity=Severity.VOID,
    text=CheckText(
        code="TRN005",
        title="Enough runs count for a score",
        why="The olympic mean drops as many slow runs as may fail; with more failures there is no score.",
        clause="training_rules.adoc, Benchmark Results",
        example="HPE/results/XL675d/bert: found 2 runs that do not count, expected 1 at most",
        fix="Mend the logs that TRN004 names, or run again.",
        official=True,
    ),
)
STRAY = ReadingCheck(
    severity=Severity.NOTE,
    text=CheckText(
        code="TRN006",
        title="Only logs lie among the logs",
        why="Leftovers of a copy can hide that a log is incomplete.",
        clause="package_checker, result files",
        example="HPE/results/XL675d/bert/.result_3.txt.x7Qa: found a file that is no log, expected result_<i>.txt",
        fix="Remove the file.",
        official=True,
    ),
)
OTHER_BENCHMARK = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TRN007",
        title="The log is of the folder's benchmark",
        why="The rules that hold are those of the benchmark that the log names.",
        clause="compliance_checker, common.yaml, submission_benchmark",
        example="…/resnet/result_0.txt: found ssd, expected resnet",
        fix="Move the log, or mend what it says.",
        official=False,
    ),
)
COUNTS = ReadingCheck(
    severity=Severity.WARNING,
    text=CheckText(
        code="TRN008",
        title="Nodes and processors are whole numbers",
        why="Results are compared per accelerator.",
        clause="result_summarizer, accelerators_count",
        example="HPE/systems/XL675d.json: found accelerators_per_node 'eight', expected a whole number",
        fix="Write the number.",
        official=True,
    ),
)
NOTHING = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TRN009",
        title="The source holds results",
        why="A source without any is most likely another folder than was meant.",
        clause="submission_rules.adoc, Directory structure",
        example=".: found no result_<i>.txt, expected <org>/results/<system>/<benchmark>/result_<i>.txt",
        fix="Name the folder that holds the submitters' folders.",
        official=False,
    ),
)

CHECKS = (DESCRIPTION, FOLDER, RUNS, RUN, NO_SCORE, STRAY, OTHER_BENCHMARK, COUNTS, NOTHING)
