"""What reading a tiny submission can find."""

from __future__ import annotations

from levelfield.submission.finding import Severity
from levelfield.submission.reading import ReadingCheck
from levelfield.submission.report import CheckText

__all__ = [
    "ABSENT",
    "ACCURACY",
    "CHECKS",
    "DESCRIPTION",
    "DEVICE",
    "DIFFERENT",
    "FOLDER",
    "NOTHING",
    "NO_NUMBER",
    "REPEATED",
    "TARGET",
    "WINDOWS",
]

DESCRIPTION = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TNY001",
        title="The description of the system can be read",
        why="Without it no one knows what was measured.",
        clause="directory_structure.adoc, systems",
        example="closed/Andes/systems: found no description of d25, expected closed/Andes/systems/d25.json",
        fix="Add the file, named like the folder under results; make it valid JSON.",
        official=False,
    ),
)
FOLDER = ReadingCheck(
    severity=Severity.WARNING,
    text=CheckText(
        code="TNY002",
        title="The folder is a benchmark of the round",
        why="A result under another name is counted for nothing.",
        clause="directory_structure.adoc, results",
        example="closed/Andes/results/d25/keywords: found keywords, expected one of ad, ic, kws, vww",
        fix="Name the folder as the round does.",
        official=False,
    ),
)
NO_NUMBER = ReadingCheck(
    severity=Severity.VOID,
    text=CheckText(
        code="TNY003",
        title="The results file states the score",
        why="Without the median there is no result.",
        clause="MLPerfTiny_Rules.adoc, Submission",
        example="…/kws/performance: found no median throughput, expected a line of results.txt",
        fix="Add results.txt as the runner wrote it.",
        official=False,
    ),
)
DIFFERENT = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TNY004",
        title="Printed numbers are those of the log",
        why="The log is what the device did; the result file can be edited.",
        clause="energyrunner README.md, Performance mode",
        example="…/performance/results.txt: found 12.700 inf/s, expected 12.523 by the laps of the log",
        fix="Hand in log and results of the same run.",
        official=False,
    ),
)
WINDOWS = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TNY005",
        title="There are five windows, each long enough",
        why="A window of milliseconds measures the clock and not the device.",
        clause="energyrunner README.md, Performance mode",
        example="…/ic/performance: found windows from 0.031 s, expected 10 s or more",
        fix="Run more inferences a window: the rate times 10.5 s.",
        official=False,
    ),
)
TARGET = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TNY006",
        title="The accuracy reaches the target of the closed division",
        why="A faster model that answers wrong is no result.",
        clause="MLPerfTiny_Rules.adoc, Constraints for the Closed division",
        example="…/kws/accuracy: found Top-1 89.4, expected top-1 accuracy ≥ 90 %",
        fix="Hand in to the open division, or mend the model's conversion.",
        official=False,
    ),
)
ACCURACY = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TNY007",
        title="The printed accuracy is that of the log",
        why="The answers of the device are in the log; scoring them again needs no device.",
        clause="energyrunner README.md, Accuracy mode",
        example="…/accuracy/results.txt: found Top-1 91.0, expected 90.1 by 1000 answers in the log",
        fix="Hand in log and results of the same run.",
        official=False,
    ),
)
DEVICE = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TNY008",
        title="The device ran the folder's benchmark",
        why="The device says which model it holds.",
        clause="mlcommons/tiny, benchmark/api, profile",
        example="…/ic/performance/log.txt: found vww01, expected ic01",
        fix="Move the log to its benchmark.",
        official=False,
    ),
)
ABSENT = ReadingCheck(
    severity=Severity.WARNING,
    text=CheckText(
        code="TNY009",
        title="The log is there and whole",
        why="Without it the printed number cannot be computed again, and is taken as it stands.",
        clause="directory_structure.adoc, results",
        example="…/kws/accuracy/log.txt: found 23 answers, expected 1000",
        fix="Add the whole log.",
        official=False,
    ),
)
REPEATED = ReadingCheck(
    severity=Severity.NOTE,
    text=CheckText(
        code="TNY010",
        title="The results file holds each block once",
        why="Where blocks repeat, the last one counts.",
        clause="tiny_results_v0.7, results.txt of several submitters",
        example="…/performance/results.txt: found windows more than once, expected each once",
        fix="Nothing; or hand in the output of one run.",
        official=False,
    ),
)
NOTHING = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="TNY011",
        title="The source holds results",
        why="A source without any is most likely another folder than was meant.",
        clause="directory_structure.adoc",
        example=".: found no results of a benchmark, expected <division>/<org>/results/<system>/<benchmark>/<mode>/…",
        fix="Name the folder that holds closed and open.",
        official=False,
    ),
)

CHECKS = (
    DESCRIPTION,
    FOLDER,
    NO_NUMBER,
    DIFFERENT,
    WINDOWS,
    TARGET,
    ACCURACY,
    DEVICE,
    ABSENT,
    REPEATED,
    NOTHING,
)
