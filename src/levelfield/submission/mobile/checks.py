"""What reading a mobile submission can find."""

from __future__ import annotations

from levelfield.submission.finding import Severity
from levelfield.submission.reading import ReadingCheck
from levelfield.submission.report import CheckText

__all__ = ["ACCURACY", "CHECKS", "DESCRIPTION", "MISSING", "NOTHING", "REPEATED", "RESULTS", "TARGET", "TASK"]

DESCRIPTION = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="MOB001",
        title="The description of the system can be read",
        why="Without it no one knows what was measured.",
        clause="submissionRuleV2_0.adoc, Directory structure",
        example="closed/Samsung/systems: found no description of exynos2200, expected …/exynos2200.json",
        fix="Add the file, named like the folder under results; make it valid JSON.",
        official=False,
    ),
)
RESULTS = ReadingCheck(
    severity=Severity.VOID,
    text=CheckText(
        code="MOB002",
        title="The result file can be read",
        why="All numbers of a mobile submission stand in it.",
        clause="submissionRuleV2_0.adoc, results.json",
        example="…/results.json: found line 3: 'benchmark_id', expected JSON",
        fix="Hand in the file as the app wrote it.",
        official=False,
    ),
)
TASK = ReadingCheck(
    severity=Severity.WARNING,
    text=CheckText(
        code="MOB003",
        title="The task is one of the round",
        why="A result under another id is counted for nothing.",
        clause="mobile_models, v2_0/assets/tasks_androidapp.pbtxt",
        example="…/results.json: found IC_tpu_uint9, expected one of IC_tpu_uint8, …",
        fix="Use the ids of the round's task file.",
        official=False,
    ),
)
REPEATED = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="MOB004",
        title="Each task is run once in each mode",
        why="All scores are of one run of the suite; choosing among several makes a better score than the device has.",
        clause="submissionRuleV2_0.adoc, Run rules",
        example="…/results.json: found 2 performance results of OD_uint8, expected 1",
        fix="Hand in the file of one run.",
        official=False,
    ),
)
MISSING = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="MOB005",
        title="Every task has performance and accuracy",
        why="A speed without its accuracy is no result.",
        clause="submissionRuleV2_0.adoc, Run rules",
        example="…/results.json: found no accuracy of OD_uint8, expected performance and accuracy",
        fix="Run the suite in submission mode, which runs both.",
        official=False,
    ),
)
ACCURACY = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="MOB006",
        title="The accuracy is written as the app writes it",
        why="What cannot be read cannot be held against a target.",
        clause="mobile_app_open, v2.0-android, accuracy text",
        example="…/results.json: found '75,9 %' of IC_tpu_uint8, expected a number in percent",
        fix="Hand in the file as the app wrote it.",
        official=False,
    ),
)
TARGET = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="MOB007",
        title="The accuracy reaches the target of the closed division",
        why="A faster model that answers wrong is no result.",
        clause="mobile_inference_rules.adoc, Benchmarks",
        example="…/results.json: found 0.2601 of OD_uint8, expected mAP ≥ 0.27075",
        fix="Hand in to the open division, or mend the model's conversion.",
        official=False,
    ),
)
NOTHING = ReadingCheck(
    severity=Severity.ERROR,
    text=CheckText(
        code="MOB008",
        title="The source holds results",
        why="A source without any is most likely another folder than was meant.",
        clause="submissionRuleV2_0.adoc, Directory structure",
        example=".: found no results.json, expected <division>/<org>/results/<system>/results.json",
        fix="Name the folder that holds closed and open.",
        official=False,
    ),
)

CHECKS = (DESCRIPTION, RESULTS, TASK, REPEATED, MISSING, ACCURACY, TARGET, NOTHING)
