from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from reports import HOSTILE, HOSTILE_REPORT, REPORT, RESULT

from levelfield.errors import FormatError, InputError, OutputError
from levelfield.submission.outputs.json import read_json, write_json
from levelfield.submission.report import Report


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "check.json"


def changed(path: Path, *keys: str | int, value: object) -> Path:
    """The report's file with one value changed."""
    write_json(REPORT, path)
    data = json.loads(path.read_text())
    inner = data
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(data))
    return path


def test_the_file_says_its_schema_first_and_has_a_finding_on_a_line(path: Path) -> None:
    write_json(REPORT, path)
    lines = path.read_text().splitlines()
    assert lines[0] == '{"schema": "levelfield.check/1",'
    assert lines[1] == '"source": "round.zip",'
    assert (
        '{"code": "INF012", "severity": "warning", "path": "closed/A", "line": 0, "found": "a {b}", "expected": "c", '
        '"hint": "", "subject": ""},'
    ) in lines


def test_what_is_written_is_read(path: Path) -> None:
    for report in (REPORT, HOSTILE_REPORT):
        write_json(report, path)
        assert read_json(path) == report
        assert path.read_text().isascii()


def test_an_empty_report_is_read_back(path: Path) -> None:
    empty = replace(REPORT, checks=(), findings=(), skipped=(), results=(), official_rows=(), ignored=())
    write_json(empty, path)
    assert read_json(path) == empty


@pytest.mark.parametrize(("value", "text"), [(math.nan, '"NaN"'), (math.inf, '"Infinity"'), (-math.inf, '"-Infinity"')])
def test_numbers_that_are_none_stand_as_text(path: Path, value: float, text: str) -> None:
    write_json(replace(REPORT, results=(replace(RESULT, value=value),)), path)
    assert f'"value": {text},' in path.read_text()
    assert repr(read_json(path).results[0].value) == repr(value)


def test_a_number_without_decimals_is_a_number_and_true_is_none(path: Path) -> None:
    assert read_json(changed(path, "results", 0, "value", value=3)).results[0].value == 3.0
    with pytest.raises(InputError, match=r"results\[0\].value: found True, expected a number"):
        read_json(changed(path, "results", 0, "value", value=True))


def test_members_of_later_versions_are_passed_over(path: Path) -> None:
    assert read_json(changed(path, "added_later", value=[1])) == REPORT


def test_everything_wrong_is_listed_with_its_place(path: Path) -> None:
    write_json(REPORT, path)
    data = json.loads(path.read_text())
    del data["round"], data["findings"][1]["found"]
    data["files"] = 1.5
    data["findings"][0]["severity"] = "fatal"
    data["results"][0]["accuracy"] = [["Top-1"]]
    data["results"][0]["system"] = None
    path.write_text(json.dumps(data))
    with pytest.raises(InputError) as caught:
        read_json(path)
    assert caught.value.problems == (
        "round: missing",
        "findings[0].severity: found 'fatal', expected one of void, error, warning, note",
        "findings[1].found: missing",
        "results[0].system: found None, expected an object",
        "results[0].accuracy[0]: found a list, expected a list of 2",
        "files: found 1.5, expected a whole number",
    )


def test_a_thousand_problems_are_not_all_listed(path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_json(changed(path, "findings", value=[{}] * 1000))
    assert 20 <= len(caught.value.problems) < 30


def test_a_report_of_a_later_version_says_so(path: Path) -> None:
    with pytest.raises(InputError, match=r"its schema is levelfield.check/2, the latest known here is") as caught:
        read_json(changed(path, "schema", value="levelfield.check/2"))
    assert caught.value.hint == "pip install --upgrade levelfield"


@pytest.mark.parametrize(
    "schema", [None, 1, "", "levelfield.check", "levelfield.check/x", "other/1", "levelfield.check/-1"]
)
def test_another_schema_is_no_report(path: Path, schema: object) -> None:
    with pytest.raises(FormatError, match="member schema"):
        read_json(changed(path, "schema", value=schema))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"schema": "levelfield.check/1", "files": ' + b"9" * 5000 + b"}",
        b'{"schema": "levelfield.check/1", "files": NaN}',
    ],
)
def test_what_is_no_json_is_an_error(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    with pytest.raises(FormatError):
        read_json(path)


def test_a_file_that_is_not_there_is_an_error(path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_json(path)


def test_an_old_file_stays_whole_when_writing_breaks(path: Path) -> None:
    write_json(REPORT, path)
    broken: Report = replace(REPORT, results=(object(),))  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        write_json(broken, path)
    assert read_json(path) == REPORT
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(OutputError):
        write_json(REPORT, path / "below")


def test_a_stored_file_of_version_1_is_read() -> None:
    report = read_json(Path(__file__).with_name("check-1.json"))
    # What that version did not know is empty.
    assert report == replace(HOSTILE_REPORT, checks=tuple(replace(one, also="") for one in HOSTILE_REPORT.checks))
    assert report.findings[0].path == HOSTILE
