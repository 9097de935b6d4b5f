from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from reports import HOSTILE_REPORT, LOG, REPORT

from levelfield.submission.outputs.junit import write_junit
from levelfield.submission.report import Report


def written(report: Report, tmp_path: Path) -> ET.Element:
    path = tmp_path / "check.xml"
    write_junit(report, path)
    return ET.parse(path).getroot()


def test_a_suite_per_check_and_a_case_per_finding(tmp_path: Path) -> None:
    root = written(REPORT, tmp_path)
    assert root.attrib == {
        "name": "round.zip against inference-v2.0",
        "tests": "4",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert [suite.attrib["name"] for suite in root] == [
        "INF012 Seeds are those of the round",
        "INF013 Duration",
        "INF050",
    ]
    void, warning = root[0]
    assert void.attrib == {"classname": "INF012", "name": f"{LOG}:12"}
    assert void[0].tag == "failure"
    assert void[0].attrib == {"type": "void", "message": "found 1, expected 2"}
    assert void[0].text == f"{LOG}:12: found 1, expected 2\ns\nh"
    assert (warning[0].tag, warning[0].text) == ("system-out", "warning: found a {b}, expected c")
    assert root[1][0][0].attrib == {"message": "no log"}


def test_a_check_that_found_nothing_is_a_case_that_passes(tmp_path: Path) -> None:
    from dataclasses import replace

    root = written(replace(REPORT, findings=(), skipped=()), tmp_path)
    assert [(len(suite), len(suite[0])) for suite in root] == [(1, 0), (1, 0)]
    assert root.attrib["tests"] == "2"


def test_any_text_gives_xml_that_can_be_read(tmp_path: Path) -> None:
    root = written(HOSTILE_REPORT, tmp_path)
    name = root.attrib["name"]
    assert name.startswith("caf\\udce9 \\x00\\x1b[31m<b a='1'>\"]]>&amp;{0}\r\n,=1+1\\ufffe\U0001f600")
    failure = next(root.iter("failure"))
    assert failure.text is not None
    assert "\\x1b[31m<b a='1'>\"]]>&amp;{0}\r\n" in failure.text


@pytest.mark.parametrize("report", [REPORT, HOSTILE_REPORT])
def test_the_counts_are_those_of_the_cases(report: Report, tmp_path: Path) -> None:
    root = written(report, tmp_path)
    assert int(root.attrib["tests"]) == len(list(root.iter("testcase")))
    assert int(root.attrib["failures"]) == len(list(root.iter("failure")))
    assert int(root.attrib["skipped"]) == len(list(root.iter("skipped")))
