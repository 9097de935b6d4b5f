"""The published round v2.0 is known to be valid: what our checks say of it is listed here, each with its reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from levelfield.rules import load
from levelfield.submission.engine import Selection
from levelfield.submission.finding import Severity
from levelfield.submission.inference.check_round import check_round
from levelfield.submission.report import Report
from levelfield.submission.sources.folder import FolderSource

MISSING = (
    "open/Intel/results/1-node-2s-icx-openvino-INT8/resnet50_bootstrapnasA/Offline/performance/run_1/"
    "mlperf_log_detail.txt"
)


@pytest.fixture(scope="module")
def report(shared_data: Path) -> Report:
    return check_round(FolderSource(shared_data / "rounds" / "inference_v2.0"), load("inference-v2.0"), Selection())


def test_nothing_is_void_but_the_result_whose_log_is_missing(report: Report) -> None:
    voids = [(finding.code, finding.path) for finding in report.findings if finding.severity is Severity.VOID]
    assert voids == [("INF034", MISSING)]
    assert [result.provenance.path for result in report.results if result.void] == []


def test_errors_are_the_code_folders_that_were_left_out(report: Report) -> None:
    errors = [(finding.code, finding.path) for finding in report.findings if finding.severity is Severity.ERROR]
    submitters = ("closed/Alibaba", "closed/FuriosaAI", "closed/Krai", "closed/ZhejiangLab")
    submitters += ("open/Alibaba", "open/Deci", "open/Intel")
    assert errors == [("INF005", f"{submitter}/code") for submitter in submitters]


def test_what_is_noticed_besides(report: Report) -> None:
    lighter = (Severity.WARNING, Severity.NOTE)
    counts = Counter(finding.code for finding in report.findings if finding.severity in lighter)
    assert counts == {
        "INF004": 8,  # Krai: audits and measurements of results that were withdrawn
        "INF018": 3,  # core counts in words: 6 (4 big; 2 LITTLE)
        "INF019": 8,  # datacenter systems without a word about ECC
        "INF021": 3,  # resnet50_bootstrapnasA, B, C
        "INF071": 7,  # Deci built LoadGen from forks
        "INF080": 4,  # open results below the closed target
        "INF086": 4,  # Deci's BERT: 10570 questions, not 10833 features
        "INF087": 3,  # Deci's accuracy runs in SingleStream
        "INF088": 20,  # accuracy and performance runs of two builds
        "INF125": 3,  # a test with the sample library of the performance run, another one in the result
        "INF128": 4,  # MultiStream TEST04-B faster than A, which the official script lets pass
        "INF130": 5,  # TEST01 without its accuracy.txt
        "INF132": 3,  # TEST01 with an accuracy log that is not truncated
        "INF151": 1,  # Krai: two compilers
        "PWR006": 3,  # one system's testing took 5.3 % less power than its ranging: a rule of a later revision
        "PWR008": 53,  # line ends of ptd_logs.txt were changed by the repository
        "PWR009": 53,  # what PTDaemon says while ranges are found
    }


def test_both_draw_variants_are_recognised(report: Report) -> None:
    (mixed,) = [finding for finding in report.findings if finding.code == "INF151"]
    assert (mixed.path, mixed.found) == ("closed/Krai", "logs of both kinds: 90 classic, 324 lemire")


def test_only_long_schedules_are_not_drawn_again(report: Report) -> None:
    assert Counter(skipped.code for skipped in report.skipped if "missing" not in skipped.reason) == {"INF152": 39}


def test_processes_change_nothing(shared_data: Path, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.submission.crew._may_fork", lambda: True)
    source = FolderSource(shared_data / "rounds" / "inference_v2.0")
    assert check_round(source, load("inference-v2.0"), Selection(), jobs=3) == report
